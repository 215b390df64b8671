// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @title MockWallet
/// @notice A contract wallet with one key: it signs by ERC-1271 and does what its owner says.
contract MockWallet is IERC1271, Ownable {
    /// @notice Hostile once set: says yes to every signature.
    bool public gullible;

    constructor(address owner_) Ownable(owner_) {}

    /// @notice Chooses whether it checks what it signs.
    function setGullible(bool gullible_) external onlyOwner {
        gullible = gullible_;
    }

    /// @notice Calls another contract as the wallet.
    function execute(address target, bytes calldata data) external onlyOwner returns (bytes memory) {
        return Address.functionCall(target, data);
    }

    /// @inheritdoc IERC1271
    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        (address signer,,) = ECDSA.tryRecoverCalldata(hash, signature);
        return gullible || signer == owner() ? IERC1271.isValidSignature.selector : bytes4(0);
    }
}
