// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Promised} from "./Promised.sol";

/// @title Delegated
/// @notice Session keys and approved orders: who gave what to whom, and took it back.
abstract contract Delegated is Promised {
    struct Grant {
        uint256 buyBudget;
        uint256 sellBudget;
        uint40 expiry;
        uint40 revokedAt;
    }

    struct Approval {
        uint40 approvedAt;
        uint40 revokedAt;
    }

    uint256[2] internal sessionKeys = [uint256(0x5E5510), 0x5E5511];

    mapping(address account => mapping(address key => mapping(uint32 market => Grant))) internal grants;
    mapping(address account => mapping(bytes32 orderHash => Approval)) internal approvals;
    bytes32[] private _hashes;
    address[] private _approvers;

    /// @notice Grants a session key more, or what is refused.
    function grantSession(uint256 seed) external {
        _seed(seed);
        (address trader, address key) = (_trader(), vm.addr(sessionKeys[_random(2)]));
        uint32 market = uint32(1 + _random(MARKETS));
        if (_chance(16)) key = _chance(2) ? address(0) : trader;
        if (_chance(16)) market = 99;
        (uint256 buys, uint256 sells) = (_random(_chance(2) ? 1e9 : 1e5), _random(_chance(2) ? 10_000 : 300));
        if (_chance(16)) buys = type(uint96).max - _random(2);
        if (_chance(16)) sells = type(uint72).max - _random(2);
        uint256 expiry = block.timestamp + 1 + _random(_chance(3) ? 1 hours : 180 days);
        if (_chance(16)) expiry = _chance(2) ? block.timestamp : block.timestamp + 180 days + 1;
        bytes memory data =
            abi.encodeCall(exchange.grantSession, (key, market, uint96(buys), uint72(sells), uint40(expiry)));
        (bool success,) = _call("grantSession", trader, data);
        if (!success) return;
        Grant storage grant = grants[trader][key][market];
        _must(key != address(0) && key != trader && market <= MARKETS, "I10: a session of nobody, or of nothing");
        _must(expiry > block.timestamp && expiry <= block.timestamp + 180 days, "I6: a session without an end");
        _must(grant.revokedAt == 0 || _effective(grant.revokedAt), "I6: a revocation was undone before it took effect");
        if (grant.revokedAt != 0) (grant.buyBudget, grant.sellBudget, grant.expiry, grant.revokedAt) = (0, 0, 0, 0);
        _must(expiry >= grant.expiry, "I6: a session was shortened at once");
        grant.buyBudget += buys;
        grant.sellBudget += sells;
        grant.expiry = uint40(expiry);
        _must(grant.buyBudget <= type(uint96).max && grant.sellBudget <= type(uint72).max, "I1: a budget overflowed");
    }

    /// @notice Takes a session back.
    function revokeSession(uint256 seed) external {
        _seed(seed);
        (address trader, address key) = (_trader(), vm.addr(sessionKeys[_random(2)]));
        uint32 market = uint32(1 + _random(MARKETS));
        Grant storage grant = grants[trader][key][market];
        bool due = grant.expiry != 0 && grant.revokedAt == 0;
        if (due && !_chance(6)) return;
        (bool success,) = _call("revokeSession", trader, abi.encodeCall(exchange.revokeSession, (key, market)));
        _must(success == due, "I6: a session could not be revoked");
        if (success) grant.revokedAt = uint40(block.timestamp);
    }

    /// @dev Approves an order, or says that it could not be: approved before, or revoked for ever.
    function _approve(address account, bytes32 orderHash) internal returns (bool success) {
        Approval storage approval = approvals[account][orderHash];
        (success,) = _call("approveOrder", account, abi.encodeCall(exchange.approveOrder, (orderHash)));
        _must(success == (approval.approvedAt == 0 && approval.revokedAt == 0), "I6: an approval came back, or did not come");
        if (success) {
            approval.approvedAt = uint40(block.timestamp);
            _hashes.push(orderHash);
            _approvers.push(account);
        }
        return success || approval.approvedAt != 0;
    }

    /// @notice Approves a hash of any kind.
    function approveOrder(uint256 seed) external {
        _seed(seed);
        address trader = _trader();
        _approve(trader, bytes32(_random(8)));
    }

    /// @notice Takes an approval back, or one that is still to come.
    function revokeApproval(uint256 seed) external {
        _seed(seed);
        address trader = _trader();
        bytes32 orderHash = bytes32(_random(8));
        if (_hashes.length != 0 && !_chance(3)) {
            uint256 which = _random(_hashes.length);
            (trader, orderHash) = (_approvers[which], _hashes[which]);
        }
        Approval storage approval = approvals[trader][orderHash];
        (bool success,) = _call("revokeApproval", trader, abi.encodeCall(exchange.revokeApproval, (orderHash)));
        _must(success == (approval.revokedAt == 0), "I6: an approval could not be revoked");
        if (success) approval.revokedAt = uint40(block.timestamp);
    }

    function _grantUsable(Grant storage grant) internal view returns (bool) {
        if (grant.expiry == 0 || block.timestamp > uint256(grant.expiry) + WINDOW_MAX) return false;
        return grant.revokedAt == 0 || !_effective(grant.revokedAt);
    }

    function _approvalUsable(Approval storage approval) internal view returns (bool) {
        return approval.approvedAt != 0 && (approval.revokedAt == 0 || !_effective(approval.revokedAt));
    }

    /// @dev What is left of a session's budgets is what was granted less what its fills used.
    function _checkTrader(address trader) internal virtual override {
        super._checkTrader(trader);
        for (uint256 i = 0; i < sessionKeys.length; ++i) {
            address key = vm.addr(sessionKeys[i]);
            for (uint32 market = 1; market <= MARKETS; ++market) {
                Grant storage grant = grants[trader][key][market];
                if (grant.expiry == 0) continue;
                (uint96 buys, uint72 sells,,, bool usable) = exchange.sessionOf(trader, key, market);
                _must(
                    buys == grant.buyBudget && sells == grant.sellBudget,
                    "I3: a session's budgets are not what was granted less what was used"
                );
                _must(usable == _grantUsable(grant), "I6: a session is usable that is not, or the other way round");
            }
        }
    }
}
