// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ISettlement} from "./ISettlement.sol";
import {IVault} from "./IVault.sol";

/// @title IExchange
/// @notice What the owner does. None of it moves a balance or delays a withdrawal.
interface IExchange is ISettlement, IVault {
    event AssetListed(address indexed token);
    event DepositsOpenChanged(address indexed token, bool open);
    event MarketListed(
        uint32 indexed market, address indexed base, address indexed quote, uint256 lotSize, uint256 tickSize
    );
    event MarketClosing(uint32 indexed market, uint40 requestedAt);
    event MarketReopened(uint32 indexed market);
    event OperatorProposed(address indexed operator, uint40 proposedAt);
    event OperatorChanged(address indexed operator);
    event FeesWithdrawn(address indexed token, address recipient, uint256 amount);

    error AlreadyListed();
    error BadMarket();

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

    /// @notice The quote token of the first market: its fees stand in the batch's slot, which saves writing another.
    function mainQuote() external view returns (address);

    /// @notice Who may become operator; zero if nobody.
    function proposedOperator() external view returns (address);

    /// @notice When that was proposed.
    function operatorProposedAt() external view returns (uint40);
}
