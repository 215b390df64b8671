"""Wallet auth tells trees that come whole from what stands around them, and each gets its own verdict."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import attrs
import msgspec
import pytest

from hybrid_dex.defaults.wallet_auth import WalletAuth
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.signed_order import Authorization, SignatureKind, SignedOrder
from hybrid_dex.model.units import AccountId
from hybrid_dex.signing import LocalSigner, authorize
from tests.defaults.fakes_of_auth import DOMAIN, SetClock, tokens, wallet_auth
from tests.signing import seeded_orders
from tests.tiers import count

WALLET, SESSION, BULK, APPROVED = SignatureKind
Verdict = Authorization | None
"""What is wanted of an order; ``None`` is a refusal."""
Asked = list[tuple[SignedOrder, Verdict]]


@pytest.fixture
def auth() -> WalletAuth:
    return wallet_auth(SetClock())


def proven(rng: random.Random, size: int) -> list[SignedOrder]:
    """Orders under one signature of somebody new, each with its siblings."""
    signer = LocalSigner(rng.randbytes(32))
    plain = [seeded_orders.order(rng, AccountId(signer.address)) for _ in range(size)]
    return list(signer.sign_bulk(plain, DOMAIN))


def bare(order: SignedOrder) -> SignedOrder:
    return msgspec.structs.replace(order, proof=())


def whole(rng: random.Random, size: int) -> Asked:
    """A tree that has all its orders, without siblings."""
    return [(bare(order), authorize(order, DOMAIN)) for order in proven(rng, size)]


def beside(rng: random.Random, size: int) -> Asked:
    """Some orders of a tree, each with its siblings, in any order."""
    orders = rng.sample(proven(rng, size), rng.randint(1, size))
    return [(order, authorize(order, DOMAIN)) for order in orders]


def single(rng: random.Random) -> Asked:
    """An order with a signature of its own, by its trader or a session key."""
    signer, key = LocalSigner(rng.randbytes(32)), LocalSigner(rng.randbytes(32))
    order = seeded_orders.order(rng, AccountId(signer.address))
    signed = rng.choice(
        [
            signer.sign_order(order, DOMAIN),
            key.sign_session_order(order, DOMAIN),
            msgspec.structs.replace(order, signature_kind=APPROVED),
        ]
    )
    return [(signed, authorize(signed, DOMAIN))]


def spoiled(rng: random.Random, size: int) -> Asked:
    """A tree of which one order has other terms."""
    asked = whole(rng, size)
    at = rng.randrange(size)
    order = asked[at][0]
    asked[at] = msgspec.structs.replace(order, expiry_s=order.expiry_s ^ 1), None
    return [(order, None) for order, _ in asked]


def orphan(rng: random.Random, leaf: int) -> Asked:
    """An order of a tree of which nothing stands before it, at a place beyond the first."""
    order = bare(rng.choice(proven(rng, 8)[1:]))
    kind = rng.choice([BULK, BULK, WALLET, SESSION, APPROVED])
    return [(msgspec.structs.replace(order, leaf=leaf, signature_kind=kind), None)]


def anything(rng: random.Random, before: int) -> Asked:
    """Something that a caller may bring, after so many orders of a tree."""
    size = rng.randint(1, 8)
    makers: list[Callable[[], Asked]] = [
        lambda: whole(rng, size),
        lambda: whole(rng, size),
        lambda: beside(rng, size),
        lambda: single(rng),
        lambda: spoiled(rng, size),
        lambda: orphan(rng, rng.choice([before or 1, size, 9])),
    ]
    return rng.choice(makers)()


def check(asked: Asked, verdicts: list[Authorization | Refusal]) -> None:
    for at, ((_, wanted), verdict) in enumerate(zip(asked, verdicts, strict=True)):
        if wanted is not None:
            assert verdict == wanted, at
            continue
        assert isinstance(verdict, Refusal), at
        assert verdict.reason is RejectReason.BAD_SIGNATURE


async def test_every_order_gets_the_verdict_of_its_own_tree(rng: random.Random) -> None:
    """Whatever stands around it, however the work is cut and wherever it is done."""
    with ThreadPoolExecutor(2) as executor:
        for _ in range(count(fast=25, full=1_000)):
            parts: list[Asked] = []
            while len(parts) < 6:
                parts.append(anything(rng, len(parts[-1]) if parts else 0))
            asked = [one for part in parts for one in part]
            orders = [order for order, _ in asked]
            for size in (1, 2, 7, 8, 32):
                plain = wallet_auth(SetClock())
                options = attrs.evolve(plain.options, verify_in_line=size, hand_over_at=1)
                in_line = attrs.evolve(plain, options=options)
                aside = WalletAuth(
                    domain=DOMAIN,
                    tokens=tokens(),
                    clock=SetClock(),
                    options=options,
                    executor=executor,
                )
                check(asked, await in_line.verify_many(orders))
                check(asked, await aside.verify_many(orders))


async def test_no_orphan_spoils_the_tree_before_it(auth: WalletAuth, rng: random.Random) -> None:
    """Not even at the place where that tree would go on: its signature, or its kind, is another."""
    for size in range(1, 8):
        tree = whole(rng, size)
        for kind in SignatureKind:
            stranger = msgspec.structs.replace(bare(proven(rng, 8)[size]), signature_kind=kind)
            asked = [*tree, (stranger, None), *whole(rng, 3)]
            check(asked, await auth.verify_many([order for order, _ in asked]))


async def test_nobody_spoils_a_tree_with_its_own_signature(
    auth: WalletAuth, rng: random.Random
) -> None:
    """Which others may have seen: an order of another trader is no part of it."""
    tree = whole(rng, 3)
    other = msgspec.structs.replace(
        seeded_orders.order(rng, AccountId(LocalSigner(rng.randbytes(32)).address)),
        signature=tree[0][0].signature,
        signature_kind=BULK,
        leaf=3,
    )
    asked = [*tree, (other, None)]
    check(asked, await auth.verify_many([order for order, _ in asked]))


async def test_a_tree_that_goes_on_too_long_is_refused(
    auth: WalletAuth, rng: random.Random
) -> None:
    """A ninth order under the signature of eight; what comes after it is judged alone."""
    tree = [order for order, _ in whole(rng, 8)]
    ninth = msgspec.structs.replace(tree[0], leaf=8)
    after = whole(rng, 2)
    verdicts = await auth.verify_many([*tree, ninth, *[order for order, _ in after]])
    assert {one.field for one in verdicts[:9] if isinstance(one, Refusal)} == {"orders"}
    check(after, verdicts[9:])


async def test_two_trees_in_a_row_are_two(auth: WalletAuth, rng: random.Random) -> None:
    """Also of one trader; and the same tree twice, which is the engine's to refuse."""
    signer = LocalSigner(rng.randbytes(32))
    asked: Asked = []
    for size in (1, 1, 8, 3, 1):
        plain = [seeded_orders.order(rng, AccountId(signer.address)) for _ in range(size)]
        signed = signer.sign_bulk(plain, DOMAIN)
        asked += [(bare(order), authorize(order, DOMAIN)) for order in signed]
    asked += asked
    check(asked, await auth.verify_many([order for order, _ in asked]))


async def test_a_market_without_tokens_refuses_its_tree_and_no_other(
    auth: WalletAuth, rng: random.Random
) -> None:
    before, poor, after = whole(rng, 3), whole(rng, 3), whole(rng, 3)
    changed = msgspec.structs.replace(poor[1][0], market=seeded_orders.market_of(1))
    orders = [order for order, _ in (*before, poor[0], (changed, None), poor[2], *after)]
    verdicts = await auth.verify_many(orders)
    assert [one.field for one in verdicts[3:6] if isinstance(one, Refusal)] == ["market"] * 3
    check(before, verdicts[:3])
    check(after, verdicts[6:])
