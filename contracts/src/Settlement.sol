// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {Cancellation} from "./Cancellation.sol";
import {ISettlement} from "./interfaces/ISettlement.sol";
import {Fees} from "./libraries/Fees.sol";
import {FillLane} from "./libraries/FillLane.sol";
import {LedgerWord} from "./libraries/LedgerWord.sol";
import {Memory} from "./libraries/Memory.sol";
import {OrderHash} from "./libraries/OrderHash.sol";
import {PackedBatch} from "./libraries/PackedBatch.sol";
import {SkipReason} from "./libraries/SkipReason.sol";
import {Slots} from "./libraries/Slots.sol";
import {Tables} from "./libraries/Tables.sol";
import {TradeTree} from "./libraries/TradeTree.sol";

/// @title Settlement
/// @notice Verifies and applies batches. It believes signatures, not the operator.
/// @dev A batch is applied section by section, a section being one market. Accounts and orders are read into tables in
/// memory, every order is verified once, fills move amounts between the tables, and the tables are written back at the
/// end of the section. What is the operator's fault reverts the batch; what a trader can cause skips one fill.
abstract contract Settlement is Cancellation {
    using LedgerWord for uint256;

    /// @dev Above an order's register: the lots that the order had used up before.
    uint256 private constant USED_SHIFT = 96;
    /// @dev Flags above that: clear the lane's pending cancel; write the lane full.
    uint256 private constant CLEAR_CANCEL = 1 << 254;
    uint256 private constant WRITE_FULL = 1 << 255;

    uint256 private constant TAKER = 1 << 8;
    uint256 private constant MAKER = 2 << 8;
    uint256 private constant SEQUENCES = uint256(keccak256("hybrid-dex.settlement.sequences")) << 32;

    /// @dev What is the same for the whole batch.
    struct Batch {
        uint256 cursor;
        uint256 covered;
        uint256 last;
        uint256 upTo;
        uint256 capacity;
        uint256 listed;
        uint256 leaves;
        uint256 settled;
        uint256 mainFees;
        uint256 typedData;
    }

    /// @dev What is the same for one section.
    struct Section {
        uint256 market;
        uint256 base;
        uint256 quote;
        uint256 lotSize;
        uint256 tickSize;
        uint256 reason;
        uint256 accounts;
        uint256 accountCount;
        uint256 orders;
        uint256 orderCount;
        uint256 fees;
        uint256 tradeId;
    }

    // Settling

    /// @inheritdoc ISettlement
    /// @dev Calls nothing but the ecrecover precompile, so nobody can call back from here: it is enough that the guard
    /// shuts it while a token is being transferred.
    function settle(bytes calldata batch) external nonReentrantView whenNotPaused {
        if (msg.sender != _operator) revert NotOperator();
        if (_frozen) revert SettlingEnded();
        uint256 start;
        assembly ("memory-safe") {
            start := batch.offset
        }
        unchecked {
            (uint256 number, uint256 matchedThrough, uint256 upTo, uint256 sections, uint256 fills) =
                PackedBatch.header(start);
            Batch memory b;
            uint256 state = _batch;
            _checkHeader(state, number, matchedThrough, upTo);
            bytes32 previous = _root;
            if (PackedBatch.previousRoot(start) != previous) revert WrongPreviousRoot(previous);
            b.covered = (state >> 168) & PackedBatch.U40;
            b.last = (state >> 120) & PackedBatch.U48;
            b.mainFees = state & type(uint120).max;
            b.upTo = upTo;
            b.cursor = start + PackedBatch.HEADER_SIZE;
            b.capacity = fills;
            b.leaves = Memory.allocate(fills << 5);
            b.typedData = OrderHash.allocateTypedData(_domainSeparatorV4());
            for (uint256 i = 1; i <= sections; ++i) {
                _settleSection(b, i != 1, i != sections);
            }
            if (b.cursor != start + batch.length || b.listed != fills) revert WrongLength();
            bytes32 merkleRoot = TradeTree.root(b.leaves, b.settled);
            bytes32 journalHash = PackedBatch.journalHash(start);
            bytes32 root = keccak256(abi.encode(previous, number, merkleRoot, journalHash, upTo));
            _root = root;
            _batch = (number << 208) | (matchedThrough << 168) | (upTo << 120) | b.mainFees;
            emit BatchSettled(
                uint48(number),
                root,
                merkleRoot,
                journalHash,
                uint48(upTo),
                uint40(matchedThrough),
                uint16(b.settled)
            );
        }
    }

    function _checkHeader(uint256 state, uint256 number, uint256 matchedThrough, uint256 upTo) private view {
        uint256 expected = (state >> 208) + 1;
        if (number != expected) revert WrongNumber(expected);
        uint256 covered = (state >> 168) & PackedBatch.U40;
        if (matchedThrough < covered || matchedThrough > block.timestamp) {
            revert WrongMatchedThrough(covered, block.timestamp);
        }
        uint256 last = (state >> 120) & PackedBatch.U48;
        if (upTo < last) revert WrongUpTo(last);
    }

    function _settleSection(Batch memory b, bool follows, bool followed) private {
        unchecked {
            (uint256 market, uint256 accounts, uint256 unsupported, uint256 orders, uint256 groups) =
                PackedBatch.section(b.cursor);
            if (unsupported != 0) revert Unsupported();
            b.cursor += PackedBatch.SECTION_SIZE;
            Section memory s;
            uint256 flags = _openMarket(b, s, market);
            s.accountCount = accounts;
            s.orderCount = orders;
            _readAccounts(b, s);
            _readOrders(b, s);
            uint256 last = b.last;
            if (follows) last = _lastSequence(last, market);
            last = _applyGroups(b, s, groups, last);
            if (followed) Slots.storeTransient(SEQUENCES | market, last);
            _writeOrders(s);
            _writeAccounts(s);
            if (s.fees != 0) {
                if (flags & MAIN_QUOTE != 0) b.mainFees += s.fees;
                else _fees[address(uint160(s.quote))] += s.fees;
            }
        }
    }

    function _openMarket(Batch memory b, Section memory s, uint256 id) private view returns (uint256 flags) {
        Market storage market = _markets[uint32(id)];
        s.market = id;
        s.base = uint160(market.base);
        if (s.base == 0) revert UnknownMarket(id);
        s.lotSize = market.lotSize;
        flags = market.flags;
        s.quote = uint160(market.quote);
        s.tickSize = market.tickSize;
        if (flags & CLOSING != 0 && _effective(_closingAt[uint32(id)], b.covered)) s.reason = SkipReason.MARKET;
        uint256 tradeId = Memory.allocate(0xc0);
        Memory.store(tradeId, id);
        s.tradeId = tradeId;
    }

    // Accounts

    function _readAccounts(Batch memory b, Section memory s) private view {
        unchecked {
            address base = address(uint160(s.base));
            address quote = address(uint160(s.quote));
            mapping(address => uint256) storage baseLedger = _ledger[base];
            mapping(address => uint256) storage quoteLedger = _ledger[quote];
            uint256 cursor = b.cursor;
            uint256 entry = Memory.allocate(s.accountCount * Tables.ACCOUNT_ENTRY);
            s.accounts = entry;
            uint256 end = entry + s.accountCount * Tables.ACCOUNT_ENTRY;
            uint256 previous = 0;
            while (entry != end) {
                uint256 account = Memory.loadCalldata(cursor) >> 96;
                if (account <= previous) revert AccountsNotAscending();
                previous = account;
                uint256 slot = Slots.ofAccount(baseLedger, account);
                uint256 baseWord = Slots.load(slot);
                Memory.store(entry, account);
                Memory.store(entry + Tables.BASE_SLOT, slot);
                Memory.store(entry + Tables.BASE_WORD, baseWord);
                slot = Slots.ofAccount(quoteLedger, account);
                uint256 quoteWord = Slots.load(slot);
                if (quoteWord & LedgerWord.FLOOR_PENDING != 0) {
                    quoteWord = _materializeFloor(quoteWord, quote, address(uint160(account)), b.covered);
                }
                Memory.store(entry + Tables.QUOTE_SLOT, slot);
                Memory.store(entry + Tables.QUOTE_WORD, quoteWord);
                uint256 locked = 0;
                if ((baseWord | quoteWord) & LedgerWord.WITHDRAWAL_PENDING != 0) {
                    locked = _locked(baseWord, base, address(uint160(account)), b.covered)
                        | (_locked(quoteWord, quote, address(uint160(account)), b.covered) << 112);
                }
                Memory.store(entry + Tables.LOCKED, locked);
                entry += Tables.ACCOUNT_ENTRY;
                cursor += PackedBatch.ACCOUNT_SIZE;
            }
            b.cursor = cursor;
        }
    }

    function _writeAccounts(Section memory s) private {
        unchecked {
            uint256 entry = s.accounts;
            uint256 end = entry + s.accountCount * Tables.ACCOUNT_ENTRY;
            while (entry != end) {
                uint256 word = Memory.load(entry + Tables.BASE_WORD) | LedgerWord.TOUCHED;
                Slots.store(Memory.load(entry + Tables.BASE_SLOT), word);
                word = Memory.load(entry + Tables.QUOTE_WORD) | LedgerWord.TOUCHED;
                Slots.store(Memory.load(entry + Tables.QUOTE_SLOT), word);
                entry += Tables.ACCOUNT_ENTRY;
            }
        }
    }

    // Orders

    function _readOrders(Batch memory b, Section memory s) private view {
        unchecked {
            uint256 cursor = b.cursor;
            uint256 entry = Memory.allocate(s.orderCount * Tables.ORDER_ENTRY);
            s.orders = entry;
            uint256 end = entry + s.orderCount * Tables.ORDER_ENTRY;
            uint256 fields = OrderHash.allocateFields(s.market, s.base, s.quote);
            while (entry != end) {
                uint256 packed = Memory.loadCalldata(cursor);
                if (packed & PackedBatch.RESERVED != 0) revert Unsupported();
                uint256 account = PackedBatch.accountIndex(packed);
                if (account >= s.accountCount) revert WrongIndex();
                account = s.accounts + account * Tables.ACCOUNT_ENTRY;
                Memory.store(entry + Tables.ACCOUNT, account);
                Memory.store(entry + Tables.PACKED, packed);
                uint256 reason = _verifySignature(b, s, entry, fields, cursor);
                if (reason == 0) reason = _verifyTerms(s, account, packed);
                uint256 laneReason = _readLane(b, s, entry, account, packed);
                Memory.store(entry + Tables.REASON, reason == 0 ? laneReason : reason);
                entry += Tables.ORDER_ENTRY;
                cursor += PackedBatch.ORDER_SIZE;
            }
            b.cursor = cursor;
        }
    }

    /// @dev Hashes the order as its trader saw it and compares the signer: the trader by ECDSA, whatever code it has.
    function _verifySignature(Batch memory b, Section memory s, uint256 entry, uint256 fields, uint256 cursor)
        private
        pure
        returns (uint256 reason)
    {
        unchecked {
            uint256 packed = Memory.load(entry + Tables.PACKED);
            uint256 trader = Memory.load(Memory.load(entry + Tables.ACCOUNT));
            uint256 lots = PackedBatch.lotsOf(packed);
            uint256 baseAmount = lots * s.lotSize;
            uint256 quoteAmount = lots * PackedBatch.price(packed) * s.tickSize;
            uint256 digest = OrderHash.digest(b.typedData, fields, trader, packed, baseAmount, quoteAmount);
            Memory.store(entry, digest);
            if (baseAmount == 0 || quoteAmount == 0 || (baseAmount | quoteAmount) >> 112 != 0) {
                return SkipReason.AMOUNT;
            }
            (address signer,,) = ECDSA.tryRecover(
                bytes32(digest),
                bytes32(Memory.loadCalldata(cursor + 0x20)),
                bytes32(Memory.loadCalldata(cursor + 0x40))
            );
            if (uint160(signer) != trader) return SkipReason.SIGNATURE;
        }
    }

    function _verifyTerms(Section memory s, uint256 account, uint256 packed) private view returns (uint256 reason) {
        unchecked {
            uint256 expiry = PackedBatch.expiry(packed);
            if (block.timestamp > expiry + _WINDOW_MAX || expiry > block.timestamp + ORDER_LIFETIME + _WINDOW_MAX) {
                return SkipReason.EXPIRY;
            }
            if (PackedBatch.counter(packed) < Memory.load(account + Tables.QUOTE_WORD).floor()) return SkipReason.FLOOR;
            int256 rate = PackedBatch.feeRate(packed);
            if (rate > int256(FEE_LIMIT_PPM) || rate > int256(PackedBatch.maxFee(packed))) return SkipReason.FEE;
            return s.reason;
        }
    }

    /// @dev Fills in what is left of the order by its lane, and what the lane held when it was read.
    function _readLane(Batch memory b, Section memory s, uint256 entry, uint256 account, uint256 packed)
        private
        view
        returns (uint256 reason)
    {
        unchecked {
            uint256 lane = PackedBatch.lane(packed);
            uint256 key = PackedBatch.key(packed);
            uint256 register;
            bool cancelPending;
            if (lane == 0) {
                uint256 word = Memory.load(account + Tables.BASE_WORD);
                register = word.lane();
                cancelPending = word & LedgerWord.CANCEL_PENDING != 0;
            } else {
                address trader = address(uint160(Memory.load(account)));
                uint256 half = FillLane.half(_lanes[trader][FillLane.slotOf(lane)], lane);
                register = half & FillLane.REGISTER;
                cancelPending = half & FillLane.CANCEL_PENDING != 0;
            }
            (bool live, uint256 used) = FillLane.usedBy(register, key);
            if (!live) reason = SkipReason.LANE_STALE;
            if (cancelPending) {
                uint256 request = _cancels[address(uint160(Memory.load(account)))][lane == 0 ? s.base : lane];
                if (key < _canceledBelow(request, b.covered)) reason = SkipReason.CANCELED;
                else if (key > (request >> 40) & PackedBatch.U48) register |= CLEAR_CANCEL;
            }
            uint256 lots = PackedBatch.lotsOf(packed);
            Memory.store(entry + Tables.LEFT, used < lots ? lots - used : 0);
            Memory.store(entry + Tables.REGISTER, register | (used << USED_SHIFT));
        }
    }

    function _writeOrders(Section memory s) private {
        unchecked {
            uint256 entry = s.orders;
            uint256 end = entry + s.orderCount * Tables.ORDER_ENTRY;
            while (entry != end) {
                _writeLane(entry);
                entry += Tables.ORDER_ENTRY;
            }
        }
    }

    /// @dev A lane that is no longer what was read belongs to two orders of the section: the operator's fault.
    function _writeLane(uint256 entry) private {
        unchecked {
            if (Memory.load(entry + Tables.REASON) != 0) return;
            uint256 packed = Memory.load(entry + Tables.PACKED);
            uint256 register = Memory.load(entry + Tables.REGISTER);
            uint256 key = PackedBatch.key(packed);
            uint256 filled = PackedBatch.lotsOf(packed) - Memory.load(entry + Tables.LEFT);
            if (register & WRITE_FULL != 0) {
                filled = FillLane.FILLED;
            } else if (filled <= (register >> USED_SHIFT) & FillLane.FILLED) {
                return; // nothing of it settled
            }
            uint256 account = Memory.load(entry + Tables.ACCOUNT);
            uint256 lane = PackedBatch.lane(packed);
            uint256 next = FillLane.pack(key, filled);
            if (lane == 0) {
                uint256 word = Memory.load(account + Tables.BASE_WORD);
                if (word.lane() != register & FillLane.REGISTER) _revertLane(account, packed);
                if (register & CLEAR_CANCEL != 0) word &= ~LedgerWord.CANCEL_PENDING;
                Memory.store(account + Tables.BASE_WORD, word.withLane(next));
            } else {
                mapping(uint256 => uint256) storage lanes = _lanes[address(uint160(Memory.load(account)))];
                uint256 word = lanes[FillLane.slotOf(lane)];
                uint256 half = FillLane.half(word, lane);
                if (half & FillLane.REGISTER != register & FillLane.REGISTER) _revertLane(account, packed);
                if (register & CLEAR_CANCEL == 0) next |= half & FillLane.CANCEL_PENDING;
                lanes[FillLane.slotOf(lane)] = FillLane.withHalf(word, lane, next);
            }
        }
    }

    function _revertLane(uint256 account, uint256 packed) private pure {
        revert LaneUsedTwice(address(uint160(Memory.load(account))), PackedBatch.nonce(packed));
    }

    // Groups

    /// @dev The last sequence of a market's earlier sections in this batch, if it had any.
    function _lastSequence(uint256 last, uint256 market) private view returns (uint256) {
        uint256 earlier = Slots.loadTransient(SEQUENCES | market);
        return earlier > last ? earlier : last;
    }

    function _applyGroups(Batch memory b, Section memory s, uint256 groups, uint256 last)
        private
        returns (uint256)
    {
        unchecked {
            for (uint256 i = 0; i < groups; ++i) {
                (uint256 sequence, uint256 taker, uint256 fills) = PackedBatch.group(b.cursor);
                b.cursor += PackedBatch.GROUP_SIZE;
                if (sequence <= last || sequence > b.upTo) revert WrongSequence(s.market, sequence);
                last = sequence;
                if (taker >= s.orderCount) revert WrongIndex();
                b.listed += fills;
                if (b.listed > b.capacity) revert WrongLength();
                _applyGroup(b, s, sequence, s.orders + taker * Tables.ORDER_ENTRY, fills);
            }
            return last;
        }
    }

    function _applyGroup(Batch memory b, Section memory s, uint256 sequence, uint256 taker, uint256 fills) private {
        unchecked {
            uint256 packed = Memory.load(taker + Tables.PACKED);
            uint256 cursor = b.cursor;
            uint256 reason = Memory.load(taker + Tables.REASON);
            Memory.store(s.tradeId + 0x60, sequence);
            if (reason == 0 && packed & PackedBatch.POST_ONLY != 0) reason = SkipReason.POST_ONLY;
            if (reason != 0) {
                for (uint256 i = 0; i < fills; ++i) {
                    _skip(s, sequence, i, reason | TAKER);
                }
            } else if (packed & PackedBatch.FILL_OR_KILL != 0) {
                _applyWhole(b, s, sequence, taker, fills);
            } else {
                uint256 at = cursor;
                for (uint256 i = 0; i < fills; ++i) {
                    (uint256 maker, uint256 lots) = PackedBatch.fill(at);
                    if (maker >= s.orderCount) revert WrongIndex();
                    uint256 why = _applyFill(b, s, taker, s.orders + maker * Tables.ORDER_ENTRY, lots);
                    if (why != 0) _skip(s, sequence, i, why);
                    at += PackedBatch.FILL_SIZE;
                }
            }
            if (reason == 0 && packed & PackedBatch.TAKES_ONLY != 0) {
                Memory.store(taker + Tables.REGISTER, Memory.load(taker + Tables.REGISTER) | WRITE_FULL);
                Memory.store(taker + Tables.LEFT, 0);
            }
            b.cursor = cursor + fills * PackedBatch.FILL_SIZE;
        }
    }

    /// @dev A fill-or-kill group: all of its fills and all of its quantity, or nothing.
    function _applyWhole(Batch memory b, Section memory s, uint256 sequence, uint256 taker, uint256 fills) private {
        unchecked {
            uint256 settled = b.settled;
            uint256 fees = s.fees;
            uint256 at = b.cursor;
            uint256 done = 0;
            uint256 why = SkipReason.FILL_OR_KILL | TAKER;
            if (Memory.load(taker + Tables.LEFT) == PackedBatch.lotsOf(Memory.load(taker + Tables.PACKED))) {
                for (; done < fills; ++done) {
                    (uint256 maker, uint256 lots) = PackedBatch.fill(at);
                    if (maker >= s.orderCount) revert WrongIndex();
                    uint256 reason = _applyFill(b, s, taker, s.orders + maker * Tables.ORDER_ENTRY, lots);
                    if (reason != 0) {
                        why = reason;
                        break;
                    }
                    at += PackedBatch.FILL_SIZE;
                }
                if (done == fills && Memory.load(taker + Tables.LEFT) == 0) return;
            }
            for (uint256 i = 0; i < done; ++i) {
                at -= PackedBatch.FILL_SIZE;
                (uint256 maker, uint256 lots) = PackedBatch.fill(at);
                _undoFill(s, taker, s.orders + maker * Tables.ORDER_ENTRY, lots);
            }
            b.settled = settled;
            s.fees = fees;
            for (uint256 i = 0; i < fills; ++i) {
                _skip(s, sequence, i, i == done ? why : SkipReason.FILL_OR_KILL);
            }
        }
    }

    /// @dev Checks one fill and, if nothing is wrong, moves its amounts and appends its trade id.
    /// @return why zero, or reason and culprit
    function _applyFill(Batch memory b, Section memory s, uint256 taker, uint256 maker, uint256 lots)
        private
        pure
        returns (uint256 why)
    {
        unchecked {
            uint256 takerOrder = Memory.load(taker + Tables.PACKED);
            uint256 makerOrder = Memory.load(maker + Tables.PACKED);
            why = _checkFill(taker, maker, takerOrder, makerOrder, lots);
            if (why != 0) return why;
            bool takerSells = takerOrder & PackedBatch.SIDE != 0;
            (uint256 buy, uint256 sell) = takerSells ? (maker, taker) : (taker, maker);
            uint256 price = PackedBatch.price(makerOrder);
            (uint256 base, uint256 debit, uint256 credit) = _amounts(s, buy, sell, price, lots);
            if (credit > debit) return SkipReason.REBATE;
            uint256 buyer = Memory.load(buy + Tables.ACCOUNT);
            uint256 seller = Memory.load(sell + Tables.ACCOUNT);
            uint256 quoteWord = Memory.load(buyer + Tables.QUOTE_WORD);
            if (quoteWord.amount() < debit + (Memory.load(buyer + Tables.LOCKED) >> 112)) {
                return SkipReason.FUNDS | (takerSells ? MAKER : TAKER);
            }
            uint256 baseWord = Memory.load(seller + Tables.BASE_WORD);
            if (baseWord.amount() < base + (Memory.load(seller + Tables.LOCKED) & LedgerWord.AMOUNT)) {
                return SkipReason.FUNDS | (takerSells ? TAKER : MAKER);
            }
            Memory.store(buyer + Tables.QUOTE_WORD, quoteWord - debit);
            Memory.store(seller + Tables.BASE_WORD, baseWord - base);
            _add(buyer + Tables.BASE_WORD, base);
            _add(seller + Tables.QUOTE_WORD, credit);
            _add(taker + Tables.LEFT, 0 - lots);
            _add(maker + Tables.LEFT, 0 - lots);
            s.fees += debit - credit;
            uint256 tradeId = s.tradeId;
            Memory.store(tradeId + 0x20, Memory.load(buy));
            Memory.store(tradeId + 0x40, Memory.load(sell));
            Memory.store(tradeId + 0x80, price);
            Memory.store(tradeId + 0xa0, lots);
            Memory.store(b.leaves + (b.settled << 5), Memory.hash(tradeId, 0xc0));
            ++b.settled;
        }
    }

    function _checkFill(uint256 taker, uint256 maker, uint256 takerOrder, uint256 makerOrder, uint256 lots)
        private
        pure
        returns (uint256 why)
    {
        why = Memory.load(maker + Tables.REASON);
        if (why != 0) return why | MAKER;
        if (lots == 0) return SkipReason.LOTS;
        if (lots > Memory.load(taker + Tables.LEFT)) return SkipReason.LOTS | TAKER;
        if (lots > Memory.load(maker + Tables.LEFT)) return SkipReason.LOTS | MAKER;
        if (Memory.load(taker + Tables.ACCOUNT) == Memory.load(maker + Tables.ACCOUNT)) return SkipReason.SELF_TRADE;
        if ((takerOrder ^ makerOrder) & PackedBatch.SIDE == 0) return SkipReason.SAME_SIDE;
        if (makerOrder & PackedBatch.TAKES_ONLY != 0) return SkipReason.TAKES_ONLY | MAKER;
        uint256 limit = PackedBatch.price(takerOrder);
        uint256 price = PackedBatch.price(makerOrder);
        if (takerOrder & PackedBatch.SIDE == 0 ? price > limit : price < limit) return SkipReason.PRICE;
    }

    /// @dev What moves: base atoms, what the buyer pays and what the seller gets in quote atoms. Every number is below
    /// 2**185 (price and lots u48, tick and lot size u88), so nothing wraps.
    function _amounts(Section memory s, uint256 buy, uint256 sell, uint256 price, uint256 lots)
        private
        pure
        returns (uint256 base, uint256 debit, uint256 credit)
    {
        unchecked {
            uint256 notional = price * lots * s.tickSize;
            base = lots * s.lotSize;
            debit = notional + Fees.charge(notional, PackedBatch.feeRate(Memory.load(buy + Tables.PACKED)));
            credit = notional - Fees.charge(notional, PackedBatch.feeRate(Memory.load(sell + Tables.PACKED)));
        }
    }

    function _undoFill(Section memory s, uint256 taker, uint256 maker, uint256 lots) private pure {
        unchecked {
            bool takerSells = Memory.load(taker + Tables.PACKED) & PackedBatch.SIDE != 0;
            (uint256 buy, uint256 sell) = takerSells ? (maker, taker) : (taker, maker);
            (uint256 base, uint256 debit, uint256 credit) =
                _amounts(s, buy, sell, PackedBatch.price(Memory.load(maker + Tables.PACKED)), lots);
            uint256 buyer = Memory.load(buy + Tables.ACCOUNT);
            uint256 seller = Memory.load(sell + Tables.ACCOUNT);
            _add(buyer + Tables.QUOTE_WORD, debit);
            _add(seller + Tables.BASE_WORD, base);
            _add(buyer + Tables.BASE_WORD, 0 - base);
            _add(seller + Tables.QUOTE_WORD, 0 - credit);
            _add(taker + Tables.LEFT, lots);
            _add(maker + Tables.LEFT, lots);
        }
    }

    function _add(uint256 position, uint256 amount) private pure {
        unchecked {
            Memory.store(position, Memory.load(position) + amount);
        }
    }

    function _skip(Section memory s, uint256 sequence, uint256 index, uint256 why) private {
        emit FillSkipped(uint32(s.market), uint48(sequence), uint8(index), uint8(why >> 8), uint8(why));
    }
}
