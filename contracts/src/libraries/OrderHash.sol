// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";
import {Memory} from "./Memory.sol";
import {PackedBatch} from "./PackedBatch.sol";

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

    // A tree of 2, 4 or 8 orders under one signature: EIP-712's hash of nested arrays is a Merkle root by position.
    bytes32 private constant BULK_TYPE_HASH_1 = keccak256(
        "BulkOrder(Order[2] tree)Order(address trader,uint32 market,address baseToken,address quoteToken,uint8 side,uint8 flags,uint128 baseAmount,uint128 quoteAmount,uint16 maxFeePpm,uint40 expiry,uint64 nonce)"
    );
    bytes32 private constant BULK_TYPE_HASH_2 = keccak256(
        "BulkOrder(Order[2][2] tree)Order(address trader,uint32 market,address baseToken,address quoteToken,uint8 side,uint8 flags,uint128 baseAmount,uint128 quoteAmount,uint16 maxFeePpm,uint40 expiry,uint64 nonce)"
    );
    bytes32 private constant BULK_TYPE_HASH_3 = keccak256(
        "BulkOrder(Order[2][2][2] tree)Order(address trader,uint32 market,address baseToken,address quoteToken,uint8 side,uint8 flags,uint128 baseAmount,uint128 quoteAmount,uint16 maxFeePpm,uint40 expiry,uint64 nonce)"
    );

    uint256 internal constant MAX_BULK_HEIGHT = 3;

    function structHash(Order memory order) internal pure returns (bytes32) {
        return keccak256(abi.encode(TYPE_HASH, order));
    }

    // The same hash from packed orders, in a buffer that is filled once: 0x1901, domain separator and room for a struct
    // hash, then the struct's fields, of which a market's orders have some in common.

    uint256 private constant STRUCT_HASH = 0x22;
    uint256 private constant FIELDS = 0x60;

    function allocateTypedData(bytes32 domainSeparator) internal pure returns (uint256 typedData) {
        unchecked {
            typedData = Memory.allocate(FIELDS + 0x180);
            Memory.store(typedData, 0x1901 << 240);
            Memory.store(typedData + 2, uint256(domainSeparator));
            Memory.store(typedData + FIELDS, uint256(TYPE_HASH));
        }
    }

    function storeMarket(uint256 typedData, uint256 market, uint256 base, uint256 quote) internal pure {
        unchecked {
            Memory.store(typedData + FIELDS + 0x40, market);
            Memory.store(typedData + FIELDS + 0x60, base);
            Memory.store(typedData + FIELDS + 0x80, quote);
        }
    }

    /// @notice The EIP-712 digest of a packed order.
    function digest(uint256 typedData, uint256 trader, uint256 packed, uint256 baseAmount, uint256 quoteAmount)
        internal
        pure
        returns (uint256)
    {
        unchecked {
            Memory.store(typedData + FIELDS + 0x20, trader);
            Memory.store(typedData + FIELDS + 0xa0, (packed >> 240) & 1);
            Memory.store(typedData + FIELDS + 0xc0, (packed >> 241) & 7);
            Memory.store(typedData + FIELDS + 0xe0, baseAmount);
            Memory.store(typedData + FIELDS + 0x100, quoteAmount);
            Memory.store(typedData + FIELDS + 0x120, PackedBatch.maxFee(packed));
            Memory.store(typedData + FIELDS + 0x140, PackedBatch.expiry(packed));
            Memory.store(typedData + FIELDS + 0x160, PackedBatch.nonce(packed));
            Memory.store(typedData + STRUCT_HASH, Memory.hash(typedData + FIELDS, 0x180));
            return Memory.hash(typedData, 0x42);
        }
    }

    /// @notice The struct hash of the order that was digested last.
    function lastStructHash(uint256 typedData) internal pure returns (uint256) {
        unchecked {
            return Memory.load(typedData + STRUCT_HASH);
        }
    }

    /// @notice The EIP-712 digest of a tree of orders with this root.
    /// @param height from 1 to {MAX_BULK_HEIGHT}
    function bulkDigest(uint256 typedData, uint256 height, uint256 root) internal pure returns (uint256) {
        unchecked {
            bytes32 typeHash =
                height == 1 ? BULK_TYPE_HASH_1 : height == 2 ? BULK_TYPE_HASH_2 : BULK_TYPE_HASH_3;
            Memory.store(typedData + STRUCT_HASH, uint256(Hashes.efficientKeccak256(typeHash, bytes32(root))));
            return Memory.hash(typedData, 0x42);
        }
    }

    /// @notice The root of a tree from one of its leaves.
    /// @param proof where in calldata the siblings lie, from the leaf's level up
    /// @param leaf the leaf's place: bit k says whether it lies to the right on level k
    function bulkRoot(uint256 node, uint256 leaf, uint256 proof, uint256 height) internal pure returns (uint256) {
        unchecked {
            for (uint256 k = 0; k < height; ++k) {
                bytes32 sibling = bytes32(Memory.loadCalldata(proof + (k << 5)));
                (bytes32 left, bytes32 right) =
                    (leaf >> k) & 1 == 0 ? (bytes32(node), sibling) : (sibling, bytes32(node));
                node = uint256(Hashes.efficientKeccak256(left, right));
            }
            return node;
        }
    }
}
