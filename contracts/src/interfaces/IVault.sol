// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title IVault
/// @notice Escrow and ledger: what a user can do without anyone's leave.
/// @dev Covered rule: a request made at time t takes effect once settlement has covered it, that is once a batch said
/// `matchedThrough > t + WATCH_LAG`, and at the latest at `t + WINDOW_MAX`. Until then fills that were matched before
/// the operator saw the request can still settle.
interface IVault {
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
}
