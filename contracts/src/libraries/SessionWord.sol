// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title SessionWord
/// @notice A session key's grant in one storage word: `buy budget u96 | sell budget u72 | expiry u40 | revokedAt u40`,
/// the buy budget in the lowest bits.
/// @dev The buy budget counts quote atoms, fees included, the sell budget lots. A word without expiry was never granted;
/// a granted one never returns to zero. Times are unix seconds; `revokedAt` is zero, or when a revocation was asked for.
library SessionWord {
    uint256 internal constant BUY_BUDGET = (1 << 96) - 1;
    uint256 internal constant SELL_SHIFT = 96;
    uint256 internal constant SELL_BUDGET = ((1 << 72) - 1) << SELL_SHIFT;
    uint256 internal constant EXPIRY_SHIFT = 168;
    uint256 internal constant REVOKED_SHIFT = 208;
    uint256 private constant U40 = (1 << 40) - 1;

    /// @notice Where a grant stands in its account's mapping.
    function id(address key, uint256 market) internal pure returns (uint256) {
        return uint256(uint160(key)) | (market << 160);
    }

    /// @dev Every part fits its field: the caller has checked.
    function pack(uint256 buyBudget_, uint256 sellBudget_, uint256 expiry_, uint256 revokedAt_)
        internal
        pure
        returns (uint256)
    {
        return buyBudget_ | (sellBudget_ << SELL_SHIFT) | (expiry_ << EXPIRY_SHIFT) | (revokedAt_ << REVOKED_SHIFT);
    }

    function buyBudget(uint256 word) internal pure returns (uint256) {
        return word & BUY_BUDGET;
    }

    function sellBudget(uint256 word) internal pure returns (uint256) {
        return (word & SELL_BUDGET) >> SELL_SHIFT;
    }

    function expiry(uint256 word) internal pure returns (uint256) {
        return (word >> EXPIRY_SHIFT) & U40;
    }

    function revokedAt(uint256 word) internal pure returns (uint256) {
        return (word >> REVOKED_SHIFT) & U40;
    }
}
