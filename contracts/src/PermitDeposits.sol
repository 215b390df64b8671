// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {ExchangeState} from "./ExchangeState.sol";
import {IPermitDeposits} from "./interfaces/IPermitDeposits.sol";
import {ISignatureTransfer} from "./interfaces/ISignatureTransfer.sol";

/// @title PermitDeposits
/// @notice Deposits with a signature instead of an approval.
/// @dev Both take from the sender and credit the sender: somebody else's signature moves nothing.
abstract contract PermitDeposits is IPermitDeposits, ExchangeState {
    /// @inheritdoc IPermitDeposits
    address public immutable PERMIT2;

    constructor(address permit2) {
        PERMIT2 = permit2;
    }

    /// @inheritdoc IPermitDeposits
    function depositWithPermit(address token, uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external
        nonReentrant
        whenNotPaused
        returns (uint256 credited)
    {
        _checkDeposit(token);
        try IERC20Permit(token).permit(msg.sender, address(this), amount, deadline, v, r, s) {} catch {}
        return _pull(token, amount);
    }

    /// @inheritdoc IPermitDeposits
    function depositWithPermit2(
        address token,
        uint256 amount,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) external nonReentrant whenNotPaused returns (uint256 credited) {
        _checkDeposit(token);
        if (PERMIT2.code.length == 0) revert NoPermit2();
        uint256 before = IERC20(token).balanceOf(address(this));
        ISignatureTransfer(PERMIT2).permitTransferFrom(
            ISignatureTransfer.PermitTransferFrom({
                permitted: ISignatureTransfer.TokenPermissions({token: token, amount: amount}),
                nonce: nonce,
                deadline: deadline
            }),
            ISignatureTransfer.SignatureTransferDetails({to: address(this), requestedAmount: amount}),
            msg.sender,
            signature
        );
        return _credit(token, before);
    }
}
