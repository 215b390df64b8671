// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Section} from "../base/BatchBuilder.sol";
import {IExchangeErrors} from "../../src/interfaces/IExchangeErrors.sol";
import {Trade} from "../base/Trade.sol";

/// @notice A signed order, a batch or a voucher serves on one chain, once (0x v3: the chain's id in the domain; IDEX:
/// replayed trades and withdrawals).
contract ReplayTest is Trade {
    function test_batchTwice() external {
        bytes memory batch = _pack(_trade());
        vm.prank(operator);
        exchange.settle(batch);
        vm.expectPartialRevert(IExchangeErrors.WrongNumber.selector);
        vm.prank(operator);
        exchange.settle(batch);
    }

    function test_orderTwice() external {
        Section memory section = _trade();
        assertEq(_settle(section), 0, "first");
        section.groups[0].sequence += 20;
        assertEq(_settleAgain(section), 9, "nothing left of it");
    }

    function _settleAgain(Section memory section) private returns (uint256) {
        (,, uint48 last,) = exchange.batchState();
        section.groups[0].sequence = last + 1;
        return _settle(section);
    }

    function test_orderOnTheOtherChain() external {
        Section memory section = _trade();
        vm.chainId(5);
        assertEq(_settle(section), 1, "reason");
    }

    function test_owner_hasNoWayToSettle() external {
        bytes memory batch = _pack(_trade());
        vm.expectPartialRevert(IExchangeErrors.NotOperator.selector);
        vm.prank(OWNER);
        exchange.settle(batch);
    }
}
