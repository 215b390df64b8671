// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Slots
/// @notice Storage by slot: settling keeps an account's slots in memory, so that each is derived once a section.
library Slots {
    /// @notice The slot of an account's word, as Solidity lays mappings out.
    function ofAccount(mapping(address => uint256) storage words, uint256 account)
        internal
        pure
        returns (uint256 slot)
    {
        assembly ("memory-safe") {
            mstore(0x00, account)
            mstore(0x20, words.slot)
            slot := keccak256(0x00, 0x40)
        }
    }

    /// @notice The slot of a number's word, as Solidity lays mappings out.
    function ofId(mapping(uint256 => uint256) storage words, uint256 id) internal pure returns (uint256 slot) {
        assembly ("memory-safe") {
            mstore(0x00, id)
            mstore(0x20, words.slot)
            slot := keccak256(0x00, 0x40)
        }
    }

    function load(uint256 slot) internal view returns (uint256 word) {
        assembly ("memory-safe") {
            word := sload(slot)
        }
    }

    function store(uint256 slot, uint256 word) internal {
        assembly ("memory-safe") {
            sstore(slot, word)
        }
    }

    function loadTransient(uint256 slot) internal view returns (uint256 word) {
        assembly ("memory-safe") {
            word := tload(slot)
        }
    }

    function storeTransient(uint256 slot, uint256 word) internal {
        assembly ("memory-safe") {
            tstore(slot, word)
        }
    }
}
