// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {MockERC20} from "./MockERC20.sol";

/// @title FeeOnTransferToken
/// @notice Hostile token: one part in a hundred of a transfer is burnt on the way, or charged to the sender on top.
contract FeeOnTransferToken is MockERC20("Fee on transfer", "FEE", 18) {
    bool public onTop;

    /// @notice Chooses who bears the fee: the recipient, or the sender on top of the amount.
    function setOnTop(bool onTop_) external {
        onTop = onTop_;
    }

    function _update(address from, address to, uint256 value) internal override {
        if (from == address(0) || to == address(0)) return super._update(from, to, value);
        uint256 fee = value / 100;
        super._update(from, address(0), fee);
        super._update(from, to, onTop ? value : value - fee);
    }
}
