"""Orders at their limits: words, numbers, fills a group, replacements and their refusals."""

import pytest

from hybrid_dex.engine.matching import MAX_FILLS_PER_COMMAND
from hybrid_dex.model.commands import CancelAll, ReduceOrder
from hybrid_dex.model.events import (
    CancelRejected,
    CommandRejected,
    FillMade,
    OrderAccepted,
    OrderCanceled,
    OrderReplaced,
)
from hybrid_dex.model.order import CancelReason, OrderStatus, OrderType, SelfTradeMode, TimeInForce
from hybrid_dex.model.reasons import RejectReason as Reason
from hybrid_dex.model.units import MAX_AMOUNT, MAX_PRICE, MAX_QUANTITY
from tests.engine.driver import BUY, MARKET, SELL, Driver, make_market

GTC, GTD, IOC, FOK = TimeInForce
MARKET_ORDER = OrderType.MARKET


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"price": 0}, Reason.INVALID_PRICE),
        ({"price": -1}, Reason.INVALID_PRICE),
        ({"price": MAX_PRICE + 1}, Reason.INVALID_PRICE),
        ({"price": 1.0}, Reason.INVALID_PRICE),
        ({"quantity": 0}, Reason.INVALID_QUANTITY),
        ({"quantity": MAX_QUANTITY + 1}, Reason.INVALID_QUANTITY),
        ({"quantity": True}, Reason.INVALID_QUANTITY),
        ({"market": "X-Y"}, Reason.UNKNOWN_MARKET),
        ({"order_type": MARKET_ORDER}, Reason.INVALID_COMBINATION),
        ({"order_type": MARKET_ORDER, "time_in_force": FOK}, Reason.INVALID_COMBINATION),
        ({"time_in_force": IOC, "post_only": True}, Reason.INVALID_COMBINATION),
        ({"time_in_force": FOK, "post_only": True}, Reason.INVALID_COMBINATION),
        ({"time_in_force": GTD}, Reason.INVALID_COMBINATION),
        ({"time_in_force": GTC, "expires_at_ns": 9}, Reason.INVALID_COMBINATION),
        ({"time_in_force": GTD, "expires_at_ns": 5}, Reason.EXPIRED),
        ({"time_in_force": GTD, "expires_at_ns": 2**63}, Reason.EXPIRED),
    ],
)
def test_terms_that_can_not_be(terms: dict[str, object], reason: Reason) -> None:
    """Each is refused with its number and what would be valid, and no funds are held."""
    driver = Driver()
    driver.fund("alice")
    driver.at_ns = 5
    before = driver.engine.balances("alice")
    (event,) = driver.place("alice", BUY, **({"quantity": 1, "price": 1} | terms))
    assert (event.reason, bool(event.detail)) == (reason, True)
    assert driver.engine.balances("alice") == before
    driver.rest("alice", BUY, 1, 1, time_in_force=GTD, expires_at_ns=6)


def test_amounts_end_where_the_settlement_word_ends() -> None:
    """Notional with the worst fee fits 112 bits or is refused; so must the base amount."""
    size = MAX_AMOUNT // (MAX_PRICE * 2)
    driver = Driver(market=make_market(tick_size=size, lot_size=1))
    (event,) = driver.place("alice", BUY, 2, MAX_PRICE)
    assert event.reason is Reason.INSUFFICIENT_FUNDS
    (event,) = driver.place("alice", BUY, 3, MAX_PRICE)
    assert event.reason is Reason.AMOUNT_TOO_LARGE
    driver = Driver(market=make_market(lot_size=2**70))
    (event,) = driver.place("alice", SELL, 2**42 - 1, 1)
    assert event.reason is Reason.INSUFFICIENT_FUNDS
    (event,) = driver.place("alice", SELL, 2**42, 1)
    assert event.reason is Reason.AMOUNT_TOO_LARGE


def test_the_minimum_notional_is_allowed_and_one_atom_less_is_not() -> None:
    """One at the limit and one below it."""
    driver = Driver(market=make_market(minimum_notional=100))
    driver.fund("alice")
    (event,) = driver.place("alice", BUY, 1, 99)
    assert event.reason is Reason.BELOW_MINIMUM_NOTIONAL
    driver.rest("alice", BUY, 1, 100)


