"""Expiry happens in (time, id) order, and its heap stays as small as the live orders."""

import random

from hybrid_dex.engine.orders import LiveOrder, Orders
from hybrid_dex.engine.triggers import Expiries
from hybrid_dex.model.commands import AdvanceTime
from hybrid_dex.model.events import OrderExpired, OrderReplaced
from hybrid_dex.model.order import OrderStatus, OrderType, SelfTradeMode, TimeInForce
from hybrid_dex.model.units import AccountId, MarketId, OrderId, Price, TimestampNs
from tests.engine.driver import BUY, Driver

GTD = TimeInForce.GTD


def live_order(number: int, due_ns: int) -> LiveOrder:
    return LiveOrder(
        OrderId(number),
        AccountId("alice"),
        MarketId("ETH-USDC"),
        BUY,
        OrderType.LIMIT,
        GTD,
        post_only=False,
        self_trade=SelfTradeMode.CANCEL_AGGRESSOR,
        price=Price(10),
        quantity=1,
        signed_quantity=1,
        open=1,
        filled=0,
        status=OrderStatus.NEW,
        accepted_at_ns=TimestampNs(0),
        expires_at_ns=TimestampNs(due_ns),
        due_ns=due_ns,
        client_order_id=None,
        authorization=None,
    )


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
    """2,000 canceled orders with far times do not stay in the heaps."""
    driver = Driver()
    driver.fund("alice")
    driver.proves = False
    for _ in range(2_000):
        driver.cancel(
            "alice", driver.rest("alice", BUY, 1, 10, time_in_force=GTD, expires_at_ns=10**18)
        )
    expiries: Expiries = driver.engine._desk.expiries
    assert len(expiries._first) + len(expiries._second) < 200


class Watched(Expiries):
    """Counts the rows that are looked at."""

    looks = 0

    def _is_true(self, row: tuple[int, OrderId]) -> bool:
        self.looks += 1
        return super()._is_true(row)


def test_no_order_waits_until_the_rows_of_all_are_seen() -> None:
    """While orders come, go and get other times, whatever is due is told in order, and a new one costs few looks."""
    rng = random.Random(7)
    orders = Orders()
    expiries = Watched(orders)
    now = 0
    for number in range(1, 20_001):
        order = live_order(number, now + rng.randrange(1, 5_000))
        orders.rest(order)
        before = expiries.looks
        expiries.watch(order)
        assert expiries.looks - before <= 4
        assert len(expiries._first) + len(expiries._second) <= 4 * orders.live_total + 200
        if rng.random() < 0.6:
            one = orders.live(OrderId(rng.randrange(max(1, number - 500), number + 1)))
            if one is not None and rng.random() < 0.3:
                one.due_ns = now + rng.randrange(1, 5_000)
                expiries.watch(one)
            elif one is not None:
                orders.leave(one)
        if number % 97 == 0:
            now += rng.randrange(60)
            ended = []
            while (due := expiries.due(now)) is not None:
                ended.append((orders.known[due].due_ns, due))
                orders.leave(orders.known[due])
            assert ended == sorted(ended)
            times = [one.due_ns for one in orders.all_live() if one.due_ns is not None]
            assert min(times) > now
            assert expiries.next_due_ns() == min(times)
