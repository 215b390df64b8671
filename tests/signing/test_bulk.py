"""A bulk tree's hash is EIP-712's own, each leaf leads to it, and no other path does."""

import json
import random
from collections.abc import Sequence

import msgspec
import pytest
from eth_account.messages import encode_typed_data

from hybrid_dex.errors import SignatureError
from hybrid_dex.model.signed_order import SignatureKind, SignedOrder
from hybrid_dex.model.units import AccountId
from hybrid_dex.signing import (
    EMPTY_ORDER_HASH,
    MAX_BULK_ORDERS,
    BulkTree,
    LocalSigner,
    bulk_digest,
    bulk_root,
    keccak256,
    order_struct_hash,
    recover_address,
)
from tests.signing import seeded_orders
from tests.tiers import count


def orders_of(rng: random.Random, trader: str, number: int) -> list[SignedOrder]:
    """Any orders of one trader."""
    return [seeded_orders.order(rng, AccountId(trader)) for _ in range(number)]


def reference(document: dict[str, object]) -> bytes:
    """The digest that eth-account computes from a document as a wallet receives it."""
    return seeded_orders.reference_digest(
        encode_typed_data(full_message=json.loads(json.dumps(document)))
    )


def naive_root(leaves: Sequence[bytes]) -> bytes:
    """The root, from the top down."""
    if len(leaves) == 1:
        return leaves[0]
    half = len(leaves) // 2
    return keccak256(naive_root(leaves[:half]) + naive_root(leaves[half:]))


def test_the_digest_is_that_of_eth_account(rng: random.Random) -> None:
    """Every size, so every height and every number of unused leaves."""
    for _ in range(count(fast=3, full=150)):
        for size in range(1, MAX_BULK_ORDERS + 1):
            domain = seeded_orders.domain(rng)
            tree = BulkTree(orders_of(rng, seeded_orders.address(rng), size))
            assert tree.digest(domain) == reference(tree.typed_data(domain))
            assert tree.digest(domain) == bulk_digest(tree.root, tree.height, domain)


def test_unused_leaves_are_the_order_of_nobody(rng: random.Random) -> None:
    orders = orders_of(rng, seeded_orders.address(rng), 5)
    hashes = [order_struct_hash(order) for order in orders]
    assert BulkTree(orders).root == naive_root(hashes + [EMPTY_ORDER_HASH] * 3)
    assert BulkTree(orders[:1]).height == 1


@pytest.mark.parametrize("size", range(1, MAX_BULK_ORDERS + 1))
def test_each_leaf_leads_to_the_root_and_from_no_other_place(rng: random.Random, size: int) -> None:
    tree = BulkTree(orders_of(rng, seeded_orders.address(rng), size))
    for leaf, order in enumerate(tree.orders):
        struct_hash, proof = order_struct_hash(order), tree.proof(leaf)
        assert bulk_root(struct_hash, proof, leaf) == tree.root
        others = [place for place in range(1 << tree.height) if place != leaf]
        assert all(bulk_root(struct_hash, proof, place) != tree.root for place in others)
        for level in range(tree.height):
            spoiled = list(proof)
            spoiled[level] = bytes([proof[level][0] ^ 1]) + proof[level][1:]
            assert bulk_root(struct_hash, spoiled, leaf) != tree.root


def test_the_order_of_leaves_and_their_number_are_signed(rng: random.Random) -> None:
    domain, trader = seeded_orders.domain(rng), seeded_orders.address(rng)
    orders = orders_of(rng, trader, 8)
    digests = {BulkTree(orders[:size]).digest(domain) for size in range(1, 9)}
    digests.add(BulkTree(orders[::-1]).digest(domain))
    digests.add(BulkTree(orders).digest(seeded_orders.domain(rng)))
    assert len(digests) == 10


def test_any_changed_field_of_any_leaf_changes_the_digest(rng: random.Random) -> None:
    domain, trader = seeded_orders.domain(rng), seeded_orders.address(rng)
    orders = orders_of(rng, trader, 3)
    digests = [BulkTree(orders).digest(domain)]
    for leaf, order in enumerate(orders):
        for name, changed in seeded_orders.changed_fields(rng, order).items():
            if name != "trader":
                others = [*orders[:leaf], changed, *orders[leaf + 1 :]]
                digests.append(BulkTree(others).digest(domain))
    assert len(set(digests)) == len(digests)


def test_the_signed_orders_carry_the_tree(rng: random.Random) -> None:
    signer, domain = LocalSigner(rng.randbytes(32)), seeded_orders.domain(rng)
    orders = orders_of(rng, signer.address, 6)
    signed = signer.sign_bulk(orders, domain)
    tree = BulkTree(orders)
    assert recover_address(tree.digest(domain), signed[0].signature) == signer.address
    for leaf, (order, plain) in enumerate(zip(signed, orders, strict=True)):
        assert order == msgspec.structs.replace(
            plain,
            signature=signed[0].signature,
            signature_kind=SignatureKind.BULK,
            proof=tree.proof(leaf),
            leaf=leaf,
        )


def test_what_is_no_tree_is_refused(rng: random.Random) -> None:
    signer = LocalSigner(rng.randbytes(32))
    orders = orders_of(rng, signer.address, 9)
    stranger = seeded_orders.order(rng, AccountId(seeded_orders.address(rng)))
    with pytest.raises(SignatureError, match="orders: 0 in one tree; valid: 1 to 8"):
        BulkTree([])
    with pytest.raises(SignatureError, match="orders: 9 in one tree"):
        BulkTree(orders)
    with pytest.raises(SignatureError, match="several traders"):
        BulkTree([orders[0], stranger])
    with pytest.raises(SignatureError, match="leaf: is 2"):
        BulkTree(orders[:2]).proof(2)
    with pytest.raises(SignatureError, match="trader: is 0x"):
        signer.sign_bulk([orders[0], stranger], seeded_orders.domain(rng))
