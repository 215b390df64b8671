// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

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

    function structHash(Order memory order) internal pure returns (bytes32) {
        return keccak256(abi.encode(TYPE_HASH, order));
    }

    // The same hash from packed orders, in buffers that are filled once: by market and by domain.

    /// @notice A buffer of an order's typed data, with what all orders of a market have in common.
    function allocateFields(uint256 market, uint256 base, uint256 quote) internal pure returns (uint256 fields) {
        unchecked {
            fields = Memory.allocate(0x180);
            Memory.store(fields, uint256(TYPE_HASH));
            Memory.store(fields + 0x40, market);
            Memory.store(fields + 0x60, base);
            Memory.store(fields + 0x80, quote);
        }
    }

    /// @notice A buffer of 0x1901, the domain separator, and room for a struct hash.
    function allocateTypedData(bytes32 domainSeparator) internal pure returns (uint256 typedData) {
        unchecked {
            typedData = Memory.allocate(0x60);
            Memory.store(typedData, 0x1901 << 240);
            Memory.store(typedData + 2, uint256(domainSeparator));
        }
    }

    /// @notice The EIP-712 digest of a packed order.
    function digest(
        uint256 typedData,
        uint256 fields,
        uint256 trader,
        uint256 packed,
        uint256 baseAmount,
        uint256 quoteAmount
    ) internal pure returns (uint256) {
        unchecked {
            Memory.store(fields + 0x20, trader);
            Memory.store(fields + 0xa0, (packed >> 240) & 1);
            Memory.store(fields + 0xc0, (packed >> 241) & 7);
            Memory.store(fields + 0xe0, baseAmount);
            Memory.store(fields + 0x100, quoteAmount);
            Memory.store(fields + 0x120, PackedBatch.maxFee(packed));
            Memory.store(fields + 0x140, PackedBatch.expiry(packed));
            Memory.store(fields + 0x160, PackedBatch.nonce(packed));
            Memory.store(typedData + 0x22, Memory.hash(fields, 0x180));
            return Memory.hash(typedData, 0x42);
        }
    }
}
