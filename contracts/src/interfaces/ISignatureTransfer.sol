// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title ISignatureTransfer
/// @notice The function of Uniswap's Permit2 that moves tokens once by their owner's signature.
interface ISignatureTransfer {
    struct TokenPermissions {
        address token;
        uint256 amount;
    }

    struct PermitTransferFrom {
        TokenPermissions permitted;
        uint256 nonce; // of a bitmap, in any order
        uint256 deadline;
    }

    struct SignatureTransferDetails {
        address to;
        uint256 requestedAmount;
    }

    /// @notice Moves the requested amount from `owner`, who has signed the permit with the caller as spender.
    function permitTransferFrom(
        PermitTransferFrom calldata permit,
        SignatureTransferDetails calldata transferDetails,
        address owner,
        bytes calldata signature
    ) external;
}
