// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Memory
/// @notice The only assembly of settling: one-line access to calldata and memory by position.
/// @dev Settling keeps its tables (accounts, orders, trade ids) in memory by position instead of in arrays of structs:
/// a tenth of the gas of a fill. A position comes from {allocate} or lies inside what was allocated, never from input
/// that was not compared with a count before.
library Memory {
    function load(uint256 position) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mload(position)
        }
    }

    function store(uint256 position, uint256 value) internal pure {
        assembly ("memory-safe") {
            mstore(position, value)
        }
    }

    function hash(uint256 position, uint256 size) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := keccak256(position, size)
        }
    }

    /// @dev What it returns may hold old bytes: the caller writes every word before reading it.
    function allocate(uint256 size) internal pure returns (uint256 position) {
        assembly ("memory-safe") {
            position := mload(0x40)
            mstore(0x40, add(position, size))
        }
    }

    function loadCalldata(uint256 position) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := calldataload(position)
        }
    }
}
