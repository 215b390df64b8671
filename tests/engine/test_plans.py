"""Plans that are due in one command with other things: each is done, whole, before the next."""

from collections.abc import Callable

import pytest

from hybrid_dex.model.commands import (
    AdvanceTime,
    FailSettlement,
    PlaceLinked,
    PlaceOrder,
    ScheduleFees,
    ScheduleMarketState,
    SetMarketState,
)
from hybrid_dex.model.events import EventBatch, FillMade, MarketListed
from hybrid_dex.model.fees import FeeSchedule, FeeTier
from hybrid_dex.model.market import MarketState
from hybrid_dex.model.market_events import FeesScheduled, MarketStateScheduled
from hybrid_dex.model.order import OrderStatus, OrderType, Side, TimeInForce
from hybrid_dex.model.protection import ScheduleCancel
from hybrid_dex.model.settlement import FillFailure
from hybrid_dex.verification import check_priority
from tests.engine.driver import BUY, MARKET, SECOND, SELL, Driver, make_engine, make_market

DAY = 86_400 * SECOND
S = MarketState


def leg(side: Side, price: int, **terms: object) -> PlaceOrder:
    return PlaceOrder(
        account="alice", market=MARKET.id, side=side, quantity=10, price=price, **terms
    )


def plan(driver: Driver, state: MarketState, second: int) -> None:
    driver.do(ScheduleMarketState(market=MARKET.id, state=state, due_ns=second * SECOND))


def test_a_plan_in_place_of_another_is_no_plan_more() -> None:
    """With a hundred, each can be planned anew for its time; one more, of either kind, can not."""
    driver = Driver()
    for second in range(1, 100):
        plan(driver, S.HALTED, second)
    fees = ScheduleFees(market=MARKET.id, fees=MARKET.fees, due_ns=100 * SECOND)
    driver.do(fees)
    for one, told in (
        (ScheduleMarketState(market=MARKET.id, state=S.POST_ONLY, due_ns=SECOND), True),
        (fees, True),
        (ScheduleMarketState(market=MARKET.id, state=S.HALTED, due_ns=100 * SECOND), False),
        (ScheduleFees(market=MARKET.id, fees=MARKET.fees, due_ns=SECOND), False),
    ):
        (event,) = driver.do(one)
        assert isinstance(event, FeesScheduled | MarketStateScheduled) is told, event
    plans = driver.engine.plans(MARKET.id)
    assert (len(plans), plans[0].state, plans[1].state) == (100, S.POST_ONLY, S.HALTED)


def to_open() -> Driver:
    """Two orders that will meet when the market opens, after ten seconds."""
    driver = Driver()
    driver.fund("alice", "bob", "carol", "dave")
    driver.do(SetMarketState(market=MARKET.id, state=S.AUCTION_OPEN))
    driver.place("alice", BUY, 5, 100)
    driver.place("bob", SELL, 5, 100)
    return driver


def test_fills_are_numbered_the_same_after_a_restart() -> None:
    """Also where the command that passed the time of an opening planned something itself."""
    driver = to_open()
    plan(driver, S.OPEN, 10)
    driver.at_ns = 20 * SECOND
    plan(driver, S.HALTED, 99)
    twin = Driver.__new__(Driver)
    twin.engine, twin.market, twin.at_ns, twin.proves = make_engine(), MARKET, driver.at_ns, True
    twin.engine.restore(driver.engine.snapshot())
    for one in (driver, twin):
        one.rest("alice", BUY, 1, 100)
    assert driver.place("bob", SELL, 1, 100) == twin.place("bob", SELL, 1, 100)
    assert driver.engine.state_hash() == twin.engine.state_hash()


@pytest.mark.parametrize(
    ("terms", "then"),
    [
        ({"time_in_force": TimeInForce.GTD, "expires_at_ns": 20 * SECOND}, lambda _: None),
        ({}, lambda driver: driver.do(ScheduleCancel(account="alice", timeout_ms=20_000))),
        ({}, lambda driver: [plan(driver, S.HALTED, 11), plan(driver, S.CLOSED, 12)]),
    ],
    ids=["expiry", "switch", "close"],
)
def test_an_exit_that_an_opening_filled_is_over_before_what_else_was_due(
    terms: dict[str, object], then: Callable[[Driver], object]
) -> None:
    """All of it that was alive trades; what slept goes with it, and is not canceled once more."""
    driver = Driver()
    driver.fund("alice", "bob", "carol")
    stop = {"order_type": OrderType.STOP_LIMIT, "trigger_price": 90}
    entered = driver.do(
        PlaceLinked(
            entry=leg(BUY, 100), take_profit=leg(SELL, 110, **terms), stop=leg(SELL, 80, **stop)
        )
    )
    driver.place("bob", SELL, 5, 100)  # half of the entry
    driver.do(SetMarketState(market=MARKET.id, state=S.AUCTION_OPEN))
    driver.place("carol", BUY, 5, 110)
    plan(driver, S.OPEN, 10)
    then(driver)
    driver.at_ns = 30 * SECOND
    driver.do(AdvanceTime())
    take_profit = driver.engine.order(entered[1].order_id)
    assert (take_profit.status, take_profit.filled) == (OrderStatus.FILLED, 5)
    assert driver.engine.open_order_count("alice") == 0


