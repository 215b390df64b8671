// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {ExchangeState} from "./ExchangeState.sol";
import {ISigners} from "./interfaces/ISigners.sol";
import {ApprovalWord} from "./libraries/ApprovalWord.sol";
import {Order, OrderHash} from "./libraries/OrderHash.sol";
import {SessionWord} from "./libraries/SessionWord.sol";

/// @title Signers
/// @notice Session keys and approved orders: how an account gives them, and takes them back.
abstract contract Signers is ISigners, ExchangeState {
    using SessionWord for uint256;

    /// @dev How far ahead a grant may expire.
    uint256 internal constant SESSION_LIFETIME = 180 days;

    /// @inheritdoc ISigners
    function grantSession(address key, uint32 market, uint96 buyBudget, uint72 sellBudget, uint40 expiry) external {
        if (key == address(0) || key == msg.sender) revert BadSessionKey();
        if (_markets[market].base == address(0)) revert UnknownMarket(market);
        uint256 id = SessionWord.id(key, market);
        uint256 word = _sessions[msg.sender][id];
        uint256 revokedAt = word.revokedAt();
        if (revokedAt != 0) {
            if (!_sessionRevoked(word, _matchedThrough())) revert RevocationPending(revokedAt + _WINDOW_MAX);
            word = 0;
        }
        if (expiry <= block.timestamp || expiry > block.timestamp + SESSION_LIFETIME || expiry < word.expiry()) {
            revert BadSessionExpiry();
        }
        uint256 buys = word.buyBudget() + buyBudget;
        uint256 sells = word.sellBudget() + sellBudget;
        if (buys > type(uint96).max || sells > type(uint72).max) revert BudgetTooLarge();
        _sessions[msg.sender][id] = SessionWord.pack(buys, sells, expiry, 0);
        emit SessionGranted(msg.sender, key, market, buyBudget, sellBudget, expiry);
    }

    /// @inheritdoc ISigners
    function revokeSession(address key, uint32 market) external {
        uint256 id = SessionWord.id(key, market);
        uint256 word = _sessions[msg.sender][id];
        if (word.expiry() == 0 || word.revokedAt() != 0) revert NothingNew();
        _sessions[msg.sender][id] =
            SessionWord.pack(word.buyBudget(), word.sellBudget(), word.expiry(), block.timestamp);
        emit SessionRevoked(msg.sender, key, market, uint40(block.timestamp));
    }

    /// @inheritdoc ISigners
    function sessionOf(address account, address key, uint32 market)
        external
        view
        returns (uint96 buyBudget, uint72 sellBudget, uint40 expiry, uint40 revokedAt, bool usable)
    {
        uint256 word = _sessions[account][SessionWord.id(key, market)];
        return (
            uint96(word.buyBudget()),
            uint72(word.sellBudget()),
            uint40(word.expiry()),
            uint40(word.revokedAt()),
            _sessionUsable(word, _matchedThrough())
        );
    }

    /// @inheritdoc ISigners
    function approveOrder(bytes32 orderHash) external {
        _approve(msg.sender, orderHash);
    }

    /// @inheritdoc ISigners
    /// @dev The wallet is asked before anything is written, and by a static call.
    function approveOrderBySignature(Order calldata order, bytes calldata signature) external {
        bytes32 orderHash = _hashTypedDataV4(OrderHash.structHash(order));
        if (!SignatureChecker.isValidSignatureNow(order.trader, orderHash, signature)) revert BadSignature();
        _approve(order.trader, orderHash);
    }

    /// @inheritdoc ISigners
    function revokeApproval(bytes32 orderHash) external {
        uint256 word = _approvals[msg.sender][orderHash];
        if (ApprovalWord.revokedAt(word) != 0) revert NothingNew();
        _approvals[msg.sender][orderHash] = ApprovalWord.pack(ApprovalWord.approvedAt(word), block.timestamp);
        emit ApprovalRevoked(msg.sender, orderHash, uint40(block.timestamp));
    }

    /// @inheritdoc ISigners
    function approvalOf(address account, bytes32 orderHash)
        external
        view
        returns (uint40 approvedAt, uint40 revokedAt, bool usable)
    {
        uint256 word = _approvals[account][orderHash];
        return (
            uint40(ApprovalWord.approvedAt(word)),
            uint40(ApprovalWord.revokedAt(word)),
            _approvalUsable(word, _matchedThrough())
        );
    }

    function _approve(address account, bytes32 orderHash) private {
        uint256 word = _approvals[account][orderHash];
        if (ApprovalWord.revokedAt(word) != 0) revert ApprovalIsRevoked();
        if (word != 0) revert NothingNew();
        _approvals[account][orderHash] = ApprovalWord.pack(block.timestamp, 0);
        emit OrderApproved(account, orderHash);
    }
}
