// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title IPermitDeposits
/// @notice Deposits whose allowance is a signature instead of a transaction. As in {IVault-deposit} the credit is the
/// measured change of the vault's balance, and both are refused while paused or frozen.
interface IPermitDeposits {
    /// @notice Deposits with an EIP-2612 permit of the sender for this contract and amount. A permit that somebody else
    /// used first, or that the token refuses, does no harm: what counts is the allowance.
    function depositWithPermit(address token, uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external
        returns (uint256 credited);

    /// @notice Deposits by Uniswap's Permit2: the sender has signed a PermitTransferFrom with this contract as spender.
    function depositWithPermit2(
        address token,
        uint256 amount,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) external returns (uint256 credited);

    /// @notice Uniswap's Permit2, as the deployment names it; there may be none on the chain.
    function PERMIT2() external view returns (address);
}
