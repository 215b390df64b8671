// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Cancellation} from "./Cancellation.sol";
import {ISettlement} from "./interfaces/ISettlement.sol";
import {Fees} from "./libraries/Fees.sol";
import {FillLane} from "./libraries/FillLane.sol";
import {LedgerWord} from "./libraries/LedgerWord.sol";
import {Memory} from "./libraries/Memory.sol";
import {OrderHash} from "./libraries/OrderHash.sol";
import {PackedBatch} from "./libraries/PackedBatch.sol";
import {SessionWord} from "./libraries/SessionWord.sol";
import {SkipReason} from "./libraries/SkipReason.sol";
import {Slots} from "./libraries/Slots.sol";
import {Tables} from "./libraries/Tables.sol";
import {TradeTree} from "./libraries/TradeTree.sol";
import {Verification} from "./Verification.sol";

/// @title Settlement
/// @notice Verifies and applies batches. It believes signatures, not the operator.
/// @dev A batch is applied section by section, a section being one market. {Verification} reads accounts and orders into
/// tables in memory, fills move amounts between the tables, and the tables are written back at the end of the section.
/// What is the operator's fault reverts the batch; what a trader can cause skips one fill.
abstract contract Settlement is Verification, Cancellation {
    using LedgerWord for uint256;

    uint256 private constant TAKER = 1 << 8;
    uint256 private constant MAKER = 2 << 8;
    uint256 private constant SEQUENCES = uint256(keccak256("hybrid-dex.settlement.sequences")) << 32;

    // Batches

    /// @inheritdoc ISettlement
    /// @dev Calls nothing but the ecrecover precompile, so nobody can call back from here: it is enough that the guard
    /// shuts it while a token is being transferred.
    function settle(bytes calldata batch) external nonReentrantView {
        if (paused()) revert EnforcedPause();
        if (msg.sender != _operator) revert NotOperator();
        if (_frozen) revert SettlingEnded();
        uint256 start;
        assembly ("memory-safe") {
            start := batch.offset
        }
        unchecked {
            (uint256 number, uint256 matchedThrough, uint256 upTo, uint256 sections, uint256 fills) =
                PackedBatch.header(start);
            uint256 state = _batch;
            _checkHeader(state, number, matchedThrough, upTo);
            bytes32 previous = _root;
            if (PackedBatch.previousRoot(start) != previous) revert WrongPreviousRoot(previous);
            uint256 end = start + batch.length;
            uint256 mainFees = state & type(uint120).max;
            uint256 settled = 0;
            bytes32 merkleRoot = 0;
            if (sections != 0) {
                (mainFees, settled, merkleRoot) =
                    _settleSections(state, upTo, sections, fills, start + PackedBatch.HEADER_SIZE, end);
            } else if (fills != 0 || batch.length != PackedBatch.HEADER_SIZE) {
                revert WrongLength();
            }
            bytes32 journalHash = PackedBatch.journalHash(start);
            bytes32 root = _newRoot(previous, number, merkleRoot, journalHash, upTo);
            _root = root;
            _batch = (number << 208) | (matchedThrough << 168) | (upTo << 120) | mainFees;
            emit BatchSettled(
                uint48(number), root, merkleRoot, journalHash, uint48(upTo), uint40(matchedThrough), uint16(settled)
            );
        }
    }

    /// @dev keccak256(abi.encode(...)) of its arguments.
    function _newRoot(bytes32 previous, uint256 number, bytes32 merkleRoot, bytes32 journalHash, uint256 upTo)
        private
        pure
        returns (bytes32)
    {
        unchecked {
            uint256 words = Memory.allocate(0xa0);
            Memory.store(words, uint256(previous));
            Memory.store(words + 0x20, number);
            Memory.store(words + 0x40, uint256(merkleRoot));
            Memory.store(words + 0x60, uint256(journalHash));
            Memory.store(words + 0x80, upTo);
            return bytes32(Memory.hash(words, 0xa0));
        }
    }

    function _checkHeader(uint256 state, uint256 number, uint256 matchedThrough, uint256 upTo) private view {
        unchecked {
            uint256 expected = (state >> 208) + 1;
            if (number != expected) revert WrongNumber(expected);
            uint256 covered = (state >> 168) & PackedBatch.U40;
            if (matchedThrough < covered || matchedThrough > block.timestamp) {
                revert WrongMatchedThrough(covered, block.timestamp);
            }
            uint256 last = (state >> 120) & PackedBatch.U48;
            if (upTo < last) revert WrongUpTo(last);
        }
    }

    function _settleSections(
        uint256 state,
        uint256 upTo,
        uint256 sections,
        uint256 fills,
        uint256 cursor,
        uint256 end
    ) private returns (uint256 mainFees, uint256 settled, bytes32 merkleRoot) {
        unchecked {
            Batch memory b;
            b.cursor = cursor;
            b.covered = (state >> 168) & PackedBatch.U40;
            b.last = (state >> 120) & PackedBatch.U48;
            b.mainFees = state & type(uint120).max;
            b.upTo = upTo;
            b.room = fills;
            b.oldest = block.timestamp - _WINDOW_MAX;
            b.newest = block.timestamp + ORDER_LIFETIME + _WINDOW_MAX;
            uint256 leaves = Memory.allocate(fills << 5);
            b.leaf = leaves;
            b.typedData = OrderHash.allocateTypedData(_domainSeparatorV4());
            b.tradeId = Memory.allocate(0xc0);
            for (uint256 i = 1; i <= sections; ++i) {
                _settleSection(b, i != 1, i != sections);
            }
            if (b.cursor != end || b.room != 0) revert WrongLength();
            settled = (b.leaf - leaves) >> 5;
            return (b.mainFees, settled, TradeTree.root(leaves, settled));
        }
    }

    // Sections

    function _settleSection(Batch memory b, bool follows, bool followed) private {
        unchecked {
            (uint256 market, uint256 accounts, uint256 delegates, uint256 orders, uint256 groups) =
                PackedBatch.section(b.cursor);
            b.cursor += PackedBatch.SECTION_SIZE;
            uint256 flags = _openMarket(b, market);
            _readAccounts(b, accounts);
            if (delegates != 0) {
                _readSessions(b, delegates >> 8);
                _readRoots(b, delegates & PackedBatch.U8);
            } else {
                (b.sessionsEnd, b.rootsEnd) = (0, 0);
            }
            _readOrders(b, orders);
            uint256 last = b.last;
            if (follows) last = _lastSequence(last, market);
            last = _applyGroups(b, groups, last);
            if (followed) Slots.storeTransient(SEQUENCES | market, last);
            _writeOrders(b);
            if (delegates != 0) _writeSessions(b);
            _writeAccounts(b);
            uint256 fees = b.fees;
            if (fees != 0) {
                if (flags & MAIN_QUOTE != 0) b.mainFees += fees;
                else _fees[address(uint160(b.quote))] += fees;
            }
        }
    }

    function _openMarket(Batch memory b, uint256 id) private view returns (uint256 flags) {
        Market storage market = _markets[uint32(id)];
        uint256 base = uint160(market.base);
        if (base == 0) revert UnknownMarket(id);
        b.market = id;
        b.base = base;
        b.lotSize = market.lotSize;
        flags = market.flags;
        uint256 quote = uint160(market.quote);
        b.quote = quote;
        b.tickSize = market.tickSize;
        b.fees = 0;
        b.reason = flags & CLOSING != 0 && _effective(_closingAt[uint32(id)], b.covered) ? SkipReason.MARKET : 0;
        OrderHash.storeMarket(b.typedData, id, base, quote);
        Memory.store(b.tradeId, id);
    }

    /// @dev The last sequence of a market's earlier sections in this batch, if it had any.
    function _lastSequence(uint256 last, uint256 market) private view returns (uint256) {
        uint256 earlier = Slots.loadTransient(SEQUENCES | market);
        return earlier > last ? earlier : last;
    }

    // Writing back

    function _writeAccounts(Batch memory b) private {
        unchecked {
            uint256 entry = b.accounts;
            while (entry != b.accountsEnd) {
                uint256 word = Memory.load(entry + Tables.BASE_WORD) | LedgerWord.TOUCHED;
                Slots.store(Memory.load(entry + Tables.BASE_SLOT), word);
                word = Memory.load(entry + Tables.QUOTE_WORD) | LedgerWord.TOUCHED;
                Slots.store(Memory.load(entry + Tables.QUOTE_SLOT), word);
                entry += Tables.ACCOUNT_ENTRY;
            }
        }
    }

    function _writeSessions(Batch memory b) private {
        unchecked {
            uint256 end = b.sessionsEnd;
            for (uint256 entry = b.sessions; entry != end; entry += Tables.SESSION_ENTRY) {
                uint256 word = Memory.load(entry + Tables.SESSION_WORD);
                if (word != Memory.load(entry + Tables.SESSION_READ)) {
                    Slots.store(Memory.load(entry + Tables.SESSION_SLOT), word);
                }
            }
        }
    }

    function _writeOrders(Batch memory b) private {
        unchecked {
            uint256 entry = b.orders;
            while (entry != b.ordersEnd) {
                uint256 state = Memory.load(entry + Tables.STATE);
                uint256 left = Memory.load(entry + Tables.LEFT);
                if (state >> Tables.LEFT_SHIFT != left) _writeLane(entry, state, left);
                entry += Tables.ORDER_ENTRY;
            }
        }
    }

    /// @dev Writes the lane of an order that filled something or is used up; a void one did neither. A lane that is no
    /// longer what was read belongs to two orders of the section: the operator's fault.
    function _writeLane(uint256 entry, uint256 state, uint256 left) private {
        unchecked {
            uint256 packed = Memory.load(entry + Tables.PACKED);
            uint256 account = Memory.load(entry + Tables.ACCOUNT);
            uint256 filled = PackedBatch.lotsOf(packed) - left;
            if (state >> Tables.REASON_SHIFT != 0) {
                if (state & Tables.WRITE_FULL != 0) filled = FillLane.FILLED;
                else if ((state >> Tables.LEFT_SHIFT) & FillLane.FILLED == left) return;
            }
            uint256 register = state & FillLane.REGISTER;
            uint256 lane = PackedBatch.lane(packed);
            uint256 next = FillLane.pack(PackedBatch.key(packed), filled);
            if (lane == 0) {
                uint256 word = Memory.load(account + Tables.BASE_WORD);
                if (word.lane() != register) _revertLane(account, packed);
                if (state & Tables.CLEAR_CANCEL != 0) word &= ~LedgerWord.CANCEL_PENDING;
                Memory.store(account + Tables.BASE_WORD, word.withLane(next));
            } else {
                mapping(uint256 => uint256) storage lanes = _lanes[address(uint160(Memory.load(account)))];
                uint256 word = lanes[FillLane.slotOf(lane)];
                uint256 half = FillLane.half(word, lane);
                if (half & FillLane.REGISTER != register) _revertLane(account, packed);
                if (state & Tables.CLEAR_CANCEL == 0) next |= half & FillLane.CANCEL_PENDING;
                lanes[FillLane.slotOf(lane)] = FillLane.withHalf(word, lane, next);
            }
        }
    }

    function _revertLane(uint256 account, uint256 packed) private pure {
        revert LaneUsedTwice(address(uint160(Memory.load(account))), PackedBatch.nonce(packed));
    }

    // Groups

    function _applyGroups(Batch memory b, uint256 groups, uint256 last) private returns (uint256) {
        unchecked {
            for (; groups != 0; --groups) {
                (uint256 sequence, uint256 taker, uint256 fills) = PackedBatch.group(b.cursor);
                if (sequence <= last || sequence > b.upTo) revert WrongSequence(b.market, sequence);
                last = sequence;
                uint256 room = b.room;
                if (fills > room) revert WrongLength();
                b.room = room - fills;
                _applyGroup(b, sequence, _orderAt(b, taker), fills);
            }
            return last;
        }
    }

    function _orderAt(Batch memory b, uint256 index) private pure returns (uint256 order) {
        unchecked {
            order = b.orders + index * Tables.ORDER_ENTRY;
            if (order >= b.ordersEnd) revert WrongIndex();
        }
    }

    function _applyGroup(Batch memory b, uint256 sequence, uint256 taker, uint256 fills) private {
        unchecked {
            uint256 packed = Memory.load(taker + Tables.PACKED);
            uint256 cursor = b.cursor + PackedBatch.GROUP_SIZE;
            Memory.store(b.tradeId + 0x60, sequence);
            b.cursor = cursor + fills * PackedBatch.FILL_SIZE;
            if (packed & (PackedBatch.POST_ONLY | PackedBatch.TAKES_ONLY) != 0) {
                _applySpecial(b, sequence, taker, cursor, fills);
            } else {
                _applyEach(b, sequence, taker, cursor, fills);
            }
        }
    }

    function _applyEach(Batch memory b, uint256 sequence, uint256 taker, uint256 cursor, uint256 fills) private {
        unchecked {
            bool takerSells = Memory.load(taker + Tables.PACKED) & PackedBatch.SIDE != 0;
            for (uint256 i = 0; i < fills; ++i) {
                (uint256 index, uint256 lots) = PackedBatch.fill(cursor);
                uint256 maker = _orderAt(b, index);
                uint256 why =
                    takerSells ? _applyFill(b, maker, taker, maker, lots) : _applyFill(b, taker, maker, maker, lots);
                if (why != 0) _skip(b, sequence, i, why);
                cursor += PackedBatch.FILL_SIZE;
            }
        }
    }

    /// @dev A taker that must not take, or takes at once and never again.
    function _applySpecial(Batch memory b, uint256 sequence, uint256 taker, uint256 cursor, uint256 fills) private {
        uint256 packed = Memory.load(taker + Tables.PACKED);
        uint256 reason = Tables.reasonOf(taker);
        if (reason == 0 && packed & PackedBatch.POST_ONLY != 0) reason = SkipReason.POST_ONLY;
        if (reason != 0) {
            _skipAll(b, sequence, fills, reason | TAKER);
            return;
        }
        if (packed & PackedBatch.FILL_OR_KILL != 0) _applyWhole(b, sequence, taker, cursor, fills);
        else _applyEach(b, sequence, taker, cursor, fills);
        unchecked {
            Memory.store(taker + Tables.STATE, Memory.load(taker + Tables.STATE) | Tables.WRITE_FULL);
            Memory.store(taker + Tables.LEFT, 0);
        }
    }

    /// @dev A fill-or-kill group: all of its fills and all of its quantity, or nothing.
    function _applyWhole(Batch memory b, uint256 sequence, uint256 taker, uint256 cursor, uint256 fills) private {
        unchecked {
            bool takerSells = Memory.load(taker + Tables.PACKED) & PackedBatch.SIDE != 0;
            uint256 leaf = b.leaf;
            uint256 fees = b.fees;
            uint256 done = 0;
            uint256 why = SkipReason.FILL_OR_KILL | TAKER;
            if (Memory.load(taker + Tables.LEFT) == PackedBatch.lotsOf(Memory.load(taker + Tables.PACKED))) {
                for (; done < fills; ++done) {
                    (uint256 index, uint256 lots) = PackedBatch.fill(cursor);
                    uint256 maker = _orderAt(b, index);
                    uint256 reason =
                        takerSells ? _applyFill(b, maker, taker, maker, lots) : _applyFill(b, taker, maker, maker, lots);
                    if (reason != 0) {
                        why = reason;
                        break;
                    }
                    cursor += PackedBatch.FILL_SIZE;
                }
                if (done == fills && Memory.load(taker + Tables.LEFT) == 0) return;
            }
            for (uint256 i = 0; i < done; ++i) {
                cursor -= PackedBatch.FILL_SIZE;
                (uint256 maker, uint256 lots) = PackedBatch.fill(cursor);
                _undoFill(b, taker, _orderAt(b, maker), lots);
            }
            b.leaf = leaf;
            b.fees = fees;
            for (uint256 i = 0; i < fills; ++i) {
                _skip(b, sequence, i, i == done ? why : SkipReason.FILL_OR_KILL);
            }
        }
    }

    function _skipAll(Batch memory b, uint256 sequence, uint256 fills, uint256 why) private {
        unchecked {
            for (uint256 i = 0; i < fills; ++i) {
                _skip(b, sequence, i, why);
            }
        }
    }

    function _skip(Batch memory b, uint256 sequence, uint256 index, uint256 why) private {
        emit FillSkipped(uint32(b.market), uint48(sequence), uint8(index), uint8(why >> 8), uint8(why));
    }

    // Fills

    /// @dev Checks one fill and, if nothing is wrong, moves its amounts and appends its trade id. The checks are
    /// combined into numbers whose high bits are set when one fails, and are told apart only then.
    /// @return why zero, or reason and culprit
    function _applyFill(Batch memory b, uint256 buy, uint256 sell, uint256 maker, uint256 lots)
        private
        pure
        returns (uint256 why)
    {
        unchecked {
            uint256 buyOrder = Memory.load(buy + Tables.PACKED);
            uint256 sellOrder = Memory.load(sell + Tables.PACKED);
            uint256 makerOrder = Memory.load(maker + Tables.PACKED);
            uint256 buyer = Memory.load(buy + Tables.ACCOUNT);
            uint256 seller = Memory.load(sell + Tables.ACCOUNT);
            uint256 wrong = (Memory.load(buy + Tables.LEFT) - lots) | (Memory.load(sell + Tables.LEFT) - lots) | (lots - 1)
                | ((buyer ^ seller) - 1) | (PackedBatch.price(buyOrder) - PackedBatch.price(sellOrder));
            wrong = (wrong >> 48) | (makerOrder & PackedBatch.TAKES_ONLY) | ((buyOrder | ~sellOrder) & PackedBatch.SIDE);
            if (wrong != 0) return _whyNot(buy == maker ? sell : buy, maker, lots);
            uint256 price = PackedBatch.price(makerOrder);
            Memory.store(b.tradeId + 0x80, price);
            uint256 notional = price * lots * b.tickSize;
            uint256 debit = notional + Fees.charge(notional, PackedBatch.feeRate(buyOrder));
            uint256 credit = notional - Fees.charge(notional, PackedBatch.feeRate(sellOrder));
            uint256 base = lots * b.lotSize;
            uint256 quoteWord = Memory.load(buyer + Tables.QUOTE_WORD);
            uint256 baseWord = Memory.load(seller + Tables.BASE_WORD);
            wrong = (debit - credit)
                | (quoteWord.amount() - debit - (Memory.load(buyer + Tables.LOCKED) >> 112))
                | (baseWord.amount() - base - (Memory.load(seller + Tables.LOCKED) & LedgerWord.AMOUNT));
            if (wrong >> 255 != 0) return _whyShort(buy, maker, debit, credit);
            if ((buyOrder | sellOrder) & PackedBatch.BY_SESSION != 0) {
                why = _spend(buy, sell, maker, debit, lots);
                if (why != 0) return why;
            }
            Memory.store(buyer + Tables.QUOTE_WORD, quoteWord - debit);
            Memory.store(seller + Tables.BASE_WORD, baseWord - base);
            _add(buyer + Tables.BASE_WORD, base);
            _add(seller + Tables.QUOTE_WORD, credit);
            _add(buy + Tables.LEFT, 0 - lots);
            _add(sell + Tables.LEFT, 0 - lots);
            b.fees += debit - credit;
            uint256 tradeId = b.tradeId;
            Memory.store(tradeId + 0x20, Memory.load(buy));
            Memory.store(tradeId + 0x40, Memory.load(sell));
            Memory.store(tradeId + 0xa0, lots);
            uint256 leaf = b.leaf;
            Memory.store(leaf, Memory.hash(tradeId, 0xc0));
            b.leaf = leaf + 0x20;
        }
    }

    /// @dev Why two orders do not make a fill.
    function _whyNot(uint256 taker, uint256 maker, uint256 lots) private pure returns (uint256 why) {
        why = Tables.reasonOf(taker);
        if (why != 0) return why | TAKER;
        why = Tables.reasonOf(maker);
        if (why != 0) return why | MAKER;
        if (lots == 0) return SkipReason.LOTS;
        if (lots > Memory.load(taker + Tables.LEFT)) return SkipReason.LOTS | TAKER;
        if (lots > Memory.load(maker + Tables.LEFT)) return SkipReason.LOTS | MAKER;
        if (Memory.load(taker + Tables.ACCOUNT) == Memory.load(maker + Tables.ACCOUNT)) return SkipReason.SELF_TRADE;
        uint256 makerOrder = Memory.load(maker + Tables.PACKED);
        if ((Memory.load(taker + Tables.PACKED) ^ makerOrder) & PackedBatch.SIDE == 0) return SkipReason.SAME_SIDE;
        if (makerOrder & PackedBatch.TAKES_ONLY != 0) return SkipReason.TAKES_ONLY | MAKER;
        return SkipReason.PRICE;
    }

    /// @dev Why a fill that both orders allow can not be paid.
    function _whyShort(uint256 buy, uint256 maker, uint256 debit, uint256 credit) private pure returns (uint256) {
        unchecked {
            if (credit > debit) return SkipReason.REBATE;
            uint256 buyer = Memory.load(buy + Tables.ACCOUNT);
            uint256 amount = Memory.load(buyer + Tables.QUOTE_WORD).amount();
            bool buyerShort = amount < debit + (Memory.load(buyer + Tables.LOCKED) >> 112);
            return SkipReason.FUNDS | (buyerShort == (buy == maker) ? MAKER : TAKER);
        }
    }

    function _undoFill(Batch memory b, uint256 taker, uint256 maker, uint256 lots) private pure {
        unchecked {
            bool takerSells = Memory.load(taker + Tables.PACKED) & PackedBatch.SIDE != 0;
            (uint256 buy, uint256 sell) = takerSells ? (maker, taker) : (taker, maker);
            uint256 notional = PackedBatch.price(Memory.load(maker + Tables.PACKED)) * lots * b.tickSize;
            uint256 base = lots * b.lotSize;
            uint256 debit = notional + Fees.charge(notional, PackedBatch.feeRate(Memory.load(buy + Tables.PACKED)));
            uint256 credit = notional - Fees.charge(notional, PackedBatch.feeRate(Memory.load(sell + Tables.PACKED)));
            uint256 buyer = Memory.load(buy + Tables.ACCOUNT);
            uint256 seller = Memory.load(sell + Tables.ACCOUNT);
            _add(buyer + Tables.QUOTE_WORD, debit);
            _add(seller + Tables.BASE_WORD, base);
            _add(buyer + Tables.BASE_WORD, 0 - base);
            _add(seller + Tables.QUOTE_WORD, 0 - credit);
            _add(taker + Tables.LEFT, lots);
            _add(maker + Tables.LEFT, lots);
            if (_bySession(buy)) _add(Memory.load(buy + Tables.SESSION) + Tables.SESSION_WORD, debit);
            if (_bySession(sell)) {
                _add(Memory.load(sell + Tables.SESSION) + Tables.SESSION_WORD, lots << SessionWord.SELL_SHIFT);
            }
        }
    }

    /// @dev Takes a fill out of the budgets of the session keys that signed for it: of both or of none.
    function _spend(uint256 buy, uint256 sell, uint256 maker, uint256 debit, uint256 lots)
        private
        pure
        returns (uint256 why)
    {
        unchecked {
            bool buys = _bySession(buy);
            if (buys) {
                uint256 word = Memory.load(Memory.load(buy + Tables.SESSION) + Tables.SESSION_WORD);
                if (SessionWord.buyBudget(word) < debit) {
                    return SkipReason.SESSION_BUDGET | (buy == maker ? MAKER : TAKER);
                }
            }
            if (_bySession(sell)) {
                uint256 session = Memory.load(sell + Tables.SESSION);
                if (SessionWord.sellBudget(Memory.load(session + Tables.SESSION_WORD)) < lots) {
                    return SkipReason.SESSION_BUDGET | (sell == maker ? MAKER : TAKER);
                }
                _add(session + Tables.SESSION_WORD, 0 - (lots << SessionWord.SELL_SHIFT));
            }
            if (buys) _add(Memory.load(buy + Tables.SESSION) + Tables.SESSION_WORD, 0 - debit);
        }
    }

    function _bySession(uint256 order) private pure returns (bool) {
        return Memory.load(order + Tables.PACKED) & PackedBatch.KIND == PackedBatch.BY_SESSION;
    }

    function _add(uint256 position, uint256 amount) private pure {
        unchecked {
            Memory.store(position, Memory.load(position) + amount);
        }
    }
}
