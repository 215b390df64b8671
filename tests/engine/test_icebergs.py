"""Icebergs: what is hidden counts where it must, and is part of the state."""

import pytest

from hybrid_dex.defaults.sorted_book import SortedBook
from hybrid_dex.engine.terms import MAX_SLICES
from hybrid_dex.errors import InvariantError
from hybrid_dex.interfaces.book import Resting
from hybrid_dex.model.events import CancelRejected, FillMade, OrderCanceled, OrderRejected
from hybrid_dex.model.order import CancelReason, TimeInForce
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import MAX_FILLS_PER_GROUP
from tests.engine.driver import BUY, SELL, Driver, authorize, make_engine, make_market

FOK = TimeInForce.FOK


def ready(**market: int) -> Driver:
    driver = Driver(market=make_market(**market))
    driver.fund("alice", "bob", "carol")
    return driver


def fills(events: tuple[object, ...]) -> list[int]:
    return [event.quantity for event in events if isinstance(event, FillMade)]


def test_a_fill_or_kill_that_would_need_too_many_slices_is_refused() -> None:
    """As many fills as a group holds are taken, one more is not."""
    driver = ready()
    driver.rest("bob", SELL, MAX_SLICES, 10, display_quantity=1)
    driver.rest("carol", SELL, 5, 10)
    (event,) = driver.place("alice", BUY, MAX_SLICES + 5, 10, time_in_force=FOK)
    assert isinstance(event, OrderRejected)
    assert event.reason is RejectReason.TOO_MANY_FILLS
    events = driver.place("alice", BUY, MAX_FILLS_PER_GROUP + 4, 10, time_in_force=FOK)
    assert fills(events) == [1, 5] + [1] * (MAX_FILLS_PER_GROUP - 2)


def test_a_signed_aggressor_stops_after_a_group_of_slices() -> None:
    """Each slice is a fill, and settlement takes a hundred of one command."""
    driver = ready()
    for _ in range(2):
        driver.rest("bob", SELL, 60, 10, display_quantity=1)
    events = driver.place("alice", BUY, 120, 10, authorization=authorize(1, lane=2))
    assert sum(fills(events)) == MAX_FILLS_PER_GROUP
    assert isinstance(events[-1], OrderCanceled)
    assert events[-1].reason is CancelReason.REMAINDER


def test_slices_survive_a_snapshot() -> None:
    """The reserve is in the state; what follows is the same."""
    driver = ready()
    driver.rest("bob", SELL, 9, 10, display_quantity=4)
    driver.place("alice", BUY, 5, 10)
    restored = make_engine()
    restored.restore(driver.engine.snapshot())
    restored.check()
    assert restored.state_hash() == driver.engine.state_hash()
    assert [row.quantity for row in restored.resting("ETH-USDC")] == [3]
    other = Driver.__new__(Driver)
    other.engine, other.market, other.at_ns, other.proves = restored, driver.market, 0, True
    assert other.place("alice", BUY, 4, 10) == driver.place("alice", BUY, 4, 10)


def test_the_proof_finds_a_book_that_shows_too_much() -> None:
    """What the book shows is the open quantity less the reserve."""
    driver = ready()
    order_id = driver.rest("bob", SELL, 9, 10, display_quantity=4)
    book = driver.engine._desk.venues["ETH-USDC"].book
    assert isinstance(book, SortedBook)
    book.remove(order_id)
    book.add(Resting(order_id, "bob", SELL, 10, 9))
    with pytest.raises(InvariantError, match="is not what the engine knows"):
        driver.engine.check()


def test_how_many_fills_an_order_can_make_counts_slices() -> None:
    """The pace of intake asks this: an iceberg is met once for each slice, up to what was asked."""
    driver = ready()
    driver.rest("bob", SELL, 9, 10, display_quantity=2)
    driver.rest("bob", SELL, 9, 11)
    crossing = driver.engine.crossing
    assert crossing("ETH-USDC", BUY, 10, 100) == 5
    assert crossing("ETH-USDC", BUY, 11, 100) == 6
    assert crossing("ETH-USDC", BUY, 11, 3) == 3
    assert crossing("ETH-USDC", BUY, 9, 100) == 0


def test_a_slice_is_worth_the_markets_minimum() -> None:
    """Or level 2 would show less than an order may be; a kept slice is asked again."""
    driver = ready(minimum_notional=100)
    (event,) = driver.place("bob", SELL, 30, 10, display_quantity=9)
    assert event.reason is RejectReason.INVALID_DISPLAY
    order_id = driver.rest("bob", SELL, 30, 10, display_quantity=10)
    (refused,) = driver.replace("bob", order_id, 30, 9)
    assert isinstance(refused, CancelRejected)
    assert refused.reason is RejectReason.INVALID_DISPLAY
    assert refused.detail == "worth at least 0.0001 USDC"
    (refused,) = driver.replace("bob", order_id, 10 * MAX_SLICES + 1, 10)
    assert refused.reason is RejectReason.INVALID_DISPLAY
    assert refused.detail == "at least 0.0000011: at most 100 slices"


@pytest.mark.parametrize("display", [0, -1, 31, 2**48])
def test_a_slice_is_a_quantity_within_the_order(display: int) -> None:
    driver = ready()
    (event,) = driver.place("bob", SELL, 30, 10, display_quantity=display)
    assert event.reason is RejectReason.INVALID_DISPLAY


def test_a_replacement_below_what_is_filled_cancels_whatever_the_minimum_says() -> None:
    """A total under the minimum notional is no new order when it is filled already."""
    driver = ready(minimum_notional=100)
    order_id = driver.rest("bob", SELL, 30, 10)
    driver.place("alice", BUY, 10, 10)
    (canceled,) = driver.replace("bob", order_id, 9, 10)
    assert isinstance(canceled, OrderCanceled)
    assert (canceled.reason, canceled.filled) == (CancelReason.REQUESTED, 10)
    order_id = driver.rest("bob", SELL, 30, 10)
    (refused,) = driver.replace("bob", order_id, 9, 10)
    assert refused.reason is RejectReason.BELOW_MINIMUM_NOTIONAL