def test_a_fok_of_100_fills_trades_and_one_of_101_is_refused() -> None:
    """One settlement group holds 100 fills; a FOK settles as one group."""
    driver = Driver()
    driver.fund("alice", "bob")
    for _ in range(101):
        driver.rest("bob", SELL, 1, 100)
    (event,) = driver.place("alice", BUY, 101, 100, time_in_force=FOK)
    assert event.reason is Reason.TOO_MANY_FILLS
    events = driver.place("alice", BUY, 100, 100, time_in_force=FOK)
    assert sum(isinstance(event, FillMade) for event in events) == 100
    events = driver.place("alice", BUY, 2, 100, time_in_force=FOK)
    assert [type(event) for event in events] == [OrderAccepted, OrderCanceled]


def test_a_replacement_by_a_fok_of_101_fills_leaves_the_order_in_place() -> None:
    """Refused like a new one."""
    driver = Driver()
    driver.fund("alice", "bob")
    order_id = driver.rest("alice", BUY, 101, 90)
    for _ in range(101):
        driver.rest("bob", SELL, 1, 100)
    (event,) = driver.replace("alice", order_id, 101, 100, time_in_force=FOK)
    assert (type(event), event.reason) == (CancelRejected, Reason.TOO_MANY_FILLS)
    assert driver.engine.order(order_id).price == 90


def test_one_command_fills_as_many_groups_as_the_chain_can_number() -> None:
    """Then the remainder of even a GTC order is canceled, since it would cross."""
    driver = Driver()
    driver.fund("alice", "bob")
    driver.proves = False
    for _ in range(MAX_FILLS_PER_COMMAND + 1):
        driver.place("bob", SELL, 1, 100)
    events = driver.place("alice", BUY, MAX_FILLS_PER_COMMAND + 5, 100)
    driver.engine.check()
    assert len(events) == MAX_FILLS_PER_COMMAND + 2
    assert (events[-1].reason, events[-1].open) == (CancelReason.REMAINDER, 5)
    assert driver.engine.top(MARKET.id).bid is None
    assert len({event.fill_id for event in events[1:-1]}) == MAX_FILLS_PER_COMMAND


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"quantity": 0}, Reason.INVALID_QUANTITY),
        ({"price": 0}, Reason.INVALID_PRICE),
        ({"expected_filled": 1}, Reason.FILLED_MEANWHILE),
        ({"time_in_force": GTD}, Reason.INVALID_COMBINATION),
        ({"time_in_force": GTD, "expires_at_ns": 0}, Reason.EXPIRED),
        ({"time_in_force": GTD, "expires_at_ns": 2**63}, Reason.EXPIRED),
        ({"price": 10**11}, Reason.INSUFFICIENT_FUNDS),
    ],
)
def test_a_refused_replacement_changes_nothing(terms: dict[str, object], reason: Reason) -> None:
    """The old order stands, with its place, hold and terms."""
    driver = Driver()
    driver.fund("alice")
    order_id = driver.rest("alice", BUY, 50, 100)
    book = list(driver.engine.resting(MARKET.id))
    view, funds = driver.engine.order(order_id), driver.engine.balances("alice")
    (event,) = driver.replace("alice", order_id, **({"quantity": 50, "price": 100} | terms))
    assert (type(event), event.reason) == (CancelRejected, reason)
    assert event.status is OrderStatus.NEW
    assert driver.engine.order(order_id) == view
    assert driver.engine.balances("alice") == funds
    assert list(driver.engine.resting(MARKET.id)) == book


def test_a_replacement_that_raced_a_fill_is_refused_only_when_asked() -> None:
    """With `expected_filled` it is; without, the fills are part of the total."""
    driver = Driver()
    driver.fund("alice", "bob")
    order_id = driver.rest("bob", SELL, 10, 100)
    driver.place("alice", BUY, 4, 100)
    (event,) = driver.replace("bob", order_id, 10, 101, expected_filled=0)
    assert (event.reason, event.filled) == (Reason.FILLED_MEANWHILE, 4)
    (event,) = driver.replace("bob", order_id, 10, 101, expected_filled=4)
    assert isinstance(event, OrderReplaced)
    assert (event.open, event.filled, event.quantity) == (6, 4, 10)


