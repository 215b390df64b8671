// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Tables
/// @notice Where the fields of an entry stand in the tables that settling keeps in memory:
///
/// accounts  address | base slot | base word | quote slot | quote word | locked (base u112, quote u112 above).
/// orders    digest | account | lots left | packed order | register as read, used lots and flags above | skip reason.
library Tables {
    uint256 internal constant ACCOUNT_ENTRY = 0xc0;
    uint256 internal constant BASE_SLOT = 0x20;
    uint256 internal constant BASE_WORD = 0x40;
    uint256 internal constant QUOTE_SLOT = 0x60;
    uint256 internal constant QUOTE_WORD = 0x80;
    uint256 internal constant LOCKED = 0xa0;

    uint256 internal constant ORDER_ENTRY = 0xc0;
    uint256 internal constant ACCOUNT = 0x20;
    uint256 internal constant LEFT = 0x40;
    uint256 internal constant PACKED = 0x60;
    uint256 internal constant REGISTER = 0x80;
    uint256 internal constant REASON = 0xa0;
}
