// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IExchangeErrors} from "./interfaces/IExchangeErrors.sol";
import {IExchangeEvents} from "./interfaces/IExchangeEvents.sol";
import {LedgerWord} from "./libraries/LedgerWord.sol";

/// @title VaultState
/// @notice Escrow and ledger: what is stored, the covered rule, and how tokens come in and go out.
/// @dev Storage and rules, no function for anyone to call: {Exchange} and {ExchangeExtension} run in this storage and
/// inherit it. `liabilities` rises and falls with the tokens in the vault, so it always equals the sum of all balances
/// and fees, whatever settles in between.
abstract contract VaultState is IExchangeErrors, IExchangeEvents, Pausable, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;
    using LedgerWord for uint256;

    /// @dev The longest delays a deployment can choose.
    uint40 internal constant WATCH_LAG_LIMIT = 1 hours;
    uint40 internal constant WINDOW_MAX_LIMIT = 1 days;
    uint40 internal constant EXIT_DELAY_LIMIT = 14 days;

    uint256 internal constant EVERYTHING = type(uint112).max;

    // The delays are immutable in both contracts; the exchange refuses an extension that has others.
    uint40 internal immutable _WATCH_LAG;
    uint40 internal immutable _WINDOW_MAX;
    uint40 internal immutable _EXIT_DELAY;

    /// @dev Shares its slot with `paused` and `frozen`: settling reads one slot for all three.
    address internal _operator;
    bool internal _frozen;

    /// @dev number u48 | matchedThrough u40 | sequence u48 | fees of the main quote token u120, fees lowest.
    uint256 internal _batch;

    struct Asset {
        bool known;
        bool depositsOpen;
    }

    /// @dev The quote token of the first market: its fees stand in the batch's slot, which saves writing another.
    address internal _mainQuote;
    mapping(address token => Asset) internal _assets;
    mapping(address token => mapping(address account => uint256 word)) internal _ledger;
    /// @dev amount u112 | requestedAt u40, amount lowest; means something only while the word's flag is set.
    mapping(address token => mapping(address account => uint256)) internal _withdrawals;
    mapping(address token => uint256) internal _liabilities;

    constructor(uint40 watchLag, uint40 windowMax, uint40 exitDelay) {
        if (
            watchLag >= windowMax || windowMax > exitDelay || watchLag > WATCH_LAG_LIMIT
                || windowMax > WINDOW_MAX_LIMIT || exitDelay > EXIT_DELAY_LIMIT
        ) revert BadDelays();
        _WATCH_LAG = watchLag;
        _WINDOW_MAX = windowMax;
        _EXIT_DELAY = exitDelay;
    }

    // The covered rule

    function _matchedThrough() internal view returns (uint256) {
        return (_batch >> 168) & type(uint40).max;
    }

    /// @dev The covered rule. `covered` is the matchedThrough of the last batch: when settling, the one before, because
    /// the batch at hand holds fills matched since then.
    function _effective(uint256 requestedAt, uint256 covered) internal view returns (bool) {
        return covered > requestedAt + _WATCH_LAG || block.timestamp >= requestedAt + _WINDOW_MAX || _frozen;
    }

    /// @dev What of a balance a withdrawal that took effect keeps from trading.
    function _locked(uint256 word, address token, address account, uint256 covered) internal view returns (uint256) {
        if (word & LedgerWord.WITHDRAWAL_PENDING == 0) return 0;
        uint256 request = _withdrawals[token][account];
        return _effective(request >> 112, covered) ? request & LedgerWord.AMOUNT : 0;
    }

    // Tokens in and out

    /// @dev Refuses a deposit before anything is asked of the token.
    function _checkDeposit(address token) internal view {
        if (_frozen) revert AlreadyFrozen();
        if (!_assets[token].depositsOpen) revert DepositsClosed(token);
    }

    /// @dev Credits the sender with what the vault holds more than `before`. Opens the word of the main quote token
    /// too, so that the account's first trade does not pay for it.
    function _credit(address token, uint256 before) internal returns (uint256 credited) {
        credited = IERC20(token).balanceOf(address(this)) - before;
        if (credited == 0) revert ZeroAmount();
        uint256 total = _liabilities[token] + credited;
        if (total > LedgerWord.AMOUNT) revert LedgerFull(token);
        _liabilities[token] = total;
        uint256 word = (_ledger[token][msg.sender] + credited) | LedgerWord.TOUCHED;
        _ledger[token][msg.sender] = word;
        address quote = _mainQuote;
        if (quote != address(0) && _ledger[quote][msg.sender] == 0) _ledger[quote][msg.sender] = LedgerWord.TOUCHED;
        emit Deposited(msg.sender, token, credited, word.amount());
    }

    /// @dev Takes `amount` from the sender by its allowance, and credits what came.
    function _pull(address token, uint256 amount) internal returns (uint256 credited) {
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
        return _credit(token, before);
    }

    /// @dev Pays tokens out of the vault: whatever the token does, not more than `amount` leaves.
    function _send(address token, address recipient, uint256 amount) internal {
        _liabilities[token] -= amount;
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransfer(recipient, amount);
        if (IERC20(token).balanceOf(address(this)) + amount < before) revert UnexpectedTransfer();
    }
}
