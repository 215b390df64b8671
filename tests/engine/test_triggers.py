"""Expiry happens in (time, id) order, and its heap stays as small as the live orders."""

from hybrid_dex.engine.triggers import Expiries
from hybrid_dex.model.commands import AdvanceTime
from hybrid_dex.model.events import OrderExpired, OrderReplaced
from hybrid_dex.model.order import TimeInForce
from tests.engine.driver import BUY, Driver

GTD = TimeInForce.GTD


def test_orders_expire_by_time_and_then_by_id() -> None:
    """Not in the order in which they were placed."""
    driver = Driver()
    driver.fund("alice")
    due = [30, 10, 20, 10, 40]
    ids = [
        driver.rest("alice", BUY, 1, 10 + i, time_in_force=GTD, expires_at_ns=at)
        for i, at in enumerate(due)
    ]
    assert driver.engine.next_due_ns() == 10
    driver.at_ns = 30
    events = driver.do(AdvanceTime())
    assert all(isinstance(event, OrderExpired) for event in events)
    assert [event.order_id for event in events] == [ids[1], ids[3], ids[2], ids[0]]
    assert driver.engine.next_due_ns() == 40


def test_a_replacement_changes_the_time() -> None:
    """Later, earlier, or none; the old time no longer counts."""
    driver = Driver()
    driver.fund("alice")
    order_id = driver.rest("alice", BUY, 1, 10, time_in_force=GTD, expires_at_ns=30)
    for at in (50, 20):
        (event,) = driver.replace("alice", order_id, 1, 10, time_in_force=GTD, expires_at_ns=at)
        assert isinstance(event, OrderReplaced)
        assert driver.engine.next_due_ns() == at
    driver.replace("alice", order_id, 1, 10)
    assert driver.engine.next_due_ns() is None
    driver.at_ns = 60
    assert driver.do(AdvanceTime()) == ()


def test_what_ended_leaves_no_rows_behind_for_long() -> None:
    """2,000 canceled orders with far times do not stay in the heap."""
    driver = Driver()
    driver.fund("alice")
    driver.proves = False
    for _ in range(2_000):
        driver.cancel(
            "alice", driver.rest("alice", BUY, 1, 10, time_in_force=GTD, expires_at_ns=10**18)
        )
    expiries: Expiries = driver.engine._desk.expiries
    assert len(expiries._rows) < 100
