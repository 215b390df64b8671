// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {BatchBuilder, Group, Section, Terms} from "../base/BatchBuilder.sol";
import {Delegated} from "./Delegated.sol";

/// @title Signing
/// @notice The orders that the traders sign, the ones that nobody signed, and what either may do.
abstract contract Signing is Delegated {
    /// @dev An order and what is true of it.
    struct Signed {
        address trader;
        Terms terms;
        bool genuine; // signed by who may, for exactly these terms
        bytes signature; // of the trader, the session key or over the tree's root
        address sessionKey;
        uint8 height; // of the tree
        uint8 leaf;
        bytes32 root;
        bytes proof;
    }

    uint256 private constant POOL = 48;

    /// @dev Orders that were signed before, by market.
    mapping(uint32 market => Signed[]) private _pool;
    /// @dev The last order that only took and is used up, by market: no replacement may bring it back.
    mapping(uint32 market => Signed) internal _usedUp;
    uint48 internal nextSequence = 1;

    function _nextSequence() internal returns (uint48) {
        nextSequence += uint48(1 + _random(3));
        return nextSequence;
    }

    /// @dev An order of a lane's next counter; price, lots and flags are for the caller to choose.
    function _fresh(uint32 market, address trader, uint256 side) internal returns (Signed memory order) {
        order.trader = trader;
        Terms memory terms = order.terms;
        terms.side = uint8(side);
        terms.maxFee = uint16(_random(12_000));
        uint256 most = terms.maxFee < 10_000 ? terms.maxFee : 10_000;
        terms.feeRate = int16(uint16(_random(most + 1)));
        terms.expiry = uint40(block.timestamp + _random(_chance(3) ? 10 minutes : 30 days));
        uint256 lane = _lane();
        Ban storage ban = cancels[trader][_laneOrBase(market, lane)];
        uint256 counter = ++counters[trader];
        if (counter <= ban.key >> 8) counter = (ban.key >> 8) + 1;
        if (counter > counters[trader]) counters[trader] = uint40(counter);
        terms.nonce = BatchBuilder.nonce(counter, 0, lane);
    }

    /// @dev Lots that the trader can surely pay for, fees included.
    function _affordable(uint32 market, Signed memory order) internal view returns (uint256 lots) {
        bool buys = order.terms.side == 0;
        address token = buys ? markets[market].quote : markets[market].base;
        uint256 unit = buys ? 1200 * markets[market].tickSize : markets[market].lotSize;
        lots = exchange.tradeableOf(order.trader, token) / unit;
        if (lots > 1000) lots = 1000;
    }

    // Signing

    function _sign(uint32 market, Signed[] memory orders, bool honest) internal {
        for (uint256 i = 0; i < orders.length; ++i) {
            _signOne(market, orders[i], honest);
            orders[i].genuine = true;
            _keep(market, orders[i]);
        }
    }

    /// @dev Signs in one of the four kinds: by a session key if there is a grant that serves, by an approval if it comes.
    function _signOne(uint32 market, Signed memory order, bool honest) private {
        uint256 kind = order.terms.kind == 3 && _chance(2) ? 4 : _random(7);
        order.terms.kind = 0;
        if (kind == 1 || kind == 2) {
            order.sessionKey = vm.addr(sessionKeys[kind - 1]);
            bool serves = _serves(grants[order.trader][order.sessionKey][market], order.terms);
            if (!serves && (honest || !_chance(4))) kind = 0;
            order.terms.kind = kind == 0 ? 0 : 1;
        }
        bytes32 digest = _digest(market, order.trader, order.terms);
        if (order.terms.kind == 1) {
            order.signature = _sign(sessionKeys[kind - 1], digest);
        } else if (kind == 3) {
            order.terms.kind = 2;
            _signTree(market, order);
        } else if (kind == 4 && _approvable(order.trader, digest, honest)) {
            order.terms.kind = 3;
        } else {
            order.signature = _sign(keys[order.trader], digest);
        }
    }

    function _serves(Grant storage grant, Terms memory terms) private view returns (bool) {
        if (grant.expiry < block.timestamp || !_grantUsable(grant)) return false;
        return terms.side == 0 ? grant.buyBudget > 1e8 : grant.sellBudget >= 2 * uint256(terms.lots);
    }

    function _approvable(address trader, bytes32 digest, bool honest) private returns (bool) {
        Approval storage approval = approvals[trader][digest];
        if (_approvalUsable(approval) || (!honest && approval.approvedAt != 0)) return true;
        return approval.approvedAt == 0 && approval.revokedAt == 0 && _approve(trader, digest);
    }

    /// @dev One signature over up to eight orders, of which this is one; the others are orders of zeros.
    function _signTree(uint32 market, Signed memory order) private {
        order.height = uint8(1 + _random(3));
        order.leaf = uint8(_random(1 << order.height));
        bytes32[] memory leaves = new bytes32[](1 << order.height);
        for (uint256 i = 0; i < leaves.length; ++i) {
            leaves[i] = BatchBuilder.emptyLeaf();
        }
        leaves[order.leaf] = BatchBuilder.orderHash(markets[market], order.trader, order.terms);
        (order.root, order.proof) = BatchBuilder.tree(leaves, order.leaf);
        bytes32 digest = BatchBuilder.typed(_domain(), BatchBuilder.bulkHash(order.height, order.root));
        order.signature = _sign(keys[order.trader], digest);
    }

    function _keep(uint32 market, Signed memory order) private {
        Signed[] storage pool = _pool[market];
        if (pool.length < POOL) pool.push(order);
        else pool[_random(POOL)] = order;
    }

    /// @dev An order of before: as it was, with another fee, or replaced by a later revision.
    function _pooled(uint32 market) internal returns (bool found, Signed memory order) {
        Signed[] storage pool = _pool[market];
        if (pool.length == 0) return (false, order);
        if (_usedUp[market].trader != address(0) && _chance(6)) {
            order = _usedUp[market];
            order.terms.nonce += 1 << 16;
            order.terms.lots += uint48(1 + _random(300));
            order.terms.flags = 0;
            return (true, order);
        }
        order = pool[_random(pool.length)];
        if (_chance(3)) {
            order.terms.nonce += 1 << 16;
            order.terms.lots = uint48(_chance(3) ? 1 + _random(400) : order.terms.lots % 100_000 + 1 + _random(300));
        }
        return (true, order);
    }

    function _laneTaken(Signed[] memory orders, uint256 count, Signed memory order) internal pure returns (bool) {
        uint256 lane = order.terms.nonce & 0xffff;
        for (uint256 i = 0; i < count; ++i) {
            if (orders[i].trader == order.trader && orders[i].terms.nonce & 0xffff == lane) return true;
        }
        return false;
    }

    /// @dev Takes an order that was signed and makes it one that was not.
    function _forge(uint32 market, Signed memory order) internal {
        Terms memory terms = order.terms;
        uint256 which = _random(15);
        order.genuine = false;
        if (which == 0) terms.price = terms.side == 0 ? terms.price + 1 : terms.price - 1;
        if (which == 1) terms.lots ^= 1;
        if (which == 2) terms.side ^= 1;
        if (which == 3) terms.flags ^= uint8(1 << _random(3));
        if (which == 4) terms.maxFee += 1;
        if (which == 5) terms.expiry += 1;
        if (which == 6) terms.nonce += 1 << 24;
        if (which == 7) terms.nonce ^= 1;
        if (which == 8) order.trader = _other(order.trader);
        if (which >= 9) _forgeSignature(market, order, which);
        if (which == 14) _forgeKind(order);
    }

    function _forgeSignature(uint32 market, Signed memory order, uint256 which) private {
        bytes32 digest = _digest(market, order.trader, order.terms);
        order.terms.kind = 0;
        if (which == 9) order.signature = _sign(keys[_other(order.trader)], digest);
        if (which == 10) order.signature = abi.encodePacked(_random(type(uint256).max), _random(type(uint256).max));
        if (which == 11) order.signature = new bytes(64);
        if (which == 12) order.signature = _signFor(order, market, block.chainid + 1, address(exchange));
        if (which == 13) order.signature = _signFor(order, market, block.chainid, address(hostile));
        if (which == 14) order.signature = _sign(sessionKeys[_random(2)], digest);
    }

    /// @dev A signature that is good in no way, or in another one: by a key without a grant, of another leaf, unapproved.
    function _forgeKind(Signed memory order) private {
        order.terms.kind = uint8(_random(4));
        if (order.terms.kind == 1) {
            order.sessionKey = vm.addr(sessionKeys[0]);
            order.signature = _sign(sessionKeys[1], bytes32(_random(8)));
        }
        if (order.terms.kind == 2) {
            order.height = uint8(1 + _random(3));
            order.leaf = uint8(_random(10));
            order.root = bytes32(_random(8));
            order.proof = new bytes(32 * uint256(order.height));
        }
        if (order.terms.kind == 3) order.terms.nonce += uint64(1 + _random(3)) << 24;
    }

    function _other(address trader) internal returns (address other) {
        other = _trader();
        while (other == trader) {
            other = _trader();
        }
    }

    function _signFor(Signed memory order, uint32 market, uint256 chain, address verifying)
        private
        view
        returns (bytes memory)
    {
        bytes32 hash = BatchBuilder.orderHash(markets[market], order.trader, order.terms);
        return _sign(keys[order.trader], BatchBuilder.typed(BatchBuilder.domain(chain, verifying), hash));
    }

    // Batches

    /// @dev The accounts of a section are its orders' traders, ascending.
    function _section(uint32 market, Signed[] memory orders, Group[] memory groups)
        internal
        view
        returns (Section memory section)
    {
        section.market = market;
        section.groups = groups;
        uint256 count = 0;
        uint256[] memory index = new uint256[](traders.length);
        address[] memory accounts = new address[](traders.length);
        for (uint256 i = 0; i < traders.length; ++i) {
            if (!_takesPart(orders, traders[i])) continue;
            index[i] = count;
            accounts[count++] = traders[i];
        }
        section.accounts = new address[](count);
        for (uint256 i = 0; i < count; ++i) {
            section.accounts[i] = accounts[i];
        }
        section.orders = new Terms[](orders.length);
        for (uint256 i = 0; i < orders.length; ++i) {
            section.orders[i] = orders[i].terms;
            section.orders[i].account = uint8(index[_indexOf(orders[i].trader)]);
        }
        section.sessions = _listSessions(orders);
        section.roots = new bytes[](orders.length);
        uint256 roots = 0;
        for (uint256 i = 0; i < orders.length; ++i) {
            if (orders[i].terms.kind == 2) section.roots[roots++] = _root(orders[i]);
            section.orders[i].tail = _tail(section, orders[i], roots);
        }
        bytes[] memory listed = section.roots;
        assembly ("memory-safe") {
            mstore(listed, roots)
        }
    }

    /// @dev Account and key of every order by a session key, ascending and each once.
    function _listSessions(Signed[] memory orders) private pure returns (bytes[] memory sessions) {
        uint256[] memory found = new uint256[](orders.length);
        uint256 count = 0;
        for (uint256 i = 0; i < orders.length; ++i) {
            if (orders[i].terms.kind != 1) continue;
            uint256 session = (uint256(orders[i].terms.account) << 160) | uint160(orders[i].sessionKey);
            uint256 at = 0;
            while (at < count && found[at] < session) {
                ++at;
            }
            if (at < count && found[at] == session) continue;
            for (uint256 j = count++; j > at; --j) {
                found[j] = found[j - 1];
            }
            found[at] = session;
        }
        sessions = new bytes[](count);
        for (uint256 i = 0; i < count; ++i) {
            sessions[i] = abi.encodePacked(uint168(found[i]));
        }
    }

    function _root(Signed memory order) private pure returns (bytes memory) {
        return abi.encodePacked(order.terms.account, order.height, order.root, order.signature);
    }

    function _tail(Section memory section, Signed memory order, uint256 roots) private pure returns (bytes memory) {
        if (order.terms.kind == 3) return "";
        if (order.terms.kind == 2) return abi.encodePacked(uint8(roots - 1), order.leaf, order.proof);
        if (order.terms.kind == 0) return order.signature;
        bytes32 session = keccak256(abi.encodePacked(order.terms.account, order.sessionKey));
        uint256 index = 0;
        while (keccak256(section.sessions[index]) != session) {
            ++index;
        }
        return abi.encodePacked(order.signature, uint8(index));
    }

    function _takesPart(Signed[] memory orders, address trader) private pure returns (bool) {
        for (uint256 i = 0; i < orders.length; ++i) {
            if (orders[i].trader == trader) return true;
        }
        return false;
    }

    function _indexOf(address trader) private view returns (uint256 i) {
        while (traders[i] != trader) {
            ++i;
        }
    }

    // Judging

    /// @dev Whether an order could settle `lots` more, by everything that its trader said.
    function _judgeOrder(uint32 market, Signed memory order, uint256 lots) internal {
        Terms memory terms = order.terms;
        _must(order.trader != address(0), "I10: the zero address traded");
        _must(order.genuine, "I7: an order settled that nobody signed");
        _must(block.timestamp <= uint256(terms.expiry) + WINDOW_MAX, "I6: an expired order settled");
        _judgeSigner(market, order);
        uint256 key = terms.nonce >> 16;
        uint256 at = _laneOrBase(market, terms.nonce & 0xffff);
        Ban storage ban = cancels[order.trader][at];
        _settleBan(ban);
        _must(key >= ban.dead, "I6: a canceled order settled");
        ban = floors[order.trader][markets[market].quote];
        _settleBan(ban);
        _must(key >> 8 >= ban.dead, "I6: an order below the floor settled");
        Lane storage lane = lanes[order.trader][at];
        if (key >> 8 > lane.counter) {
            (lane.counter, lane.filled, lane.full) = (uint40(key >> 8), 0, false);
        } else {
            _must(
                key >> 8 == lane.counter && key & 0xff >= lane.revision && !lane.full,
                "I2: an order settled that a later one had replaced, or that was used up"
            );
        }
        lane.revision = uint8(key);
        lane.filled += uint48(lots);
        _must(lane.filled <= terms.lots, "I2: an order filled beyond what was signed");
    }

    function _judgeSigner(uint32 market, Signed memory order) private {
        if (order.terms.kind == 1) {
            _must(
                _grantUsable(grants[order.trader][order.sessionKey][market]),
                "I6: an order of a session settled that was not granted, expired or revoked"
            );
        }
        if (order.terms.kind == 3) {
            bytes32 digest = _digest(market, order.trader, order.terms);
            _must(_approvalUsable(approvals[order.trader][digest]), "I6: an order settled whose approval was revoked");
        }
    }

    /// @dev What a fill uses up besides funds: the budgets of the sessions that signed for it.
    function _useBudgets(uint32 market, Signed memory buy, Signed memory sell, uint256 paid, uint256 lots) internal {
        if (buy.terms.kind == 1) {
            Grant storage grant = grants[buy.trader][buy.sessionKey][market];
            _must(grant.buyBudget >= paid, "I3: a session key spent more than its budget");
            grant.buyBudget = grant.buyBudget >= paid ? grant.buyBudget - paid : 0;
        }
        if (sell.terms.kind == 1) {
            Grant storage grant = grants[sell.trader][sell.sessionKey][market];
            _must(grant.sellBudget >= lots, "I3: a session key sold more than its budget");
            grant.sellBudget = grant.sellBudget >= lots ? grant.sellBudget - lots : 0;
        }
    }
}
