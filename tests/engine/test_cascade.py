"""Cascades: bounded, one command, in settlement groups of their own, the same after a restart."""

import pytest

from hybrid_dex.engine.cascade import MAX_TRIGGERED
from hybrid_dex.model.commands import AdvanceTime, CancelOrder, Deposit, ReduceOrder
from hybrid_dex.model.events import CancelRejected, FillMade, OrderCanceled, OrderTriggered
from hybrid_dex.model.order import CancelReason, OrderStatus, OrderType, TimeInForce
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import MAX_FILLS_PER_GROUP
from tests.engine.driver import BUY, SELL, Driver, authorize, make_engine

IOC = TimeInForce.IOC


def last_price(driver: Driver, price: int) -> None:
    """Make a fill at a price, of one lot."""
    driver.rest("maker", BUY, 1, price)
    driver.place("taker", SELL, 1, price, time_in_force=IOC)


def ready(stops: int, *, lots: int = 1) -> Driver:
    """An exchange where so many sell stops wait at 90, each with a buyer for all of it below."""
    driver = Driver()
    driver.fund("maker", "taker", "stopper")
    last_price(driver, 100)
    driver.proves = False
    for _ in range(stops):
        driver.rest("maker", BUY, lots, 80)
        waiting = {"order_type": OrderType.STOP_LIMIT, "trigger_price": 90}
        driver.place("stopper", SELL, lots, 70, **waiting)
    driver.proves = True
    return driver


def triggered(events: tuple[object, ...]) -> list[OrderTriggered]:
    return [event for event in events if isinstance(event, OrderTriggered)]


def fire(driver: Driver) -> tuple[object, ...]:
    """Let the price fall to the trigger; return what that did."""
    driver.rest("maker", BUY, 1, 90)
    return driver.place("taker", SELL, 1, 90, time_in_force=IOC)


def test_a_cascade_ends_after_its_bound_and_the_next_command_goes_on() -> None:
    """As many as may enter do; the others follow in the order of acceptance, none twice."""
    driver = ready(MAX_TRIGGERED + 3)
    first = triggered(fire(driver))
    assert len(first) == MAX_TRIGGERED
    assert len(driver.engine._desk.waiting) == 3
    then = triggered(driver.do(AdvanceTime()))
    assert len(then) == 3
    ids = [event.order_id for event in (*first, *then)]
    assert ids == sorted(set(ids))
    assert driver.do(AdvanceTime()) == ()


def test_what_is_left_of_a_cascade_is_told() -> None:
    """The shell lets time pass then, so the rest does not wait for somebody's order."""
    driver = ready(MAX_TRIGGERED + 1)
    assert not driver.engine.has_fired()
    fire(driver)
    assert driver.engine.has_fired()
    driver.do(AdvanceTime())
    assert not driver.engine.has_fired()


def test_neither_cancels_nor_facts_of_the_chain_match_what_is_left() -> None:
    """They are served while matching pauses."""
    driver = ready(MAX_TRIGGERED + 2)
    fire(driver)
    left = list(driver.engine._desk.waiting)
    assert not triggered(driver.do(Deposit(account="maker", asset="ETH", amount=1)))
    assert not triggered(driver.cancel("stopper", left[0]))
    assert [event.order_id for event in triggered(driver.do(AdvanceTime()))] == left[1:]


def test_what_is_left_can_be_replaced_but_its_trigger_is_reached() -> None:
    """Its other terms are still the trader's."""
    driver = ready(MAX_TRIGGERED + 1)
    fire(driver)
    (left,) = driver.engine._desk.waiting
    refused, entered, *_ = driver.replace("stopper", left, 1, 70, trigger_price=60)
    assert isinstance(refused, CancelRejected)
    assert refused.reason is RejectReason.TRIGGER_REACHED
    assert isinstance(entered, OrderTriggered)


def test_a_snapshot_within_a_cascade_goes_on_the_same() -> None:
    """Who was fired and did not enter is part of the state."""
    driver = ready(MAX_TRIGGERED + 4)
    fire(driver)
    raw = driver.engine.snapshot()
    restored = make_engine()
    restored.restore(raw)
    restored.check()
    assert restored.snapshot() == raw
    other = Driver.__new__(Driver)
    other.engine, other.market, other.at_ns, other.proves = restored, driver.market, 0, True
    assert other.do(AdvanceTime()) == driver.do(AdvanceTime())
    assert restored.state_hash() == driver.engine.state_hash()


def test_no_order_enters_once_the_others_made_a_group_of_fills() -> None:
    """Settlement takes only so much of one command."""
    driver = ready(2)
    driver.proves = False
    for _ in range(MAX_FILLS_PER_GROUP):
        driver.rest("maker", BUY, 1, 85)
    driver.place(
        "stopper", SELL, 100, 70, order_type=OrderType.STOP_MARKET, trigger_price=90,
        time_in_force=IOC,
    )  # fmt: skip
    driver.proves = True
    driver.place("stopper", SELL, 1, 70, order_type=OrderType.STOP_LIMIT, trigger_price=90)
    # The first two take one lot each, the third a hundred; the fourth has to wait.
    assert len(triggered(fire(driver))) == 3
    assert len(triggered(driver.do(AdvanceTime()))) == 1


