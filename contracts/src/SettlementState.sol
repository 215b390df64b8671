// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {FillLane} from "./libraries/FillLane.sol";
import {LedgerWord} from "./libraries/LedgerWord.sol";
import {PackedBatch} from "./libraries/PackedBatch.sol";
import {VaultState} from "./VaultState.sol";

/// @title SettlementState
/// @notice What settling keeps beside the ledger: markets, lanes, cancels, floors, fees and the root.
/// @dev Storage and how to read it under the covered rule, no function for anyone to call: whoever runs in this storage
/// inherits it.
abstract contract SettlementState is VaultState {
    using LedgerWord for uint256;

    /// @dev The highest fee of a fill and side, whatever was signed, in parts per million.
    uint256 internal constant FEE_LIMIT_PPM = 10_000;
    /// @dev How far ahead an order may expire; WINDOW_MAX more for clocks that differ.
    uint256 internal constant ORDER_LIFETIME = 30 days;
    /// @dev How far a floor may rise at once.
    uint256 internal constant FLOOR_STEP = 1 << 32;

    // Flags of a market.
    uint256 internal constant CLOSING = 1;
    uint256 internal constant MAIN_QUOTE = 2;

    struct Market {
        address base;
        uint88 lotSize;
        uint8 flags;
        address quote;
        uint88 tickSize;
    }

    /// @dev Of the last batch; the domain separator before the first.
    bytes32 internal _root;
    mapping(uint32 id => Market) internal _markets;
    mapping(uint32 id => uint256) internal _closingAt;
    /// @dev Lanes from 1 up, two to a slot.
    mapping(address account => mapping(uint256 pair => uint256)) internal _lanes;
    /// @dev canceled below u49 | requested key u48 | requestedAt u40, by lane, or by base token for lane 0.
    mapping(address account => mapping(uint256 laneOrBase => uint256)) internal _cancels;
    /// @dev floor u40 | requestedAt u40.
    mapping(address token => mapping(address account => uint256)) internal _floors;
    /// @dev Of every token but the main quote token, whose fees share the batch's slot.
    mapping(address token => uint256) internal _fees;

    /// @dev Below which key a lane's orders are canceled: what was asked for if it took effect, else what was before.
    function _canceledBelow(uint256 request, uint256 covered) internal view returns (uint256) {
        return _effective(request & PackedBatch.U40, covered) ? ((request >> 40) & PackedBatch.U48) + 1 : request >> 88;
    }

    /// @dev A requested floor that took effect moves into the word.
    function _materializeFloor(uint256 word, address token, address account, uint256 covered)
        internal
        view
        returns (uint256)
    {
        if (word & LedgerWord.FLOOR_PENDING == 0) return word;
        uint256 request = _floors[token][account];
        if (!_effective(request & PackedBatch.U40, covered)) return word;
        return word.withFloor(request >> 40) & ~LedgerWord.FLOOR_PENDING;
    }

    /// @dev Whether a lane holds a cancel that was asked for, in effect or not.
    function _hasCancel(address account, address base, uint256 lane) internal view returns (bool) {
        return lane == 0
            ? _ledger[base][account] & LedgerWord.CANCEL_PENDING != 0
            : FillLane.half(_lanes[account][FillLane.slotOf(lane)], lane) & FillLane.CANCEL_PENDING != 0;
    }

    /// @dev Stores a cancel of the sender in a lane, and sets the lane's flag.
    function _storeCancel(address base, uint256 lane, uint256 request) internal {
        _cancels[msg.sender][lane == 0 ? uint160(base) : lane] = request;
        if (lane == 0) {
            _ledger[base][msg.sender] |= LedgerWord.CANCEL_PENDING | LedgerWord.TOUCHED;
        } else {
            uint256 word = _lanes[msg.sender][FillLane.slotOf(lane)];
            uint256 half = FillLane.half(word, lane) | FillLane.CANCEL_PENDING;
            _lanes[msg.sender][FillLane.slotOf(lane)] = FillLane.withHalf(word, lane, half);
        }
    }

    /// @dev Fees collected in a token and not yet withdrawn.
    function _feesOf(address token) internal view returns (uint256) {
        return token == _mainQuote ? _batch & type(uint120).max : _fees[token];
    }
}
