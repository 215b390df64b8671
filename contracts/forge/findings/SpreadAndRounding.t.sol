// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Section} from "../base/BatchBuilder.sol";
import {Trade} from "../base/Trade.sol";

/// @notice The spread goes to the taker, fees are of what was paid, and rounding makes no token out of nothing
/// (Polymarket: surplus and fees of matched orders; 0x: rounding in matched orders).
contract SpreadAndRoundingTest is Trade {
    function test_takerPaysTheMakersPrice() external {
        Section memory section = _trade();
        assertEq(_settle(section), 0, "reason");
        uint256 notional = 900 * 10 * 7;
        uint256 fee = notional * 1000 / 1_000_000;
        assertEq(exchange.balanceOf(taker, tokens[1]), FUNDS - notional - fee, "taker");
        assertEq(exchange.balanceOf(maker, tokens[1]), FUNDS + notional - fee, "maker");
        assertEq(exchange.feesOf(tokens[1]), 2 * fee, "fees");
    }

    function test_feeBelowOneAtomIsNone() external {
        Section memory section = _trade();
        section.orders[0].lots = 1;
        section.orders[1].lots = 1;
        section.orders[1].price = 1;
        section.groups[0].fills[0].lots = 1;
        _signAll(section);
        assertEq(_settle(section), 0, "reason");
        assertEq(exchange.feesOf(tokens[1]), 0, "fees");
    }

    /// forge-config: default.fuzz.runs = 500
    function test_everyFillConserves(uint48 lots, uint16 takerRate, uint16 makerRate) external {
        Section memory section = _trade();
        lots = 1 + lots % 10_000;
        section.groups[0].fills[0].lots = lots;
        for (uint256 i = 0; i < 2; ++i) {
            section.orders[i].lots = lots;
            section.orders[i].maxFee = 10_000;
            section.orders[i].feeRate = int16(uint16((i == 0 ? takerRate : makerRate) % 10_001));
        }
        _signAll(section);
        assertEq(_settle(section), 0, "reason");
        uint256 sum = exchange.balanceOf(taker, tokens[1]) + exchange.balanceOf(maker, tokens[1]);
        assertEq(sum + exchange.feesOf(tokens[1]), 2 * FUNDS, "quote");
        sum = exchange.balanceOf(taker, tokens[0]) + exchange.balanceOf(maker, tokens[0]);
        assertEq(sum, 2 * FUNDS, "base");
    }
}