def test_a_replacement_tells_all_its_terms() -> None:
    """The ones that keep its place, and the ones that do not."""
    driver = Driver()
    driver.fund("alice", "bob")
    order_id = driver.rest("bob", SELL, 10, 100)
    driver.place("alice", BUY, 4, 100)
    for price, quantity, kept, terms in (
        (100, 9, True, {"post_only": True, "time_in_force": GTD, "expires_at_ns": 9}),
        (101, 12, False, {"self_trade": SelfTradeMode.CANCEL_BOTH, "display_quantity": 3}),
    ):
        assert driver.replace("bob", order_id, quantity, price, **terms) == (
            OrderReplaced(
                order_id,
                "bob",
                MARKET.id,
                SELL,
                price,
                quantity,
                quantity - 4,
                4,
                terms.get("time_in_force", GTC),
                terms.get("post_only", False),
                terms.get("expires_at_ns"),
                kept,
                None,
                self_trade=terms.get("self_trade", SelfTradeMode.CANCEL_AGGRESSOR),
                display_quantity=terms.get("display_quantity"),
            ),
        )


def test_a_total_at_or_below_the_fills_cancels_the_rest() -> None:
    """At exactly the fills, and below."""
    for total in (4, 3):
        driver = Driver()
        driver.fund("alice", "bob")
        order_id = driver.rest("bob", SELL, 10, 100)
        driver.place("alice", BUY, 4, 100)
        (event,) = driver.replace("bob", order_id, total, 101)
        assert isinstance(event, OrderCanceled)
        assert (event.reason, event.open, event.filled) == (CancelReason.REQUESTED, 6, 4)


def test_a_replacement_after_a_reduction_counts_from_the_reduced_total() -> None:
    """Back to the old total is larger: it loses its place."""
    driver = Driver()
    driver.fund("bob")
    order_id = driver.rest("bob", SELL, 10, 100)
    driver.do(ReduceOrder(account="bob", order_id=order_id, by=3))
    assert driver.engine.order(order_id).quantity == 7
    (event,) = driver.replace("bob", order_id, 7, 100)
    assert (event.kept_priority, event.open) == (True, 7)
    (event,) = driver.replace("bob", order_id, 10, 100)
    assert (event.kept_priority, event.open) == (False, 10)


@pytest.mark.parametrize("by", [0, -1, 11, 1.0])
def test_a_reduction_is_between_one_lot_and_all(by: int) -> None:
    """Outside of that it is refused; all of it cancels."""
    driver = Driver()
    driver.fund("bob")
    order_id = driver.rest("bob", SELL, 10, 100)
    (event,) = driver.do(ReduceOrder(account="bob", order_id=order_id, by=by))
    assert event.reason is Reason.INVALID_REDUCE
    (event,) = driver.do(ReduceOrder(account="bob", order_id=order_id, by=10))
    assert isinstance(event, OrderCanceled)


def test_cancel_all_takes_what_fits_oldest_first() -> None:
    """By side and by market; another account's orders stay."""
    driver = Driver()
    driver.fund("alice", "bob")
    bought = [driver.rest("alice", BUY, 1, price) for price in (10, 30, 20)]
    sold = driver.rest("alice", SELL, 1, 100)
    other = driver.rest("bob", BUY, 1, 10)
    driver.replace("alice", bought[0], 2, 11)
    events = driver.do(CancelAll(account="alice", side=BUY))
    assert [event.order_id for event in events] == bought
    (event,) = driver.do(CancelAll(account="alice", market=MARKET.id))
    assert event.order_id == sold
    assert driver.do(CancelAll(account="alice")) == ()
    assert driver.engine.order(other).status is OrderStatus.NEW
    (event,) = driver.do(CancelAll(account="alice", market="X-Y"))
    assert isinstance(event, CommandRejected)


def test_views_tell_an_order_as_its_trader_sees_it() -> None:
    """Open, filled, status; a partial fill shows."""
    driver = Driver()
    driver.fund("alice", "bob")
    order_id = driver.rest("bob", SELL, 10, 100, client_order_id="s")
    driver.place("alice", BUY, 4, 100)
    view = driver.engine.order(order_id)
    assert (view.quantity, view.open, view.filled) == (10, 6, 4)
    assert view.status is OrderStatus.PARTIALLY_FILLED
    assert driver.engine.open_orders("bob") == (view,)
    assert driver.engine.open_orders("bob", "X-Y") == ()
    assert driver.engine.order_by_client_id("bob", "s") == view
    driver.cancel("bob", order_id)
    gone = driver.engine.order(order_id)
    assert (gone.open, gone.filled, gone.status) == (0, 4, OrderStatus.CANCELED)