def test_an_exit_whose_other_half_expired_before_an_opening_does_not_trade_in_it() -> None:
    """At the very time of the opening, too, and where one command brings the time of both."""
    driver = Driver()
    driver.fund("alice", "bob")
    driver.do(SetMarketState(market=MARKET.id, state=S.AUCTION_OPEN))
    waits = {"order_type": OrderType.STOP_LIMIT, "trigger_price": 90}
    waits |= {"time_in_force": TimeInForce.GTD, "expires_at_ns": 10 * SECOND}
    entered = driver.do(PlaceLinked(take_profit=leg(SELL, 110), stop=leg(SELL, 80, **waits)))
    driver.place("bob", BUY, 10, 110)
    plan(driver, S.OPEN, 10)
    driver.at_ns = 20 * SECOND
    driver.do(AdvanceTime())
    exits = [driver.engine.order(event.order_id) for event in entered]
    assert [(one.filled, one.open) for one in exits] == [(0, 0), (0, 0)]
    assert len(list(driver.engine.resting(MARKET.id))) == 1


def test_a_failed_fill_from_before_the_tiers_of_its_command_takes_nothing_out() -> None:
    """Volume counts from the first command on that had the tiers from its beginning."""
    driver = to_open()
    plan(driver, S.OPEN, 86_410)
    tiers = (FeeTier(volume=10**6, maker_fee_ppm=0, taker_fee_ppm=0),)
    fees = FeeSchedule(maker_fee_ppm=1_000, taker_fee_ppm=2_000, tiers=tiers)
    driver.do(ScheduleFees(market=MARKET.id, due_ns=DAY + 11 * SECOND, fees=fees))
    driver.at_ns = DAY + 20 * SECOND
    driver.do(AdvanceTime())
    (early,) = (fill.fill_id for fill in driver.engine.unsettled())
    driver.rest("carol", BUY, 1, 100)
    driver.place("dave", SELL, 1, 100)
    driver.do(FailSettlement(failures=(FillFailure(early, 1, None),), batch=1))
    driver.at_ns += DAY
    driver.do(AdvanceTime())
    volumes = [driver.engine.volume(name, MARKET.quote.id) for name in ("alice", "carol", "dave")]
    assert volumes == [0, MARKET.notional(100, 1), MARKET.notional(100, 1)]


def test_fills_of_exits_that_wake_before_a_command_are_not_numbered_as_its_own() -> None:
    """An opening fills an entry, its exit wakes and trades, and the command trades as well."""
    driver = Driver()
    driver.fund("alice", "bob", "carol", "dave")
    driver.do(SetMarketState(market=MARKET.id, state=S.AUCTION_OPEN))
    stop = {"order_type": OrderType.STOP_LIMIT, "trigger_price": 130}
    driver.do(
        PlaceLinked(entry=leg(SELL, 100), take_profit=leg(BUY, 110), stop=leg(BUY, 140, **stop))
    )
    driver.place("bob", BUY, 10, 100)
    driver.rest("carol", SELL, 3, 105)
    driver.rest("dave", SELL, 20, 120)
    plan(driver, S.OPEN, 10)
    driver.at_ns = 20 * SECOND
    events = driver.place("bob", BUY, 2, 120)
    fills = [event.fill_id for event in events if isinstance(event, FillMade)]
    assert len(fills) == len(set(fills)) == 3
    assert fills == sorted(fills)


def test_an_exit_that_woke_in_an_auction_is_not_judged_by_the_opening_after_it() -> None:
    """The check of priority: it rested while nothing traded, and the market opened then."""
    market = make_market(price_band_ppm=50_000)
    driver = Driver(market=market)
    batches = [EventBatch(1, 0, (MarketListed(market),))]

    def do(command: object) -> None:
        sequence = driver.engine.sequence + 1
        batches.append(EventBatch(sequence, driver.at_ns, driver.do(command)))

    driver.fund("alice", "bob", "carol")
    do(SetMarketState(market=MARKET.id, state=S.AUCTION_OPEN))
    stop = {"order_type": OrderType.STOP_LIMIT, "trigger_price": 120}
    do(PlaceLinked(entry=leg(SELL, 100), take_profit=leg(BUY, 110), stop=leg(BUY, 130, **stop)))
    for account, side, quantity, price in (("carol", SELL, 1, 110), ("bob", BUY, 10, 100)):
        do(PlaceOrder(account=account, market=MARKET.id, side=side, quantity=quantity, price=price))
    do(ScheduleMarketState(market=MARKET.id, state=S.OPEN, due_ns=10 * SECOND))
    driver.at_ns = 20 * SECOND
    do(SetMarketState(market=MARKET.id, state=S.OPEN))
    assert list(check_priority(batches)) == []
