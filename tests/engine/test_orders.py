"""Ended orders are remembered by number and by time, and then forgotten with their names."""

from hybrid_dex.engine.orders import ENDED_KEPT, ENDED_KEPT_NS
from hybrid_dex.model.commands import AdvanceTime
from hybrid_dex.model.events import CancelRejected, OrderAccepted
from hybrid_dex.model.reasons import RejectReason as Reason
from tests.engine.driver import BUY, Driver, make_engine


def test_an_ended_order_is_known_for_15_minutes() -> None:
    """One nanosecond before, it and its name are known; then both are free."""
    driver = Driver()
    driver.fund("alice")
    order_id = driver.rest("alice", BUY, 1, 10, client_order_id="a")
    driver.at_ns = 50
    driver.cancel("alice", order_id)
    driver.at_ns = 50 + ENDED_KEPT_NS - 1
    assert driver.cancel("alice", order_id)[0].reason is Reason.ALREADY_CANCELED
    driver.do(AdvanceTime())
    assert driver.engine.order_by_client_id("alice", "a") is not None
    driver.at_ns += 1
    (event,) = driver.cancel("alice", order_id)
    assert (type(event), event.reason) == (CancelRejected, Reason.UNKNOWN_ORDER)
    assert driver.engine.order(order_id) is None
    (event,) = driver.place("alice", BUY, 1, 10, client_order_id="a")
    assert isinstance(event, OrderAccepted)
    assert event.order_id != order_id


def test_a_live_order_keeps_its_name_for_ever() -> None:
    """Only ended ones age."""
    driver = Driver()
    driver.fund("alice")
    order_id = driver.rest("alice", BUY, 1, 10, client_order_id="a")
    driver.at_ns = 10 * ENDED_KEPT_NS
    assert driver.place("alice", BUY, 1, 10, client_order_id="a")[0].order_id == order_id


def test_the_last_10000_of_an_account_are_remembered() -> None:
    """One more pushes out the oldest; another account's are not touched."""
    driver = Driver()
    driver.proves = False
    first = driver.place("alice", BUY, 1, 10, client_order_id="a")[0].order_id
    other = driver.place("bob", BUY, 1, 10)[0].order_id
    for _ in range(ENDED_KEPT - 1):
        driver.place("alice", BUY, 1, 10)
    assert driver.cancel("alice", first)[0].reason is Reason.ALREADY_REJECTED
    driver.place("alice", BUY, 1, 10)
    assert driver.cancel("alice", first)[0].reason is Reason.UNKNOWN_ORDER
    assert driver.engine.order_by_client_id("alice", "a") is None
    assert driver.cancel("bob", other)[0].reason is Reason.ALREADY_REJECTED
    driver.at_ns = ENDED_KEPT_NS
    driver.do(AdvanceTime())
    assert driver.cancel("bob", other)[0].reason is Reason.UNKNOWN_ORDER


def test_a_restored_memory_ages_like_the_first() -> None:
    """After a restart the same orders are forgotten at the same commands."""
    driver = Driver()
    driver.fund("alice")
    for at_ns in (0, 100, 200):
        driver.at_ns = at_ns
        driver.cancel("alice", driver.rest("alice", BUY, 1, 10, client_order_id=f"{at_ns}"))
    restored = make_engine()
    restored.restore(driver.engine.snapshot())
    for at_ns in (ENDED_KEPT_NS + 99, ENDED_KEPT_NS + 100, ENDED_KEPT_NS + 200):
        command = AdvanceTime(sequence=driver.engine.sequence + 1, at_ns=at_ns)
        driver.engine.apply(command)
        restored.apply(command)
        assert restored.snapshot() == driver.engine.snapshot()
    assert driver.engine.order_by_client_id("alice", "200") is None


def test_what_was_refused_as_a_duplicate_does_not_take_the_name() -> None:
    """The first order's name outlives it."""
    driver = Driver()
    driver.fund("alice")
    order_id = driver.rest("alice", BUY, 1, 10, client_order_id="a")
    driver.place("alice", BUY, 2, 10, client_order_id="a")
    assert driver.engine.order_by_client_id("alice", "a").order_id == order_id
