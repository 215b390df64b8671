// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Fees} from "../../src/libraries/Fees.sol";
import {Cheats} from "../base/Cheats.sol";

/// @notice A fee is its rate of the notional, rounded towards zero: never above the rate, never above the highest one.
contract FeesTest is Cheats {
    /// forge-config: default.fuzz.runs = 20000
    function test_feeIsItsRateRoundedDown(uint184 notional, int16 rate) external pure {
        uint256 size = uint256(rate < 0 ? -int256(rate) : int256(rate));
        uint256 fee = Fees.charge(notional, rate);
        unchecked {
            if (rate < 0) fee = 0 - fee;
        }
        assertTrue(fee * 1_000_000 <= uint256(notional) * size, "not above its rate");
        assertTrue(fee * 1_000_000 + 1_000_000 > uint256(notional) * size, "less than an atom below");
        if (size <= 10_000) assertTrue(fee * 100 <= notional, "not above a hundredth");
    }
}
