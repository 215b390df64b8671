"""All orders of a tree prove each other, exactly as each would with siblings of its own."""

import random
from typing import Any

import attrs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_dex.errors import ConfigurationError, SignatureError
from hybrid_dex.model.signed_order import Nonce, SignatureKind, SignedOrder
from hybrid_dex.model.units import AccountId, FeePpm, Price, Quantity
from hybrid_dex.signing import (
    BulkTree,
    Domain,
    LocalSigner,
    authorize,
    authorize_tree,
    compact_signature,
)
from hybrid_dex.signing.recover import CURVE_ORDER
from tests.signing import seeded_orders

WALLET, SESSION, BULK, APPROVED = SignatureKind


def proven(rng: random.Random, trader: LocalSigner, domain: Domain, size: int) -> list[SignedOrder]:
    """Orders under one signature, each with its siblings."""
    plain = [seeded_orders.order(rng, AccountId(trader.address)) for _ in range(size)]
    return list(trader.sign_bulk(plain, domain))


def bare(orders: list[SignedOrder]) -> list[SignedOrder]:
    """The same without siblings."""
    return [msgspec.structs.replace(order, proof=()) for order in orders]


@pytest.fixture
def domain(rng: random.Random) -> Domain:
    return seeded_orders.domain(rng)


@pytest.fixture
def trader(rng: random.Random) -> LocalSigner:
    return LocalSigner(rng.randbytes(32))


@given(st.integers(0, 2**64), st.integers(1, 8), st.booleans())
def test_a_whole_tree_is_believed_as_each_of_its_orders(seed: int, size: int, short: bool) -> None:
    """Whatever the orders are, and in both forms of a signature."""
    rng = random.Random(seed)
    domain, trader = seeded_orders.domain(rng), LocalSigner(rng.randbytes(32))
    orders = proven(rng, trader, domain, size)
    if short:
        compact = compact_signature(orders[0].signature)
        orders = [msgspec.structs.replace(order, signature=compact) for order in orders]
    found = authorize_tree(bare(orders), domain)
    assert found == [authorize(order, domain) for order in orders]


@given(st.integers(0, 2**64), st.integers(1, 8), st.data())
def test_whatever_is_done_to_a_tree_refuses_all_of_it(
    seed: int, size: int, data: st.DataObject
) -> None:
    """By a `SignatureError`, and never by another."""
    rng = random.Random(seed)
    domain, trader = seeded_orders.domain(rng), LocalSigner(rng.randbytes(32))
    orders = bare(proven(rng, trader, domain, size))
    at = data.draw(st.integers(0, size - 1))
    victim, replace = orders[at], msgspec.structs.replace
    terms = seeded_orders.changed_fields(rng, victim)
    spoiled: dict[str, list[SignedOrder]] = {
        name: [*orders[:at], changed, *orders[at + 1 :]] for name, changed in terms.items()
    }
    other = proven(rng, trader, domain, size)[0].signature
    misplaced: dict[str, dict[str, Any]] = {
        "another place": {"leaf": data.draw(st.integers(-8, 8).filter(lambda leaf: leaf != at))},
        "siblings": {"proof": (bytes(32),)},
    }
    for name, changes in misplaced.items():
        spoiled[name] = [*orders[:at], replace(victim, **changes), *orders[at + 1 :]]
    if size > 1:
        spoiled["another signature"] = [
            *orders[:at],
            replace(victim, signature=other),
            *orders[at + 1 :],
        ]
        spoiled["the first is missing"] = orders[1:]
        spoiled["in another order"] = [*orders[1:], orders[0]]
        spoiled["and places of their own"] = [
            replace(order, leaf=leaf) for leaf, order in enumerate(orders[::-1])
        ]
        spoiled["one is missing"] = [
            replace(order, leaf=leaf)
            for leaf, order in enumerate([*orders[:at], *orders[at + 1 :]])
        ]
    spoiled["one twice"] = [*orders, replace(victim, leaf=size)]
    spoiled["another tree's signature"] = [replace(order, signature=other) for order in orders]
    for name, changed in spoiled.items():
        with pytest.raises(SignatureError):
            pytest.fail(f"{name}: {authorize_tree(changed, domain)}")
    assert len(authorize_tree(orders, domain)) == size


def test_a_tree_is_good_for_one_chain_and_contract(
    rng: random.Random, trader: LocalSigner, domain: Domain
) -> None:
    orders = bare(proven(rng, trader, domain, 3))
    for other in (
        attrs.evolve(domain, chain_id=domain.chain_id + 1),
        attrs.evolve(domain, verifying_contract=seeded_orders.address(rng)),
    ):
        with pytest.raises(SignatureError, match="the typed data of the tree of these orders"):
            authorize_tree(orders, other)


def test_a_tree_that_another_key_signed_is_refused(
    rng: random.Random, trader: LocalSigner, domain: Domain
) -> None:
    plain = [seeded_orders.order(rng, AccountId(trader.address)) for _ in range(4)]
    tree = BulkTree(plain)
    key = LocalSigner(rng.randbytes(32))
    forged = bare(list(tree.signed(key.sign_digest(tree.digest(domain)))))
    with pytest.raises(SignatureError, match=f"made by {key.address}"):
        authorize_tree(forged, domain)


