// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title IAdministration
/// @notice What the owner and those it names do. None of it moves a balance or delays a withdrawal.
/// @dev Each function is one role's. The owner names the lister, the pauser and the fee collector at once, the operator
/// with a delay; it has no other power, unless it names itself.
interface IAdministration {
    /// @notice Makes a token known and opens deposits of it. The lister, who answers for what is listed. Refused: tokens
    /// that registered as ERC-777, and tokens that answer like known rebasing ones.
    function listAsset(address token) external;

    /// @notice Opens or closes deposits of a token; balances are not touched and can always leave. The lister.
    function setDepositsOpen(address token, bool open) external;

    /// @notice Lists a market. What an id stands for never changes. The lister.
    /// @param lotSize base atoms of one lot
    /// @param tickSize quote atoms of one lot at a price of one tick
    function listMarket(uint32 id, address base, address quote, uint88 lotSize, uint88 tickSize) external;

    /// @notice Closes a market under the covered rule: fills matched before still settle. The lister.
    function closeMarket(uint32 id) external;

    /// @notice Opens a closing or closed market again, at once. The lister.
    function reopenMarket(uint32 id) external;

    /// @notice Names the next operator, who can take over after twice WINDOW_MAX: later than anyone's exit. The
    /// owner.
    function proposeOperator(address next) external;

    /// @notice Takes over as operator. Whoever was proposed.
    function acceptOperator() external;

    /// @notice Stops deposits and settling at once. Everything by which a user leaves or takes back goes on.
    /// The pauser.
    function pause() external;

    /// @notice Ends the pause. The pauser.
    function unpause() external;

    /// @notice Pays out the fees collected in a token. The fee collector.
    function withdrawFees(address token, address recipient) external returns (uint256 paid);

    /// @notice Names who lists and closes markets and assets; zero for nobody. The owner.
    function setLister(address next) external;

    /// @notice Names who pauses; zero for nobody. The owner.
    function setPauser(address next) external;

    /// @notice Names who collects fees; zero for nobody. The owner.
    function setFeeCollector(address next) external;

    /// @notice Publishes the root and sum of the operator's tree of liabilities beside the contract's own figures. The
    /// operator; changes nothing.
    function publishSolvency(address token, bytes32 root, uint256 total) external;
}
