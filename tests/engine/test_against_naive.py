"""The engine and the naive exchange agree on every fill, book, balance and status.

After every command the engine also proves itself: sums per asset, holds, no crossed book. A failing
history names its seed: ``run(random.Random(name).randrange, LENGTH)`` replays it alone.
"""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybrid_dex.defaults.sorted_book import SortedBook
from hybrid_dex.defaults.standard_risk import RiskLimits, StandardRisk
from hybrid_dex.engine import Engine
from hybrid_dex.model.events import EventBatch, FillMade, fresh_events
from hybrid_dex.model.order import TimeInForce
from tests.reference.histories import ACCOUNTS, ASSETS, Choose, history
from tests.reference.naive import Naive, Side
from tests.tiers import count

HISTORIES = count(fast=1_000, full=10_000)
LENGTH = 200
COMPARE_EVERY = 8
PARTS = 8

NO_LIMITS = RiskLimits(order_notional=None, open_orders=None, daily_volume=None)
WORDS = {1: "live", 2: "live", 3: "filled", 4: "canceled", 5: "expired", 6: "rejected"}


def make_engine() -> Engine:
    return Engine(book=SortedBook, risk=StandardRisk(NO_LIMITS))


def run(choose: Choose, length: int) -> Engine:
    """Apply one history to both and compare; return the engine."""
    engine, naive = make_engine(), Naive()
    for command in history(choose, length, naive):
        told = len(naive.fills)
        naive.apply(command)
        batch = EventBatch(command.sequence, command.at_ns, engine.apply(command))
        fills = [event for event in fresh_events(batch) if isinstance(event, FillMade)]
        assert [(f.fill_id, f.price, f.quantity, f.maker_order, f.taker_order) for f in fills] == [
            (f.id, f.price, f.quantity, f.maker, f.taker) for f in naive.fills[told:]
        ], command
        engine.check()
        check_whole(engine, fills)
        if command.sequence % COMPARE_EVERY == 0:
            compare(engine, naive)
    compare(engine, naive)
    return engine


def check_whole(engine: Engine, fills: list[FillMade]) -> None:
    """On chain a signed FOK is its signed total or nothing: no command makes less of it."""
    for taker in {fill.taker_order for fill in fills}:
        order = engine.order(taker)
        if order is None or order.nonce is None or order.time_in_force is not TimeInForce.FOK:
            continue
        mine = {fill.fill_id: fill.quantity for fill in fills if fill.taker_order == taker}
        signed = {one.taker.quantity for one in engine.unsettled() if one.fill_id in mine}
        assert signed == {sum(mine.values())}, order


def compare(engine: Engine, naive: Naive) -> None:
    """Books in priority order, balances, freezes, statuses and what is in flight."""
    for market in engine.markets():
        assert engine.market_state(market.id) is naive.rules.states[market.id]
        assert engine.fees_of(market.id) == naive.rules.fees[market.id]
        opening, told = naive.rules.opening(market.id), engine.indication(market.id)
        assert opening == (told and (told.price, told.quantity, told.surplus))
        rows = [(row.order_id, row.quantity) for row in engine.resting(market.id)]
        sides = (naive.book(market.id, Side.BUY), naive.book(market.id, Side.SELL))
        assert rows == [(order.id, order.shown) for orders in sides for order in orders]
    for account in ACCOUNTS:
        for asset in ASSETS:
            balance = engine.balance(account, asset)
            assert balance.available == naive.available(account, asset), (account, asset)
            assert balance.held == naive.held(account, asset), (account, asset)
            assert balance.in_flight_in == naive.incoming[account, asset], (account, asset)
            assert balance.vouchers == naive.aside(account, asset), (account, asset)
        for session in engine.sessions(account):
            key = (account, session.key, session.market)
            for side, left, reserved in (
                (Side.BUY, session.buy_budget, session.buy_reserved),
                (Side.SELL, session.sell_budget, session.sell_reserved),
            ):
                assert (left, reserved) == (naive.budget(key, side), naive.reserved(key, side)), key
            assert session.expiry_s == naive.grants[key].expiry_s
        for market in engine.markets():
            assert engine.rates(account, market.id) == naive.rules.rates(account, market)
        assert engine.is_frozen(account) == naive.frozen(account)
        assert engine.kin(account) == tuple(who for who in ACCOUNTS if naive.kin(account, who))
        assert engine.cancels_on_disconnect(account) is (account in naive.wishes)
        armed = {
            (account, row.market or ""): (row.due_ns, row.timeout_ms)
            for row in engine.scheduled_cancels(account)
        }
        assert armed == {key: row for key, row in naive.switches.items() if key[0] == account}
    for order_id, status in naive.status.items():
        view = engine.order(order_id)
        if view is not None:
            assert WORDS[view.status] == status, order_id
            assert view.filled == naive.filled.get(order_id, 0), order_id
    assert {
        (voucher.account, voucher.salt): (voucher.asset, voucher.amount)
        for voucher in engine.vouchers()
    } == naive.vouchers
    for (account, order_hash), usable in naive.approvals.items():
        assert engine.is_approved(account, order_hash) is usable
    assert sorted(fill.fill_id for fill in engine.unsettled()) == sorted(naive.unsettled)


@pytest.mark.parametrize("part", range(PARTS))
def test_random_histories_give_the_same_fills_books_balances_and_statuses(
    seed: int, part: int
) -> None:
    """Histories of 200 commands from a seeded generator: no difference."""
    for number in range(part, HISTORIES, PARTS):
        name = f"{seed}:{number}"
        try:
            run(random.Random(name).randrange, LENGTH)
        except AssertionError as difference:
            raise AssertionError(f"history {name!r}") from difference


@pytest.mark.parametrize(
    "name",
    [
        "751390430:686",
        "751390430:725",
        "751390430:750",
        "1297209457:571",
        "1297209457:680",
        "yy:214",
        "bb:744",
        "dd:1350",
        "4234847129:488",
        "3749118439:3301",
        "1122403814:878",
        "s29-2:401",
        "4144027220:862",
    ],
)
def test_histories_that_once_differed(name: str) -> None:
    """They agree now.

    In turn: a sleeping exit that self-trade prevention decremented; whose exits wake first; an exit
    that trades as it wakes behind an entry that is over; a trigger that a batch moves after it was
    reached; a budget that a replacement let rest; an exit whose lots a batch took before more woke; a
    budget that the rounding of the fee leaves enough for another lot of the same maker; a cancel, all
    or none, after a member that crosses it, of an order that waits; a
    counter that an order used whose name is forgotten; a reduction, all or none, of a signed FOK.
    """
    run(random.Random(name).randrange, LENGTH)


@settings(max_examples=count(fast=60, full=1_500))
@given(st.data())
def test_shrunk_histories_give_the_same(data: st.DataObject) -> None:
    """The same with Hypothesis, which shrinks what it finds."""
    run(lambda n: data.draw(st.integers(0, n - 1)), 60)
