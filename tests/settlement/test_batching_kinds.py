"""Batches of orders of every signature kind: what orders share is listed once, what lacks is refused."""

import random

import msgspec
import pytest

from hybrid_dex.errors import FormatError
from hybrid_dex.model.market import Market
from hybrid_dex.model.order import Side
from hybrid_dex.model.settlement import MatchedFill, OrderTerms
from hybrid_dex.model.signed_order import Nonce, SignatureKind, SignedOrder
from hybrid_dex.model.units import AccountId, FeePpm, OrderId, Price, Quantity
from hybrid_dex.settlement import layout
from hybrid_dex.settlement.batching import BatchLimits, Draft, Group, group_fills, pack_batch
from hybrid_dex.signing import (
    BulkTree,
    Domain,
    LocalSigner,
    ProvenTrees,
    authorize,
    order_digest,
    parse_address,
)
from tests.settlement.fills import BY_ID, MARKETS, TOKENS, command

DOMAIN = Domain(chain_id=31_337, verifying_contract=TOKENS[2])
MAKER, TAKER, KEY = (LocalSigner(bytes([n]) * 32) for n in (1, 2, 3))
BUY, SELL = Side.BUY, Side.SELL


def unsigned(
    trader: LocalSigner, side: Side, lane: int, market: Market = MARKETS[0]
) -> SignedOrder:
    """An order of a trader, not signed yet."""
    return SignedOrder(
        trader=AccountId(trader.address),
        market=market,
        side=side,
        price=Price(100 + lane),
        quantity=Quantity(1_000),
        max_fee_ppm=FeePpm(1_000),
        expiry_s=2_000_000_000,
        nonce=Nonce(7, 0, lane),
        signature=b"",
    )


def terms(order: SignedOrder) -> OrderTerms:
    """The order as the engine keeps it, once auth has believed it."""
    return OrderTerms(
        order_id=OrderId(int.from_bytes(order_digest(order, DOMAIN)[:4], "big")),
        account=order.trader,
        side=order.side,
        price=order.price,
        quantity=order.quantity,
        post_only=order.post_only,
        time_in_force=order.time_in_force,
        authorization=authorize(order, DOMAIN, ProvenTrees()),
    )


def wallet(trader: LocalSigner, side: Side, lane: int = 0) -> OrderTerms:
    """Signed by the trader."""
    return terms(trader.sign_order(unsigned(trader, side, lane), DOMAIN))


def session(trader: LocalSigner, side: Side, lane: int = 0, key: LocalSigner = KEY) -> OrderTerms:
    """Signed by a key of the trader's."""
    return terms(key.sign_session_order(unsigned(trader, side, lane), DOMAIN))


def approved(trader: LocalSigner, side: Side, lane: int = 0) -> OrderTerms:
    """Signed by nobody."""
    plain = unsigned(trader, side, lane)
    return terms(msgspec.structs.replace(plain, signature_kind=SignatureKind.APPROVED))


def ladder(size: int, start: int = 0, market: Market = MARKETS[0]) -> list[OrderTerms]:
    """Orders of the maker under one signature."""
    orders = [unsigned(MAKER, SELL, start + lane, market) for lane in range(size)]
    return [terms(order) for order in MAKER.sign_bulk(orders, DOMAIN)]


def packed(*commands: list[MatchedFill]) -> layout.Batch:
    """The batch of these commands, having survived its bytes."""
    groups = [group for fills in commands for group in group_fills(fills)]
    batch = pack_batch(
        groups,
        BY_ID,
        number=1,
        previous_root=bytes(32),
        matched_through_s=1,
        up_to=max(group.sequence for group in groups),
    )
    assert layout.decode_batch(layout.encode_batch(batch)) == batch
    return batch


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8])
def test_a_tree_is_listed_once_with_the_root_that_was_signed(size: int) -> None:
    (section,) = packed(command(1, wallet(TAKER, BUY), *ladder(size))).sections
    (root,) = layout.section_roots(section)
    tree = BulkTree([unsigned(MAKER, SELL, lane) for lane in range(size)])
    assert (root.root, root.height) == (tree.root, tree.height)
    assert root.account == parse_address(MAKER.address)
    leaves = section.orders[1:]
    assert [entry.leaf for entry in leaves] == list(range(size))
    assert [entry.proof for entry in leaves] == [tree.proof(leaf) for leaf in range(size)]
    assert section.orders[0].kind == SignatureKind.WALLET


def test_a_tree_over_several_markets_is_listed_in_each() -> None:
    eth, btc = (unsigned(MAKER, SELL, lane, MARKETS[lane]) for lane in (0, 1))
    signed = [terms(order) for order in MAKER.sign_bulk([eth, btc], DOMAIN)]
    other = terms(TAKER.sign_order(unsigned(TAKER, BUY, 1, MARKETS[1]), DOMAIN))
    first, second = packed(
        command(1, wallet(TAKER, BUY), signed[0]), command(2, other, signed[1], market=2)
    ).sections
    assert layout.section_roots(first) == layout.section_roots(second)
    assert len(layout.section_roots(first)) == 1


