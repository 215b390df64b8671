"""Ids of settled fills and the Merkle root over them, as the settlement contract derives both.

Pure. Its counterpart is ``TradeTree.sol``: pairs are hashed sorted, a node without a partner moves
up unchanged, and no trade at all is the zero root; a proof is one of OpenZeppelin's MerkleProof. A
trade id is itself the hash of six words, an inner node that of two, so neither passes for the other.
"""

from collections.abc import Sequence
from typing import Final

from hybrid_dex.errors import FormatError
from hybrid_dex.signing.keccak import keccak256

__all__ = ["EMPTY_ROOT", "merkle_proof", "merkle_root", "trade_id"]

_DIGEST_SIZE: Final = 32

EMPTY_ROOT: Final = bytes(_DIGEST_SIZE)
"""The Merkle root of a batch in which nothing settled."""


def trade_id(
    market: int, buy: bytes, sell: bytes, *, sequence: int, price: int, lots: int
) -> bytes:
    """Return the id of a settled fill, as the contract derives it.

    Args:
        market: the market's number on chain.
        buy: digest of the buy order.
        sell: digest of the sell order.
        sequence: of the group.
        price: the maker's limit, ticks.
        lots: quantity of the fill.
    """
    for side, digest in (("buy", buy), ("sell", sell)):
        if len(digest) != _DIGEST_SIZE:
            raise FormatError(side, f"{len(digest)} bytes", f"a digest of {_DIGEST_SIZE} bytes")
    words = (market.to_bytes(32, "big"), buy, sell)
    numbers = (sequence, price, lots)
    return keccak256(b"".join((*words, *(number.to_bytes(32, "big") for number in numbers))))


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaves: pairs hashed sorted, an odd node moved up unchanged."""
    level = list(leaves)
    while len(level) > 1:
        level = _next_level(level)
    return level[0] if level else EMPTY_ROOT


def merkle_proof(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """Return the siblings from one leaf up to the root, as OpenZeppelin's MerkleProof takes them."""
    if not 0 <= index < len(leaves):
        raise FormatError("index", f"{index} is no leaf", f"below {len(leaves)}")
    proof = []
    level = list(leaves)
    while len(level) > 1:
        if index ^ 1 < len(level):
            proof.append(level[index ^ 1])
        level = _next_level(level)
        index //= 2
    return tuple(proof)


def _next_level(level: Sequence[bytes]) -> list[bytes]:
    pairs = zip(level[::2], level[1::2], strict=False)
    nodes = [keccak256(min(left, right) + max(left, right)) for left, right in pairs]
    return nodes + ([level[-1]] if len(level) % 2 else [])
