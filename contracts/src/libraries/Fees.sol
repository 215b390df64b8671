// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Fees
/// @notice The only division of settling.
library Fees {
    int256 private constant PPM = 1_000_000;

    /// @notice What a side pays on a notional, rounded towards zero. A negative rate is a rebate: a negative fee in
    /// two's complement.
    /// @param notional below 2**184
    /// @param rate parts per million
    function charge(uint256 notional, int256 rate) internal pure returns (uint256) {
        unchecked {
            return uint256(int256(notional) * rate / PPM);
        }
    }
}
