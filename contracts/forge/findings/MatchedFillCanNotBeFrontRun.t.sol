// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Section} from "../base/BatchBuilder.sol";
import {Trade} from "../base/Trade.sol";

/// @notice Nobody gains by a cancel or a withdrawal in front of the settling transaction (0x v3, Polymarket: orders
/// canceled, allowances and balances taken away between match and settlement).
contract MatchedFillCanNotBeFrontRunTest is Trade {
    function test_cancelInFrontOfSettlingComesTooLate() external {
        Section memory section = _trade();
        vm.prank(maker);
        exchange.cancel(1, section.orders[1].nonce);
        assertEq(_settle(section), 0, "reason");
    }

    function test_withdrawalInFrontOfSettlingComesTooLate() external {
        Section memory section = _trade();
        vm.prank(maker);
        exchange.exit(tokens);
        assertEq(_settle(section), 0, "reason");
    }

    function test_bothTakeEffectOnceCovered() external {
        Section memory section = _trade();
        vm.prank(maker);
        exchange.cancel(1, section.orders[1].nonce);
        vm.warp(block.timestamp + WINDOW_MAX);
        assertEq(_settle(section), 7, "canceled");
    }
}
