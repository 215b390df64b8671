// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title IExchangeEvents
/// @notice What the exchange says in its logs, whichever of its two contracts speaks.
interface IExchangeEvents {
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
    /// @notice A batch was applied. Its fills are those of the calldata less the skipped ones.
    event BatchSettled(
        uint48 indexed number,
        bytes32 root,
        bytes32 merkleRoot,
        bytes32 journalHash,
        uint48 upTo,
        uint40 matchedThrough,
        uint16 settled
    );
    /// @notice One listed fill did not settle and never will. `index` counts in its group.
    /// @param culprit 0 nobody, or the group as a whole; 1 the taker's order; 2 the maker's order
    /// @param reason one of the numbers in SkipReason
    event FillSkipped(uint32 indexed market, uint48 indexed sequence, uint8 index, uint8 culprit, uint8 reason);
    /// @notice Orders of a lane up to and with `key` (counter u40 | revision u8) die once covered.
    event CancelRequested(
        address indexed account, uint32 indexed market, uint16 lane, uint48 key, uint40 requestedAt
    );
    /// @notice Orders quoted in `token` with a nonce counter below `floor` die once covered.
    event FloorRequested(address indexed account, address indexed token, uint40 floor, uint40 requestedAt);
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
}
