"""Who authorized an order: the proof that the settlement contract will ask for, checked here first.

Four kinds, always named by the order and never guessed (`SignatureKind`):

- wallet: the trader signed the order's digest.
- session: some key signed the same digest. Which key is recovered; whether the trader granted it
  is for the engine to say, which mirrors the grants. A signature over other terms recovers to a
  key that nobody granted.
- bulk: the trader signed the root of a tree, and siblings lead from the order to that root. Where
  all orders of a tree come together (`authorize_tree`), they are each other's siblings.
- approved: nobody signed; the engine knows which hashes were approved on chain.

No kind is ever tried in place of another, and nothing here asks a chain.
"""

from collections.abc import Sequence
from typing import TypeAlias

import attrs

from hybrid_dex.errors import SignatureError
from hybrid_dex.model.signed_order import Authorization, SignatureKind, SignedOrder
from hybrid_dex.signing.address import checksum_address, parse_address
from hybrid_dex.signing.bulk import (
    bulk_digest,
    check_orders,
    check_place,
    tree_height,
    tree_levels,
    tree_proofs,
)
from hybrid_dex.signing.domain import Domain
from hybrid_dex.signing.keccak import keccak256
from hybrid_dex.signing.order import order_digest, order_struct_hash, order_struct_hashes
from hybrid_dex.signing.recover import recover_address_bytes, split_signature

__all__ = ["ProvenTrees", "authorize", "authorize_tree"]

_, _SESSION, _BULK, _APPROVED = SignatureKind

_Node: TypeAlias = tuple[bytes, tuple[bytes, ...]]
"""A node's hash, and its proof."""


class _ProvenTree:
    """What is known of a tree whose signature was recovered: nodes that the root commits to.

    Nodes are numbered as in a heap: the root is 1, the children of n are 2n and 2n + 1, so a
    node's sibling is ``n ^ 1``. Each is known with the siblings that lead from it to the root.
    """

    __slots__ = ("_nodes", "signature")

    def __init__(self, nodes: dict[int, _Node], signature: bytes) -> None:
        self._nodes = nodes
        self.signature = signature

    def holds(self, node: bytes, proof: tuple[bytes, ...], leaf: int) -> bool:
        """Whether this leaf with exactly this proof belongs to the tree; remembers what it saw."""
        if leaf >> len(proof):
            return False
        nodes = self._nodes
        number = 1 << len(proof) | leaf
        if number in nodes:
            return nodes[number] == (node, proof)
        fresh: dict[int, _Node] = {}
        while number not in nodes:  # the root is
            node, proof = _step(fresh, number, node, proof)
            number >>= 1
        if nodes[number] != (node, proof):
            return False
        nodes.update(fresh)
        return True


@attrs.define
class ProvenTrees:
    """The bulk trees of one batch of orders, so that each signature is recovered once.

    Meant to live as long as one batch: it keeps every tree that it has seen proven. Not for use by
    several threads at once.
    """

    _trees: dict[tuple[str, int, bytes], _ProvenTree] = attrs.field(
        factory=dict, init=False, repr=False
    )

    def signature(self, order: SignedOrder, struct_hash: bytes, domain: Domain) -> bytes:
        """Return the compact signature of the tree that holds an order.

        Raises:
            SignatureError: as `authorize`.
        """
        proof, leaf = order.proof, order.leaf
        key = (order.trader, len(proof), order.signature)
        tree = self._trees.get(key)
        if tree is None or not tree.holds(struct_hash, proof, leaf):
            check_place(proof, leaf)  # what holds in a known tree has passed it
            nodes = _path(struct_hash, proof, leaf)
            scalars = split_signature(order.signature)
            signer = recover_address_bytes(bulk_digest(nodes[1][0], len(proof), domain), scalars)
            if signer != parse_address(order.trader, "trader"):
                raise _another(signer, order, "the typed data of the tree that holds the order")
            tree = self._trees[key] = _ProvenTree(nodes, scalars.compact)
        return tree.signature