def test_every_aggressor_of_a_command_begins_a_settlement_group() -> None:
    """A group has one aggressor, so fills are numbered in hundreds."""
    driver = ready(3)
    fills = [event for event in fire(driver) if isinstance(event, FillMade)]
    assert [fill.fill_id & 0xFFFF for fill in fills] == [0, 100, 200, 300]
    assert len({fill.taker_order for fill in fills}) == 4


def test_a_client_order_id_is_answered_with_its_own_order_alone() -> None:
    """What a cascade did is not the answer to an order that is sent again."""
    driver = ready(1)
    driver.rest("maker", BUY, 1, 90)
    order = {"time_in_force": IOC, "client_order_id": "mine"}
    first = driver.place("taker", SELL, 1, 90, **order)
    again = driver.place("taker", SELL, 1, 90, **order)
    assert triggered(first)
    assert again == first[:2]


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"order_type": OrderType.STOP_LIMIT}, RejectReason.INVALID_TRIGGER),
        ({"trigger_price": 90}, RejectReason.INVALID_TRIGGER),
        (
            {"order_type": OrderType.MARKET, "time_in_force": IOC, "trigger_price": 90},
            RejectReason.INVALID_TRIGGER,
        ),
        ({"order_type": OrderType.STOP_LIMIT, "trigger_price": 0}, RejectReason.INVALID_TRIGGER),
        (
            {"order_type": OrderType.STOP_LIMIT, "trigger_price": 2**48},
            RejectReason.INVALID_TRIGGER,
        ),
        (
            {"order_type": OrderType.STOP_MARKET, "trigger_price": 90},
            RejectReason.INVALID_COMBINATION,
        ),
    ],
)
def test_a_trigger_goes_with_its_type(terms: dict[str, object], reason: RejectReason) -> None:
    """A stop needs one in range, nothing else has one, and a stop-market is an IOC."""
    driver = ready(0)
    (event,) = driver.place("stopper", SELL, 1, 70, **terms)
    assert event.reason is reason


def test_a_waiting_order_takes_its_lane_and_is_revoked_with_it() -> None:
    """Signed: the lane holds it as it holds one that rests."""
    driver = ready(0)
    waiting = {"order_type": OrderType.STOP_LIMIT, "trigger_price": 90}
    driver.place("stopper", SELL, 1, 70, authorization=authorize(1, lane=3), **waiting)
    (event,) = driver.place("stopper", SELL, 1, 200, authorization=authorize(2, lane=3))
    assert event.reason is RejectReason.NONCE_USED
    (canceled,) = driver.do(
        CancelOrder(account="stopper", order_id=driver.engine.sequence - 1 << 8)
    )
    assert canceled.reason is CancelReason.REQUESTED
    events = driver.place("stopper", SELL, 1, 200, authorization=authorize(3, lane=3))
    assert len(events) == 1


def test_a_signed_fok_that_waits_is_whole_or_nothing() -> None:
    """It settles with its signed total alone: it can not be reduced, but canceled in this way."""
    driver = Driver()
    driver.fund("alice", "bob", "maker", "taker")
    last_price(driver, 100)
    terms = {
        "order_type": OrderType.STOP_LIMIT,
        "time_in_force": TimeInForce.FOK,
        "trigger_price": 110,
    }
    signed = driver.rest("alice", BUY, 10, 120, authorization=authorize(1, lane=1), **terms)
    other = driver.rest("alice", BUY, 10, 120, authorization=authorize(1, lane=2), **terms)
    plain = driver.rest("alice", BUY, 10, 120, **terms)
    (refused,) = driver.do(ReduceOrder(account="alice", order_id=signed, by=4))
    assert (refused.reason, refused.field) == (RejectReason.INVALID_REDUCE, "by")
    (canceled,) = driver.do(ReduceOrder(account="alice", order_id=other, by=10))
    assert isinstance(canceled, OrderCanceled)
    driver.do(ReduceOrder(account="alice", order_id=plain, by=4))
    driver.rest("bob", SELL, 16, 115)
    last_price(driver, 110)
    filled = {order_id: driver.engine.order(order_id).filled for order_id in (signed, plain)}
    assert filled == {signed: 10, plain: 6}


def test_what_an_older_engine_left_of_a_signed_fok_is_canceled_when_it_is_reached() -> None:
    """It let such an order be reduced."""
    driver = Driver()
    driver.fund("alice", "bob", "maker", "taker")
    last_price(driver, 100)
    order_id = driver.rest(
        "alice", BUY, 10, 120,
        order_type=OrderType.STOP_LIMIT, time_in_force=TimeInForce.FOK, trigger_price=110,
    )  # fmt: skip
    driver.do(ReduceOrder(account="alice", order_id=order_id, by=4))
    desk, signed = driver.engine._desk, authorize(1, lane=1)
    desk.lanes.use("alice", driver.market, signed.nonce)
    desk.lanes.bind("alice", driver.market, signed.nonce, order_id)
    desk.orders.live(order_id).authorization = signed
    driver.rest("bob", SELL, 20, 115)
    last_price(driver, 110)
    order = driver.engine.order(order_id)
    assert (order.status, order.filled) == (OrderStatus.CANCELED, 0)
