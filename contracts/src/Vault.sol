// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IVault} from "./interfaces/IVault.sol";
import {LedgerWord} from "./libraries/LedgerWord.sol";

/// @title Vault
/// @notice Escrow and ledger. Funds are here before they can trade; a trade moves only ledger words.
/// @dev Tokens move in {deposit}, {withdraw} and the owner's fee withdrawal and nowhere else. `liabilities` rises and
/// falls with them, so it always equals the sum of all balances and fees, whatever settles in between.
abstract contract Vault is IVault, Pausable, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;
    using LedgerWord for uint256;

    /// @dev The longest delays a deployment can choose.
    uint40 internal constant WATCH_LAG_LIMIT = 1 hours;
    uint40 internal constant WINDOW_MAX_LIMIT = 1 days;
    uint40 internal constant EXIT_DELAY_LIMIT = 14 days;

    uint256 internal constant EVERYTHING = type(uint112).max;

    /// @inheritdoc IVault
    uint40 public immutable WATCH_LAG;
    /// @inheritdoc IVault
    uint40 public immutable WINDOW_MAX;
    /// @inheritdoc IVault
    uint40 public immutable EXIT_DELAY;

    /// @notice The account that may settle.
    /// @dev Shares its slot with `paused` and `frozen`: settling reads one slot for all three.
    address public operator;
    /// @inheritdoc IVault
    bool public frozen;

    /// @dev number u48 | matchedThrough u40 | sequence u48 | fees of the main quote token u120, fees lowest.
    uint256 internal _batch;

    struct Asset {
        bool known;
        bool depositsOpen;
    }

    mapping(address token => Asset) internal _assets;
    mapping(address token => mapping(address account => uint256 word)) internal _ledger;
    /// @dev amount u112 | requestedAt u40, amount lowest; means something only while the word's flag is set.
    mapping(address token => mapping(address account => uint256)) internal _withdrawals;
    /// @inheritdoc IVault
    mapping(address token => uint256) public liabilities;

    constructor(uint40 watchLag, uint40 windowMax, uint40 exitDelay) {
        if (
            watchLag >= windowMax || windowMax > exitDelay || watchLag > WATCH_LAG_LIMIT
                || windowMax > WINDOW_MAX_LIMIT || exitDelay > EXIT_DELAY_LIMIT
        ) revert BadDelays();
        WATCH_LAG = watchLag;
        WINDOW_MAX = windowMax;
        EXIT_DELAY = exitDelay;
        _batch = block.timestamp << 168;
    }

    // Users

    /// @inheritdoc IVault
    function deposit(address token, uint256 amount) external nonReentrant whenNotPaused returns (uint256 credited) {
        if (frozen) revert AlreadyFrozen();
        if (!_assets[token].depositsOpen) revert DepositsClosed(token);
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
        credited = IERC20(token).balanceOf(address(this)) - before;
        if (credited == 0) revert ZeroAmount();
        uint256 total = liabilities[token] + credited;
        if (total > LedgerWord.AMOUNT) revert LedgerFull(token);
        liabilities[token] = total;
        uint256 word = (_ledger[token][msg.sender] + credited) | LedgerWord.TOUCHED;
        _ledger[token][msg.sender] = word;
        _touchMainQuote(msg.sender);
        emit Deposited(msg.sender, token, credited, word.amount());
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
        if (!_effective(requestedAt, _matchedThrough())) revert NotCovered(requestedAt + WINDOW_MAX);
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
        if (frozen) revert AlreadyFrozen();
        uint256 freezableAt = _matchedThrough() + EXIT_DELAY;
        if (block.timestamp <= freezableAt) revert NotFreezable(freezableAt);
        frozen = true;
        emit Frozen(uint40(_matchedThrough()));
    }

    // Views

    /// @inheritdoc IVault
    function balanceOf(address account, address token) external view returns (uint256) {
        return _ledger[token][account].amount();
    }

    /// @inheritdoc IVault
    function tradeableOf(address account, address token) external view returns (uint256) {
        uint256 word = _ledger[token][account];
        uint256 locked = _locked(word, token, account, _matchedThrough());
        return word.amount() > locked ? word.amount() - locked : 0;
    }

    /// @inheritdoc IVault
    function ledger(address account, address token)
        external
        view
        returns (uint256 amount, uint48 filled, uint48 key, uint40 floor, uint8 flags)
    {
        uint256 word = _ledger[token][account];
        uint256 lane = word.lane();
        return (word.amount(), uint48(lane), uint48(lane >> 48), uint40(word.floor()), uint8(word >> 248));
    }

    /// @inheritdoc IVault
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

    /// @inheritdoc IVault
    function coverage(uint40 requestedAt) public view returns (uint40 latestAt, bool effective) {
        return (requestedAt + WINDOW_MAX, _effective(requestedAt, _matchedThrough()));
    }

    /// @notice Whether the exchange knows a token, and whether it takes deposits of it.
    function assetOf(address token) external view returns (bool known, bool depositsOpen) {
        return (_assets[token].known, _assets[token].depositsOpen);
    }

    // For settling

    function _matchedThrough() internal view returns (uint256) {
        return (_batch >> 168) & type(uint40).max;
    }

    /// @dev The covered rule. `covered` is the matchedThrough of the last batch: when settling, the one before, because
    /// the batch at hand holds fills matched since then.
    function _effective(uint256 requestedAt, uint256 covered) internal view returns (bool) {
        return covered > requestedAt + WATCH_LAG || block.timestamp >= requestedAt + WINDOW_MAX || frozen;
    }

    /// @dev What of a balance a withdrawal that took effect keeps from trading.
    function _locked(uint256 word, address token, address account, uint256 covered) internal view returns (uint256) {
        if (word & LedgerWord.WITHDRAWAL_PENDING == 0) return 0;
        uint256 request = _withdrawals[token][account];
        return _effective(request >> 112, covered) ? request & LedgerWord.AMOUNT : 0;
    }

    /// @dev Pays tokens out of the vault: whatever the token does, not more than `amount` leaves.
    function _send(address token, address recipient, uint256 amount) internal {
        liabilities[token] -= amount;
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransfer(recipient, amount);
        if (IERC20(token).balanceOf(address(this)) + amount < before) revert UnexpectedTransfer();
    }

    /// @dev Opens the ledger word of the main quote token, so that the account's first trade does not pay for it.
    function _touchMainQuote(address account) internal virtual;

    function _request(address token, uint256 amount) private {
        if (!_assets[token].known) revert UnknownToken(token);
        _withdrawals[token][msg.sender] = (block.timestamp << 112) | amount;
        _ledger[token][msg.sender] |= LedgerWord.WITHDRAWAL_PENDING | LedgerWord.TOUCHED;
        emit WithdrawalRequested(msg.sender, token, amount, uint40(block.timestamp));
    }
}
