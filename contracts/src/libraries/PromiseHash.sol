// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @notice The operator lets an amount leave at once. It has debited the account before it signs.
struct Voucher {
    address account;
    address token;
    uint128 amount;
    address recipient;
    uint256 salt; // makes two vouchers of an account differ
    uint40 deadline; // unix seconds; redeemable through this second
    uint48 minBatch; // redeemable once this batch has been settled
}

/// @notice The operator confirms that it has canceled an order, and what of it was matched before.
struct CancelReceipt {
    address trader;
    uint32 market;
    uint64 nonce; // counter u40 | revision u8 | lane u16
    uint48 filled; // lots
    uint48 sequence; // no group after this one has a fill of the order
}

/// @title PromiseHash
/// @notice The EIP-712 struct hashes of what the operator signs for a user.
library PromiseHash {
    bytes32 internal constant VOUCHER_TYPE_HASH = keccak256(
        "Voucher(address account,address token,uint128 amount,address recipient,uint256 salt,uint40 deadline,uint48 minBatch)"
    );
    bytes32 internal constant CANCEL_RECEIPT_TYPE_HASH =
        keccak256("CancelReceipt(address trader,uint32 market,uint64 nonce,uint48 filled,uint48 sequence)");

    function structHash(Voucher memory voucher) internal pure returns (bytes32) {
        return keccak256(abi.encode(VOUCHER_TYPE_HASH, voucher));
    }

    function structHash(CancelReceipt memory receipt) internal pure returns (bytes32) {
        return keccak256(abi.encode(CANCEL_RECEIPT_TYPE_HASH, receipt));
    }
}
