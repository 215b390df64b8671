"""Quote budgets: never exceeded by an atom, and never a lot less than they pay for."""

import random

import pytest

from hybrid_dex.engine.budgets import affordable
from hybrid_dex.engine.conditions import Conditions
from hybrid_dex.interfaces.book import Allocation
from hybrid_dex.model.commands import GrantSession
from hybrid_dex.model.events import FillMade, OrderCanceled, OrderRejected
from hybrid_dex.model.fees import fee
from hybrid_dex.model.order import TimeInForce
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import MAX_AMOUNT
from tests.engine.driver import BUY, SELL, Driver, authorize, make_market
from tests.tiers import count

IOC = TimeInForce.IOC
TRIES = count(fast=2_000, full=200_000)


def test_the_largest_quantity_that_fits_is_found(rng: random.Random) -> None:
    """One lot more would cost more than what is left; over any price, fee and budget."""
    for _ in range(TRIES):
        market = make_market(tick_size=rng.randint(1, 50), taker_fee_ppm=rng.randint(0, 2**15 - 1))
        driver = Driver(market=market)
        driver.fund("alice")
        driver.place("alice", BUY, 1, 1)
        order = driver.engine._desk.orders.all_live()[0]
        budget = rng.randint(1, 10 ** rng.randint(1, 12))
        order.conditions = Conditions(quote_budget=budget + 7, spent=7)
        price = rng.randint(1, 10 ** rng.randint(1, 6))
        offer = Allocation(1, "bob", price, 2**40, 2**40)
        venue = driver.engine._desk.venues[market.id]
        quantity = affordable(driver.engine._desk, venue, order, offer).quantity
        unit = price * market.tick_size

        def cost(lots: int, unit: int = unit, rate: int = market.taker_fee_ppm) -> int:
            return unit * lots + fee(unit * lots, rate)

        assert cost(quantity) <= budget < cost(quantity + 1)
        whole = Allocation(1, "bob", price, max(1, quantity), 2**40)
        assert (affordable(driver.engine._desk, venue, order, whole) is whole) is (quantity >= 1)


def test_what_is_spent_over_a_sweep_is_within_the_budget(rng: random.Random) -> None:
    """Many makers, each fill with its own rounded fee: the sum of all stays within."""
    for _ in range(count(fast=40, full=2_000)):
        driver = Driver(market=make_market(tick_size=7, maker_fee_ppm=333, taker_fee_ppm=1_777))
        driver.fund("alice", "bob")
        for _ in range(rng.randint(1, 12)):
            driver.rest("bob", SELL, rng.randint(1, 30), rng.randint(90, 110))
        before = driver.available("alice", "USDC")
        budget = rng.randint(1, 200_000)
        events = driver.place(
            "alice", BUY, 400, 120, time_in_force=IOC, quote_budget=budget,
            authorization=authorize(1) if rng.random() < 0.5 else None,
        )  # fmt: skip
        spent = before - driver.available("alice", "USDC")
        told = sum(
            7 * e.price * e.quantity + e.taker_fee for e in events if isinstance(e, FillMade)
        )
        assert spent == told <= budget
        assert isinstance(events[-1], OrderCanceled)
        assert driver.engine.balance("alice", "USDC").held == 0


def test_a_session_reserves_the_budget_and_no_more() -> None:
    """The key's own budget is asked for what the order can spend, not for its protection price."""
    driver = Driver()
    driver.fund("alice", "bob")
    driver.rest("bob", SELL, 50, 10)
    from_key = {"authorization": authorize(1, key="0xK"), "time_in_force": IOC}
    driver.do(_grant(120))
    (event,) = driver.place("alice", BUY, 50, 10, **from_key)
    assert isinstance(event, OrderRejected)
    assert event.reason is RejectReason.SESSION_BUDGET
    driver.place("alice", BUY, 50, 10, quote_budget=100, **from_key)
    (session,) = driver.engine.sessions("alice")
    assert (session.buy_budget, session.buy_reserved) == (20, 0)


def _grant(budget: int) -> object:
    from_chain = {"expiry_s": 10_000, "position": 1}
    return GrantSession(
        account="alice",
        key="0xK",
        market="ETH-USDC",
        buy_budget=budget,
        sell_budget=0,
        **from_chain,
    )


@pytest.mark.parametrize("budget", [0, -1, MAX_AMOUNT + 1])
def test_a_budget_is_an_amount(budget: int) -> None:
    driver = Driver()
    driver.fund("alice")
    (event,) = driver.place("alice", BUY, 1, 10, time_in_force=IOC, quote_budget=budget)
    assert event.reason is RejectReason.INVALID_BUDGET
