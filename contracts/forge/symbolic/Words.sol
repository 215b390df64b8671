// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {FillLane} from "../../src/libraries/FillLane.sol";
import {LedgerWord} from "../../src/libraries/LedgerWord.sol";
import {SessionWord} from "../../src/libraries/SessionWord.sol";

/// @title Words
/// @notice What holds for every input: proven by halmos, tried by forge.
/// @dev Multiplying and dividing is too hard to prove: unit/Fees tries the fees themselves. Functions that begin with `check` are halmos's; a failed assertion is a counterexample. Bounds are assumptions that
/// the contracts check before: the word's fields have their widths, a notional is below 2**184.
contract WordsProof {
    // Fees

    /// @notice One fill conserves, whatever its fees are: the buyer pays what the seller gets and what the exchange keeps,
    /// and settling's sum is negative exactly when the exchange would keep less than nothing.
    function check_fillConserves(uint176 notional, int168 buyFee, int168 sellFee) external pure {
        unchecked {
            uint256 debit = uint256(notional) + uint256(int256(buyFee));
            uint256 credit = uint256(notional) - uint256(int256(sellFee));
            int256 kept = int256(buyFee) + int256(sellFee);
            assert(int256(debit - credit) == kept);
            assert(((debit - credit) >> 255 != 0) == (kept < 0));
        }
    }

    // Lanes

    /// @notice Another counter starts from nothing, the same one goes on from what is filled, and nothing is left twice.
    function check_laneIsARegister(uint96 register, uint48 key, uint48 lots) external pure {
        uint256 left = FillLane.leftOf(register, key, lots);
        uint256 used = FillLane.filled(register);
        if (key >> 8 != FillLane.key(register) >> 8) {
            assert(left == lots);
        } else {
            assert(left <= lots);
            assert(used < lots ? left + used == lots : left == 0);
        }
    }

    /// @notice What is written into a lane is read again, and a neighbour's half stays.
    function check_halvesDoNotTouch(uint256 word, uint16 lane, uint48 key, uint48 filled) external pure {
        if (lane == 0) return;
        uint256 half = FillLane.pack(key, filled);
        uint256 next = FillLane.withHalf(word, lane, half);
        assert(FillLane.half(next, lane) == half);
        assert(FillLane.key(half) == key && FillLane.filled(half) == filled);
        uint256 neighbour = uint256(lane) ^ 1;
        assert(FillLane.half(next, neighbour) == FillLane.half(word, neighbour));
    }

    /// @notice The two lanes of a slot are two halves of it.
    function check_lanesOfASlotDiffer(uint16 lane) external pure {
        if (lane == 0 || lane == type(uint16).max) return;
        if (FillLane.slotOf(lane) != FillLane.slotOf(uint256(lane) + 1)) return;
        assert(FillLane.half(1, lane) != FillLane.half(1, uint256(lane) + 1));
    }

    // Ledger words

    /// @notice Fields of a ledger word do not touch each other.
    function check_ledgerFieldsDoNotTouch(uint256 word, uint96 lane, uint40 floor) external pure {
        uint256 next = LedgerWord.withFloor(LedgerWord.withLane(word, lane), floor);
        assert(LedgerWord.lane(next) == lane);
        assert(LedgerWord.floor(next) == floor);
        assert(LedgerWord.amount(next) == LedgerWord.amount(word));
        assert(next >> 248 == word >> 248);
    }

    /// @notice A credit that keeps the total below 2**112 changes the amount and nothing else.
    function check_creditStaysInItsField(uint256 word, uint112 credit) external pure {
        uint256 amount = LedgerWord.amount(word);
        if (amount + credit > LedgerWord.AMOUNT) return;
        uint256 next = word + credit;
        assert(LedgerWord.amount(next) == amount + credit);
        assert(next >> 112 == word >> 112);
        assert(next - credit == word);
    }

    // Session words

    /// @notice A session's word gives back what was packed, and using up a budget leaves the other fields.
    function check_sessionFields(uint96 buys, uint72 sells, uint40 expiry, uint40 revokedAt, uint96 used) external pure {
        uint256 word = SessionWord.pack(buys, sells, expiry, revokedAt);
        assert(SessionWord.buyBudget(word) == buys && SessionWord.sellBudget(word) == sells);
        assert(SessionWord.expiry(word) == expiry && SessionWord.revokedAt(word) == revokedAt);
        if (used > buys) return;
        assert(SessionWord.buyBudget(word - used) == buys - used);
        assert((word - used) >> 96 == word >> 96);
    }

    /// @notice Using up lots leaves the other fields of a session's word.
    function check_sessionLots(uint96 buys, uint72 sells, uint40 expiry, uint40 revokedAt, uint48 lots) external pure {
        if (lots > sells) return;
        uint256 word = SessionWord.pack(buys, sells, expiry, revokedAt);
        uint256 next = word - (uint256(lots) << SessionWord.SELL_SHIFT);
        assert(SessionWord.sellBudget(next) == sells - lots && SessionWord.buyBudget(next) == buys);
        assert(next >> 168 == word >> 168);
    }

    // The sums of settling: a check fails exactly when a high bit is set

    /// @notice `a - b` of numbers of 48 bits has a high bit exactly when b is larger.
    function check_negativeHasAHighBit(uint48 a, uint48 b) external pure {
        unchecked {
            assert(((uint256(a) - uint256(b)) >> 48 != 0) == (b > a));
        }
    }

    /// @notice An amount is zero or too large exactly when the sum says so.
    function check_amountIsOneToTwo112(uint136 amount) external pure {
        unchecked {
            uint256 sum = uint256(amount) | (uint256(amount) - 1);
            assert((sum >> 112 != 0) == (amount == 0 || amount > type(uint112).max));
        }
    }

    /// @notice Balances, debits and locks are so small that the sum is negative exactly when too little is there.
    function check_fundsSum(uint112 balance, uint184 debit, uint112 locked) external pure {
        unchecked {
            uint256 sum = uint256(balance) - debit - locked;
            assert((sum >> 255 != 0) == (uint256(balance) < uint256(debit) + locked));
        }
    }
}
