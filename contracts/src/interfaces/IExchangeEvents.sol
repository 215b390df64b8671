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
    /// @notice A receipt of the operator canceled orders of a lane up to and with `key`, at once. A fill of the order
    /// after `sequence`, or of more than `filled` lots, is the operator's broken word.
    event CanceledByReceipt(
        address indexed account, uint32 indexed market, uint16 lane, uint48 key, uint48 filled, uint48 sequence
    );
    /// @notice Tokens left the vault by a voucher of the operator.
    event VoucherRedeemed(
        address indexed account, address indexed token, uint256 amount, address recipient, uint256 salt
    );
    /// @notice The budgets are what was added; the expiry is the grant's.
    event SessionGranted(
        address indexed account,
        address indexed key,
        uint32 indexed market,
        uint96 buyBudget,
        uint72 sellBudget,
        uint40 expiry
    );
    /// @notice The key's orders in this market die once covered.
    event SessionRevoked(address indexed account, address indexed key, uint32 indexed market, uint40 requestedAt);
    /// @notice The order needs no signature any more.
    event OrderApproved(address indexed account, bytes32 indexed orderHash);
    /// @notice The approval ends once covered, and for ever.
    event ApprovalRevoked(address indexed account, bytes32 indexed orderHash, uint40 requestedAt);
    /// @notice As of `batch`, the operator's tree of what it owes of a token has this root and sum; the contract's own
    /// figures stand beside it.
    event SolvencyPublished(
        uint48 indexed batch, address indexed token, bytes32 root, uint256 total, uint256 liabilities, uint256 balance
    );
    /// @notice The token is known, and deposits of it are open.
    event AssetListed(address indexed token);
    /// @notice Deposits of a token were opened or closed.
    event DepositsOpenChanged(address indexed token, bool open);
    /// @notice What an id stands for, for ever.
    event MarketListed(
        uint32 indexed market, address indexed base, address indexed quote, uint256 lotSize, uint256 tickSize
    );
    /// @notice The market closes once covered.
    event MarketClosing(uint32 indexed market, uint40 requestedAt);
    /// @notice The market is open, at once.
    event MarketReopened(uint32 indexed market);
    /// @notice Who may become operator, twice WINDOW_MAX later.
    event OperatorProposed(address indexed operator, uint40 proposedAt);
    /// @notice Who settles from now on.
    event OperatorChanged(address indexed operator);
    /// @notice Who lists from now on.
    event ListerChanged(address indexed lister);
    /// @notice Who pauses from now on.
    event PauserChanged(address indexed pauser);
    /// @notice Who collects fees from now on.
    event FeeCollectorChanged(address indexed feeCollector);
    /// @notice Fees left the vault.
    event FeesWithdrawn(address indexed token, address recipient, uint256 amount);
}
