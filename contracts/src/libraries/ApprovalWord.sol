// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title ApprovalWord
/// @notice An order hash approved on chain: `approvedAt u40 | revokedAt u40`, approvedAt in the lowest bits.
/// @dev Unix seconds, zero for never. A hash whose revocation was asked for keeps `revokedAt` for ever.
library ApprovalWord {
    uint256 private constant U40 = (1 << 40) - 1;

    function pack(uint256 approvedAt_, uint256 revokedAt_) internal pure returns (uint256) {
        return approvedAt_ | (revokedAt_ << 40);
    }

    function approvedAt(uint256 word) internal pure returns (uint256) {
        return word & U40;
    }

    function revokedAt(uint256 word) internal pure returns (uint256) {
        return (word >> 40) & U40;
    }
}
