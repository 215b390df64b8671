// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ExchangeState} from "./ExchangeState.sol";
import {IAdministration} from "./interfaces/IAdministration.sol";
import {Listing} from "./libraries/Listing.sol";

/// @title Administration
/// @notice Listing, operator, fees and pause. None of it moves a balance or keeps anybody from leaving.
abstract contract Administration is IAdministration, ExchangeState {
    modifier onlyLister() {
        if (msg.sender != _lister) revert NotLister();
        _;
    }

    modifier onlyPauser() {
        if (msg.sender != _pauser) revert NotPauser();
        _;
    }

    modifier onlyFeeCollector() {
        if (msg.sender != _feeCollector) revert NotFeeCollector();
        _;
    }

    /// @inheritdoc IAdministration
    function listAsset(address token) external onlyLister {
        if (token.code.length == 0 || token == address(this)) revert UnknownToken(token);
        if (_assets[token].known) revert AlreadyListed();
        if (Listing.callsHolders(token)) revert TokenCallsHolders(token);
        if (Listing.rebases(token)) revert RebasingToken(token);
        _assets[token] = Asset({known: true, depositsOpen: true});
        emit AssetListed(token);
    }

    /// @inheritdoc IAdministration
    function setDepositsOpen(address token, bool open) external onlyLister {
        if (!_assets[token].known) revert UnknownToken(token);
        _assets[token].depositsOpen = open;
        emit DepositsOpenChanged(token, open);
    }

    /// @inheritdoc IAdministration
    function listMarket(uint32 id, address base, address quote, uint88 lotSize, uint88 tickSize) external onlyLister {
        if (_markets[id].base != address(0)) revert AlreadyListed();
        if (!_assets[base].known) revert UnknownToken(base);
        if (!_assets[quote].known) revert UnknownToken(quote);
        if (base == quote || lotSize == 0 || tickSize == 0) revert BadMarket();
        if (_mainQuote == address(0)) _mainQuote = quote;
        _markets[id] = Market({
            base: base,
            lotSize: lotSize,
            flags: quote == _mainQuote ? uint8(MAIN_QUOTE) : 0,
            quote: quote,
            tickSize: tickSize
        });
        emit MarketListed(id, base, quote, lotSize, tickSize);
    }

    /// @inheritdoc IAdministration
    function closeMarket(uint32 id) external onlyLister {
        if (_markets[id].base == address(0)) revert UnknownMarket(id);
        if (_markets[id].flags & uint8(CLOSING) != 0) revert NothingNew();
        _markets[id].flags |= uint8(CLOSING);
        _closingAt[id] = block.timestamp;
        emit MarketClosing(id, uint40(block.timestamp));
    }

    /// @inheritdoc IAdministration
    function reopenMarket(uint32 id) external onlyLister {
        if (_markets[id].flags & uint8(CLOSING) == 0) revert NothingNew();
        _markets[id].flags &= ~uint8(CLOSING);
        emit MarketReopened(id);
    }

    /// @inheritdoc IAdministration
    function proposeOperator(address next) external onlyOwner {
        if (next == address(0)) revert ZeroAddress();
        _proposedOperator = next;
        _operatorProposedAt = uint40(block.timestamp);
        emit OperatorProposed(next, uint40(block.timestamp));
    }

    /// @inheritdoc IAdministration
    function acceptOperator() external {
        if (msg.sender != _proposedOperator) revert NotOperator();
        uint256 acceptableAt = uint256(_operatorProposedAt) + 2 * uint256(_WINDOW_MAX);
        if (block.timestamp < acceptableAt) revert NotCovered(acceptableAt);
        _operator = msg.sender;
        _proposedOperator = address(0);
        emit OperatorChanged(msg.sender);
    }

    /// @inheritdoc IAdministration
    function pause() external onlyPauser {
        _pause();
    }

    /// @inheritdoc IAdministration
    function unpause() external onlyPauser {
        _unpause();
    }

    /// @inheritdoc IAdministration
    function withdrawFees(address token, address recipient) external onlyFeeCollector nonReentrant returns (uint256 paid) {
        if (recipient == address(0) || recipient == address(this)) revert ZeroAddress();
        paid = _feesOf(token);
        if (paid == 0) revert NothingToWithdraw();
        if (token == _mainQuote) _batch -= paid;
        else _fees[token] = 0;
        _send(token, recipient, paid);
        emit FeesWithdrawn(token, recipient, paid);
    }

    /// @inheritdoc IAdministration
    function setLister(address next) external onlyOwner {
        _lister = next;
        emit ListerChanged(next);
    }

    /// @inheritdoc IAdministration
    function setPauser(address next) external onlyOwner {
        _pauser = next;
        emit PauserChanged(next);
    }

    /// @inheritdoc IAdministration
    function setFeeCollector(address next) external onlyOwner {
        _feeCollector = next;
        emit FeeCollectorChanged(next);
    }

    /// @inheritdoc IAdministration
    function publishSolvency(address token, bytes32 root, uint256 total) external {
        if (msg.sender != _operator) revert NotOperator();
        if (!_assets[token].known) revert UnknownToken(token);
        emit SolvencyPublished(
            uint48(_batch >> 208), token, root, total, _liabilities[token], IERC20(token).balanceOf(address(this))
        );
    }
}
