// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ExchangeState} from "./ExchangeState.sol";
import {IExchangeViews} from "./interfaces/IExchangeViews.sol";
import {FillLane} from "./libraries/FillLane.sol";
import {LedgerWord} from "./libraries/LedgerWord.sol";
import {Order, OrderHash} from "./libraries/OrderHash.sol";
import {CancelReceipt, PromiseHash, Voucher} from "./libraries/PromiseHash.sol";

/// @title ExchangeViews
/// @notice What can be read of the exchange's storage.
abstract contract ExchangeViews is IExchangeViews, ExchangeState {
    using LedgerWord for uint256;

    /// @inheritdoc IExchangeViews
    function WATCH_LAG() external view returns (uint40) {
        return _WATCH_LAG;
    }

    /// @inheritdoc IExchangeViews
    function WINDOW_MAX() external view returns (uint40) {
        return _WINDOW_MAX;
    }

    /// @inheritdoc IExchangeViews
    function EXIT_DELAY() external view returns (uint40) {
        return _EXIT_DELAY;
    }

    /// @inheritdoc IExchangeViews
    function operator() external view returns (address) {
        return _operator;
    }

    /// @inheritdoc IExchangeViews
    function lister() external view returns (address) {
        return _lister;
    }

    /// @inheritdoc IExchangeViews
    function pauser() external view returns (address) {
        return _pauser;
    }

    /// @inheritdoc IExchangeViews
    function feeCollector() external view returns (address) {
        return _feeCollector;
    }

    /// @inheritdoc IExchangeViews
    function frozen() external view returns (bool) {
        return _frozen;
    }

    /// @inheritdoc IExchangeViews
    function mainQuote() external view returns (address) {
        return _mainQuote;
    }

    /// @inheritdoc IExchangeViews
    function proposedOperator() external view returns (address) {
        return _proposedOperator;
    }

    /// @inheritdoc IExchangeViews
    function operatorProposedAt() external view returns (uint40) {
        return _operatorProposedAt;
    }

    /// @inheritdoc IExchangeViews
    function liabilities(address token) external view returns (uint256) {
        return _liabilities[token];
    }

    /// @inheritdoc IExchangeViews
    function feesOf(address token) external view returns (uint256) {
        return _feesOf(token);
    }

    /// @inheritdoc IExchangeViews
    function balanceOf(address account, address token) external view returns (uint256) {
        return _ledger[token][account].amount();
    }

    /// @inheritdoc IExchangeViews
    function tradeableOf(address account, address token) external view returns (uint256) {
        uint256 word = _ledger[token][account];
        uint256 locked = _locked(word, token, account, _matchedThrough());
        return word.amount() > locked ? word.amount() - locked : 0;
    }

    /// @inheritdoc IExchangeViews
    function ledger(address account, address token)
        external
        view
        returns (uint256 amount, uint48 filled, uint48 key, uint40 floor, uint8 flags)
    {
        uint256 word = _ledger[token][account];
        uint256 lane = word.lane();
        return (word.amount(), uint48(lane), uint48(lane >> 48), uint40(word.floor()), uint8(word >> 248));
    }

    /// @inheritdoc IExchangeViews
    function pendingWithdrawal(address account, address token)
        external
        view
        returns (uint256 amount, uint40 requestedAt, uint40 latestAt, bool effective)
    {
        if (_ledger[token][account] & LedgerWord.WITHDRAWAL_PENDING == 0) return (0, 0, 0, false);
        uint256 request = _withdrawals[token][account];
        amount = request & LedgerWord.AMOUNT;
        requestedAt = uint40(request >> 112);
        (latestAt, effective) = coverage(requestedAt);
    }

    /// @inheritdoc IExchangeViews
    function coverage(uint40 requestedAt) public view returns (uint40 latestAt, bool effective) {
        return (requestedAt + _WINDOW_MAX, _effective(requestedAt, _matchedThrough()));
    }

    /// @inheritdoc IExchangeViews
    function assetOf(address token) external view returns (bool known, bool depositsOpen) {
        return (_assets[token].known, _assets[token].depositsOpen);
    }


    /// @inheritdoc IExchangeViews
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

    /// @inheritdoc IExchangeViews
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

    /// @inheritdoc IExchangeViews
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

    /// @inheritdoc IExchangeViews
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



    /// @inheritdoc IExchangeViews
    function hashOrder(Order calldata order) external view returns (bytes32) {
        return _hashTypedDataV4(OrderHash.structHash(order));
    }

    /// @inheritdoc IExchangeViews
    function hashVoucher(Voucher calldata voucher) external view returns (bytes32) {
        return _hashTypedDataV4(PromiseHash.structHash(voucher));
    }

    /// @inheritdoc IExchangeViews
    function hashCancelReceipt(CancelReceipt calldata receipt) external view returns (bytes32) {
        return _hashTypedDataV4(PromiseHash.structHash(receipt));
    }

    /// @inheritdoc IExchangeViews
    function limits() external pure returns (uint256 feePpm, uint256 orderLifetime, uint256 floorStep) {
        return (FEE_LIMIT_PPM, ORDER_LIFETIME, FLOOR_STEP);
    }

    /// @inheritdoc IExchangeViews
    function domainSeparator() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    /// @inheritdoc IExchangeViews
    function batchState() external view returns (uint48 number, uint40 matchedThrough, uint48 sequence, bytes32 root) {
        uint256 state = _batch;
        return (uint48(state >> 208), uint40(state >> 168), uint48(state >> 120), _root);
    }
}
