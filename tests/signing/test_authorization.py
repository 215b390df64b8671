"""Each kind of signature is believed for what it proves, and for nothing else."""

import random

import msgspec
import pytest

from hybrid_dex.errors import SignatureError
from hybrid_dex.model.signed_order import Authorization, SignatureKind, SignedOrder
from hybrid_dex.model.units import AccountId
from hybrid_dex.signing import (
    BulkTree,
    Domain,
    LocalSigner,
    ProvenTrees,
    authorize,
    compact_signature,
    order_digest,
    recover_address,
)
from tests.signing import seeded_orders
from tests.tiers import count

WALLET, SESSION, BULK, APPROVED = SignatureKind


@pytest.fixture
def domain(rng: random.Random) -> Domain:
    return seeded_orders.domain(rng)


@pytest.fixture
def trader(rng: random.Random) -> LocalSigner:
    return LocalSigner(rng.randbytes(32))


@pytest.fixture
def key(rng: random.Random) -> LocalSigner:
    """A session key."""
    return LocalSigner(rng.randbytes(32))


@pytest.fixture
def order(rng: random.Random, trader: LocalSigner) -> SignedOrder:
    return seeded_orders.order(rng, AccountId(trader.address))


def ladder(rng: random.Random, trader: LocalSigner, domain: Domain, size: int) -> list[SignedOrder]:
    """Orders under one signature."""
    plain = [seeded_orders.order(rng, AccountId(trader.address)) for _ in range(size)]
    return list(trader.sign_bulk(plain, domain))


def expected(order: SignedOrder, signer: str, domain: Domain, signature: bytes) -> Authorization:
    """What the engine is told."""
    return Authorization(
        signer=signer,
        kind=int(order.signature_kind),
        max_fee_ppm=order.max_fee_ppm,
        expiry_s=order.expiry_s,
        nonce=order.nonce.packed,
        order_hash=order_digest(order, domain),
        signature=signature,
        proof=order.proof,
        leaf=order.leaf,
    )


def test_the_traders_signature_names_the_trader(
    order: SignedOrder, trader: LocalSigner, domain: Domain
) -> None:
    signed = trader.sign_order(order, domain)
    proof = compact_signature(signed.signature)
    assert authorize(signed, domain) == expected(signed, trader.address, domain, proof)


def test_a_session_keys_signature_names_the_key_over_the_same_digest(
    order: SignedOrder, key: LocalSigner, domain: Domain
) -> None:
    signed = key.sign_session_order(order, domain)
    proof = compact_signature(signed.signature)
    assert authorize(signed, domain) == expected(signed, key.address, domain, proof)
    assert recover_address(order_digest(order, domain), signed.signature) == key.address


def test_an_approved_order_names_the_trader_and_carries_nothing(
    order: SignedOrder, trader: LocalSigner, domain: Domain
) -> None:
    approved = msgspec.structs.replace(order, signature_kind=APPROVED)
    assert authorize(approved, domain) == expected(approved, trader.address, domain, b"")


def test_a_trees_signature_names_the_trader_for_every_leaf(
    rng: random.Random, trader: LocalSigner, domain: Domain
) -> None:
    for size in range(1, 9):
        signed = ladder(rng, trader, domain, size)
        proof = compact_signature(signed[0].signature)
        shuffled = rng.sample(signed, size)
        trees = ProvenTrees()
        for order in shuffled:
            wanted = expected(order, trader.address, domain, proof)
            assert authorize(order, domain) == wanted
            assert authorize(order, domain, trees) == wanted


def test_a_known_tree_lets_nothing_else_in(
    rng: random.Random, trader: LocalSigner, domain: Domain
) -> None:
    """Whatever of the tree was seen before, in any order: the verdict is the one of a first look."""
    for _ in range(count(fast=15, full=500)):
        size = rng.randint(2, 8)
        signed = ladder(rng, trader, domain, size)
        trees = ProvenTrees()
        for order in rng.sample(signed, rng.randint(1, size)):
            authorize(order, domain, trees)
        victim = rng.choice(signed)
        level = rng.randrange(len(victim.proof))
        proof = list(victim.proof)
        proof[level] = rng.choice([rng.randbytes(32), *victim.proof, *signed[0].proof])
        others = [leaf for leaf in range(1 << len(victim.proof)) if leaf != victim.leaf]
        changed = {
            "another place": msgspec.structs.replace(victim, leaf=rng.choice(others)),
            "another field": msgspec.structs.replace(victim, expiry_s=victim.expiry_s ^ 1),
            "another signature": msgspec.structs.replace(
                victim, signature=ladder(rng, trader, domain, 2)[0].signature
            ),
            "a shorter path": msgspec.structs.replace(
                victim, proof=victim.proof[:-1], leaf=victim.leaf >> 1 if size > 2 else 0
            ),
        }
        if tuple(proof) != victim.proof:
            changed["another path"] = msgspec.structs.replace(victim, proof=tuple(proof))
        for order in changed.values():
            with pytest.raises(SignatureError):
                authorize(order, domain, trees)
            with pytest.raises(SignatureError):
                authorize(order, domain)
        assert authorize(victim, domain, trees) == authorize(victim, domain)


