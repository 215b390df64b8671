"""Price bands: nothing trades outside, in no state, by no order, on no chain."""

import random

import pytest

from hybrid_dex.engine import Engine
from hybrid_dex.model.commands import BatchOrders, PlaceOrder, SetMarketState
from hybrid_dex.model.events import FillMade, MarketStateChanged, OrderAccepted, OrderCanceled
from hybrid_dex.model.market import MarketState, StateCause
from hybrid_dex.model.order import CancelReason, OrderStatus, SelfTradeMode, Side
from hybrid_dex.model.order import TimeInForce as Tif
from hybrid_dex.model.risk_control import SetAccountGroup
from tests.engine.driver import BUY, SELL, Driver, authorize, make_engine, make_market
from tests.tiers import count

BANDED = make_market(price_band_ppm=100_000)
AUCTION, HALTED, OPEN = MarketState.AUCTION_OPEN, MarketState.HALTED, MarketState.OPEN


def make_driver(engine: Engine | None = None, *, last: int = 100, **terms: object) -> Driver:
    """A market with a last price."""
    driver = Driver(engine, market=BANDED)
    driver.fund("alice", "bob", "carol")
    if last:
        driver.place("bob", SELL, 1, last, **terms)
        driver.place("alice", BUY, 1, last, **terms)
    return driver


def prices(events: tuple[object, ...]) -> list[int]:
    return [event.price for event in events if isinstance(event, FillMade)]


def stopped(events: tuple[object, ...]) -> list[tuple[MarketState, StateCause]]:
    return [(e.state, e.cause) for e in events if isinstance(e, MarketStateChanged)]


BAND = [(AUCTION, StateCause.PRICE_BAND)]


@pytest.mark.parametrize(
    ("side", "inside", "outside"), [(BUY, 110, 111), (SELL, 90, 89)], ids=["up", "down"]
)
def test_a_market_trades_at_the_band_and_not_beyond(side: Side, inside: int, outside: int) -> None:
    """What trades inside stands; then the market stops, and the rest of the order waits."""
    driver = make_driver()
    other = SELL if side is BUY else BUY
    driver.rest("bob", other, 2, inside)
    beyond = driver.rest("bob", other, 2, outside)
    order = driver.engine.sequence + 1 << 8
    events = driver.place("alice", side, 5, outside)
    assert prices(events) == [inside]
    assert stopped(events) == BAND
    view = driver.engine.order(order)
    assert (view.open, view.filled, view.status) == (3, 2, OrderStatus.PARTIALLY_FILLED)
    assert driver.engine.order(beyond).open == 2
    assert driver.engine.indication(BANDED.id).price == outside


def test_a_small_band_is_rounded_down_to_a_tick() -> None:
    """At a last price of 9 a tenth is no tick at all: only 9 trades."""
    driver = make_driver(last=9)
    driver.rest("bob", SELL, 1, 9)
    driver.rest("bob", SELL, 1, 10)
    events = driver.place("alice", BUY, 2, 10)
    assert (prices(events), stopped(events)) == ([9], BAND)


def test_both_ends_of_the_band_bind_whoever_takes() -> None:
    """A buyer can not take an offer far below either."""
    driver = make_driver()
    driver.rest("bob", SELL, 1, 50)
    events = driver.place("alice", BUY, 1, 100)
    assert (prices(events), stopped(events)) == ([], BAND)


def test_what_is_left_meets_own_orders_by_its_mode_before_it_waits() -> None:
    """Nothing of one trader crosses in the auction."""
    driver = make_driver()
    driver.rest("bob", SELL, 1, 115)
    own = driver.rest("alice", SELL, 1, 118)
    events = driver.place("alice", BUY, 3, 120, self_trade=SelfTradeMode.CANCEL_RESTING)
    assert stopped(events) == BAND
    assert [e.order_id for e in events if isinstance(e, OrderCanceled)] == [own]
    assert driver.engine.depth(BANDED.id, 1).bids[0].price == 120


def test_an_order_of_a_group_outside_is_no_trade() -> None:
    """It counts as an own one."""
    driver = make_driver()
    for account in ("alice", "bob"):
        driver.do(SetAccountGroup(account=account, group="desk"))
    driver.rest("bob", SELL, 1, 150)
    events = driver.place("alice", BUY, 1, 150)
    assert stopped(events) == []


def test_a_replacement_that_would_leave_the_band_stops_the_market() -> None:
    """As a new order would."""
    driver = make_driver()
    driver.rest("bob", SELL, 1, 150)
    bid = driver.rest("alice", BUY, 1, 90)
    events = driver.replace("alice", bid, 1, 150)
    assert stopped(events) == BAND
    assert driver.engine.order(bid).open == 1


@pytest.mark.parametrize("tif", [Tif.IOC, Tif.FOK])
def test_what_does_not_rest_is_canceled_with_the_reason(tif: Tif) -> None:
    """And the market stops before the event that says so."""
    driver = make_driver()
    driver.rest("bob", SELL, 1, 105)
    driver.rest("bob", SELL, 1, 150)
    events = driver.place("alice", BUY, 2, 150, time_in_force=tif)
    assert prices(events) == ([105] if tif is Tif.IOC else [])
    assert stopped(events) == BAND
    (canceled,) = [event for event in events if isinstance(event, OrderCanceled)]
    assert canceled.reason is CancelReason.PRICE_BAND
    assert events.index(canceled) == len(events) - 1


