// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {MockERC20} from "./MockERC20.sol";

/// @title ReentrantToken
/// @notice Hostile token: calls back into a target while it is being transferred.
contract ReentrantToken is MockERC20("Reentrant", "RE", 18) {
    address public target;
    bytes public payload;
    /// @notice What the last call back came to.
    bool public lastSucceeded;
    bytes public lastReturned;

    /// @notice Sets the call to make during the next transfers; the zero address ends it.
    function arm(address target_, bytes calldata payload_) external {
        target = target_;
        payload = payload_;
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (target == address(0)) return;
        (lastSucceeded, lastReturned) = target.call(payload);
    }
}
