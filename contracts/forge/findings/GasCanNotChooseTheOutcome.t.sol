// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Section} from "../base/BatchBuilder.sol";
import {Trade} from "../base/Trade.sol";

/// @notice The operator can not choose an outcome by the gas that it sends: too little fails the whole batch (0x v3).
contract GasCanNotChooseTheOutcomeTest is Trade {
    function test_lessGasNeverSkipsAFill() external {
        bytes memory batch = _pack(_trade());
        bytes memory data = abi.encodeCall(exchange.settle, (batch));
        uint256 before = exchange.balanceOf(taker, tokens[0]);
        for (uint256 gas_ = 20_000; gas_ < 300_000; gas_ += 7_000) {
            uint256 state = vm.snapshotState();
            vm.prank(operator);
            (bool success,) = address(exchange).call{gas: gas_}(data);
            uint256 got = exchange.balanceOf(taker, tokens[0]) - before;
            assertEq(got, success ? 10_000 : 0, "all or nothing");
            vm.revertToState(state);
        }
    }
}
