// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title IVault
/// @notice Escrow and ledger: what a user can do without anyone's leave.
/// @dev Covered rule: a request made at time t takes effect once settlement has covered it, that is once a batch said
/// `matchedThrough > t + WATCH_LAG`, and at the latest at `t + WINDOW_MAX`. Until then fills that were matched before
/// the operator saw the request can still settle.
interface IVault {
    /// @notice A deposit was credited by what the vault received.
    event Deposited(address indexed account, address indexed token, uint256 amount, uint256 balance);
    /// @notice `amount` (2**112 - 1 stands for everything) is to leave; tradeable until covered.
    event WithdrawalRequested(address indexed account, address indexed token, uint256 amount, uint40 requestedAt);
    /// @notice A request was taken back; the amount is tradeable.
    event WithdrawalRequestCanceled(address indexed account, address indexed token);
    /// @notice Tokens left the vault.
    event Withdrawn(address indexed account, address indexed token, address recipient, uint256 amount, uint256 balance);
    /// @notice The account asked for all it holds of these tokens: the engine cancels its orders.
    event ExitRequested(address indexed account, address[] tokens, uint40 requestedAt);
    /// @notice No batch for EXIT_DELAY: settling has ended for ever, every request is effective at once.
    event Frozen(uint40 matchedThrough);

    error ZeroAddress();
    error ZeroAmount();
    error UnknownToken(address token);
    error DepositsClosed(address token);
    error LedgerFull(address token);
    error NothingRequested();
    error NothingToWithdraw();
    error NotCovered(uint256 latestAt);
    error UnexpectedTransfer();
    error AlreadyFrozen();
    error NotFreezable(uint256 freezableAt);
    error BadDelays();

    /// @notice How long the operator may take to see a request, in seconds.
    function WATCH_LAG() external view returns (uint40);
    /// @notice After how many seconds a request takes effect at the latest.
    function WINDOW_MAX() external view returns (uint40);
    /// @notice After how many seconds without a batch anyone can freeze settling.
    function EXIT_DELAY() external view returns (uint40);

    /// @notice Moves tokens into the vault. The credit is the measured change of the vault's balance, so a fee on
    /// transfer is exact. Refused while paused or frozen.
    /// @return credited what the sender's balance rose by
    function deposit(address token, uint256 amount) external returns (uint256 credited);

    /// @notice Asks for `amount` of `token` to leave. May exceed the balance: the claim pays what is there. Asking
    /// again replaces the amount and restarts the clock.
    function requestWithdrawal(address token, uint256 amount) external;

    /// @notice Takes a request back.
    function cancelWithdrawalRequest(address token) external;

    /// @notice Pays the smaller of request and balance to `recipient`, once the request is covered. Never paused.
    /// @return paid the amount that left
    function withdraw(address token, address recipient) external returns (uint256 paid);

    /// @notice Asks for everything of every token named, what arrives until then included. Nobody can prevent it.
    function exit(address[] calldata tokens) external;

    /// @notice Ends settling for ever, if no batch came for EXIT_DELAY. Anyone can call it.
    function freeze() external;

    /// @notice An account's balance in the vault, requested withdrawals included.
    function balanceOf(address account, address token) external view returns (uint256);

    /// @notice What of a balance a fill can spend now: the balance less a withdrawal that took effect.
    function tradeableOf(address account, address token) external view returns (uint256);

    /// @notice The ledger word, unpacked. `filled` and `key` are lane 0 of the account's orders with this base token;
    /// `floor` is the stored floor of its orders quoted in this token.
    function ledger(address account, address token)
        external
        view
        returns (uint256 amount, uint48 filled, uint48 key, uint40 floor, uint8 flags);

    /// @notice The withdrawal that is asked for: zeros if none. `latestAt` is when it takes effect at the latest.
    function pendingWithdrawal(address account, address token)
        external
        view
        returns (uint256 amount, uint40 requestedAt, uint40 latestAt, bool effective);

    /// @notice When a request made at `requestedAt` takes effect at the latest, and whether it already has.
    function coverage(uint40 requestedAt) external view returns (uint40 latestAt, bool effective);

    /// @notice All balances of a token and the fees collected in it: never above what the vault holds.
    function liabilities(address token) external view returns (uint256);

    /// @notice Whether settling has ended.
    function frozen() external view returns (bool);
}
