// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {ExchangeState} from "./ExchangeState.sol";
import {IPromises} from "./interfaces/IPromises.sol";
import {LedgerWord} from "./libraries/LedgerWord.sol";
import {PackedBatch} from "./libraries/PackedBatch.sol";
import {CancelReceipt, PromiseHash, Voucher} from "./libraries/PromiseHash.sol";

/// @title Promises
/// @notice Vouchers and cancel receipts: with the operator's signature a user does not have to wait.
/// @dev They can only hurt the operator, who vouches that no fill in flight needs the amount or the order. A signature
/// counts while its signer is operator: a change of operator ends what the one before has signed.
abstract contract Promises is IPromises, ExchangeState {
    using LedgerWord for uint256;

    /// @inheritdoc IPromises
    function withdrawWithVoucher(Voucher calldata voucher, bytes calldata operatorSignature) external nonReentrant {
        if (msg.sender != voucher.account) revert NotTheAccount();
        if (voucher.recipient == address(0) || voucher.recipient == address(this)) revert ZeroAddress();
        uint256 paid = voucher.amount;
        if (paid == 0) revert ZeroAmount();
        if (block.timestamp > voucher.deadline) revert VoucherExpired();
        if (_batch >> 208 < voucher.minBatch) revert TooEarly(_batch >> 208);
        if (_vouchersUsed[msg.sender][voucher.salt]) revert VoucherAlreadyUsed();
        _checkOperator(PromiseHash.structHash(voucher), operatorSignature);
        _vouchersUsed[msg.sender][voucher.salt] = true;
        address token = voucher.token;
        uint256 word = _ledger[token][msg.sender];
        if (word.amount() < paid) revert BalanceTooLow(word.amount());
        _ledger[token][msg.sender] = word - paid;
        _send(token, voucher.recipient, paid);
        emit VoucherRedeemed(msg.sender, token, paid, voucher.recipient, voucher.salt);
    }

    /// @inheritdoc IPromises
    function cancelWithReceipt(CancelReceipt calldata receipt, bytes calldata operatorSignature) external {
        if (msg.sender != receipt.trader) revert NotTheAccount();
        address base = _markets[receipt.market].base;
        if (base == address(0)) revert UnknownMarket(receipt.market);
        uint256 sequence = (_batch >> 120) & PackedBatch.U48;
        if (sequence < receipt.sequence) revert TooEarly(sequence);
        _checkOperator(PromiseHash.structHash(receipt), operatorSignature);
        uint256 lane = receipt.nonce & PackedBatch.U16;
        uint256 key = receipt.nonce >> 16;
        _cancelNow(base, lane, key);
        emit CanceledByReceipt(
            msg.sender, receipt.market, uint16(lane), uint48(key), receipt.filled, receipt.sequence
        );
    }

    /// @inheritdoc IPromises
    function voucherUsed(address account, uint256 salt) external view returns (bool) {
        return _vouchersUsed[account][salt];
    }

    /// @dev A cancel that is asked for in the lane, reaches further and is not in effect yet stays asked for.
    function _cancelNow(address base, uint256 lane, uint256 key) private {
        uint256 request = key << 40; // asked for at time zero: in effect
        if (_hasCancel(msg.sender, base, lane)) {
            uint256 earlier = _cancels[msg.sender][lane == 0 ? uint160(base) : lane];
            if (_canceledBelow(earlier, _matchedThrough()) > key) revert NothingNew();
            if ((earlier >> 40) & PackedBatch.U48 > key) request = earlier & type(uint88).max;
        }
        _storeCancel(base, lane, ((key + 1) << 88) | request);
    }

    function _checkOperator(bytes32 structHash, bytes calldata signature) private view {
        if (ECDSA.recover(_hashTypedDataV4(structHash), signature) != _operator) revert NotOperator();
    }
}
