// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Order} from "../libraries/OrderHash.sol";
import {CancelReceipt, Voucher} from "../libraries/PromiseHash.sol";

/// @title IExchangeViews
/// @notice What can be read of the exchange.
interface IExchangeViews {
    /// @notice How long the operator may take to see a request, in seconds.
    function WATCH_LAG() external view returns (uint40);

    /// @notice After how many seconds a request takes effect at the latest.
    function WINDOW_MAX() external view returns (uint40);

    /// @notice After how many seconds without a batch anyone can freeze settling.
    function EXIT_DELAY() external view returns (uint40);

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

    /// @notice The EIP-712 digest of an order: what its trader signs, and the order's hash everywhere.
    function hashOrder(Order calldata order) external view returns (bytes32);

    /// @notice The EIP-712 digest of a voucher: what the operator signs.
    function hashVoucher(Voucher calldata voucher) external view returns (bytes32);

    /// @notice The EIP-712 digest of a cancel receipt: what the operator signs.
    function hashCancelReceipt(CancelReceipt calldata receipt) external view returns (bytes32);

    /// @notice What is compiled in: the highest fee of a fill and side whatever was signed, in parts per million; how
    /// far ahead an order may expire, in seconds; how far a floor may rise at once.
    function limits() external pure returns (uint256 feePpm, uint256 orderLifetime, uint256 floorStep);

    /// @notice The EIP-712 domain separator on this chain.
    function domainSeparator() external view returns (bytes32);

    /// @notice The last batch: its number and root, through when fills were matched, and the last group sequence.
    function batchState() external view returns (uint48 number, uint40 matchedThrough, uint48 sequence, bytes32 root);

    /// @notice Fees collected in a token and not yet withdrawn.
    function feesOf(address token) external view returns (uint256);

    /// @notice A lane's register: what is filled under which key, and below which key orders are canceled now.
    function laneOf(address account, uint32 market, uint16 lane)
        external
        view
        returns (uint48 filled, uint48 key, uint64 canceledBelow);

    /// @notice A cancel that is asked for in a lane: zeros if none.
    function pendingCancel(address account, uint32 market, uint16 lane)
        external
        view
        returns (uint48 key, uint40 requestedAt, bool effective);

    /// @notice The floor in force now for orders quoted in `token`, and the one asked for (zeros if none).
    function floorOf(address account, address token)
        external
        view
        returns (uint40 floor, uint40 requested, uint40 requestedAt);

    /// @notice What fixes a market id for ever, and whether it is closing.
    function marketOf(uint32 market)
        external
        view
        returns (address base, address quote, uint256 lotSize, uint256 tickSize, uint40 closingAt, bool closed);

    /// @notice Whether the exchange knows a token, and whether it takes deposits of it.
    function assetOf(address token) external view returns (bool known, bool depositsOpen);

    /// @notice Who may settle, and whose vouchers and receipts count.
    function operator() external view returns (address);

    /// @notice Who lists and closes markets and assets.
    function lister() external view returns (address);

    /// @notice Who pauses.
    function pauser() external view returns (address);

    /// @notice Who collects fees.
    function feeCollector() external view returns (address);

    /// @notice The quote token of the first market: its fees stand in the batch's slot, which saves writing another.
    function mainQuote() external view returns (address);

    /// @notice Who may become operator; zero if nobody.
    function proposedOperator() external view returns (address);

    /// @notice When that was proposed.
    function operatorProposedAt() external view returns (uint40);
}
