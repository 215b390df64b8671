"""One signature over a tree of orders: a ladder for the price of one recovery.

The signed struct is ``BulkOrder(Order[2][2][2] tree)`` for up to eight orders, with one ``[2]`` a
level for fewer. EIP-712 hashes a fixed array as the hash of its elements' hashes, so the tree's
hash **is** a Merkle root over the orders' struct hashes by position: a wallet shows every order in
full, and an order can be checked alone against the root with one sibling a level.

Leaf ``i`` is the order at ``tree[i >> 2 & 1][i >> 1 & 1][i & 1]`` (of three levels); bit ``k`` of
``i`` says that the node is the right child at level ``k``. Unused leaves are the all-zero order,
which can not trade. Every leaf is live exposure by itself, and each order keeps the hash of its
single digest: what is on the wire and on chain names no tree.

Nothing here recovers a signer; `hybrid_dex.signing.authorization` does.
"""

from collections.abc import Iterable, Sequence
from operator import add
from typing import Final

import attrs
import msgspec

from hybrid_dex.errors import SignatureError
from hybrid_dex.model.signed_order import MAX_BULK_HEIGHT, SignatureKind, SignedOrder
from hybrid_dex.signing.address import ZERO_ADDRESS
from hybrid_dex.signing.domain import Domain
from hybrid_dex.signing.keccak import keccak256
from hybrid_dex.signing.order import (
    EMPTY_ORDER_HASH,
    ORDER_FIELDS,
    ORDER_TYPE,
    order_message,
    order_struct_hashes,
)

__all__ = [
    "BULK_TYPE_HASHES",
    "MAX_BULK_ORDERS",
    "BulkTree",
    "bulk_digest",
    "bulk_root",
    "check_orders",
    "check_place",
    "tree_height",
    "tree_levels",
    "tree_proofs",
]

MAX_BULK_ORDERS: Final = 1 << MAX_BULK_HEIGHT
"""How many orders one signature covers at most."""

_NODE_SIZES: Final = {32}
_NOBODY: Final[dict[str, object]] = {
    name: ZERO_ADDRESS if kind == "address" else "0" if kind in ("uint128", "uint64") else 0
    for name, kind in ORDER_FIELDS
}


def _tree_type(height: int) -> str:
    return "Order" + "[2]" * height


BULK_TYPE_HASHES: Final = {
    height: keccak256(f"BulkOrder({_tree_type(height)} tree){ORDER_TYPE}".encode("ascii"))
    for height in range(1, MAX_BULK_HEIGHT + 1)
}
"""The type hash of ``BulkOrder`` by the height of its tree."""


def check_orders(orders: Iterable[SignedOrder]) -> tuple[SignedOrder, ...]:
    """Return the orders, which can be one tree.

    Raises:
        SignatureError: none or too many, or of several traders.
    """
    found = tuple(orders)
    if not 1 <= len(found) <= MAX_BULK_ORDERS:
        raise SignatureError("orders", f"{len(found)} in one tree", f"1 to {MAX_BULK_ORDERS}")
    if len({order.trader for order in found}) > 1:
        raise SignatureError("orders", "of several traders", "orders of one trader")
    return found


def check_place(proof: Sequence[bytes], leaf: int) -> None:
    """Refuse a proof that no tree has.

    Raises:
        SignatureError: no levels or too many, siblings of another size, or a leaf beyond them.
    """
    if not 1 <= len(proof) <= MAX_BULK_HEIGHT or {*map(len, proof)} != _NODE_SIZES:
        raise SignatureError(
            "proof", "no path in a tree of orders", f"1 to {MAX_BULK_HEIGHT} hashes of 32 bytes"
        )
    if not 0 <= leaf < 1 << len(proof):
        raise SignatureError("leaf", f"is {leaf}", f"0 to {(1 << len(proof)) - 1}")


def bulk_root(struct_hash: bytes, proof: Sequence[bytes], leaf: int) -> bytes:
    """Return the root that an order's struct hash, its place and its siblings lead to."""
    node = struct_hash
    for sibling in proof:
        node = keccak256(sibling + node if leaf & 1 else node + sibling)
        leaf >>= 1
    return node


