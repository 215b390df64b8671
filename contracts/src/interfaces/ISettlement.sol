// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Order} from "../libraries/OrderHash.sol";

/// @title ISettlement
/// @notice Applies batches of fills that both traders signed for.
interface ISettlement {
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

    error NotOperator();
    error SettlingEnded();
    error WrongNumber(uint256 expected);
    error WrongPreviousRoot(bytes32 expected);
    error WrongMatchedThrough(uint256 last, uint256 latest);
    error WrongUpTo(uint256 last);
    error WrongSequence(uint256 market, uint256 sequence);
    error WrongLength();
    error WrongIndex();
    error AccountsNotAscending();
    error LaneUsedTwice(address account, uint256 nonce);
    error UnknownMarket(uint256 market);
    error Unsupported();
    error NothingNew();
    error FloorStepTooLarge(uint256 highest);

    /// @notice Applies one batch. Only the operator; layout in PackedBatch.
    /// @dev Reverts on what is the operator's fault. A fill that a trader made impossible is skipped with its reason.
    function settle(bytes calldata batch) external;

    /// @notice Cancels the sender's orders of one lane: all whose counter and revision are at or below the nonce's.
    /// @param market fixes the base token of lane 0; the other lanes are the account's
    /// @param nonce counter u40 | revision u8 | lane u16
    function cancel(uint32 market, uint64 nonce) external;

    /// @notice Cancels all of the sender's orders quoted in `quoteToken` whose nonce counter is below `floor`. A floor
    /// rises by at most 2**32 at once.
    function cancelUpTo(address quoteToken, uint40 floor) external;

    /// @notice The EIP-712 digest of an order: what its trader signs, and the order's hash everywhere.
    function hashOrder(Order calldata order) external view returns (bytes32);

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
}
