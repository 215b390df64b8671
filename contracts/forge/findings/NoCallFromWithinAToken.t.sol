// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {HostileToken} from "../base/HostileToken.sol";
import {Section} from "../base/BatchBuilder.sol";
import {Trade} from "../base/Trade.sol";

/// @notice Nothing happens inside a token's call: even an operator that is the token can not settle there (0x v2,
/// Polymarket: reentrancy through assets that call back).
contract NoCallFromWithinATokenTest is Trade {
    function test_operatorThatIsATokenCanNotSettleWithinItsTransfer() external {
        vm.prank(OWNER);
        exchange.proposeOperator(address(hostile));
        vm.warp(block.timestamp + 2 * WINDOW_MAX);
        vm.prank(address(hostile));
        exchange.acceptOperator();
        bytes memory batch = _pack(_trade());
        hostile.behave(HostileToken.Mode.REENTERS, address(exchange), abi.encodeCall(exchange.settle, (batch)));
        _fund(taker, tokens[2], 5);
        assertEq(hostile.succeeded(), 0, "settled within a deposit");
        vm.prank(address(hostile));
        exchange.settle(batch);
    }

    function test_depositWithinADepositIsNotCounted() external {
        bytes memory inner = abi.encodeCall(exchange.deposit, (tokens[2], 7));
        hostile.behave(HostileToken.Mode.REENTERS, address(exchange), inner);
        _fund(taker, tokens[2], 5);
        assertEq(hostile.succeeded(), 0, "deposited within a deposit");
        assertEq(exchange.balanceOf(taker, tokens[2]), FUNDS + 5, "credit");
    }
}