def test_a_part_of_a_tree_is_no_tree(
    rng: random.Random, trader: LocalSigner, domain: Domain
) -> None:
    """An unused leaf is not a missing order, nor the other way round."""
    orders = bare(proven(rng, trader, domain, 8))
    for count in range(1, 8):
        with pytest.raises(SignatureError):
            authorize_tree(orders[:count], domain)


@pytest.mark.parametrize("number", [0, 9])
def test_a_tree_has_one_to_eight_orders(
    number: int, rng: random.Random, trader: LocalSigner, domain: Domain
) -> None:
    (order,) = bare(proven(rng, trader, domain, 1))
    orders = [msgspec.structs.replace(order, leaf=leaf) for leaf in range(number)]
    with pytest.raises(SignatureError, match=f"orders: {number} in one tree; valid: 1 to 8"):
        authorize_tree(orders, domain)


def test_orders_of_several_traders_are_no_tree(
    rng: random.Random, trader: LocalSigner, domain: Domain
) -> None:
    first, second = bare(proven(rng, trader, domain, 2))
    other = msgspec.structs.replace(second, trader=AccountId(seeded_orders.address(rng)))
    with pytest.raises(SignatureError, match="orders: of several traders"):
        authorize_tree([first, other], domain)


@pytest.mark.parametrize("kind", [WALLET, SESSION, APPROVED])
def test_no_kind_is_taken_for_another(
    kind: SignatureKind, rng: random.Random, trader: LocalSigner, domain: Domain
) -> None:
    """As for an order with its siblings, which is then refused."""
    orders = proven(rng, trader, domain, 3)
    for at in range(3):
        other = msgspec.structs.replace(orders[at], signature_kind=kind)
        with pytest.raises(SignatureError):
            authorize(other, domain)
        with pytest.raises(SignatureError):
            authorize_tree(bare([*orders[:at], other, *orders[at + 1 :]]), domain)


@pytest.mark.parametrize("form", ["high s", "no r", "r beyond n", "v of 29", "63 bytes", "none"])
def test_a_signature_has_one_form(
    form: str, rng: random.Random, trader: LocalSigner, domain: Domain
) -> None:
    orders = bare(proven(rng, trader, domain, 5))
    signature = orders[0].signature
    r, s, v = signature[:32], signature[32:64], signature[64]
    upper = (CURVE_ORDER - int.from_bytes(s, "big")).to_bytes(32, "big")
    written = {
        "high s": r + upper + bytes((55 - v,)),
        "no r": bytes(32) + s + bytes((v,)),
        "r beyond n": b"\xff" * 32 + s + bytes((v,)),
        "v of 29": signature[:64] + b"\x1d",
        "63 bytes": signature[:63],
        "none": b"",
    }[form]
    with pytest.raises(SignatureError) as refused:
        authorize_tree([msgspec.structs.replace(one, signature=written) for one in orders], domain)
    assert refused.value.field == "signature"


def test_a_market_without_tokens_has_no_tree(
    rng: random.Random, trader: LocalSigner, domain: Domain
) -> None:
    orders = bare(proven(rng, trader, domain, 3))
    for at in range(3):
        other = msgspec.structs.replace(orders[at], market=seeded_orders.market_of(1))
        with pytest.raises(ConfigurationError, match="has no token address"):
            authorize_tree([*orders[:at], other, *orders[at + 1 :]], domain)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"max_fee_ppm": FeePpm(2**16)}, "max_fee_ppm"),
        ({"max_fee_ppm": FeePpm(-1)}, "max_fee_ppm"),
        ({"expiry_s": 2**40}, "expiry"),
        ({"expiry_s": -1}, "expiry"),
        ({"quantity": Quantity(2**128)}, "quantity"),
        ({"quantity": Quantity(-1)}, "quantity"),
        ({"price": Price(2**128)}, "price"),
        ({"price": Price(-1)}, "price"),
    ],
)
def test_what_does_not_fit_its_signed_field_is_refused_by_name(
    changes: dict[str, Any], field: str, rng: random.Random, trader: LocalSigner, domain: Domain
) -> None:
    orders = bare(proven(rng, trader, domain, 3))
    for at in range(3):
        other = msgspec.structs.replace(orders[at], **changes)
        with pytest.raises(SignatureError) as refused:
            authorize_tree([*orders[:at], other, *orders[at + 1 :]], domain)
        assert refused.value.field == field


def test_a_trader_that_is_no_address_signed_nothing(
    rng: random.Random, trader: LocalSigner, domain: Domain
) -> None:
    orders = bare(proven(rng, trader, domain, 2))
    for name in ("", "alice", trader.address.lower(), trader.address[:-1], "0x" + "zz" * 20):
        others = [msgspec.structs.replace(one, trader=AccountId(name)) for one in orders]
        with pytest.raises(SignatureError) as refused:
            authorize_tree(others, domain)
        assert refused.value.field == "trader"


def test_nothing_of_an_order_but_what_is_signed_matters(
    rng: random.Random, trader: LocalSigner, domain: Domain
) -> None:
    """Nonces of one lane are the engine's to refuse."""
    plain = [seeded_orders.order(rng, AccountId(trader.address)) for _ in range(2)]
    same = [msgspec.structs.replace(one, nonce=Nonce(1, 0, 1)) for one in plain]
    orders = bare(list(trader.sign_bulk(same, domain)))
    assert [one.nonce for one in authorize_tree(orders, domain)] == [Nonce(1, 0, 1).packed] * 2
