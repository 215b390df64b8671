// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title SkipReason
/// @notice Why a fill was skipped. The numbers are part of the public interface and never change their meaning.
library SkipReason {
    // Of an order: every fill of it in the section is skipped.
    uint256 internal constant SIGNATURE = 1; // not signed by the account
    uint256 internal constant EXPIRY = 2; // past expiry + WINDOW_MAX, or further ahead than an order may live
    uint256 internal constant FLOOR = 3; // below the account's nonce floor
    uint256 internal constant FEE = 4; // fee rate above the signed or the compiled maximum
    uint256 internal constant MARKET = 5; // the market is closed
    uint256 internal constant LANE_STALE = 6; // its lane has moved on to a later order
    uint256 internal constant CANCELED = 7;
    uint256 internal constant AMOUNT = 8; // zero or beyond what the ledger can hold
    // Of a fill.
    uint256 internal constant LOTS = 9; // zero, or more than is left of the order
    uint256 internal constant SELF_TRADE = 10; // both orders are of one account
    uint256 internal constant SAME_SIDE = 11;
    uint256 internal constant POST_ONLY = 12; // a post-only order would take
    uint256 internal constant TAKES_ONLY = 13; // an IOC or FOK order would make
    uint256 internal constant PRICE = 14; // the maker's limit is beyond the taker's
    uint256 internal constant REBATE = 15; // the rebate exceeds the fee of the same fill
    uint256 internal constant FUNDS = 16; // the culprit has too little that is tradeable
    uint256 internal constant FILL_OR_KILL = 17; // the group could not be filled as a whole
    // Of orders that the account's own key did not sign.
    uint256 internal constant SESSION = 18; // the key has no grant here, or one that expired or was revoked
    uint256 internal constant SESSION_BUDGET = 19; // of a fill: more than is left of the key's budget
    uint256 internal constant APPROVAL = 20; // not approved, or revoked
}