def bulk_digest(root: bytes, height: int, domain: Domain) -> bytes:
    """Return the 32 bytes that a trader signs for a tree."""
    return domain.digest(keccak256(BULK_TYPE_HASHES[height] + root))


def tree_height(orders: int) -> int:
    """Return the levels of the smallest tree that has room for so many orders."""
    return max(1, (orders - 1).bit_length())


def tree_levels(hashes: Sequence[bytes], height: int) -> list[tuple[bytes, ...]]:
    """Return a tree level by level, from the orders' struct hashes, filled up, to the root."""
    level = (*hashes, *[EMPTY_ORDER_HASH] * ((1 << height) - len(hashes)))
    levels = [level]
    while len(level) > 1:
        level = tuple(map(keccak256, map(add, level[::2], level[1::2])))
        levels.append(level)
    return levels


def tree_proofs(levels: Sequence[tuple[bytes, ...]]) -> list[tuple[bytes, ...]]:
    """Return each leaf's siblings, from its own level up."""
    proofs: list[tuple[bytes, ...]] = [()]
    for level in reversed(levels[:-1]):  # what is above a node is the same for both its children
        proofs = [(level[at ^ 1], *proofs[at >> 1]) for at in range(len(level))]
    return proofs


@attrs.frozen
class BulkTree:
    """Up to eight orders of one trader, to be signed at once.

    Attributes:
        orders: in the order of their leaves; what they carried as a signature takes no part.
        height: the levels of the tree, 1 to 3: the fewest that hold the orders.

    Raises:
        SignatureError: none or more than eight orders, or several traders; or a field does not fit.
        ConfigurationError: a market has no tokens.
    """

    orders: tuple[SignedOrder, ...] = attrs.field(converter=check_orders)
    height: int = attrs.field(init=False)
    _levels: tuple[tuple[bytes, ...], ...] = attrs.field(init=False, repr=False)

    @height.default
    def _height(self) -> int:
        return tree_height(len(self.orders))

    @_levels.default
    def _hashed(self) -> tuple[tuple[bytes, ...], ...]:
        return tuple(tree_levels(order_struct_hashes(self.orders), self.height))

    @property
    def root(self) -> bytes:
        """The Merkle root over the leaves."""
        return self._levels[-1][0]

    def proof(self, leaf: int) -> tuple[bytes, ...]:
        """Return a leaf's siblings, from its own level up."""
        check = range(1 << self.height)
        if leaf not in check:
            raise SignatureError("leaf", f"is {leaf}", f"0 to {len(check) - 1}")
        return tuple(self._levels[k][leaf >> k ^ 1] for k in range(self.height))

    def digest(self, domain: Domain) -> bytes:
        """Return the 32 bytes to sign."""
        return bulk_digest(self.root, self.height, domain)

    def signed(self, signature: bytes) -> tuple[SignedOrder, ...]:
        """Return the orders, each with the tree's signature and its place in the tree."""
        return tuple(
            msgspec.structs.replace(
                order,
                signature=signature,
                signature_kind=SignatureKind.BULK,
                proof=self.proof(leaf),
                leaf=leaf,
            )
            for leaf, order in enumerate(self.orders)
        )

    def typed_data(self, domain: Domain) -> dict[str, object]:
        """Return the EIP-712 document of the tree, ready for ``eth_signTypedData_v4`` as JSON."""
        nodes: list[object] = [order_message(order) for order in self.orders]
        nodes += [dict(_NOBODY) for _ in range((1 << self.height) - len(nodes))]
        while len(nodes) > 1:
            nodes = [list(pair) for pair in zip(nodes[::2], nodes[1::2], strict=True)]
        types = {"BulkOrder": (("tree", _tree_type(self.height)),), "Order": ORDER_FIELDS}
        return domain.typed_data("BulkOrder", types, {"tree": nodes[0]})
