"""Orders go when their trader is not there: by a switch that command time reaches, or on a wish."""

import pytest

from hybrid_dex.model.commands import AdvanceTime, CancelAll, ListMarket
from hybrid_dex.model.events import OrderCanceled, OrderExpired
from hybrid_dex.model.order import CancelReason, TimeInForce
from hybrid_dex.model.protection import (
    MAX_TIMEOUT_MS,
    AccountDisconnected,
    CancelOnDisconnect,
    CancelOnDisconnectChanged,
    CancelScheduled,
    Heartbeat,
    ScheduleCancel,
    ScheduledCancelFired,
    SetCancelOnDisconnect,
)
from hybrid_dex.model.reasons import RejectReason
from tests.engine.driver import BUY, SECOND, SELL, Driver, make_engine, make_market

BTC = make_market("BTC-USDC")
MS = 10**6


def funded() -> Driver:
    driver = Driver()
    driver.do(ListMarket(market=BTC))
    driver.fund("alice", "bob")
    return driver


def wait(driver: Driver, ms: int) -> list[str]:
    driver.at_ns += ms * MS
    return [type(event).__name__ for event in driver.do(AdvanceTime())]


def test_a_switch_fires_once_when_its_time_comes() -> None:
    """Not a moment before; only its account's orders; then it is disarmed."""
    driver = funded()
    driver.rest("alice", BUY, 5, 90)
    driver.rest("bob", BUY, 5, 90)
    (event,) = driver.do(ScheduleCancel(account="alice", timeout_ms=1_000))
    assert event == CancelScheduled("alice", None, 1_000, 1_000 * MS)
    assert driver.engine.next_due_ns() == SECOND
    assert wait(driver, 999) == []
    driver.at_ns += MS
    events = driver.do(AdvanceTime())
    assert events[0] == ScheduledCancelFired("alice", None, SECOND)
    assert isinstance(events[1], OrderCanceled)
    assert events[1].reason is CancelReason.SCHEDULED
    assert driver.engine.open_order_count("bob") == 1
    assert driver.engine.next_due_ns() is None
    driver.rest("alice", BUY, 5, 90)
    assert wait(driver, 5_000) == []


def test_heartbeats_push_every_switch_back_by_its_own_timeout() -> None:
    driver = funded()
    driver.do(ScheduleCancel(account="alice", timeout_ms=1_000))
    driver.do(ScheduleCancel(account="alice", timeout_ms=3_000, market=BTC.id))
    driver.at_ns = 900 * MS
    assert driver.do(Heartbeat(account="alice")) == (
        CancelScheduled("alice", None, 1_000, 1_900 * MS),
        CancelScheduled("alice", BTC.id, 3_000, 3_900 * MS),
    )
    assert wait(driver, 999) == []
    assert wait(driver, 1) == ["ScheduledCancelFired"]
    (left,) = driver.engine.scheduled_cancels("alice")
    assert left.market == BTC.id


def test_a_heartbeat_that_comes_too_late_is_told_so() -> None:
    """The command that carries it passes the time, so the switch fires before it."""
    driver = funded()
    driver.rest("alice", BUY, 5, 90)
    driver.do(ScheduleCancel(account="alice", timeout_ms=1_000))
    driver.at_ns = SECOND
    *events, refused = driver.do(Heartbeat(account="alice"))
    assert [type(event) for event in events] == [ScheduledCancelFired, OrderCanceled]
    assert refused.reason is RejectReason.NOTHING_SCHEDULED


def test_a_switch_of_one_market_leaves_the_others() -> None:
    driver = funded()
    driver.rest("alice", BUY, 5, 90)
    driver.rest("alice", BUY, 5, 90, market=BTC.id)
    driver.do(ScheduleCancel(account="alice", timeout_ms=10, market=BTC.id))
    assert wait(driver, 10) == ["ScheduledCancelFired", "OrderCanceled"]
    assert [order.market for order in driver.engine.open_orders("alice")] == ["ETH-USDC"]


