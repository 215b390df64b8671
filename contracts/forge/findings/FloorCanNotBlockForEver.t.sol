// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Section} from "../base/BatchBuilder.sol";
import {IExchangeErrors} from "../../src/interfaces/IExchangeErrors.sol";
import {Trade} from "../base/Trade.sol";

/// @notice Cancelling everything below a number can not lock an account out of trading for ever (0x v2 and v3).
contract FloorCanNotBlockForEverTest is Trade {
    function test_floorRisesByABoundedStep() external {
        vm.expectPartialRevert(IExchangeErrors.FloorStepTooLarge.selector);
        vm.prank(taker);
        exchange.cancelUpTo(tokens[1], type(uint40).max);
    }

    function test_ordersAboveTheHighestStepStillTrade() external {
        vm.prank(taker);
        exchange.cancelUpTo(tokens[1], 1 << 32);
        vm.warp(block.timestamp + WINDOW_MAX);
        Section memory section = _trade();
        assertEq(_settle(section), 3, "below the floor");
        section = _trade();
        section.orders[0].nonce = uint64(1) << 56;
        section.orders[1].nonce = uint64(2) << 24;
        _signAll(section);
        assertEq(_settle(section), 0, "at the floor");
    }
}
