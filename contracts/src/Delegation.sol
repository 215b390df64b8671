// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ApprovalWord} from "./libraries/ApprovalWord.sol";
import {SessionWord} from "./libraries/SessionWord.sol";
import {SettlementState} from "./SettlementState.sol";

/// @title Delegation
/// @notice Who may sign for an account besides its own key: session keys with budgets, and orders approved on chain.
/// @dev Storage and how settling reads it. Granting and topping up act at once, taking back under the covered rule.
abstract contract Delegation is SettlementState, EIP712 {
    using SessionWord for uint256;

    /// @dev By account and {SessionWord-id}: a {SessionWord}.
    mapping(address account => mapping(uint256 keyAndMarket => uint256 word)) internal _sessions;
    /// @dev By account and order hash (the order's EIP-712 digest): an {ApprovalWord}.
    mapping(address account => mapping(bytes32 orderHash => uint256 word)) internal _approvals;

    constructor() EIP712("hybrid-dex", "1") {}

    /// @dev Whether settling takes orders of a session: it was granted, did not expire more than WINDOW_MAX ago, and no
    /// revocation of it took effect. Budgets are checked for each fill.
    function _sessionUsable(uint256 word, uint256 covered) internal view returns (bool) {
        uint256 expiry = word.expiry();
        if (expiry == 0 || block.timestamp > expiry + _WINDOW_MAX) return false;
        return !_sessionRevoked(word, covered);
    }

    /// @dev Whether a revocation took effect. One that did not yet is `revokedAt() != 0` alone.
    function _sessionRevoked(uint256 word, uint256 covered) internal view returns (bool) {
        uint256 revokedAt = word.revokedAt();
        return revokedAt != 0 && _effective(revokedAt, covered);
    }

    /// @dev Whether settling takes an approved order: approved, and no revocation took effect.
    function _approvalUsable(uint256 word, uint256 covered) internal view returns (bool) {
        if (ApprovalWord.approvedAt(word) == 0) return false;
        uint256 revokedAt = ApprovalWord.revokedAt(word);
        return revokedAt == 0 || !_effective(revokedAt, covered);
    }
}
