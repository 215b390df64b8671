// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Wallet
/// @notice The code of a contract wallet: it accepts whatever was put down for it before.
contract Wallet {
    mapping(bytes32 hash => bool) public accepted;

    function accept(bytes32 hash, bool yes) external {
        accepted[hash] = yes;
    }

    function isValidSignature(bytes32 hash, bytes calldata) external view returns (bytes4) {
        return accepted[hash] ? this.isValidSignature.selector : bytes4(0xffffffff);
    }
}
