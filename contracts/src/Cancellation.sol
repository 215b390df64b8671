// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Delegation} from "./Delegation.sol";
import {ISettlement} from "./interfaces/ISettlement.sol";
import {LedgerWord} from "./libraries/LedgerWord.sol";
import {PackedBatch} from "./libraries/PackedBatch.sol";

/// @title Cancellation
/// @notice How a trader takes signed orders back: by lane or by floor, under the covered rule.
abstract contract Cancellation is ISettlement, Delegation {
    using LedgerWord for uint256;

    /// @inheritdoc ISettlement
    function cancel(uint32 market, uint64 nonce) external {
        address base = _markets[market].base;
        if (base == address(0)) revert UnknownMarket(market);
        uint256 lane = nonce & PackedBatch.U16;
        uint256 key = nonce >> 16;
        uint256 below = 0;
        if (_hasCancel(msg.sender, base, lane)) {
            uint256 request = _cancels[msg.sender][lane == 0 ? uint160(base) : lane];
            if (key <= (request >> 40) & PackedBatch.U48) revert NothingNew();
            below = _canceledBelow(request, _matchedThrough());
        }
        _storeCancel(base, lane, (below << 88) | (key << 40) | block.timestamp);
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
}
