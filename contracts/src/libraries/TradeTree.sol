// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";
import {Memory} from "./Memory.sol";

/// @title TradeTree
/// @notice Merkle root over a batch's settled trade ids, provable with OpenZeppelin's MerkleProof.
/// @dev Pairs are hashed sorted; a node without a partner moves up unchanged; no trade at all is the zero root. A trade
/// id is itself the hash of six words, an inner node of two, so neither can be taken for the other.
library TradeTree {
    /// @dev Overwrites the leaves.
    function root(uint256 leaves, uint256 count) internal pure returns (bytes32) {
        unchecked {
            if (count == 0) return 0;
            while (count > 1) {
                uint256 pairs = count >> 1;
                for (uint256 i = 0; i < pairs; ++i) {
                    uint256 left = leaves + (i << 6);
                    bytes32 node = Hashes.commutativeKeccak256(
                        bytes32(Memory.load(left)), bytes32(Memory.load(left + 0x20))
                    );
                    Memory.store(leaves + (i << 5), uint256(node));
                }
                if (count & 1 == 1) {
                    Memory.store(leaves + (pairs << 5), Memory.load(leaves + ((count - 1) << 5)));
                }
                count = pairs + (count & 1);
            }
            return bytes32(Memory.load(leaves));
        }
    }
}
