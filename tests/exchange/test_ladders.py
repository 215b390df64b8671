"""Ladders through the shell: one signature, one command each, and every rung an order like any other."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any

import attrs
import msgspec
import pytest

from hybrid_dex.defaults.memory_journal import MemoryJournal
from hybrid_dex.defaults.standard_risk import RiskLimits, StandardRisk
from hybrid_dex.exchange import Exchange
from hybrid_dex.exchange.batching import answers_of
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.commands import SetMarketState
from hybrid_dex.model.events import (
    EventBatch,
    FillMade,
    MemberAnswered,
    OrderAccepted,
    OrderCanceled,
    OrderRejected,
)
from hybrid_dex.model.market import MarketState
from hybrid_dex.model.order import CancelReason, OrderStatus, SelfTradeMode, Side, TimeInForce
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.signed_order import Nonce, SignedOrder
from hybrid_dex.model.units import (
    AccountId,
    Amount,
    ClientOrderId,
    FeePpm,
    MarketId,
    OrderId,
    Price,
    Quantity,
    TimestampNs,
    order_index,
)
from hybrid_dex.settlement.local import LocalSettlement
from hybrid_dex.signing import LocalSigner, authorize, compact_signature, order_digest
from tests.defaults.fakes_of_auth import DOMAIN, SetClock, wallet_auth
from tests.exchange_fixtures import FakeClock, until
from tests.tiers import count
from tests.wire.terms import ETH as MARKET

BUY, SELL = Side.BUY, Side.SELL
ALICE, BOB = LocalSigner(b"\x0a" * 32), LocalSigner(b"\x0b" * 32)
RICH = Amount(10**23)
NOW_S = 1_800_000_000


class Pausing(LocalSettlement):
    """A settlement that can not keep up, when told so."""

    why = ""

    @property
    def pause_reason(self) -> str:
        return self.why


@pytest.fixture
def settlement() -> Pausing:
    return Pausing()


@pytest.fixture
def exchange_clock() -> FakeClock:
    return FakeClock(NOW_S)


@pytest.fixture
async def exchange(settlement: Pausing, exchange_clock: FakeClock) -> AsyncIterator[Exchange]:
    """An exchange that believes signatures, where two hold funds."""
    async with opened(settlement, clock=exchange_clock) as found:
        await fund(found)
        yield found


def opened(
    settlement: LocalSettlement | None = None,
    *,
    journal: MemoryJournal | None = None,
    clock: FakeClock | None = None,
    risk: StandardRisk | None = None,
) -> Exchange:
    return Exchange(
        [MARKET],
        journal=journal or MemoryJournal(),
        auth=wallet_auth(SetClock()),
        settlement=settlement or LocalSettlement(),
        clock=clock or FakeClock(NOW_S),
        risk=risk,
    )


async def fund(exchange: Exchange) -> None:
    for signer in (ALICE, BOB):
        for asset in (MARKET.base, MARKET.quote):
            await exchange.deposit(AccountId(signer.address), asset.id, RICH)


def order(side: Side, price: int, lane: int, quantity: int = 100, **terms: Any) -> SignedOrder:
    """An order that nobody signed yet."""
    given: dict[str, Any] = {
        "trader": AccountId(ALICE.address),
        "market": MARKET,
        "side": side,
        "price": Price(price),
        "quantity": Quantity(quantity),
        "max_fee_ppm": FeePpm(1_000),
        "expiry_s": NOW_S + 3_600,
        "nonce": Nonce(1, lane=lane),
        "signature": b"",
    }
    return SignedOrder(**(given | terms))


def signed(orders: Sequence[SignedOrder], signer: LocalSigner = ALICE) -> list[SignedOrder]:
    """The orders as a ladder: of the signer, without siblings."""
    own = [msgspec.structs.replace(one, trader=AccountId(signer.address)) for one in orders]
    return [msgspec.structs.replace(one, proof=()) for one in signer.sign_bulk(own, DOMAIN)]


def done(outcome: EventBatch | Refusal) -> EventBatch:
    assert isinstance(outcome, EventBatch), outcome
    return outcome


def refusal(outcome: EventBatch | Refusal) -> Refusal:
    assert isinstance(outcome, Refusal), outcome
    return outcome


def told(outcome: EventBatch | Refusal, rungs: int) -> list[list[str]]:
    """What each rung is told: its events by name, and a refusal by its reason."""
    return [
        [
            event.reason.name if isinstance(event, OrderRejected) else type(event).__name__
            for event in done(answer).events
        ]
        for answer in answers_of(done(outcome), rungs)
    ]


def entered(outcome: EventBatch | Refusal) -> list[OrderId]:
    return [one.order_id for one in done(outcome).events if isinstance(one, OrderAccepted)]


def prices(exchange: Exchange, signer: LocalSigner = ALICE) -> list[int]:
    account = AccountId(signer.address)
    return sorted(one.price for one in exchange.view.open_orders(account, MARKET.id))


async def place(
    exchange: Exchange, orders: Sequence[SignedOrder], signer: LocalSigner = ALICE
) -> EventBatch | Refusal:
    (outcome,) = await exchange.place_ladders([signed(orders, signer)])
    return outcome


@pytest.mark.parametrize("rungs", range(1, 9))
async def test_a_ladder_enters_with_what_each_order_would_prove_alone(
    exchange: Exchange, rungs: int
) -> None:
    """One command, whose ids are the places; each order is found by the hash of its own digest."""
    before = exchange.view.sequence
    plain = [order(BUY, 200_000 + at, at + 1) for at in range(rungs)]
    outcome = done(await place(exchange, plain))
    assert exchange.view.sequence == outcome.sequence == before + 1
    assert [order_index(one) for one in entered(outcome)] == list(range(rungs))
    for one, order_id in zip(ALICE.sign_bulk(plain, DOMAIN), entered(outcome), strict=True):
        found = exchange.view.order_by_hash(one.trader, order_digest(one, DOMAIN))
        assert found is not None
        assert found.order_id == order_id
        assert found.order_hash == authorize(one, DOMAIN).order_hash


async def test_while_matching_pauses_no_ladder_enters(
    exchange: Exchange, settlement: Pausing
) -> None:
    """Nor uses a nonce: the same one enters afterwards."""
    ladders = [signed([order(BUY, 200_000, 1), order(BUY, 199_000, 2)]), signed([order(BUY, 1, 3)])]
    settlement.why, before = "the chain is slow", exchange.view.state_hash()
    for outcome in await exchange.place_ladders(ladders):
        assert refusal(outcome).reason is RejectReason.SETTLEMENT_BACKLOG
        assert refusal(outcome).detail == "the chain is slow"
    assert exchange.view.state_hash() == before
    settlement.why = ""
    (first, second) = await exchange.place_ladders(ladders)
    assert told(first, 2) == [["OrderAccepted"]] * 2
    assert told(second, 1) == [["BELOW_MINIMUM_NOTIONAL"]]


async def test_a_stopped_market_refuses_each_rung_and_uses_no_nonce(exchange: Exchange) -> None:
    rungs = [order(BUY, 200_000, 1), order(BUY, 199_000, 2)]
    await exchange.execute(SetMarketState(market=MARKET.id, state=MarketState.HALTED))
    outcome = await place(exchange, rungs)
    reasons = [one.reason for one in done(outcome).events if isinstance(one, OrderRejected)]
    assert reasons == [RejectReason.MARKET_HALTED] * 2
    await exchange.execute(SetMarketState(market=MARKET.id, state=MarketState.OPEN))
    assert told(await place(exchange, rungs), 2) == [["OrderAccepted"]] * 2


async def test_a_market_that_is_not_listed_refuses_its_ladder_and_no_other(
    exchange: Exchange,
) -> None:
    """The same where its terms differ, since the signature covers amounts."""
    good = signed([order(BUY, 200_000, 1)])
    for other in (
        attrs.evolve(MARKET, id=MarketId("ETH-EUR")),
        attrs.evolve(MARKET, lot_size=MARKET.lot_size * 10),
    ):
        strange = [order(BUY, 200_000, 2), order(BUY, 199_000, 3, market=other)]
        before = exchange.view.sequence
        refused, taken = await exchange.place_ladders([signed(strange), good])
        assert refusal(refused).reason is RejectReason.UNKNOWN_MARKET
        assert done(taken).sequence == before + 1
        good = signed([order(BUY, 200_000, 4)])
    assert prices(exchange) == [200_000] * 2


async def test_each_ladder_has_a_time_of_its_own(exchange: Exchange) -> None:
    """One that comes too late uses no nonce, and the next one is journaled beside the first."""
    ladders = [
        signed([order(BUY, 200_000 + at, 2 * at + 1), order(BUY, 100_000 + at, 2 * at + 2)])
        for at in range(3)
    ]
    now_ns = NOW_S * 10**9
    latest = [TimestampNs(now_ns), TimestampNs(now_ns - 1), None]
    first, late, last = await exchange.place_ladders(ladders, not_after_ns=latest)
    assert refusal(late).reason is RejectReason.RECEIVE_WINDOW
    assert done(last).sequence == done(first).sequence + 1
    assert prices(exchange) == [100_000, 100_002, 200_000, 200_002]
    (again,) = await exchange.place_ladders([ladders[1]])
    assert told(again, 2) == [["OrderAccepted"]] * 2


async def test_named_rungs_sent_again_are_answered_again(exchange: Exchange) -> None:
    """In either form of the signature, and when they have ended; under another one they are others."""
    names = [ClientOrderId(name) for name in "ab"]
    rungs = [order(BUY, 200_000 + at, at + 1, client_order_id=names[at]) for at in range(2)]
    first = await place(exchange, rungs)
    compact = compact_signature(signed(rungs)[0].signature)
    short = [msgspec.structs.replace(one, signature=compact) for one in signed(rungs)]
    for again in await exchange.place_ladders([signed(rungs), short]):
        assert entered(again) == entered(first)
        heads = [one.again for one in done(again).events if isinstance(one, MemberAnswered)]
        assert heads == [True, True]
    more = [*rungs, order(BUY, 150_000, 3)]
    taken = ["DUPLICATE_CLIENT_ORDER_ID"]
    assert told(await place(exchange, more), 3) == [taken, taken, ["OrderAccepted"]]
    await exchange.cancel_all(AccountId(ALICE.address))
    assert entered(await place(exchange, rungs)) == entered(first)
    assert prices(exchange) == []


async def test_two_rungs_of_one_name_are_one_order(exchange: Exchange) -> None:
    """Of other terms, the second is refused."""
    name = ClientOrderId("a")
    rungs = [order(BUY, 200_000, lane, client_order_id=name) for lane in (1, 2)]
    outcome = await place(exchange, rungs)
    assert prices(exchange) == [200_000]
    assert len(told(outcome, 2)) == 2
    other = ClientOrderId("b")
    poor = [order(BUY, 150_000 + lane, lane, client_order_id=other) for lane in (3, 4)]
    outcome = await place(exchange, poor)
    assert told(outcome, 2) == [["OrderAccepted"], ["DUPLICATE_CLIENT_ORDER_ID"]]


async def test_a_refused_rung_leaves_the_others_and_its_nonce(exchange: Exchange) -> None:
    fee = FeePpm(1)
    rungs = [order(BUY, 200_000, 1), order(BUY, 1, 2), order(BUY, 199_000, 3)]
    assert told(await place(exchange, rungs), 3) == [
        ["OrderAccepted"], ["BELOW_MINIMUM_NOTIONAL"], ["OrderAccepted"]
    ]  # fmt: skip
    rungs = [
        order(BUY, 150_000, 2),
        order(BUY, 150_000, 4, max_fee_ppm=fee),
        order(BUY, 150_000, 5, expiry_s=NOW_S),
        order(SELL, 250_000, 6, quantity=10**9 + 1),
    ]
    assert told(await place(exchange, rungs), 4) == [
        ["OrderAccepted"], ["FEE_CAP_TOO_LOW"], ["EXPIRED"], ["ORDER_NOTIONAL_LIMIT"]
    ]  # fmt: skip
    assert prices(exchange) == [150_000, 199_000, 200_000]


async def test_each_rung_finds_the_funds_that_those_before_it_left(exchange: Exchange) -> None:
    carol = LocalSigner(b"\x0c" * 32)
    funds = MARKET.quote.parse("40")
    await exchange.deposit(AccountId(carol.address), MARKET.quote.id, funds)
    lots = (100, 200, 100, 100)  # 100 are 15 USDC, and a fee
    rungs = [order(BUY, 150_000, at + 1, size) for at, size in enumerate(lots)]
    assert told(await place(exchange, rungs, carol), 4) == [
        ["OrderAccepted"], ["INSUFFICIENT_FUNDS"], ["OrderAccepted"], ["INSUFFICIENT_FUNDS"]
    ]  # fmt: skip


async def test_each_rung_counts_in_the_limits_of_those_after_it() -> None:
    """And what was taken of an earlier one makes room."""
    limits = RiskLimits(open_orders=3)
    async with opened(risk=StandardRisk(limits)) as exchange:
        await fund(exchange)
        outcome = await place(exchange, [order(BUY, 200_000 + at, at + 1) for at in range(5)])
        assert told(outcome, 5) == [["OrderAccepted"]] * 3 + [["OPEN_ORDERS_LIMIT"]] * 2
        ioc = TimeInForce.IOC
        takers = [order(SELL, 200_002, at + 1, 100, time_in_force=ioc) for at in range(2)]
        await place(exchange, takers, BOB)
        more = await place(exchange, [order(BUY, 190_000, at) for at in (4, 5)])
        assert told(more, 2) == [["OrderAccepted"], ["OPEN_ORDERS_LIMIT"]]


async def test_a_nonce_is_good_once(exchange: Exchange) -> None:
    """Within a ladder, and in the next one; a lane is busy while its order rests."""
    rungs = [order(BUY, 200_000, 1), order(BUY, 199_000, 1), order(BUY, 198_000, 2)]
    first = await place(exchange, rungs)
    assert told(first, 3)[0] == told(first, 3)[2] == ["OrderAccepted"]
    assert prices(exchange) == [198_000, 200_000]
    again = await place(exchange, rungs)
    reasons = [one.reason for one in done(again).events if isinstance(one, OrderRejected)]
    assert len(reasons) == 3
    assert {reasons[0], reasons[2]} == {RejectReason.NONCE_USED}
    for order_id in entered(first):
        await exchange.cancel(AccountId(ALICE.address), order_id)
    last = await place(exchange, rungs)
    assert told(last, 3) == [["NONCE_USED"]] * 3
    next_one = order(BUY, 200_000, 1, nonce=Nonce(2, lane=1))
    assert told(await place(exchange, [next_one]), 1) == [["OrderAccepted"]]


@pytest.mark.parametrize(
    ("mode", "left", "reasons"),
    [
        (SelfTradeMode.CANCEL_AGGRESSOR, [(SELL, 100)], {CancelReason.SELF_TRADE}),
        (SelfTradeMode.CANCEL_RESTING, [(BUY, 60)], {CancelReason.SELF_TRADE}),
        (SelfTradeMode.CANCEL_BOTH, [], {CancelReason.SELF_TRADE}),
        (SelfTradeMode.DECREMENT_AND_CANCEL, [(SELL, 40)], {CancelReason.SELF_TRADE}),
    ],
)
async def test_rungs_that_meet_each_other_do_not_trade(
    exchange: Exchange,
    mode: SelfTradeMode,
    left: list[tuple[Side, int]],
    reasons: set[CancelReason],
) -> None:
    rungs = [
        order(SELL, 200_000, 1, self_trade=mode),
        order(BUY, 200_000, 2, 60, self_trade=mode),
    ]
    events = done(await place(exchange, rungs)).events
    assert not [one for one in events if isinstance(one, FillMade)]
    assert {one.reason for one in events if isinstance(one, OrderCanceled)} == reasons
    account = AccountId(ALICE.address)
    found = [(one.side, one.open) for one in exchange.view.open_orders(account, MARKET.id)]
    assert found == left
    held = sum(one.held for one in exchange.view.balances(account))
    assert bool(held) == bool(left)


async def test_a_restart_finds_every_rung_and_answers_it_again() -> None:
    """Its proof, its name and its nonce, as they were journaled."""
    journal, account = MemoryJournal(), AccountId(ALICE.address)
    named = [ClientOrderId(f"{at}") for at in range(3)]
    rungs = [order(BUY, 200_000 + at, at + 1, client_order_id=named[at]) for at in range(3)]
    async with opened(journal=journal) as before:
        await fund(before)
        first = await place(before, [*rungs, order(BUY, 190_000, 4), order(SELL, 200_001, 5)])
        await place(before, [order(SELL, 200_002, 1, 50)], BOB)
        await until(partial(settled, before))
        state, orders = before.view.state_hash(), before.view.open_orders(account)
    async with opened(journal=journal) as after:
        assert after.view.state_hash() == state
        assert after.view.open_orders(account) == orders
        again = await place(after, [*rungs, order(BUY, 190_000, 4), order(SELL, 200_001, 5)])
        assert [entered(one) for one in answers_of(done(again), 5)[:3]] == [
            entered(one) for one in answers_of(done(first), 5)[:3]
        ]
        assert told(again, 5)[3:] == [["NONCE_USED"]] * 2


async def test_rungs_end_when_their_signature_does(
    exchange: Exchange, exchange_clock: FakeClock
) -> None:
    await place(exchange, [order(BUY, 200_000 + at, at + 1) for at in range(3)])
    exchange_clock.at_ns += 3_599 * 10**9
    outcome = await place(exchange, [order(BUY, 190_000, 5)])
    assert told(outcome, 1) == [["OrderAccepted"]]
    assert len(prices(exchange)) == 4
    exchange_clock.at_ns += 10**9
    outcome = await place(exchange, [order(BUY, 180_000, 6), order(BUY, 180_000, 7)])
    assert told(outcome, 2) == [["EXPIRED"]] * 2
    assert prices(exchange) == []


@pytest.mark.parametrize("time_in_force", [TimeInForce.IOC, TimeInForce.FOK])
async def test_rungs_that_may_not_rest_take_what_is_there_in_turn(
    exchange: Exchange, time_in_force: TimeInForce
) -> None:
    await place(exchange, [order(SELL, 200_000, 1, 150)], BOB)
    rungs = [order(BUY, 200_000, at, time_in_force=time_in_force) for at in (1, 2, 3)]
    outcome = done(await place(exchange, rungs))
    filled = [
        sum(one.quantity for one in done(answer).events if isinstance(one, FillMade))
        for answer in answers_of(outcome, 3)
    ]
    assert filled == ([100, 50, 0] if time_in_force is TimeInForce.IOC else [100, 0, 0])
    assert prices(exchange) == []
    for at, order_id in enumerate(entered(outcome)):
        found = exchange.view.order(order_id)
        assert found is not None
        assert found.status is (OrderStatus.FILLED if at == 0 else OrderStatus.CANCELED)
        assert found.filled == filled[at]


async def test_a_post_only_rung_takes_nothing_not_even_of_its_ladder(exchange: Exchange) -> None:
    await place(exchange, [order(SELL, 200_000, 1)], BOB)
    rungs = [
        order(BUY, 200_000, 1, post_only=True),
        order(BUY, 199_999, 2, post_only=True),
        order(SELL, 199_999, 3, post_only=True),
        order(SELL, 200_000, 4, post_only=True),
    ]
    crossing = ["POST_ONLY_WOULD_CROSS"]
    assert told(await place(exchange, rungs), 4) == [
        crossing, ["OrderAccepted"], crossing, ["OrderAccepted"]
    ]  # fmt: skip


async def test_a_ladder_sweeps_another(exchange: Exchange) -> None:
    """Each fill is paid, and settles."""
    asks = [order(SELL, 200_000 + at, at + 1) for at in range(8)]
    bids = [order(BUY, 200_003, at + 1) for at in range(6)]
    first, second = await exchange.place_ladders([signed(asks, BOB), signed(bids)])
    fills = [one for one in done(second).events if isinstance(one, FillMade)]
    assert [one.price for one in fills] == [200_000, 200_001, 200_002, 200_003]
    assert told(first, 8) == [["OrderAccepted"]] * 8
    assert prices(exchange) == [200_003] * 2
    assert prices(exchange, BOB) == [200_004 + at for at in range(4)]
    assert len({one.fill_id for one in fills}) == 4


async def test_no_orphan_spoils_the_ladder_it_follows(exchange: Exchange) -> None:
    """In one call: the halves of a tree that begins elsewhere, and one of another trader."""
    tree = signed([order(SELL, 300_000 + at, at + 1) for at in range(8)], BOB)
    whole = signed([order(BUY, 200_000 + at, at + 1) for at in range(3)])
    copied = [msgspec.structs.replace(tree[3], signature=whole[0].signature)]
    other = signed([order(BUY, 150_000, 9)])[0]
    own = [msgspec.structs.replace(other, signature=whole[0].signature, leaf=3)]
    for orphans in (tree[3:], copied, own):
        before = exchange.view.sequence
        taken, refused = await exchange.place_ladders([whole, orphans])
        assert refusal(refused).reason is RejectReason.BAD_SIGNATURE
        assert len(told(taken, 3)) == 3
        assert exchange.view.sequence == before + 1
    assert prices(exchange) == [200_000, 200_001, 200_002]
    assert prices(exchange, BOB) == []


async def test_callers_that_come_together_do_not_spoil_each_other(exchange: Exchange) -> None:
    """Where one begins with what would go on with the other's tree, under its very signature."""
    whole = signed([order(BUY, 200_000 + at, at + 1) for at in range(3)])
    orphan = msgspec.structs.replace(
        signed([order(BUY, 150_000, 9)])[0], signature=whole[0].signature, leaf=3
    )
    for ladders in ([[whole], [[orphan]]], [[[orphan]], [whole]]):
        asked = [exchange.place_ladders(one) for one in ladders]
        outcomes = [one for (one,) in await asyncio.gather(*asked)]
        taken, refused = sorted(outcomes, key=lambda one: isinstance(one, Refusal))
        assert refusal(refused).reason is RejectReason.BAD_SIGNATURE
        assert len(told(taken, 3)) == 3
    assert prices(exchange) == [200_000, 200_001, 200_002]


