// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @notice What a trader signs (EIP-712). Amounts are atoms, so that a wallet shows what may move.
struct Order {
    address trader;
    uint32 market;
    address baseToken;
    address quoteToken;
    uint8 side; // 0 buys the base token, 1 sells it
    uint8 flags; // bit 0 post-only, bit 1 immediate or cancel, bit 2 fill or kill
    uint128 baseAmount; // lots * lot size
    uint128 quoteAmount; // price * lots * tick size: the limit
    uint16 maxFeePpm;
    uint40 expiry; // unix seconds
    uint64 nonce; // counter u40 | revision u8 | lane u16
}

/// @title OrderHash
/// @notice The EIP-712 struct hash of an {Order}.
library OrderHash {
    bytes32 internal constant TYPE_HASH = keccak256(
        "Order(address trader,uint32 market,address baseToken,address quoteToken,uint8 side,uint8 flags,uint128 baseAmount,uint128 quoteAmount,uint16 maxFeePpm,uint40 expiry,uint64 nonce)"
    );

    function structHash(Order memory order) internal pure returns (bytes32) {
        return keccak256(abi.encode(TYPE_HASH, order));
    }
}
