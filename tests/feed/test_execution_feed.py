"""Execution reports: whole, in order, each for its trader."""

import msgspec

from hybrid_dex.feed import ExecutionFeed
from hybrid_dex.model.events import CancelRejected, OrderExpired, OrderRejected
from hybrid_dex.model.order import CancelReason, OrderStatus, Side
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.reports import ExecType, Liquidity
from hybrid_dex.model.units import Quantity, Sequence, order_id
from tests.engine.driver import BUY, SELL, Driver
from tests.engine.test_links import bracket, leg
from tests.feed.orders_of_alice_and_bob import (
    ALICE,
    BOB,
    MARKET,
    accepted,
    batch,
    canceled,
    filled,
    reduced,
    replaced,
)
from tests.wire.terms import view


def test_a_fill_is_reported_to_both_traders_with_their_own_figures() -> None:
    """Taker first; LeavesQty, CumQty, status, liquidity and fee are each one's own."""
    feed = ExecutionFeed()
    [new] = feed.apply(batch(1, accepted(1, Side.BUY, 100, 5, name="a1")))
    assert (new.exec_type, new.status, new.open) == (ExecType.NEW, OrderStatus.NEW, 5)
    taker = accepted(2, Side.SELL, 90, 2, account=BOB)
    fill = filled(2, order_id(1), maker_open=3, taker_open=0, price=100, quantity=2)
    _, bobs, alices = feed.apply(batch(2, taker, fill))
    assert (bobs.account, bobs.status, bobs.open, bobs.filled) == (BOB, OrderStatus.FILLED, 0, 2)
    assert (bobs.liquidity, bobs.fee, bobs.last_price, bobs.price) == (Liquidity.TAKER, 2, 100, 90)
    assert (alices.account, alices.status) == (ALICE, OrderStatus.PARTIALLY_FILLED)
    assert (alices.liquidity, alices.fee, alices.open) == (Liquidity.MAKER, 1, 3)
    assert alices.client_order_id == "a1"


def test_an_order_that_is_done_leaves_nothing_open() -> None:
    """Canceled and expired orders have LeavesQty zero, whatever was open."""
    feed = ExecutionFeed()
    for sequence in (1, 2):
        feed.apply(batch(sequence, accepted(sequence, Side.BUY, 100, 5)))
    [gone] = feed.apply(batch(3, canceled(order_id(1), 5)))
    assert (gone.status, gone.open, gone.cancel_reason) == (
        OrderStatus.CANCELED, 0, CancelReason.REQUESTED
    )  # fmt: skip
    event = OrderExpired(order_id(2), ALICE, MARKET, Quantity(5), Quantity(0), None)
    [expired] = feed.apply(batch(4, event))
    assert (expired.exec_type, expired.status, expired.open) == (
        ExecType.EXPIRED, OrderStatus.EXPIRED, 0
    )  # fmt: skip
    assert feed.apply(batch(5, canceled(order_id(1), 0))) == ()


def test_new_terms_and_reductions_show_the_new_totals() -> None:
    """A requested reduction lowers OrderQty; self-trade prevention lowers only what is open."""
    feed = ExecutionFeed()
    feed.apply(batch(1, accepted(1, Side.BUY, 100, 9)))
    [report] = feed.apply(batch(2, reduced(order_id(1), 2, 7)))
    assert (report.exec_type, report.quantity, report.open) == (ExecType.REDUCED, 7, 7)
    [report] = feed.apply(batch(3, reduced(order_id(1), 3, 4, self_trade=True)))
    assert (report.quantity, report.open) == (7, 4)
    [report] = feed.apply(batch(4, replaced(order_id(1), Side.BUY, 98, 6)))
    assert (report.exec_type, report.price, report.quantity) == (ExecType.REPLACED, 98, 6)


def test_an_exit_of_which_the_rest_slept_ends_filled() -> None:
    """Its reduction is the last that is told of it, and nothing of it is remembered."""
    driver = Driver()
    driver.fund("alice", "bob")
    feed = ExecutionFeed(sequence=driver.engine.sequence)
    last = {}
    commands = (bracket(), leg(SELL, account="bob", quantity=2, price=100), leg(BUY, account="bob"))
    for command in commands:
        events = driver.do(command)
        for report in feed.apply(batch(driver.engine.sequence, *events)):
            last[report.order_id] = report
    exits = [report for report in last.values() if report.account == "alice"]
    for report in exits:
        shown = driver.engine.order(report.order_id)
        assert shown is not None
        assert (report.status, report.filled, report.open) == (shown.status, shown.filled, 0)
    [taken] = [report for report in exits if report.exec_type is ExecType.REDUCED]
    assert (taken.status, taken.filled, taken.quantity) == (OrderStatus.FILLED, 2, 2)
    gone = canceled(taken.order_id, 0)
    assert feed.apply(batch(driver.engine.sequence + 1, gone)) == ()


def test_refusals_name_what_is_known() -> None:
    """A refused order has no terms; a refused cancel shows the order as it stands, if there is one."""
    feed = ExecutionFeed()
    feed.apply(batch(1, accepted(1, Side.BUY, 100, 9)))
    reason = RejectReason.INSUFFICIENT_FUNDS
    [report] = feed.apply(
        batch(2, OrderRejected(order_id(2), ALICE, MARKET, reason, "quantity", "too much", None))
    )
    assert (report.status, report.reject_reason, report.price) == (
        OrderStatus.REJECTED,
        reason,
        None,
    )
    refused = CancelRejected(
        ALICE,
        order_id(1),
        None,
        RejectReason.FILLED_MEANWHILE,
        "",
        "2",
        OrderStatus.NEW,
        Quantity(0),
    )
    [report] = feed.apply(batch(3, refused))
    assert (report.exec_type, report.price, report.open) == (ExecType.CANCEL_REJECTED, 100, 9)
    # Another one's answer is not hers, and tells nothing of her order.
    [report] = feed.apply(batch(4, msgspec.structs.replace(refused, account=BOB)))
    assert (report.account, report.market, report.price, report.open) == (BOB, None, None, 0)
    unknown = CancelRejected(
        BOB, None, None, RejectReason.UNKNOWN_ORDER, "order_id", "none", None, Quantity(0)
    )
    [report] = feed.apply(batch(5, unknown))
    assert (report.account, report.order_id, report.market) == (BOB, None, None)


def test_a_feed_begins_with_open_orders() -> None:
    """Their next event is reported whole, as if the feed had always been there."""
    order = view(side=Side.BUY)
    feed = ExecutionFeed([order], sequence=Sequence(9))
    assert feed.apply(batch(9, canceled(order.order_id, 1))) == ()
    [report] = feed.apply(batch(10, canceled(order.order_id, 10_000, 5_000)))
    assert (report.price, report.filled, report.open) == (order.price, 5_000, 0)


def test_a_repeated_order_is_not_reported_again() -> None:
    """It is answered with the first command's events, which were reported then."""
    feed = ExecutionFeed()
    first = accepted(1, Side.BUY, 100, 9)
    feed.apply(batch(1, first))
    assert feed.apply(batch(2, first)) == ()