async def test_new_terms_do_not_spoil_a_ladder_that_comes_with_them(exchange: Exchange) -> None:
    (outcome,) = await exchange.place_ladders([signed([order(BUY, 150_000, 9)])])
    (placed,) = entered(outcome)
    whole = signed([order(BUY, 200_000 + at, at + 1) for at in range(3)])
    terms = msgspec.structs.replace(
        signed([order(BUY, 151_000, 9)])[0], signature=whole[0].signature, leaf=3
    )
    (taken,), replaced = await asyncio.gather(
        exchange.place_ladders([whole]), exchange.replace(placed, terms)
    )
    assert refusal(replaced).reason is RejectReason.BAD_SIGNATURE
    assert len(told(taken, 3)) == 3


async def test_a_wrong_rung_refuses_its_ladder_and_uses_nothing(exchange: Exchange) -> None:
    rungs = signed([order(BUY, 200_000 + at, at + 1) for at in range(4)])
    before = exchange.view.state_hash()
    for at in range(4):
        poor = list(rungs)
        poor[at] = msgspec.structs.replace(poor[at], price=Price(210_000))
        (outcome,) = await exchange.place_ladders([poor])
        assert refusal(outcome).reason is RejectReason.BAD_SIGNATURE
        (outcome,) = await exchange.place_ladders([[*rungs[:at], *rungs[at + 1 :]]])
        assert refusal(outcome).reason is RejectReason.BAD_SIGNATURE
    assert exchange.view.state_hash() == before
    (outcome,) = await exchange.place_ladders([rungs])
    assert told(outcome, 4) == [["OrderAccepted"]] * 4


