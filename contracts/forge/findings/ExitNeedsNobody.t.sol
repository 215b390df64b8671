// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {HostileToken} from "../base/HostileToken.sol";
import {Trade} from "../base/Trade.sol";

/// @notice Leaving needs nobody: not the operator, not the pauser, and no other token (IDEX: a wallet's exit and the
/// delay after which it acts; one token that fails must not keep the others).
contract ExitNeedsNobodyTest is Trade {
    function test_exitWhilePausedWithABrokenToken() external {
        vm.prank(PAUSER);
        exchange.pause();
        vm.prank(taker);
        exchange.exit(tokens);
        hostile.behave(HostileToken.Mode.REVERTS, address(0), "");
        vm.warp(block.timestamp + WINDOW_MAX);
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(taker);
            assertEq(exchange.withdraw(tokens[i], taker), FUNDS, "paid");
        }
        vm.expectRevert(bytes("refused"));
        vm.prank(taker);
        exchange.withdraw(tokens[2], taker);
        hostile.behave(HostileToken.Mode.PLAIN, address(0), "");
        vm.prank(taker);
        assertEq(exchange.withdraw(tokens[2], taker), FUNDS, "paid later");
    }

    function test_operatorCanNotBeReplacedBeforeEverybodyCouldLeave() external {
        vm.prank(OWNER);
        exchange.proposeOperator(taker);
        vm.warp(block.timestamp + 2 * WINDOW_MAX - 1);
        (, bool effective) = exchange.coverage(uint40(START));
        assertTrue(effective, "requests of then are due");
        (bool success,) = _as(taker, abi.encodeCall(exchange.acceptOperator, ()));
        assertTrue(!success, "too early");
    }

    function _as(address who, bytes memory data) private returns (bool, bytes memory) {
        vm.prank(who);
        return address(exchange).call(data);
    }
}