def test_zero_disarms_and_arming_again_replaces() -> None:
    driver = funded()
    for timeout_ms in (10, 20, 0):
        driver.do(ScheduleCancel(account="alice", timeout_ms=timeout_ms))
    assert driver.engine.scheduled_cancels("alice") == ()
    (event,) = driver.do(ScheduleCancel(account="alice", timeout_ms=0))
    assert event.due_ns is None
    driver.do(ScheduleCancel(account="alice", timeout_ms=10))
    driver.do(ScheduleCancel(account="alice", timeout_ms=30))
    assert wait(driver, 29) == []
    assert wait(driver, 1) == ["ScheduledCancelFired"]


@pytest.mark.parametrize(
    ("timeout_ms", "market", "reason"),
    [
        (-1, None, RejectReason.INVALID_TIMEOUT),
        (MAX_TIMEOUT_MS + 1, None, RejectReason.INVALID_TIMEOUT),
        (5, "NO-SUCH", RejectReason.UNKNOWN_MARKET),
        (MAX_TIMEOUT_MS, None, None),
    ],
)
def test_what_can_not_be_armed_is_refused(
    timeout_ms: int, market: str | None, reason: RejectReason | None
) -> None:
    driver = funded()
    (event,) = driver.do(ScheduleCancel(account="alice", timeout_ms=timeout_ms, market=market))
    assert getattr(event, "reason", None) is reason
    assert len(driver.engine.scheduled_cancels("alice")) == (reason is None)


def test_what_is_due_together_happens_in_one_order() -> None:
    """By time; at one time orders expire, then switches fire by account and market."""
    driver = funded()
    gtd = {"time_in_force": TimeInForce.GTD}
    driver.rest("bob", SELL, 1, 200, expires_at_ns=SECOND, **gtd)
    driver.rest("alice", BUY, 1, 90, expires_at_ns=SECOND + 1, **gtd)
    driver.rest("alice", BUY, 2, 91, market=BTC.id)
    driver.rest("bob", BUY, 3, 92)
    driver.do(ScheduleCancel(account="bob", timeout_ms=1_000))
    driver.do(ScheduleCancel(account="alice", timeout_ms=1_000, market=BTC.id))
    driver.do(ScheduleCancel(account="alice", timeout_ms=1_000))
    driver.at_ns = 9 * SECOND
    events = driver.do(CancelAll(account="carol"))
    told = [(type(event), event.account) for event in events]
    assert told == [
        (OrderExpired, "bob"),
        (ScheduledCancelFired, "alice"),
        (OrderCanceled, "alice"),
        (OrderCanceled, "alice"),
        (ScheduledCancelFired, "alice"),
        (ScheduledCancelFired, "bob"),
        (OrderCanceled, "bob"),
    ]


def test_switches_and_wishes_survive_a_restart() -> None:
    """Through a snapshot: same bytes, same firing."""
    driver = funded()
    driver.rest("alice", BUY, 5, 90)
    driver.do(ScheduleCancel(account="alice", timeout_ms=1_000))
    driver.do(ScheduleCancel(account="bob", timeout_ms=500, market=BTC.id))
    driver.do(SetCancelOnDisconnect(account="bob", enabled=True))
    engine = make_engine()
    engine.restore(driver.engine.snapshot())
    assert engine.state_hash() == driver.engine.state_hash()
    assert engine.accounts_that_cancel_on_disconnect() == ("bob",)
    assert engine.next_due_ns() == 500 * MS
    driver.engine = engine
    assert wait(driver, 2_000) == ["ScheduledCancelFired"] * 2 + ["OrderCanceled"]


def test_orders_go_with_the_last_connection_only_on_a_wish() -> None:
    """And no longer once the wish is taken back; the wish itself stays."""
    driver = funded()
    driver.rest("alice", BUY, 5, 90)
    assert driver.do(CancelOnDisconnect(account="alice")) == ()
    (event,) = driver.do(SetCancelOnDisconnect(account="alice", enabled=True))
    assert event == CancelOnDisconnectChanged("alice", enabled=True)
    events = driver.do(CancelOnDisconnect(account="alice"))
    assert events[0] == AccountDisconnected("alice")
    assert events[1].reason is CancelReason.DISCONNECTED
    assert driver.do(CancelOnDisconnect(account="alice")) == (AccountDisconnected("alice"),)
    driver.do(SetCancelOnDisconnect(account="alice", enabled=False))
    driver.rest("alice", BUY, 5, 90)
    assert driver.do(CancelOnDisconnect(account="alice")) == ()
    assert driver.engine.open_order_count("alice") == 1
