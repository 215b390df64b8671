// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @dev Before `number`, everything that a batch's header says.
struct Header {
    uint48 number;
    uint40 matchedThrough;
    uint48 upTo;
    uint16 fills;
    bytes32 previousRoot;
    bytes32 journalHash;
}

/// @dev What of an order's word varies, and the signature that goes with it.
struct Terms {
    uint8 account; // the index in its section
    uint8 side;
    uint8 flags;
    uint8 kind;
    uint48 price;
    uint48 lots;
    uint16 maxFee;
    int16 feeRate;
    uint40 expiry;
    uint64 nonce;
    bytes tail; // everything after the word, by kind
}

struct Fill {
    uint8 maker;
    uint48 lots;
}

struct Group {
    uint48 sequence;
    uint8 taker;
    Fill[] fills;
}

struct Section {
    uint32 market;
    address[] accounts;
    bytes[] sessions; // account index u8 | key 20
    bytes[] roots; // account index u8 | height u8 | root 32 | r 32 | vs 32
    Terms[] orders;
    Group[] groups;
}

/// @dev What of a market goes into its orders' hashes.
struct MarketTerms {
    uint32 id;
    address base;
    address quote;
    uint256 lotSize;
    uint256 tickSize;
}

/// @title BatchBuilder
/// @notice Writes batches in layout N, and hashes what traders sign. Shares no code with the contract.
library BatchBuilder {
    bytes32 private constant DOMAIN =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    string private constant ORDER =
        "Order(address trader,uint32 market,address baseToken,address quoteToken,uint8 side,uint8 flags,uint128 baseAmount,uint128 quoteAmount,uint16 maxFeePpm,uint40 expiry,uint64 nonce)";

    function domain(uint256 chainId, address verifying) internal pure returns (bytes32) {
        return keccak256(abi.encode(DOMAIN, keccak256("hybrid-dex"), keccak256("1"), chainId, verifying));
    }

    function typed(bytes32 domain_, bytes32 structHash) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", domain_, structHash));
    }

    function orderHash(MarketTerms memory market, address trader, Terms memory terms) internal pure returns (bytes32) {
        bytes memory head = abi.encode(
            keccak256(bytes(ORDER)), trader, market.id, market.base, market.quote, terms.side, terms.flags
        );
        return keccak256(
            bytes.concat(
                head,
                abi.encode(
                    uint256(terms.lots) * market.lotSize,
                    uint256(terms.price) * terms.lots * market.tickSize,
                    terms.maxFee,
                    terms.expiry,
                    terms.nonce
                )
            )
        );
    }

    function voucherHash(
        address account,
        address token,
        uint128 amount,
        address recipient,
        uint256 salt,
        uint40 deadline,
        uint48 minBatch
    ) internal pure returns (bytes32) {
        bytes32 typeHash = keccak256(
            "Voucher(address account,address token,uint128 amount,address recipient,uint256 salt,uint40 deadline,uint48 minBatch)"
        );
        return keccak256(abi.encode(typeHash, account, token, amount, recipient, salt, deadline, minBatch));
    }

    function receiptHash(address trader, uint32 market, uint64 nonce_, uint48 filled, uint48 sequence)
        internal
        pure
        returns (bytes32)
    {
        bytes32 typeHash =
            keccak256("CancelReceipt(address trader,uint32 market,uint64 nonce,uint48 filled,uint48 sequence)");
        return keccak256(abi.encode(typeHash, trader, market, nonce_, filled, sequence));
    }

    /// @notice The struct hash of a bulk order: `height` levels over 2**height leaves.
    function bulkHash(uint256 height, bytes32 root) internal pure returns (bytes32) {
        string memory brackets = height == 1 ? "[2]" : height == 2 ? "[2][2]" : "[2][2][2]";
        return keccak256(
            abi.encode(keccak256(bytes(string.concat("BulkOrder(Order", brackets, " tree)", ORDER))), root)
        );
    }

    /// @notice The hash of a leaf that is not used: the order of zeros.
    function emptyLeaf() internal pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(bytes(ORDER)), new bytes(11 * 32)));
    }

    /// @notice A tree's levels from leaves by position; the proof of a leaf is the sibling on every level.
    function tree(bytes32[] memory leaves, uint256 leaf) internal pure returns (bytes32 root, bytes memory proof) {
        while (leaves.length > 1) {
            proof = bytes.concat(proof, leaves[leaf ^ 1]);
            bytes32[] memory above = new bytes32[](leaves.length / 2);
            for (uint256 i = 0; i < above.length; ++i) {
                above[i] = keccak256(abi.encodePacked(leaves[2 * i], leaves[2 * i + 1]));
            }
            leaves = above;
            leaf >>= 1;
        }
        root = leaves[0];
    }

    /// @notice `r | vs` of EIP-2098.
    function compact(uint8 v, bytes32 r, bytes32 s) internal pure returns (bytes memory) {
        return abi.encodePacked(r, bytes32(uint256(s) | (uint256(v - 27) << 255)));
    }

    function nonce(uint256 counter, uint256 revision, uint256 lane) internal pure returns (uint64) {
        return uint64((counter << 24) | (revision << 16) | lane);
    }

    function word(Terms memory terms) internal pure returns (bytes memory) {
        return bytes.concat(
            abi.encodePacked(
                terms.account, terms.side | (terms.flags << 1), terms.kind, terms.price, terms.lots, terms.maxFee
            ),
            abi.encodePacked(terms.feeRate, terms.expiry, terms.nonce)
        );
    }

    function pack(Header memory header, Section[] memory sections) internal pure returns (bytes memory batch) {
        batch = abi.encodePacked(
            header.number,
            header.matchedThrough,
            header.upTo,
            uint8(sections.length),
            header.fills,
            header.previousRoot,
            header.journalHash
        );
        for (uint256 i = 0; i < sections.length; ++i) {
            batch = bytes.concat(batch, packSection(sections[i]));
        }
    }

    function packSection(Section memory section) internal pure returns (bytes memory packed) {
        packed = abi.encodePacked(
            section.market,
            uint8(section.accounts.length),
            uint8(section.sessions.length),
            uint8(section.roots.length),
            uint8(section.orders.length),
            uint8(section.groups.length)
        );
        for (uint256 i = 0; i < section.accounts.length; ++i) {
            packed = bytes.concat(packed, abi.encodePacked(section.accounts[i]));
        }
        for (uint256 i = 0; i < section.sessions.length; ++i) {
            packed = bytes.concat(packed, section.sessions[i]);
        }
        for (uint256 i = 0; i < section.roots.length; ++i) {
            packed = bytes.concat(packed, section.roots[i]);
        }
        for (uint256 i = 0; i < section.orders.length; ++i) {
            packed = bytes.concat(packed, word(section.orders[i]), section.orders[i].tail);
        }
        for (uint256 i = 0; i < section.groups.length; ++i) {
            packed = bytes.concat(packed, packGroup(section.groups[i]));
        }
    }

    function packGroup(Group memory group) internal pure returns (bytes memory packed) {
        packed = abi.encodePacked(group.sequence, group.taker, uint8(group.fills.length));
        for (uint256 i = 0; i < group.fills.length; ++i) {
            packed = bytes.concat(packed, abi.encodePacked(group.fills[i].maker, group.fills[i].lots));
        }
    }

    /// @notice How many fills the groups list: what the header must say.
    function countFills(Section[] memory sections) internal pure returns (uint256 fills) {
        for (uint256 i = 0; i < sections.length; ++i) {
            for (uint256 j = 0; j < sections[i].groups.length; ++j) {
                fills += sections[i].groups[j].fills.length;
            }
        }
    }
}