def test_a_tree_of_another_trader_is_refused(
    rng: random.Random, trader: LocalSigner, key: LocalSigner, domain: Domain
) -> None:
    plain = [seeded_orders.order(rng, AccountId(trader.address)) for _ in range(4)]
    tree = BulkTree(plain)
    forged = tree.signed(key.sign_digest(tree.digest(domain)))
    trees = ProvenTrees()
    for order in forged:
        with pytest.raises(SignatureError, match="the tree that holds the order"):
            authorize(order, domain, trees)


def test_every_changed_field_is_noticed_whatever_the_kind(
    rng: random.Random, order: SignedOrder, trader: LocalSigner, key: LocalSigner, domain: Domain
) -> None:
    """A session's signature then names a key that nobody granted."""
    wallet = trader.sign_order(order, domain)
    session = key.sign_session_order(order, domain)
    (bulk,) = trader.sign_bulk([order], domain)
    approved = msgspec.structs.replace(order, signature_kind=APPROVED)
    trees = ProvenTrees()
    authorize(bulk, domain, trees)
    for changed in seeded_orders.changed_fields(rng, order).values():

        def with_proof(of: SignedOrder, terms: SignedOrder = changed) -> SignedOrder:
            return msgspec.structs.replace(
                terms,
                signature=of.signature,
                signature_kind=of.signature_kind,
                proof=of.proof,
                leaf=of.leaf,
            )

        for signed in (wallet, bulk):
            with pytest.raises(SignatureError):
                authorize(with_proof(signed), domain, trees)
        assert authorize(with_proof(session), domain).signer != key.address
        hashes = {authorize(one, domain).order_hash for one in (approved, with_proof(approved))}
        assert len(hashes) == 2


@pytest.mark.parametrize("kind", [SESSION, BULK, APPROVED])
def test_no_kind_is_taken_for_another(
    kind: SignatureKind, order: SignedOrder, trader: LocalSigner, domain: Domain
) -> None:
    """The trader's own signature is good for kind wallet only."""
    signed = msgspec.structs.replace(trader.sign_order(order, domain), signature_kind=kind)
    with pytest.raises(SignatureError):
        authorize(signed, domain)


def test_a_session_keys_signature_is_no_traders(
    order: SignedOrder, key: LocalSigner, domain: Domain
) -> None:
    signed = msgspec.structs.replace(key.sign_session_order(order, domain), signature_kind=WALLET)
    with pytest.raises(SignatureError, match="made by 0x"):
        authorize(signed, domain)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"signature_kind": WALLET, "leaf": 1}, "proof: a path in a tree with kind wallet"),
        ({"signature_kind": WALLET, "proof": (bytes(32),)}, "proof: a path in a tree"),
        ({"signature_kind": SESSION, "leaf": -1}, "with kind session"),
        ({"signature_kind": SESSION}, "session, and the trader itself signed"),
        ({"signature_kind": APPROVED}, "given with an approved hash"),
        ({"signature_kind": BULK}, "proof: no path in a tree of orders"),
        ({"signature_kind": BULK, "proof": (bytes(32),) * 4}, "proof: no path"),
        ({"signature_kind": BULK, "proof": (bytes(31),)}, "proof: no path"),
        ({"signature_kind": BULK, "proof": (bytes(32),), "leaf": 2}, "leaf: is 2; valid: 0 to 1"),
        ({"signature_kind": BULK, "proof": (bytes(32),), "leaf": -1}, "leaf: is -1"),
        ({"signature_kind": BULK, "proof": (bytes(32),), "signature": b""}, "signature: 0 bytes"),
    ],
)
def test_what_does_not_belong_to_the_kind_is_refused_by_name(
    order: SignedOrder,
    trader: LocalSigner,
    domain: Domain,
    changes: dict[str, object],
    message: str,
) -> None:
    signed = msgspec.structs.replace(trader.sign_order(order, domain), **changes)
    with pytest.raises(SignatureError, match=message):
        authorize(signed, domain)