def random_rungs(rng: random.Random, counter: int, signer: LocalSigner) -> list[SignedOrder]:
    """Of any terms that a ladder can say, around one price, so that much trades."""
    shared: dict[str, Any] = {
        "time_in_force": rng.choice(
            [TimeInForce.GTC, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK]
        ),
        "self_trade": rng.choice(list(SelfTradeMode)),
        "post_only": rng.random() < 0.1,
    }
    return signed(
        [
            order(
                rng.choice([BUY, SELL]),
                rng.choice([1, *range(199_995, 200_005)] if rng.random() < 0.5 else [200_000]),
                rng.randint(1, 200),
                rng.randint(90, 300),
                nonce=Nonce(counter, lane=rng.randint(1, 200)),
                **shared,
            )
            for _ in range(rng.randint(1, 8))
        ],
        signer,
    )


def settled(exchange: Exchange) -> bool:
    return exchange.view.unsettled_fills() == 0


async def test_a_ladder_does_what_its_orders_do_one_by_one(rng: random.Random) -> None:
    """Whatever they are: the same answers in other numbers, the same book and the same funds."""
    for _ in range(count(fast=4, full=200)):
        risk = StandardRisk(
            RiskLimits(
                open_orders=rng.choice([None, None, 20]),
                daily_volume=rng.choice([None, 500]),
                position=rng.choice([None, None, None, 1]),
                orders_per_second=rng.choice([None, 60]),
                price_band_ppm=rng.choice([None, None, None, 10]),
                refuse_self_trade=rng.random() < 0.2,
            )
        )
        async with opened(risk=risk) as together, opened(risk=risk) as alone:
            await fund(together)
            await fund(alone)
            for counter in range(1, 30):
                signer = rng.choice([ALICE, BOB])
                rungs = random_rungs(rng, counter, signer)
                proven = signer.sign_bulk(rungs, DOMAIN)
                if rng.random() < 0.1:
                    for one in (together, alone):
                        await one.cancel_all(AccountId(signer.address))
                (outcome,) = await together.place_ladders([rungs])
                others = await alone.place_many(proven)
                assert told(outcome, len(rungs)) == [told(one, 1)[0] for one in others]
                books = [one.view.depth(MARKET.id, 50) for one in (together, alone)]
                assert books[0] == books[1]
            for one in (together, alone):
                await until(partial(settled, one))
            for who in (ALICE, BOB):
                account = AccountId(who.address)
                own = [
                    [
                        (one.side, one.price, one.open, one.filled)
                        for one in found.view.open_orders(account, MARKET.id)
                    ]
                    for found in (together, alone)
                ]
                assert own[0] == own[1]
                assert together.view.balances(account) == alone.view.balances(account)
