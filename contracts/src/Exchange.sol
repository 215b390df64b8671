// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IExchange} from "./interfaces/IExchange.sol";
import {LedgerWord} from "./libraries/LedgerWord.sol";
import {Settlement} from "./Settlement.sol";
import {Vault} from "./Vault.sol";

/// @title Exchange
/// @notice The deployed contract: listing, operator, fees and pause around {Settlement} and {Vault}.
/// @dev The owner can list, close markets, name the next operator, collect fees and pause. It can move no balance, and
/// keep nobody from leaving. No proxy: a new version is a new deployment.
contract Exchange is IExchange, Settlement, Ownable2Step {
    /// @inheritdoc IExchange
    address public mainQuote;
    /// @inheritdoc IExchange
    address public proposedOperator;
    /// @inheritdoc IExchange
    uint40 public operatorProposedAt;

    /// @param owner_ lists, pauses and collects fees
    /// @param operator_ settles
    /// @param watchLag seconds the operator may take to see a request
    /// @param windowMax seconds after which a request takes effect at the latest
    /// @param exitDelay seconds without a batch after which anyone can end settling
    constructor(address owner_, address operator_, uint40 watchLag, uint40 windowMax, uint40 exitDelay)
        Vault(watchLag, windowMax, exitDelay)
        Ownable(owner_)
    {
        if (operator_ == address(0)) revert ZeroAddress();
        operator = operator_;
        emit OperatorChanged(operator_);
    }

    /// @inheritdoc IExchange
    function listAsset(address token) external onlyOwner {
        if (token.code.length == 0 || token == address(this)) revert UnknownToken(token);
        if (_assets[token].known) revert AlreadyListed();
        _assets[token] = Asset({known: true, depositsOpen: true});
        emit AssetListed(token);
    }

    /// @inheritdoc IExchange
    function setDepositsOpen(address token, bool open) external onlyOwner {
        if (!_assets[token].known) revert UnknownToken(token);
        _assets[token].depositsOpen = open;
        emit DepositsOpenChanged(token, open);
    }

    /// @inheritdoc IExchange
    function listMarket(uint32 id, address base, address quote, uint88 lotSize, uint88 tickSize) external onlyOwner {
        if (_markets[id].base != address(0)) revert AlreadyListed();
        if (!_assets[base].known) revert UnknownToken(base);
        if (!_assets[quote].known) revert UnknownToken(quote);
        if (base == quote || lotSize == 0 || tickSize == 0) revert BadMarket();
        if (mainQuote == address(0)) mainQuote = quote;
        _markets[id] = Market({
            base: base,
            lotSize: lotSize,
            flags: quote == mainQuote ? uint8(MAIN_QUOTE) : 0,
            quote: quote,
            tickSize: tickSize
        });
        emit MarketListed(id, base, quote, lotSize, tickSize);
    }

    /// @inheritdoc IExchange
    function closeMarket(uint32 id) external onlyOwner {
        if (_markets[id].base == address(0)) revert UnknownMarket(id);
        if (_markets[id].flags & uint8(CLOSING) != 0) revert NothingNew();
        _markets[id].flags |= uint8(CLOSING);
        _closingAt[id] = block.timestamp;
        emit MarketClosing(id, uint40(block.timestamp));
    }

    /// @inheritdoc IExchange
    function reopenMarket(uint32 id) external onlyOwner {
        if (_markets[id].flags & uint8(CLOSING) == 0) revert NothingNew();
        _markets[id].flags &= ~uint8(CLOSING);
        emit MarketReopened(id);
    }

    /// @inheritdoc IExchange
    function proposeOperator(address next) external onlyOwner {
        if (next == address(0)) revert ZeroAddress();
        proposedOperator = next;
        operatorProposedAt = uint40(block.timestamp);
        emit OperatorProposed(next, uint40(block.timestamp));
    }

    /// @inheritdoc IExchange
    function acceptOperator() external {
        if (msg.sender != proposedOperator) revert NotOperator();
        uint256 acceptableAt = uint256(operatorProposedAt) + 2 * uint256(WINDOW_MAX);
        if (block.timestamp < acceptableAt) revert NotCovered(acceptableAt);
        operator = msg.sender;
        proposedOperator = address(0);
        emit OperatorChanged(msg.sender);
    }

    /// @inheritdoc IExchange
    function pause() external onlyOwner {
        _pause();
    }

    /// @inheritdoc IExchange
    function unpause() external onlyOwner {
        _unpause();
    }

    /// @inheritdoc IExchange
    function withdrawFees(address token, address recipient) external onlyOwner nonReentrant returns (uint256 paid) {
        if (recipient == address(0) || recipient == address(this)) revert ZeroAddress();
        paid = feesOf(token);
        if (paid == 0) revert NothingToWithdraw();
        if (token == mainQuote) _batch -= paid;
        else _fees[token] = 0;
        _send(token, recipient, paid);
        emit FeesWithdrawn(token, recipient, paid);
    }

    /// @notice Fees collected in a token and not yet withdrawn.
    function feesOf(address token) public view returns (uint256) {
        return token == mainQuote ? _batch & type(uint120).max : _fees[token];
    }

    function _touchMainQuote(address account) internal override {
        address token = mainQuote;
        if (token != address(0) && _ledger[token][account] == 0) {
            _ledger[token][account] = LedgerWord.TOUCHED;
        }
    }
}
