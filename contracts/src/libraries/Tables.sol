// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Memory} from "./Memory.sol";

/// @title Tables
/// @notice Where the fields of an entry stand in the tables that settling keeps in memory, one each for a section:
///
/// accounts  address | base slot | base word | quote slot | quote word | locked (base u112, quote u112 above)
/// sessions  account | key | slot | word | word as read | skip reason
/// roots     account | height | root | skip reason
/// orders    digest | account | lots left | packed order | state | session, for an order by a session key only
///
/// An order's state is what its lane held when it was read (u96), the lots left then (u48), above them a skip reason and
/// flags. A void order, one with a skip reason, has no lots left.
///
/// An account, session or root is named by the position of its entry.
library Tables {
    uint256 internal constant ACCOUNT_ENTRY = 0xc0;
    uint256 internal constant BASE_SLOT = 0x20;
    uint256 internal constant BASE_WORD = 0x40;
    uint256 internal constant QUOTE_SLOT = 0x60;
    uint256 internal constant QUOTE_WORD = 0x80;
    uint256 internal constant LOCKED = 0xa0;

    uint256 internal constant SESSION_ENTRY = 0xc0;
    uint256 internal constant SESSION_KEY = 0x20;
    uint256 internal constant SESSION_SLOT = 0x40;
    uint256 internal constant SESSION_WORD = 0x60;
    uint256 internal constant SESSION_READ = 0x80;
    uint256 internal constant SESSION_REASON = 0xa0;

    uint256 internal constant ROOT_ENTRY = 0x80;
    uint256 internal constant ROOT_HEIGHT = 0x20;
    uint256 internal constant ROOT_HASH = 0x40;
    uint256 internal constant ROOT_REASON = 0x60;

    uint256 internal constant ORDER_ENTRY = 0xc0;
    uint256 internal constant ACCOUNT = 0x20;
    uint256 internal constant LEFT = 0x40;
    uint256 internal constant PACKED = 0x60;
    uint256 internal constant STATE = 0x80;
    uint256 internal constant SESSION = 0xa0;

    // Within an order's state.
    uint256 internal constant LEFT_SHIFT = 96;
    uint256 internal constant REASON_SHIFT = 144;
    uint256 internal constant CLEAR_CANCEL = 1 << 254;
    uint256 internal constant WRITE_FULL = 1 << 255;

    function reasonOf(uint256 order) internal pure returns (uint256) {
        unchecked {
            return (Memory.load(order + STATE) >> REASON_SHIFT) & 0xff;
        }
    }
}
