// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {BatchBuilder, Fill, Group, Header, MarketTerms, Section, Terms} from "../base/BatchBuilder.sol";
import {Signing} from "./Signing.sol";
import {Vm} from "../base/Cheats.sol";

/// @title Trading
/// @notice Batches of an honest and of a malicious operator, and what of them may have settled.
abstract contract Trading is Signing {
    bytes32 private constant SKIPPED = keccak256("FillSkipped(uint32,uint48,uint8,uint8,uint8)");

    bytes private _lastBatch;
    bytes32 internal lastRoot;

    /// @dev A section with what its orders really are.
    struct Draft {
        Section section;
        Signed[] orders;
    }

    // Honest

    /// @notice A taker and up to three makers with fresh orders and the funds for them: all must settle.
    function settleHonestly(uint256 seed) external {
        _seed(seed);
        uint32 market = uint32(1 + _random(MARKETS));
        if (_closed(market)) market = uint32(1 + _random(MARKETS));
        Draft[] memory drafts = new Draft[](1);
        for (uint256 tries = 0; tries < 4; ++tries) {
            drafts[0] = _honestDraft(market);
            if (drafts[0].section.groups.length != 0) break;
        }
        uint256 settledBefore = fillsSettled;
        if (!_closed(market)) {
            _settle("settleHonestly", drafts, _header(drafts));
            if (!paused && !frozen) {
                uint256 listed = BatchBuilder.countFills(_sections(drafts));
                _must(fillsSettled == settledBefore + listed, "H: a fill that honest traders signed did not settle");
                honestFills += listed;
            }
        }
    }

    function _honestDraft(uint32 market) private returns (Draft memory draft) {
        uint256 side = _random(2);
        uint256 first = _random(traders.length);
        uint256 makers = 1 + _random(3);
        draft.orders = new Signed[](makers + 1);
        Fill[] memory fills = new Fill[](makers);
        uint256 total = 0;
        uint256 flags = uint256(1) << (_random(4)); // post-only, IOC, FOK, or 8: none
        for (uint256 i = 0; i < makers; ++i) {
            address maker = traders[(first + 1 + i) % traders.length];
            Signed memory order = _fresh(market, maker, side ^ 1);
            order.terms.flags = _chance(2) ? 1 : 0;
            order.terms.price = side == 0 ? 900 : 1100;
            order.terms.lots = uint48(_affordable(market, order) / 2);
            fills[i] = Fill({maker: uint8(i + 1), lots: order.terms.lots});
            total += order.terms.lots;
            draft.orders[i + 1] = order;
        }
        Signed memory taker = _fresh(market, traders[first], side);
        taker.terms.flags = flags == 2 || flags == 4 ? uint8(flags) : 0;
        taker.terms.price = 1000;
        taker.terms.lots = uint48(total);
        draft.orders[0] = taker;
        bool funded = total != 0 && _affordable(market, taker) / 2 >= total;
        for (uint256 i = 0; i < makers; ++i) {
            if (fills[i].lots == 0) funded = false;
        }
        _sign(market, draft.orders, true);
        Group[] memory groups = new Group[](funded ? 1 : 0);
        if (funded) groups[0] = Group({sequence: _nextSequence(), taker: 0, fills: fills});
        draft.section = _section(market, draft.orders, groups);
    }

    // Malicious

    /// @notice Whatever the operator can make of what was signed, forged orders among it.
    function settleAnything(uint256 seed) external {
        _seed(seed);
        _settleAnything("settleAnything", false);
    }

    /// @notice The same with the orders that came before: overfilled, canceled, expired, replaced ones.
    function settleOldOrders(uint256 seed) external {
        _seed(seed);
        _settleAnything("settleOldOrders", true);
    }

    function _settleAnything(string memory entry, bool old) private {
        Draft[] memory drafts = new Draft[](1 + _random(2));
        for (uint256 i = 0; i < drafts.length; ++i) {
            drafts[i] = _anyDraft(uint32(1 + _random(MARKETS)), old);
        }
        Header memory header = _header(drafts);
        if (_chance(12)) {
            _settleMalformed(drafts, header);
        } else {
            _settle(entry, drafts, header);
        }
    }

    function _anyDraft(uint32 market, bool old) private returns (Draft memory draft) {
        draft.orders = new Signed[](2 + _random(4));
        uint256 side = _random(2);
        for (uint256 i = 0; i < draft.orders.length; ++i) {
            Signed memory order;
            bool found = false;
            if (old || _chance(4)) (found, order) = _pooled(market);
            if (found && i == 0 && order.terms.flags & 1 != 0 && !_chance(8)) (found, order) = _pooled(market);
            if (!found) {
                address trader = _trader();
                if (i != 0 && !_chance(8)) trader = _other(draft.orders[0].trader);
                order = _fresh(market, trader, _chance(12) ? _random(2) : (i == 0 ? side : side ^ 1));
                order.terms.price = uint48(order.terms.side == 0 ? 990 + _random(40) : 1010 - _random(40));
                order.terms.lots = uint48(1 + _random(300));
                if (_chance(2)) order.terms.flags = i == 0 ? uint8(2 << _random(2)) : 1;
                if (_chance(12)) order.terms.flags = uint8(_random(8));
                if (_chance(8)) order.terms.feeRate = int16(uint16(_random(1 << 16)));
                if (_chance(24)) order.terms.lots = uint48(type(uint48).max - _random(2));
            }
            if (_laneTaken(draft.orders, i, order) && !_chance(16)) {
                order.terms.nonce = BatchBuilder.nonce(++counters[order.trader], 0, 100 + i);
            }
            draft.orders[i] = order;
        }
        _sign(market, draft.orders, false);
        for (uint256 i = 0; i < draft.orders.length; ++i) {
            if (_chance(12)) _forge(market, draft.orders[i]);
        }
        Group[] memory groups = new Group[](1 + _random(2));
        for (uint256 i = 0; i < groups.length; ++i) {
            groups[i] = _anyGroup(draft.orders, i == 0 ? 0 : _random(draft.orders.length));
        }
        draft.section = _section(market, draft.orders, groups);
    }

    function _anyGroup(Signed[] memory orders, uint256 taker) private returns (Group memory group) {
        Fill[] memory fills = new Fill[](1 + _random(3));
        uint256 left = orders[taker].terms.lots;
        for (uint256 i = 0; i < fills.length; ++i) {
            uint256 maker = (taker + 1 + _random(orders.length - 1)) % orders.length;
            if (_chance(32)) maker = taker;
            uint256 lots = orders[maker].terms.lots;
            if (left < lots) lots = left;
            if (!_chance(4)) lots = lots / 2 + _random(lots / 2 + 1);
            if (_chance(16)) lots = orders[maker].terms.lots + _random(2);
            fills[i] = Fill({maker: uint8(maker), lots: uint48(lots)});
            left = left > lots ? left - lots : 0;
        }
        return Group({sequence: _nextSequence(), taker: uint8(taker), fills: fills});
    }

    /// @notice Somebody else settles: refused.
    function settleAsStranger(uint256 seed) external {
        _seed(seed);
        Draft[] memory drafts = new Draft[](1);
        drafts[0] = _honestDraft(1);
        address stranger = _chance(2) ? OWNER : _trader();
        (bool success,) = _call("settleAsStranger", stranger, _calldata(drafts, _header(drafts)));
        _must(!success, "I7: somebody who is not the operator settled");
    }

    /// @notice The last batch once more: refused.
    function replay(uint256 seed) external {
        _seed(seed);
        if (_lastBatch.length == 0) return;
        (bool success,) = _call("replay", operator, abi.encodeCall(exchange.settle, (_lastBatch)));
        _must(!success, "I2: a batch settled twice");
    }

    /// @notice A batch of nothing: the sign of life.
    function heartbeat(uint256 seed) external {
        _seed(seed);
        Draft[] memory drafts = new Draft[](0);
        _settle("heartbeat", drafts, _header(drafts));
    }

    // Settling and judging

    function _header(Draft[] memory drafts) private returns (Header memory header) {
        (uint48 number, uint40 matchedThrough, uint48 sequence, bytes32 root) = exchange.batchState();
        uint256 lag = _random(3 * WATCH_LAG);
        uint256 matched = block.timestamp - lag;
        if (matched < matchedThrough) matched = matchedThrough;
        header = Header({
            number: number + 1,
            matchedThrough: uint40(matched),
            upTo: nextSequence > sequence ? nextSequence : sequence,
            fills: uint16(BatchBuilder.countFills(_sections(drafts))),
            previousRoot: root,
            journalHash: bytes32(_random(type(uint256).max))
        });
    }

    function _sections(Draft[] memory drafts) private pure returns (Section[] memory sections) {
        sections = new Section[](drafts.length);
        for (uint256 i = 0; i < drafts.length; ++i) {
            sections[i] = drafts[i].section;
        }
    }

    function _calldata(Draft[] memory drafts, Header memory header) private view returns (bytes memory) {
        return abi.encodeCall(exchange.settle, (BatchBuilder.pack(header, _sections(drafts))));
    }

    /// @dev A header or length that lies: refused as a whole.
    function _settleMalformed(Draft[] memory drafts, Header memory header) private {
        uint256 which = _random(9);
        if (which == 0) header.number += uint48(1 + _random(2));
        if (which == 1) header.number -= 1;
        if (which == 2) header.matchedThrough = uint40(block.timestamp + 1 + _random(1000));
        if (which == 3) header.previousRoot = bytes32(_random(type(uint256).max));
        if (which == 4) header.fills += 1;
        if (which == 5) header.upTo = uint48(_lowestSequence(drafts) - 1);
        address[] memory accounts = drafts[0].section.accounts;
        if (which == 7) accounts[0] = address(0);
        if (which == 8) accounts[accounts.length - 1] = accounts[0];
        if (which == 8 && accounts.length == 1) header.number += 1;
        bytes memory batch = BatchBuilder.pack(header, _sections(drafts));
        if (which == 6) batch = bytes.concat(batch, hex"00");
        (bool success,) = _call("settleMalformed", operator, abi.encodeCall(exchange.settle, (batch)));
        _must(!success || which < 7, "I10: nobody, or somebody twice, was an account of a batch");
        _must(!success, "I2: a batch that does not follow the last one settled");
    }

    function _lowestSequence(Draft[] memory drafts) private pure returns (uint256) {
        return drafts[0].section.groups[0].sequence;
    }

    function _settle(string memory entry, Draft[] memory drafts, Header memory header) private {
        bytes memory batch = BatchBuilder.pack(header, _sections(drafts));
        vm.recordLogs();
        (bool success, bytes memory result) = _call(entry, operator, abi.encodeCall(exchange.settle, (batch)));
        Vm.Log[] memory logs = vm.getRecordedLogs();
        if (!success) {
            bool doubled = bytes4(result) == bytes4(keccak256("LaneUsedTwice(address,uint256)"));
            _must(paused || frozen || doubled, "H: a well-formed batch was refused");
            return;
        }
        _must(!paused && !frozen, "I7: a batch passed a pause or the end of settling");
        _lastBatch = batch;
        uint256 settled = 0;
        uint256 position = 0;
        for (uint256 i = 0; i < drafts.length; ++i) {
            for (uint256 j = 0; j < drafts[i].section.groups.length; ++j) {
                (settled, position) = _judgeGroup(drafts[i], drafts[i].section.groups[j], logs, settled, position);
            }
        }
        _must(position + 1 == logs.length, "H: the batch's events are not its skipped fills and its end");
        (,,,, uint40 matchedThrough, uint16 count) =
            abi.decode(logs[logs.length - 1].data, (bytes32, bytes32, bytes32, uint48, uint40, uint16));
        _must(count == settled && matchedThrough == header.matchedThrough, "I5: the batch miscounts its fills");
        fillsSettled += settled;
        covered = header.matchedThrough;
        (,,, bytes32 root) = exchange.batchState();
        _must(root != lastRoot, "I2: a batch left the root as it was");
        lastRoot = root;
    }

    /// @dev Skipped fills are told in the order of the batch; what is not told has settled.
    function _judgeGroup(
        Draft memory draft,
        Group memory group,
        Vm.Log[] memory logs,
        uint256 settled,
        uint256 position
    ) private returns (uint256, uint256) {
        Signed memory taker = draft.orders[group.taker];
        uint256 done = 0;
        uint256 lots = 0;
        for (uint256 i = 0; i < group.fills.length; ++i) {
            if (_isSkip(logs[position], draft.section.market, group.sequence, i)) {
                (, uint8 culprit, uint8 reason) = abi.decode(logs[position].data, (uint8, uint8, uint8));
                _must(culprit < 3 && reason != 0, "H: a skip without a reason");
                ++skippedBy[reason];
                ++position;
                continue;
            }
            _judgeFill(draft.section.market, taker, draft.orders[group.fills[i].maker], group.fills[i].lots);
            lots += group.fills[i].lots;
            ++done;
        }
        if (taker.terms.flags & 4 != 0 && done != 0) {
            _must(done == group.fills.length && lots == taker.terms.lots, "I4: a fill-or-kill order filled in part");
        }
        if (taker.terms.flags & 6 != 0 && done != 0) {
            lanes[taker.trader][_laneOrBase(draft.section.market, taker.terms.nonce & 0xffff)].full = true;
            if (taker.terms.lots < 1 << 40) _usedUp[draft.section.market] = taker;
        }
        return (settled + done, position);
    }

    function _isSkip(Vm.Log memory entry, uint32 market, uint48 sequence, uint256 index) private pure returns (bool) {
        return entry.topics[0] == SKIPPED && uint256(entry.topics[1]) == market
            && uint256(entry.topics[2]) == sequence && uint8(bytes1(entry.data[31])) == index;
    }

    function _judgeFill(uint32 market, Signed memory taker, Signed memory maker, uint256 lots) private {
        Terms memory t = taker.terms;
        Terms memory m = maker.terms;
        _must(lots != 0, "I2: a fill of nothing");
        _must(t.side != m.side, "I5: two orders of one side traded");
        _must(taker.trader != maker.trader, "I5: a trader traded with itself");
        _must(t.flags & 1 == 0, "I4: a post-only order took");
        _must(m.flags & 6 == 0, "I4: an order that only takes made");
        _must(t.side == 0 ? m.price <= t.price : m.price >= t.price, "I4: a price is worse than the taker's limit");
        _must(!_closed(market), "I6: a closed market traded");
        _judgeOrder(market, taker, lots);
        _judgeOrder(market, maker, lots);
        bool takerBuys = t.side == 0;
        _move(market, takerBuys ? taker : maker, takerBuys ? maker : taker, m.price, lots);
    }

    /// @dev What a fill does to both accounts. The fee cap is judged here as well: by what was signed, not by the rate.
    function _move(uint32 id, Signed memory buy, Signed memory sell, uint256 price, uint256 lots) private {
        MarketTerms memory market = markets[id];
        uint256 notional = price * lots * market.tickSize;
        int256 buyFee = _fee(notional, buy.terms);
        int256 sellFee = _fee(notional, sell.terms);
        _must(buyFee + sellFee >= 0, "I5: a rebate exceeds the fees of its fill");
        uint256 base = lots * market.lotSize;
        uint256 paid = uint256(int256(notional) + buyFee);
        uint256 earned = uint256(int256(notional) - sellFee);
        _spend(market.quote, buy.trader, paid);
        _spend(market.base, sell.trader, base);
        _credit(market.base, buy.trader, base);
        _credit(market.quote, sell.trader, earned);
        if (paid > earned) fees[market.quote] += paid - earned;
        _useBudgets(id, buy, sell, paid, lots);
    }

    function _spend(address token, address trader, uint256 amount) private {
        uint256 locked = _locked(token, trader);
        _must(balances[token][trader] >= amount + locked, "I8: a fill spent what a withdrawal had claimed");
        _debit(token, trader, amount, "I1: a fill spent more than there was");
    }

    function _fee(uint256 notional, Terms memory terms) private returns (int256 fee) {
        int256 rate = terms.feeRate;
        _must(rate <= 10_000 && rate <= int256(uint256(terms.maxFee)), "I3: a fee above the signed or the highest one");
        fee = int256(notional) * rate / 1_000_000;
    }
}
