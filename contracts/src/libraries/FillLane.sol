// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title FillLane
/// @notice A lane is a register of one live order: `filled u48 | key u48`, key = `counter u40 | revision u8`.
/// @dev An order whose counter is above the register's starts from nothing. One with the same counter and the same or a
/// higher revision (a replacement) goes on from what is filled, so the chain never fills more than the largest signed
/// total. A lower one is dead. Lane 0 stands in the ledger word of the base asset; the lanes above it are kept two to a
/// slot, each with 32 bits of flags above the register.
library FillLane {
    uint256 internal constant FILLED = (1 << 48) - 1;
    uint256 internal constant REGISTER = (1 << 96) - 1;
    uint256 internal constant HALF = (1 << 128) - 1;
    uint256 internal constant CANCEL_PENDING = 1 << 96;

    function filled(uint256 register) internal pure returns (uint256) {
        return register & FILLED;
    }

    function key(uint256 register) internal pure returns (uint256) {
        return register >> 48;
    }

    function pack(uint256 key_, uint256 filled_) internal pure returns (uint256) {
        return (key_ << 48) | filled_;
    }

    /// @notice What its lane leaves of an order's lots: all of them, less what is filled under the same counter.
    /// @dev Of an order whose key is below the register's, which is dead, it says nothing.
    function leftOf(uint256 register, uint256 orderKey, uint256 lots) internal pure returns (uint256) {
        unchecked {
            if ((orderKey ^ (register >> 48)) >> 8 != 0) return lots;
            uint256 used = register & FILLED;
            return used < lots ? lots - used : 0;
        }
    }

    /// @notice The slot that a lane above 0 shares with a neighbour: 1 and 2, 3 and 4 and so on.
    function slotOf(uint256 lane) internal pure returns (uint256) {
        unchecked {
            return (lane - 1) >> 1;
        }
    }

    /// @notice The half of its slot that holds `lane`: the lower one if the lane is even.
    function half(uint256 slotWord, uint256 lane) internal pure returns (uint256) {
        return (slotWord >> ((lane & 1) << 7)) & HALF;
    }

    /// @notice The slot with the half of `lane` replaced.
    function withHalf(uint256 slotWord, uint256 lane, uint256 half_) internal pure returns (uint256) {
        uint256 shift = (lane & 1) << 7;
        return (slotWord & ~(HALF << shift)) | (half_ << shift);
    }
}
