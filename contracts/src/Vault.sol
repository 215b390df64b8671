// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ExchangeState} from "./ExchangeState.sol";
import {IVault} from "./interfaces/IVault.sol";
import {LedgerWord} from "./libraries/LedgerWord.sol";

/// @title Vault
/// @notice How a user comes in and leaves. Funds are here before they can trade; a trade moves only ledger words.
/// @dev Tokens move in {deposit}, {withdraw} and the extension's deposits, vouchers and fees, and nowhere else.
abstract contract Vault is IVault, ExchangeState {
    using LedgerWord for uint256;

    /// @inheritdoc IVault
    function deposit(address token, uint256 amount) external nonReentrant whenNotPaused returns (uint256 credited) {
        _checkDeposit(token);
        return _pull(token, amount);
    }

    /// @inheritdoc IVault
    function requestWithdrawal(address token, uint256 amount) external nonReentrant {
        if (amount == 0) revert ZeroAmount();
        _request(token, amount > EVERYTHING ? EVERYTHING : amount);
    }

    /// @inheritdoc IVault
    function cancelWithdrawalRequest(address token) external nonReentrant {
        uint256 word = _ledger[token][msg.sender];
        if (word & LedgerWord.WITHDRAWAL_PENDING == 0) revert NothingRequested();
        _ledger[token][msg.sender] = word & ~LedgerWord.WITHDRAWAL_PENDING;
        emit WithdrawalRequestCanceled(msg.sender, token);
    }

    /// @inheritdoc IVault
    function withdraw(address token, address recipient) external nonReentrant returns (uint256 paid) {
        if (recipient == address(0) || recipient == address(this)) revert ZeroAddress();
        uint256 word = _ledger[token][msg.sender];
        if (word & LedgerWord.WITHDRAWAL_PENDING == 0) revert NothingRequested();
        uint256 request = _withdrawals[token][msg.sender];
        uint256 requestedAt = request >> 112;
        if (!_effective(requestedAt, _matchedThrough())) revert NotCovered(requestedAt + _WINDOW_MAX);
        paid = request & LedgerWord.AMOUNT;
        if (paid > word.amount()) paid = word.amount();
        if (paid == 0) revert NothingToWithdraw();
        word = (word - paid) & ~LedgerWord.WITHDRAWAL_PENDING;
        _ledger[token][msg.sender] = word;
        _send(token, recipient, paid);
        emit Withdrawn(msg.sender, token, recipient, paid, word.amount());
    }

    /// @inheritdoc IVault
    function exit(address[] calldata tokens) external nonReentrant {
        if (tokens.length == 0) revert NothingRequested();
        for (uint256 i = 0; i < tokens.length; ++i) {
            _request(tokens[i], EVERYTHING);
        }
        emit ExitRequested(msg.sender, tokens, uint40(block.timestamp));
    }

    /// @inheritdoc IVault
    function freeze() external {
        if (_frozen) revert AlreadyFrozen();
        uint256 freezableAt = _matchedThrough() + _EXIT_DELAY;
        if (block.timestamp <= freezableAt) revert NotFreezable(freezableAt);
        _frozen = true;
        emit Frozen(uint40(_matchedThrough()));
    }

    function _request(address token, uint256 amount) private {
        if (!_assets[token].known) revert UnknownToken(token);
        _withdrawals[token][msg.sender] = (block.timestamp << 112) | amount;
        _ledger[token][msg.sender] |= LedgerWord.WITHDRAWAL_PENDING | LedgerWord.TOUCHED;
        emit WithdrawalRequested(msg.sender, token, amount, uint40(block.timestamp));
    }
}