def authorize(
    order: SignedOrder, domain: Domain, trees: ProvenTrees | None = None
) -> Authorization:
    """Return the proof that exactly these terms were authorized for ``domain``.

    Args:
        order: as it arrived.
        domain: the chain and contract it has to be signed for.
        trees: what is proven by other orders of the batch for the same domain; without it each
            bulk order costs a recovery of its own.

    Raises:
        SignatureError: the signature is malformed, or another key's, or over other terms; or what
            comes with it does not belong to its kind.
        ConfigurationError: the market has no tokens.
    """
    kind = order.signature_kind
    if kind is _BULK:
        struct_hash = order_struct_hash(order)
        compact = (trees or ProvenTrees()).signature(order, struct_hash, domain)
        return _authorization(order, order.trader, domain.digest(struct_hash), compact)
    if order.proof or order.leaf:
        raise SignatureError(
            "proof", f"a path in a tree with kind {kind.name.lower()}", "given with kind bulk only"
        )
    digest = order_digest(order, domain)
    if kind is _APPROVED:
        if order.signature:
            raise SignatureError(
                "signature", "given with an approved hash", "none: the approval is on chain"
            )
        return _authorization(order, order.trader, digest, b"")
    scalars = split_signature(order.signature)
    signer = recover_address_bytes(digest, scalars)
    by_trader = signer == parse_address(order.trader, "trader")
    if kind is _SESSION:
        if by_trader:
            raise SignatureError(
                "signature_kind", "session, and the trader itself signed", "kind wallet"
            )
        return _authorization(order, checksum_address(signer), digest, scalars.compact)
    if not by_trader:
        raise _another(signer, order, "the order's typed data")
    return _authorization(order, order.trader, digest, scalars.compact)


def authorize_tree(orders: Sequence[SignedOrder], domain: Domain) -> list[Authorization]:
    """Return the proofs of all orders that one signature covers; they need none of their own.

    Args:
        orders: all of a tree, in the order of their leaves, each with the tree's signature.
        domain: the chain and contract they have to be signed for.

    Raises:
        SignatureError: as `authorize`; and none or more than eight orders, several traders or
            signatures, another kind than bulk, or orders that are not in their places.
        ConfigurationError: the market has no tokens.
    """
    first, count = check_orders(orders)[0], len(orders)
    trader, signature = first.trader, first.signature
    for leaf, order in enumerate(orders):
        of_tree = order.signature == signature and order.signature_kind is _BULK
        if order.leaf != leaf or not of_tree or order.proof:
            reason = f"no order of this tree, or not at its place {leaf}"
            raise SignatureError("leaf", reason, "all orders of one tree, in the order of leaves")
    height, scalars = tree_height(count), split_signature(signature)
    levels = tree_levels(order_struct_hashes(orders), height)
    signer = recover_address_bytes(bulk_digest(levels[-1][0], height, domain), scalars)
    if signer != parse_address(trader, "trader"):
        raise _another(signer, first, "the typed data of the tree of these orders")
    compact, digest, kind = scalars.compact, domain.digest, int(_BULK)
    return [
        Authorization(
            trader,
            kind,
            order.max_fee_ppm,
            order.expiry_s,
            order.nonce.packed,
            digest(struct_hash),
            compact,
            proof,
            order.leaf,
        )
        for order, struct_hash, proof in zip(orders, levels[0], tree_proofs(levels), strict=False)
    ]


def _step(nodes: dict[int, _Node], number: int, node: bytes, proof: tuple[bytes, ...]) -> _Node:
    """Note a node and its sibling; return what is above them."""
    sibling, above = proof[0], proof[1:]
    nodes[number] = node, proof
    nodes[number ^ 1] = sibling, (node, *above)
    return keccak256(sibling + node if number & 1 else node + sibling), above


def _path(node: bytes, proof: tuple[bytes, ...], leaf: int) -> dict[int, _Node]:
    """Return a leaf, its siblings and all above them, by number; the root is 1."""
    number = 1 << len(proof) | leaf
    nodes: dict[int, _Node] = {}
    while proof:
        node, proof = _step(nodes, number, node, proof)
        number >>= 1
    nodes[number] = node, proof
    return nodes


def _authorization(
    order: SignedOrder, signer: str, digest: bytes, signature: bytes
) -> Authorization:
    return Authorization(
        signer,
        int(order.signature_kind),
        order.max_fee_ppm,
        order.expiry_s,
        order.nonce.packed,
        digest,
        signature,
        order.proof,
        order.leaf,
    )


def _another(signer: bytes, order: SignedOrder, what: str) -> SignatureError:
    return SignatureError(
        "signature",
        f"made by {checksum_address(signer)}, or over other terms, chain or contract",
        f"a signature by {order.trader} over {what}",
    )