@pytest.mark.parametrize("all_or_none", [False, True])
def test_a_batch_is_one_command_with_one_band(all_or_none: bool) -> None:
    """Its members do not walk it along, and the last finds the market in an auction."""
    driver = make_driver()
    for price in (108, 115, 120):
        driver.rest("bob", SELL, 1, price)
    members = tuple(
        PlaceOrder(account="alice", market=BANDED.id, side=BUY, quantity=1, price=price)
        for price in (108, 120, 120)
    )
    events = driver.do(BatchOrders(account="alice", members=members, all_or_none=all_or_none))
    assert (prices(events), stopped(events)) == ([108], BAND)
    assert sum(isinstance(event, OrderAccepted) for event in events) == 3
    assert driver.engine.indication(BANDED.id).quantity == 2


def test_no_member_of_an_all_or_none_batch_is_refused_half_way() -> None:
    """One that can not rest in the auction that an earlier one began is canceled."""
    driver = make_driver()
    driver.rest("bob", SELL, 1, 115)
    order = {"account": "alice", "market": BANDED.id, "side": BUY, "quantity": 1, "price": 115}
    members = (PlaceOrder(**order), PlaceOrder(**order, time_in_force=Tif.IOC))
    events = driver.do(BatchOrders(account="alice", members=members, all_or_none=True))
    assert stopped(events) == BAND
    (canceled,) = [event for event in events if isinstance(event, OrderCanceled)]
    assert canceled.reason is CancelReason.REMAINDER


def test_the_band_survives_a_snapshot() -> None:
    """Around the last price, or the operator's."""
    for reference in (None, 200):
        driver = make_driver()
        driver.do(SetMarketState(market=BANDED.id, state=HALTED))
        driver.do(SetMarketState(market=BANDED.id, state=OPEN, reference_price=reference))
        again = make_engine()
        again.restore(driver.engine.snapshot())
        assert again.state_hash() == driver.engine.state_hash()
        driver.engine = again
        driver.rest("bob", SELL, 1, 210)
        events = driver.place("alice", BUY, 1, 210)
        assert prices(events) == ([] if reference is None else [210])


def test_a_reference_counts_until_the_market_trades() -> None:
    """Then its last price does."""
    driver = make_driver()
    driver.do(SetMarketState(market=BANDED.id, state=HALTED))
    driver.do(SetMarketState(market=BANDED.id, state=OPEN, reference_price=200))
    driver.rest("bob", SELL, 1, 181)
    driver.rest("bob", SELL, 1, 200)
    assert prices(driver.place("alice", BUY, 2, 200)) == [181, 200]
    driver.rest("bob", SELL, 1, 221)
    assert stopped(driver.place("alice", BUY, 1, 221)) == BAND


# --------------------------------------------------------------------- on chain


def make_signed() -> Driver:
    return make_driver(make_engine(requires_signature=True), authorization=authorize(1))


def test_on_chain_the_market_is_halted_and_the_rest_is_canceled() -> None:
    """There is no auction, and a halted book never crosses."""
    driver = make_signed()
    driver.place("bob", SELL, 1, 110, authorization=authorize(2))
    driver.place("bob", SELL, 1, 111, authorization=authorize(3, lane=1))
    events = driver.place("alice", BUY, 3, 111, authorization=authorize(2))
    assert prices(events) == [110]
    assert stopped(events) == [(HALTED, StateCause.PRICE_BAND)]
    (canceled,) = [event for event in events if isinstance(event, OrderCanceled)]
    assert (canceled.reason, canceled.open) == (CancelReason.PRICE_BAND, 2)


def test_on_chain_an_operator_opens_it_around_a_price_that_is_named() -> None:
    """Or it would stop again at once."""
    driver = make_signed()
    driver.place("bob", SELL, 1, 150, authorization=authorize(2))
    driver.place("alice", BUY, 1, 150, authorization=authorize(2))
    driver.do(SetMarketState(market=BANDED.id, state=OPEN))
    events = driver.place("alice", BUY, 1, 150, authorization=authorize(3))
    assert stopped(events) == [(HALTED, StateCause.PRICE_BAND)]
    driver.do(SetMarketState(market=BANDED.id, state=OPEN, reference_price=150))
    assert prices(driver.place("alice", BUY, 1, 150, authorization=authorize(4))) == [150]


# ---------------------------------------------------------------------- at random


def test_nothing_ever_trades_outside_the_band(seed: int) -> None:
    """Random orders; before each command the band is worked out anew from the last price."""
    rng = random.Random(f"{seed}:bands")
    halts = 0
    for _ in range(count(fast=12, full=400)):
        driver = make_driver(last=0)
        last = 0
        for _ in range(80):
            if driver.engine.market_state(BANDED.id) is AUCTION:
                halts += 1
                events = driver.do(SetMarketState(market=BANDED.id, state=OPEN))
                assert len(set(prices(events))) <= 1
            else:
                who, side = rng.choice(("alice", "bob", "carol")), rng.choice((BUY, SELL))
                tif = rng.choice((Tif.GTC, Tif.GTC, Tif.IOC, Tif.FOK))
                terms = {"time_in_force": tif, "self_trade": rng.choice(list(SelfTradeMode))}
                quantity, price = rng.randint(1, 9), rng.randint(80, 125)
                events = driver.place(who, side, quantity, price, **terms)
                reach = last // 10
                for price in prices(events):
                    assert not last or last - reach <= price <= last + reach
            last = (prices(events) or [last])[-1]
    assert halts
