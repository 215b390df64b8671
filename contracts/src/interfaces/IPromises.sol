// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {CancelReceipt, Voucher} from "../libraries/PromiseHash.sol";

/// @title IPromises
/// @notice What the operator has signed for a user takes effect at once. Both are signed as EIP-712 typed data, in the
/// domain of orders, by whoever is operator when they are used. Never paused.
interface IPromises {
    /// @notice Pays the voucher's exact amount to its recipient, without waiting. Only the account itself; each salt
    /// once; through the deadline; once the batch that the voucher names has been settled. A withdrawal that was
    /// requested stays requested.
    /// @param operatorSignature r, s, v of the operator over the voucher
    function withdrawWithVoucher(Voucher calldata voucher, bytes calldata operatorSignature) external;

    /// @notice Cancels the sender's order like {ISettlement-cancel}, but at once: the operator has signed that it has no
    /// fill after a sequence which settling has reached. A fill settled later proves that the operator lied.
    /// @param operatorSignature r, s, v of the operator over the receipt
    function cancelWithReceipt(CancelReceipt calldata receipt, bytes calldata operatorSignature) external;

    /// @notice Whether the account's voucher with this salt was paid.
    function voucherUsed(address account, uint256 salt) external view returns (bool);
}
