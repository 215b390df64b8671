// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {Delegation} from "./Delegation.sol";
import {FillLane} from "./libraries/FillLane.sol";
import {LedgerWord} from "./libraries/LedgerWord.sol";
import {Memory} from "./libraries/Memory.sol";
import {OrderHash} from "./libraries/OrderHash.sol";
import {PackedBatch} from "./libraries/PackedBatch.sol";
import {SessionWord} from "./libraries/SessionWord.sol";
import {SkipReason} from "./libraries/SkipReason.sol";
import {Slots} from "./libraries/Slots.sol";
import {Tables} from "./libraries/Tables.sol";

/// @title Verification
/// @notice Reads a section's accounts, sessions, bulk roots and orders into {Tables}, each verified once.
/// @dev Nothing is written and no fill is judged here. What makes an order void stands as its skip reason. The checks of
/// an order are combined into one number that is zero for a good order, and told apart only when it is not.
abstract contract Verification is Delegation {
    using LedgerWord for uint256;

    /// @dev What is known of the batch, and below of the section at hand. Tables are named by where they begin and end.
    struct Batch {
        uint256 cursor; // in calldata
        uint256 covered; // matchedThrough of the batch before
        uint256 last; // group sequence of the batch before
        uint256 upTo;
        uint256 room; // fills of the header that were not listed yet
        uint256 leaf; // where the next trade id goes
        uint256 mainFees;
        uint256 typedData; // buffer of OrderHash
        uint256 tradeId; // buffer of a trade id's six words
        uint256 oldest; // an order's expiry lies between these
        uint256 newest;
        uint256 market;
        uint256 base;
        uint256 quote;
        uint256 lotSize;
        uint256 tickSize;
        uint256 reason; // why no order of the section may settle
        uint256 fees;
        uint256 accounts;
        uint256 accountsEnd;
        uint256 sessions;
        uint256 sessionsEnd;
        uint256 roots;
        uint256 rootsEnd;
        uint256 orders;
        uint256 ordersEnd;
    }

    // Accounts

    function _readAccounts(Batch memory b, uint256 count) internal view {
        unchecked {
            mapping(address => uint256) storage baseLedger = _ledger[address(uint160(b.base))];
            mapping(address => uint256) storage quoteLedger = _ledger[address(uint160(b.quote))];
            uint256 cursor = b.cursor;
            uint256 entry = Memory.allocate(count * Tables.ACCOUNT_ENTRY);
            b.accounts = entry;
            b.accountsEnd = entry + count * Tables.ACCOUNT_ENTRY;
            uint256 previous = 0;
            while (entry != b.accountsEnd) {
                uint256 account = Memory.loadCalldata(cursor) >> 96;
                if (account <= previous) revert AccountsNotAscending();
                previous = account;
                Memory.store(entry, account);
                uint256 slot = Slots.ofAccount(baseLedger, account);
                uint256 baseWord = Slots.load(slot);
                Memory.store(entry + Tables.BASE_SLOT, slot);
                Memory.store(entry + Tables.BASE_WORD, baseWord);
                slot = Slots.ofAccount(quoteLedger, account);
                uint256 quoteWord = Slots.load(slot);
                Memory.store(entry + Tables.QUOTE_SLOT, slot);
                Memory.store(entry + Tables.QUOTE_WORD, quoteWord);
                Memory.store(entry + Tables.LOCKED, 0);
                if ((baseWord | quoteWord) & (LedgerWord.WITHDRAWAL_PENDING | LedgerWord.FLOOR_PENDING) != 0) {
                    _readRequests(b, entry);
                }
                entry += Tables.ACCOUNT_ENTRY;
                cursor += PackedBatch.ACCOUNT_SIZE;
            }
            b.cursor = cursor;
        }
    }

    /// @dev What an account asked for and what took effect of it: withdrawals of both assets, the quote asset's floor.
    function _readRequests(Batch memory b, uint256 entry) private view {
        address account = address(uint160(Memory.load(entry)));
        address base = address(uint160(b.base));
        address quote = address(uint160(b.quote));
        uint256 covered = b.covered;
        uint256 quoteWord = _materializeFloor(Memory.load(entry + Tables.QUOTE_WORD), quote, account, covered);
        Memory.store(entry + Tables.QUOTE_WORD, quoteWord);
        uint256 locked = _locked(Memory.load(entry + Tables.BASE_WORD), base, account, covered);
        Memory.store(entry + Tables.LOCKED, locked | (_locked(quoteWord, quote, account, covered) << 112));
    }

    // Sessions and bulk roots

    function _readSessions(Batch memory b, uint256 count) internal view {
        unchecked {
            uint256 cursor = b.cursor;
            uint256 entry = Memory.allocate(count * Tables.SESSION_ENTRY);
            uint256 end = entry + count * Tables.SESSION_ENTRY;
            b.sessions = entry;
            b.sessionsEnd = end;
            uint256 previous = 0;
            while (entry != end) {
                uint256 session = Memory.loadCalldata(cursor) >> 88;
                if (session <= previous) revert SessionsNotAscending();
                previous = session;
                uint256 account = _accountAt(b, session >> 160);
                uint256 key = uint160(session);
                mapping(uint256 => uint256) storage words = _sessions[address(uint160(Memory.load(account)))];
                uint256 slot = Slots.ofId(words, SessionWord.id(address(uint160(key)), b.market));
                uint256 word = Slots.load(slot);
                Memory.store(entry, account);
                Memory.store(entry + Tables.SESSION_KEY, key);
                Memory.store(entry + Tables.SESSION_SLOT, slot);
                Memory.store(entry + Tables.SESSION_WORD, word);
                Memory.store(entry + Tables.SESSION_READ, word);
                uint256 reason = key != 0 && _sessionUsable(word, b.covered) ? 0 : SkipReason.SESSION;
                Memory.store(entry + Tables.SESSION_REASON, reason);
                entry += Tables.SESSION_ENTRY;
                cursor += PackedBatch.SESSION_SIZE;
            }
            b.cursor = cursor;
        }
    }

    function _readRoots(Batch memory b, uint256 count) internal view {
        unchecked {
            uint256 cursor = b.cursor;
            uint256 entry = Memory.allocate(count * Tables.ROOT_ENTRY);
            uint256 end = entry + count * Tables.ROOT_ENTRY;
            b.roots = entry;
            b.rootsEnd = end;
            while (entry != end) {
                uint256 word = Memory.loadCalldata(cursor);
                uint256 account = _accountAt(b, word >> 248);
                uint256 height = (word >> 240) & PackedBatch.U8;
                if (height == 0 || height > OrderHash.MAX_BULK_HEIGHT) revert Unsupported();
                uint256 root = Memory.loadCalldata(cursor + 2);
                uint256 signer = _signer(OrderHash.bulkDigest(b.typedData, height, root), cursor + 34);
                Memory.store(entry, account);
                Memory.store(entry + Tables.ROOT_HEIGHT, height);
                Memory.store(entry + Tables.ROOT_HASH, root);
                uint256 reason = signer == Memory.load(account) ? 0 : SkipReason.SIGNATURE;
                Memory.store(entry + Tables.ROOT_REASON, reason);
                entry += Tables.ROOT_ENTRY;
                cursor += PackedBatch.ROOT_SIZE;
            }
            b.cursor = cursor;
        }
    }

    function _accountAt(Batch memory b, uint256 index) private pure returns (uint256 account) {
        unchecked {
            account = b.accounts + index * Tables.ACCOUNT_ENTRY;
            if (account >= b.accountsEnd) revert WrongIndex();
        }
    }

    // Orders

    function _readOrders(Batch memory b, uint256 count) internal view {
        unchecked {
            uint256 entry = Memory.allocate(count * Tables.ORDER_ENTRY);
            b.orders = entry;
            b.ordersEnd = entry + count * Tables.ORDER_ENTRY;
            uint256 cursor = b.cursor;
            while (entry != b.ordersEnd) {
                cursor = _readOrder(b, entry, cursor);
                entry += Tables.ORDER_ENTRY;
            }
            b.cursor = cursor;
        }
    }

    function _readOrder(Batch memory b, uint256 entry, uint256 cursor) private view returns (uint256 next) {
        unchecked {
            uint256 packed = Memory.loadCalldata(cursor);
            uint256 account = _accountAt(b, PackedBatch.accountIndex(packed));
            Memory.store(entry + Tables.ACCOUNT, account);
            Memory.store(entry + Tables.PACKED, packed);
            uint256 wrong;
            {
                uint256 lots = PackedBatch.lotsOf(packed);
                uint256 baseAmount = lots * b.lotSize;
                uint256 quoteAmount = lots * PackedBatch.price(packed) * b.tickSize;
                uint256 trader = Memory.load(account);
                Memory.store(entry, OrderHash.digest(b.typedData, trader, packed, baseAmount, quoteAmount));
                wrong = (baseAmount | quoteAmount | (baseAmount - 1) | (quoteAmount - 1)) >> 112;
            }
            uint256 reason = 0;
            cursor += PackedBatch.WORD_SIZE;
            if (packed & (PackedBatch.RESERVED | PackedBatch.KIND) == 0) {
                if (_signer(Memory.load(entry), cursor) != Memory.load(account)) reason = SkipReason.SIGNATURE;
                next = cursor + PackedBatch.SIGNATURE_SIZE;
            } else {
                (reason, next) = _verifyDelegated(b, entry, packed, cursor);
            }
            uint256 laneReason = _readLane(b, entry, account, packed);
            uint256 expiry = PackedBatch.expiry(packed);
            uint256 rate = uint256(PackedBatch.feeRate(packed));
            // Differences of numbers below 2**48: a negative one has all of its high bits set.
            uint256 terms = (expiry - b.oldest) | (b.newest - expiry) | (FEE_LIMIT_PPM - rate)
                | (PackedBatch.maxFee(packed) - rate)
                | (PackedBatch.counter(packed) - Memory.load(account + Tables.QUOTE_WORD).floor());
            if ((terms >> 48) | wrong | reason | b.reason | laneReason != 0) {
                if (wrong != 0) reason = SkipReason.AMOUNT;
                if (reason == 0 && terms >> 48 != 0) reason = _whyWrong(b, account, packed);
                if (reason == 0) reason = b.reason;
                if (reason == 0) reason = laneReason;
                Memory.store(entry + Tables.LEFT, 0);
                Memory.store(entry + Tables.STATE, reason << Tables.REASON_SHIFT);
            }
        }
    }

    function _whyWrong(Batch memory b, uint256 account, uint256 packed) private pure returns (uint256 reason) {
        uint256 expiry = PackedBatch.expiry(packed);
        if (expiry < b.oldest || expiry > b.newest) return SkipReason.EXPIRY;
        if (PackedBatch.counter(packed) < Memory.load(account + Tables.QUOTE_WORD).floor()) return SkipReason.FLOOR;
        return SkipReason.FEE;
    }

    // Signatures

    /// @dev Who signed a digest by ECDSA, whatever code it has; zero when nobody did.
    /// @param at where in calldata r and vs (EIP-2098) lie
    function _signer(uint256 digest, uint256 at) private pure returns (uint256) {
        unchecked {
            (address signer,,) = ECDSA.tryRecover(
                bytes32(digest), bytes32(Memory.loadCalldata(at)), bytes32(Memory.loadCalldata(at + 0x20))
            );
            return uint160(signer);
        }
    }

    /// @dev An order that the trader's key did not sign by itself.
    /// @param cursor where in calldata the order's word ends
    /// @return reason zero if the account stands behind the order
    /// @return next where the order ends
    function _verifyDelegated(Batch memory b, uint256 entry, uint256 packed, uint256 cursor)
        private
        view
        returns (uint256 reason, uint256 next)
    {
        if (packed & PackedBatch.RESERVED != 0) revert Unsupported();
        uint256 kind = packed & PackedBatch.KIND;
        if (kind == PackedBatch.BY_SESSION) return _verifySession(b, entry, cursor);
        if (kind == PackedBatch.BY_BULK) return _verifyLeaf(b, entry, cursor);
        address trader = address(uint160(Memory.load(Memory.load(entry + Tables.ACCOUNT))));
        bool approved = _approvalUsable(_approvals[trader][bytes32(Memory.load(entry))], b.covered);
        return (approved ? 0 : SkipReason.APPROVAL, cursor);
    }

    function _verifySession(Batch memory b, uint256 entry, uint256 cursor)
        private
        pure
        returns (uint256 reason, uint256 next)
    {
        unchecked {
            next = cursor + PackedBatch.SIGNATURE_SIZE + 1;
            uint256 index = Memory.loadCalldata(cursor + PackedBatch.SIGNATURE_SIZE) >> 248;
            uint256 session = b.sessions + index * Tables.SESSION_ENTRY;
            if (session >= b.sessionsEnd) revert WrongIndex();
            Memory.store(entry + Tables.SESSION, session);
            if (Memory.load(session) != Memory.load(entry + Tables.ACCOUNT)) return (SkipReason.SESSION, next);
            reason = Memory.load(session + Tables.SESSION_REASON);
            if (reason != 0) return (reason, next);
            uint256 signer = _signer(Memory.load(entry), cursor);
            if (signer != Memory.load(session + Tables.SESSION_KEY)) reason = SkipReason.SIGNATURE;
        }
    }

    function _verifyLeaf(Batch memory b, uint256 entry, uint256 cursor)
        private
        pure
        returns (uint256 reason, uint256 next)
    {
        unchecked {
            uint256 word = Memory.loadCalldata(cursor);
            uint256 root = b.roots + (word >> 248) * Tables.ROOT_ENTRY;
            if (root >= b.rootsEnd) revert WrongIndex();
            uint256 height = Memory.load(root + Tables.ROOT_HEIGHT);
            next = cursor + 2 + (height << 5);
            uint256 leaf = (word >> 240) & PackedBatch.U8;
            uint256 hash = OrderHash.lastStructHash(b.typedData);
            if (
                Memory.load(root) != Memory.load(entry + Tables.ACCOUNT) || leaf >> height != 0
                    || OrderHash.bulkRoot(hash, leaf, cursor + 2, height) != Memory.load(root + Tables.ROOT_HASH)
            ) return (SkipReason.SIGNATURE, next);
            reason = Memory.load(root + Tables.ROOT_REASON);
        }
    }

    // Lanes

    /// @dev Fills in what is left of the order by its lane, and what the lane held when it was read.
    function _readLane(Batch memory b, uint256 entry, uint256 account, uint256 packed)
        private
        view
        returns (uint256 reason)
    {
        unchecked {
            uint256 lane = PackedBatch.lane(packed);
            uint256 register;
            uint256 pending;
            if (lane == 0) {
                register = Memory.load(account + Tables.BASE_WORD);
                pending = register & LedgerWord.CANCEL_PENDING;
                register = register.lane();
            } else {
                address trader = address(uint160(Memory.load(account)));
                register = FillLane.half(_lanes[trader][FillLane.slotOf(lane)], lane);
                pending = register & FillLane.CANCEL_PENDING;
                register &= FillLane.REGISTER;
            }
            uint256 key = PackedBatch.key(packed);
            if (key < FillLane.key(register)) reason = SkipReason.LANE_STALE;
            uint256 left = FillLane.leftOf(register, key, PackedBatch.lotsOf(packed));
            Memory.store(entry + Tables.LEFT, left);
            register |= left << Tables.LEFT_SHIFT;
            if (pending != 0) {
                uint256 request = _cancels[address(uint160(Memory.load(account)))][lane == 0 ? b.base : lane];
                if (key < _canceledBelow(request, b.covered)) reason = SkipReason.CANCELED;
                else if (key > (request >> 40) & PackedBatch.U48) register |= Tables.CLEAR_CANCEL;
            }
            Memory.store(entry + Tables.STATE, register);
        }
    }
}
