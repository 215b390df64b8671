// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title ISettlement
/// @notice Applies batches of fills that both traders signed for.
interface ISettlement {
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
}
