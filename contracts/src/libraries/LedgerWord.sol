// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title LedgerWord
/// @notice One storage word for each (asset, account):
/// `amount u112 | filled u48 | key u48 | floor u40 | flags u8`, amount in the lowest bits.
/// @dev `filled` and `key` are lane 0 of the account's orders whose base is this asset ({FillLane}); `floor` is the
/// lowest nonce counter that still lives among its orders quoted in this asset. A pending cancel, floor or withdrawal
/// stands in a side mapping that is read only when its flag is set. All balances of an asset together stay below
/// 2**112 (checked when depositing), so a credit inside the exchange cannot run into the bits above.
library LedgerWord {
    uint256 internal constant AMOUNT = (1 << 112) - 1;
    uint256 internal constant LANE_SHIFT = 112;
    uint256 internal constant LANE = ((1 << 96) - 1) << LANE_SHIFT;
    uint256 internal constant FLOOR_SHIFT = 208;
    uint256 internal constant FLOOR = ((1 << 40) - 1) << FLOOR_SHIFT;

    uint256 internal constant CANCEL_PENDING = 1 << 248;
    uint256 internal constant FLOOR_PENDING = 1 << 249;
    uint256 internal constant WITHDRAWAL_PENDING = 1 << 250;
    /// @dev Set by the first write and never cleared: the word never returns to zero, so that a trade never pays for a
    /// new slot.
    uint256 internal constant TOUCHED = 1 << 251;

    function amount(uint256 word) internal pure returns (uint256) {
        return word & AMOUNT;
    }

    function lane(uint256 word) internal pure returns (uint256) {
        return (word >> LANE_SHIFT) & ((1 << 96) - 1);
    }

    function withLane(uint256 word, uint256 lane_) internal pure returns (uint256) {
        return (word & ~LANE) | (lane_ << LANE_SHIFT);
    }

    function floor(uint256 word) internal pure returns (uint256) {
        return (word >> FLOOR_SHIFT) & ((1 << 40) - 1);
    }

    function withFloor(uint256 word, uint256 floor_) internal pure returns (uint256) {
        return (word & ~FLOOR) | (floor_ << FLOOR_SHIFT);
    }
}
