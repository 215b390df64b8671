// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Memory} from "./Memory.sol";

/// @title PackedBatch
/// @notice The layout of a batch in calldata: big endian, nothing aligned.
///
/// header   number u48 | matchedThrough u40 | upTo u48 | sections u8 | fills u16 | previousRoot b32 | journalHash b32
/// section  market u32 | counts u8 each: accounts, sessions, bulk roots, orders, groups
/// account  address, strictly ascending in a section
/// session  account u8 | key address, strictly ascending in a section
/// root     account u8 | height u8 | root of the tree b32 | r b32 | vs b32 (EIP-2098)
/// order    account u8 | side and flags u8 | signature kind u8 | price u48 | lots u48 | max fee u16 | fee rate i16 |
///          expiry u40 | nonce u64, then by signature kind
///            0, the trader's        r b32 | vs b32
///            1, a session key's     r b32 | vs b32 | session u8
///            2, a bulk tree's leaf  root u8 | leaf u8 | b32 for each level of the tree
///            3, approved on chain   nothing
/// group    sequence u48 | taker's order u8 | fills u8
/// fill     maker's order u8 | lots u48
///
/// @dev Reading runs past a batch that is too short without noticing; the cursor then ends past the batch, and whoever
/// reads refuses the batch unless it ends exactly there.
library PackedBatch {
    uint256 internal constant HEADER_SIZE = 84;
    uint256 internal constant SECTION_SIZE = 9;
    uint256 internal constant ACCOUNT_SIZE = 20;
    uint256 internal constant SESSION_SIZE = 21;
    uint256 internal constant ROOT_SIZE = 98;
    uint256 internal constant WORD_SIZE = 32;
    uint256 internal constant SIGNATURE_SIZE = 64;
    uint256 internal constant GROUP_SIZE = 8;
    uint256 internal constant FILL_SIZE = 7;

    uint256 internal constant U8 = (1 << 8) - 1;
    uint256 internal constant U16 = (1 << 16) - 1;
    uint256 internal constant U40 = (1 << 40) - 1;
    uint256 internal constant U48 = (1 << 48) - 1;
    uint256 internal constant U64 = (1 << 64) - 1;

    // Bits of an order's word.
    uint256 internal constant SIDE = 1 << 240;
    uint256 internal constant POST_ONLY = 1 << 241;
    uint256 internal constant IMMEDIATE_OR_CANCEL = 1 << 242;
    uint256 internal constant FILL_OR_KILL = 1 << 243;
    uint256 internal constant TAKES_ONLY = IMMEDIATE_OR_CANCEL | FILL_OR_KILL;
    /// @dev Unused flags and signature kinds: a later version's.
    uint256 internal constant RESERVED = (0xf << 244) | (0xfc << 232);
    uint256 internal constant KIND = 3 << 232;
    uint256 internal constant BY_SESSION = 1 << 232;
    uint256 internal constant BY_BULK = 2 << 232;
    uint256 internal constant BY_APPROVAL = 3 << 232;

    function header(uint256 cursor)
        internal
        pure
        returns (uint256 number, uint256 matchedThrough, uint256 upTo, uint256 sections, uint256 fills)
    {
        uint256 word = Memory.loadCalldata(cursor);
        number = word >> 208;
        matchedThrough = (word >> 168) & U40;
        upTo = (word >> 120) & U48;
        sections = (word >> 112) & U8;
        fills = (word >> 96) & U16;
    }

    function previousRoot(uint256 cursor) internal pure returns (bytes32) {
        return bytes32(Memory.loadCalldata(cursor + 20));
    }

    function journalHash(uint256 cursor) internal pure returns (bytes32) {
        return bytes32(Memory.loadCalldata(cursor + 52));
    }

    function section(uint256 cursor)
        internal
        pure
        returns (uint256 market, uint256 accounts, uint256 delegates, uint256 orders, uint256 groups)
    {
        uint256 word = Memory.loadCalldata(cursor);
        market = word >> 224;
        accounts = (word >> 216) & U8;
        delegates = (word >> 200) & U16; // sessions, and bulk roots below
        orders = (word >> 192) & U8;
        groups = (word >> 184) & U8;
    }

    function group(uint256 cursor) internal pure returns (uint256 sequence, uint256 taker, uint256 fills) {
        uint256 word = Memory.loadCalldata(cursor);
        sequence = word >> 208;
        taker = (word >> 200) & U8;
        fills = (word >> 192) & U8;
    }

    function fill(uint256 cursor) internal pure returns (uint256 maker, uint256 lots) {
        uint256 word = Memory.loadCalldata(cursor);
        maker = word >> 248;
        lots = (word >> 200) & U48;
    }

    function accountIndex(uint256 word) internal pure returns (uint256) {
        return word >> 248;
    }

    function price(uint256 word) internal pure returns (uint256) {
        return (word >> 184) & U48;
    }

    function lotsOf(uint256 word) internal pure returns (uint256) {
        return (word >> 136) & U48;
    }

    function maxFee(uint256 word) internal pure returns (uint256) {
        return (word >> 120) & U16;
    }

    function feeRate(uint256 word) internal pure returns (int256) {
        return int16(uint16(word >> 104));
    }

    function expiry(uint256 word) internal pure returns (uint256) {
        return (word >> 64) & U40;
    }

    function nonce(uint256 word) internal pure returns (uint256) {
        return word & U64;
    }

    /// @notice Counter and revision: what a lane remembers of an order.
    function key(uint256 word) internal pure returns (uint256) {
        return (word >> 16) & U48;
    }

    function counter(uint256 word) internal pure returns (uint256) {
        return (word >> 24) & U40;
    }

    function lane(uint256 word) internal pure returns (uint256) {
        return word & U16;
    }
}
