// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title IAdministration
/// @notice What the owner does. None of it moves a balance or delays a withdrawal.
interface IAdministration {
    /// @notice Makes a token known and opens deposits of it. The owner answers for what is listed: a token whose
    /// balances change by themselves must not be.
    function listAsset(address token) external;

    /// @notice Opens or closes deposits of a token; balances are not touched and can always leave.
    function setDepositsOpen(address token, bool open) external;

    /// @notice Lists a market. What an id stands for never changes.
    /// @param lotSize base atoms of one lot
    /// @param tickSize quote atoms of one lot at a price of one tick
    function listMarket(uint32 id, address base, address quote, uint88 lotSize, uint88 tickSize) external;

    /// @notice Closes a market under the covered rule: fills matched before still settle.
    function closeMarket(uint32 id) external;

    /// @notice Opens a closing or closed market again, at once.
    function reopenMarket(uint32 id) external;

    /// @notice Names the next operator, who can take over after twice WINDOW_MAX: later than anyone's exit.
    function proposeOperator(address next) external;

    /// @notice Takes over as operator.
    function acceptOperator() external;

    /// @notice Stops deposits and settling at once. Requests, withdrawals, exits and cancels go on.
    function pause() external;

    /// @notice Ends the pause.
    function unpause() external;

    /// @notice Pays out the fees collected in a token.
    function withdrawFees(address token, address recipient) external returns (uint256 paid);
}