def test_session_keys_are_listed_once_ascending_and_by_account() -> None:
    keys = [LocalSigner(bytes([n]) * 32) for n in range(10, 15)]
    makers = [session(MAKER, SELL, lane, key) for lane, key in enumerate(keys + keys, 1)]
    taker = session(TAKER, BUY, key=keys[0])
    (section,) = packed(command(1, taker, *makers)).sections
    table = layout.section_sessions(section)
    assert list(table) == sorted(set(table))
    assert len(table) == 6
    assert {key for account, key in table if account == parse_address(TAKER.address)} == {
        parse_address(keys[0].address)
    }


def test_every_kind_settles_beside_every_other() -> None:
    makers = [wallet(MAKER, SELL, 20), session(MAKER, SELL, 21), approved(MAKER, SELL, 22)]
    (section,) = packed(command(1, approved(TAKER, BUY), *makers, *ladder(4))).sections
    assert [entry.kind for entry in section.orders] == [3, 0, 1, 3, 2, 2, 2, 2]
    assert section.orders[0].signature == b""
    assert section.orders[2].session_key == parse_address(KEY.address)


def test_a_lane_is_the_accounts_whoever_signs_for_it() -> None:
    """A wallet's replacement of a session key's order cuts a section; the same order does not."""
    first = command(1, wallet(TAKER, BUY), session(MAKER, SELL, 5))
    again = command(2, wallet(TAKER, BUY, 1), session(MAKER, SELL, 5))
    order = msgspec.structs.replace(unsigned(MAKER, SELL, 5), nonce=Nonce(7, 1, 5))
    replaced = command(2, wallet(TAKER, BUY, 1), terms(MAKER.sign_order(order, DOMAIN)))
    assert len(packed(first, again).sections) == 1
    assert len(packed(first, replaced).sections) == 2


def test_each_kind_has_its_price_in_gas_and_what_is_shared_is_paid_once() -> None:
    """A tree's or a session's second order costs less than its first."""
    limits = BatchLimits(gas=1 << 30)

    def added(*makers: OrderTerms) -> list[int]:
        draft, costs = Draft(), []
        for number, maker in enumerate(makers, 1):
            before = draft.gas
            taker = wallet(TAKER, BUY, number)
            group = Group(number << 8, tuple(command(number, taker, maker)))
            assert draft.add(group, limits)
            costs.append(draft.gas - before)
        return costs[1:]

    for pair in (ladder(3, start=1), [session(MAKER, SELL, lane) for lane in (1, 2, 3)]):
        first, second = added(wallet(MAKER, SELL, 9), *pair[:2])
        assert first > second
    (by_wallet,) = added(wallet(MAKER, SELL, 9), wallet(MAKER, SELL, 1))
    (by_approval,) = added(wallet(MAKER, SELL, 9), approved(MAKER, SELL, 1))
    assert by_approval < by_wallet


def test_a_random_mix_of_kinds_packs_and_keeps_every_order(rng: random.Random) -> None:
    for _ in range(20):
        pool = ladder(rng.randint(1, 8)) + ladder(rng.randint(1, 8), start=8)
        pool += [session(MAKER, SELL, lane) for lane in range(16, 20)]
        pool += [approved(MAKER, SELL, lane) for lane in range(20, 24)]
        makers = rng.sample(pool, rng.randint(1, len(pool)))
        make = rng.choice([wallet, session, approved])
        (section,) = packed(command(1, make(TAKER, BUY), *makers)).sections
        assert len(section.orders) == len(makers) + 1
        assert len(layout.section_roots(section)) == len(
            {m.authorization.signature for m in makers if m.authorization and m.authorization.proof}
        )


@pytest.mark.parametrize(
    ("make", "changes"),
    [
        (wallet, {"signature": b""}),
        (wallet, {"proof": (bytes(32),)}),
        (wallet, {"signer": KEY.address}),
        (wallet, {"kind": 4}),
        (wallet, {"order_hash": b""}),
        (session, {"signer": MAKER.address}),
        (session, {"signature": bytes(63)}),
        (approved, {"signature": bytes(64)}),
        (approved, {"leaf": 1}),
        (lambda *_: ladder(2)[0], {"proof": ()}),
        (lambda *_: ladder(2)[0], {"proof": (bytes(32),) * 4}),
        (lambda *_: ladder(2)[0], {"proof": (bytes(31),)}),
        (lambda *_: ladder(2)[0], {"leaf": 2}),
        (lambda *_: ladder(2)[0], {"signature": b""}),
    ],
)
def test_what_its_kind_can_not_settle_with_is_refused(
    make: object, changes: dict[str, object]
) -> None:
    assert callable(make)
    good = make(MAKER, SELL)
    assert group_fills(command(1, wallet(TAKER, BUY), good))
    proof = msgspec.structs.replace(good.authorization, **changes)
    bad = msgspec.structs.replace(good, authorization=proof)
    with pytest.raises(FormatError, match="can not settle on chain"):
        group_fills(command(1, wallet(TAKER, BUY), bad))
