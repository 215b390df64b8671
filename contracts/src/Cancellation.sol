// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Delegation} from "./Delegation.sol";
import {ISettlement} from "./interfaces/ISettlement.sol";
import {FillLane} from "./libraries/FillLane.sol";
import {LedgerWord} from "./libraries/LedgerWord.sol";
import {PackedBatch} from "./libraries/PackedBatch.sol";

/// @title Cancellation
/// @notice How a trader takes signed orders back: by lane or by floor, under the covered rule.
abstract contract Cancellation is ISettlement, Delegation {
    using LedgerWord for uint256;

    /// @dev How far a floor may rise at once.
    uint256 internal constant FLOOR_STEP = 1 << 32;

    // Traders

    /// @inheritdoc ISettlement
    function cancel(uint32 market, uint64 nonce) external {
        Market storage m = _markets[market];
        address base = m.base;
        if (base == address(0)) revert UnknownMarket(market);
        uint256 lane = nonce & PackedBatch.U16;
        uint256 key = nonce >> 16;
        uint256 at = lane == 0 ? uint160(base) : lane;
        uint256 below = 0;
        if (_hasCancel(msg.sender, base, lane)) {
            uint256 request = _cancels[msg.sender][at];
            if (key <= (request >> 40) & PackedBatch.U48) revert NothingNew();
            below = _canceledBelow(request, _matchedThrough());
        }
        _cancels[msg.sender][at] = (below << 88) | (key << 40) | block.timestamp;
        if (lane == 0) {
            _ledger[base][msg.sender] |= LedgerWord.CANCEL_PENDING | LedgerWord.TOUCHED;
        } else {
            uint256 word = _lanes[msg.sender][FillLane.slotOf(lane)];
            uint256 half = FillLane.half(word, lane) | FillLane.CANCEL_PENDING;
            _lanes[msg.sender][FillLane.slotOf(lane)] = FillLane.withHalf(word, lane, half);
        }
        emit CancelRequested(msg.sender, market, uint16(lane), uint48(key), uint40(block.timestamp));
    }

    /// @inheritdoc ISettlement
    function cancelUpTo(address quoteToken, uint40 floor) external {
        if (!_assets[quoteToken].known) revert UnknownToken(quoteToken);
        uint256 word = _materializeFloor(
            _ledger[quoteToken][msg.sender], quoteToken, msg.sender, _matchedThrough()
        );
        uint256 highest = word.floor();
        if (word & LedgerWord.FLOOR_PENDING != 0) {
            uint256 requested = _floors[quoteToken][msg.sender] >> 40;
            if (requested > highest) highest = requested;
        }
        if (floor <= highest) revert NothingNew();
        if (floor > highest + FLOOR_STEP) revert FloorStepTooLarge(highest + FLOOR_STEP);
        _floors[quoteToken][msg.sender] = (uint256(floor) << 40) | block.timestamp;
        _ledger[quoteToken][msg.sender] = word | LedgerWord.FLOOR_PENDING | LedgerWord.TOUCHED;
        emit FloorRequested(msg.sender, quoteToken, floor, uint40(block.timestamp));
    }

    // Views

    /// @inheritdoc ISettlement
    function laneOf(address account, uint32 market, uint16 lane)
        external
        view
        returns (uint48 filled, uint48 key, uint64 canceledBelow)
    {
        address base = _markets[market].base;
        uint256 register = lane == 0
            ? _ledger[base][account].lane()
            : FillLane.half(_lanes[account][FillLane.slotOf(lane)], lane) & FillLane.REGISTER;
        filled = uint48(FillLane.filled(register));
        key = uint48(FillLane.key(register));
        if (_hasCancel(account, base, lane)) {
            uint256 request = _cancels[account][lane == 0 ? uint160(base) : lane];
            canceledBelow = uint64(_canceledBelow(request, _matchedThrough()));
        }
    }

    /// @inheritdoc ISettlement
    function pendingCancel(address account, uint32 market, uint16 lane)
        external
        view
        returns (uint48 key, uint40 requestedAt, bool effective)
    {
        address base = _markets[market].base;
        if (!_hasCancel(account, base, lane)) return (0, 0, false);
        uint256 request = _cancels[account][lane == 0 ? uint160(base) : lane];
        requestedAt = uint40(request);
        return (uint48(request >> 40), requestedAt, _effective(requestedAt, _matchedThrough()));
    }

    /// @inheritdoc ISettlement
    function floorOf(address account, address token)
        external
        view
        returns (uint40 floor, uint40 requested, uint40 requestedAt)
    {
        uint256 word = _ledger[token][account];
        floor = uint40(_materializeFloor(word, token, account, _matchedThrough()).floor());
        if (word & LedgerWord.FLOOR_PENDING != 0) {
            uint256 request = _floors[token][account];
            (requested, requestedAt) = (uint40(request >> 40), uint40(request));
        }
    }

    /// @inheritdoc ISettlement
    function marketOf(uint32 market)
        external
        view
        returns (address base, address quote, uint256 lotSize, uint256 tickSize, uint40 closingAt, bool closed)
    {
        Market storage m = _markets[market];
        (base, quote, lotSize, tickSize) = (m.base, m.quote, m.lotSize, m.tickSize);
        if (m.flags & CLOSING != 0) {
            closingAt = uint40(_closingAt[market]);
            closed = _effective(closingAt, _matchedThrough());
        }
    }

    function _hasCancel(address account, address base, uint256 lane) private view returns (bool) {
        return lane == 0
            ? _ledger[base][account] & LedgerWord.CANCEL_PENDING != 0
            : FillLane.half(_lanes[account][FillLane.slotOf(lane)], lane) & FillLane.CANCEL_PENDING != 0;
    }
}
