"""A preview is what then happens: what is held, charged and settled equals it to the atom.

Over random markets, fees, books and orders; and looking changes nothing.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from hybrid_dex.model.commands import ConfirmSettlement, PlaceOrder
from hybrid_dex.model.events import FillMade, OrderAccepted, OrderRejected
from hybrid_dex.model.fees import FeeTier, fee
from hybrid_dex.model.order import OrderType, Side, TimeInForce
from hybrid_dex.model.preview import OrderPreview
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.settlement import SettlementStage
from tests.engine.driver import BUY, SELL, Driver, make_market
from tests.tiers import count

ORDERS = count(fast=400, full=20_000)
IOC = TimeInForce.IOC


def random_driver(rng: random.Random) -> Driver:
    taker = rng.randint(0, 5_000)
    tiers = (
        (FeeTier(volume=1, maker_fee_ppm=-min(taker, 50), taker_fee_ppm=taker),)
        if rng.random() < 0.3
        else ()
    )
    market = make_market(
        lot_size=rng.choice([1, 10, 12_345]),
        tick_size=rng.randint(1, 50),
        maker_fee_ppm=rng.randint(-min(taker, 100), 3_000),
        taker_fee_ppm=taker,
        fee_tiers=tiers,
    )
    driver = Driver(market=market)
    driver.fund("alice", "bob")
    return driver


def random_order(rng: random.Random, driver: Driver) -> PlaceOrder:
    """Mostly one that can enter; some that can not be, or that nobody can pay."""
    side, quantity, price = rng.choice([BUY, SELL]), rng.randint(1, 500), rng.randint(80, 120)
    terms: dict[str, object] = {}
    kind = rng.random()
    if kind < 0.2:
        terms = {
            "time_in_force": IOC,
            "order_type": rng.choice([OrderType.LIMIT, OrderType.MARKET]),
        }
        if side is BUY and rng.random() < 0.7:
            terms["quote_budget"] = rng.randint(1, 3 * quantity * price * driver.market.tick_size)
    elif kind < 0.4:
        terms = {"post_only": True}
    elif kind < 0.5:
        terms = {"display_quantity": rng.randint(1, quantity)}
    elif kind < 0.6:
        terms = {"time_in_force": TimeInForce.FOK}
    elif kind < 0.65:
        quantity = rng.randint(10**9, 10**12)
    elif kind < 0.7:
        terms = {"quote_budget": 5} if side is SELL else {"trigger_price": 100}
    return PlaceOrder(
        account="alice", market=driver.market.id, side=side, price=price, quantity=quantity, **terms
    )


def owned(driver: Driver, asset: str) -> int:
    return driver.engine.balance("alice", asset).total


def settle(driver: Driver, fills: list[FillMade]) -> None:
    ids = tuple(fill.fill_id for fill in fills)
    driver.do(
        ConfirmSettlement(fills=ids, stage=SettlementStage.FINAL, batch=driver.engine.sequence)
    )


def check_bounds(
    driver: Driver,
    order: PlaceOrder,
    told: OrderPreview,
    before: dict[str, int],
    fills: list[FillMade],
) -> None:
    """What it paid and received, once all is settled, is never worse than was told."""
    paid = before[told.pays_asset] - owned(driver, told.pays_asset)
    received = owned(driver, told.receives_asset) - before[told.receives_asset]
    assert paid <= told.pays_at_most
    charged = sum(fill.taker_fee for fill in fills)
    if order.side is BUY:
        assert charged <= told.worst_fee
    traded = sum(fill.quantity for fill in fills)
    if traded >= told.quantity:
        assert received >= told.receives_at_least
    if order.side is SELL:
        notional = sum(driver.market.notional(fill.price, fill.quantity) for fill in fills)
        assert received == notional - charged


def test_what_is_told_is_what_is_held_charged_and_settled(
    rng: random.Random, figure: Callable[[str], None]
) -> None:
    entered = refused = traded = 0
    for number in range(ORDERS):
        if number % 20 == 0:
            driver = random_driver(rng)
        for _ in range(rng.randint(0, 3)):
            driver.place("bob", rng.choice([BUY, SELL]), rng.randint(1, 300), rng.randint(80, 120))
        order = random_order(rng, driver)
        state = driver.engine.state_hash()
        told, refusal = driver.engine.preview(order), driver.engine.judge(order)
        assert driver.engine.state_hash() == state, "looking changes nothing"
        before = {asset: owned(driver, asset) for asset in ("ETH", "USDC")}
        held = driver.engine.balance("alice", told.hold_asset)
        assert told.available == held.available
        first, *events = driver.do(order)
        if refusal is not None:
            refused += 1
            assert isinstance(first, OrderRejected)
            assert (first.reason, first.field) == (refusal.reason, refusal.field)
            continue
        entered += 1
        assert isinstance(first, OrderAccepted)
        fills = [event for event in events if isinstance(event, FillMade)]
        mine = [fill for fill in fills if fill.taker_order == first.order_id]
        if events == []:
            now = driver.engine.balance("alice", told.hold_asset)
            assert now.held - held.held == told.hold == held.available - now.available
        for fill in mine:
            notional = driver.market.notional(fill.price, fill.quantity)
            assert fill.taker_fee == fee(notional, told.taker_fee_ppm)
            traded += 1
        if fills:
            settle(driver, fills)
        check_bounds(driver, order, told, before, mine)
        if rng.random() < 0.5:
            driver.engine.open_orders("alice")
            for live in driver.engine.open_orders("alice"):
                driver.cancel("alice", live.order_id)
    assert min(entered, refused, traded) > ORDERS // 50
    figure(f"{entered} orders that entered and {refused} that did not were as their preview told")


@pytest.mark.parametrize("side", [BUY, SELL])
def test_whole_at_its_limit_both_fees_are_exact(side: Side, rng: random.Random) -> None:
    """As taker of one order, and as maker that one order takes; what is settled is the same."""
    for _ in range(count(fast=100, full=5_000)):
        driver = random_driver(rng)
        price, quantity = rng.randint(1, 10**4), rng.randint(1, 10**4)
        other = SELL if side is BUY else BUY
        order = PlaceOrder(
            account="alice", market=driver.market.id, side=side, price=price, quantity=quantity
        )
        for makes in (False, True):
            told = driver.engine.preview(order)
            before = {asset: owned(driver, asset) for asset in ("ETH", "USDC")}
            if makes:
                driver.do(order)
                events = driver.place("bob", other, quantity, price)
            else:
                driver.rest("bob", other, quantity, price)
                events = driver.do(order)
            (fill,) = [event for event in events if isinstance(event, FillMade)]
            charged = fill.maker_fee if makes else fill.taker_fee
            assert charged == (told.maker_fee if makes else told.taker_fee)
            settle(driver, [fill])
            notional = driver.market.notional(price, quantity)
            moved = owned(driver, "USDC") - before["USDC"]
            assert moved == (-notional if side is BUY else notional) - charged
            assert abs(owned(driver, "ETH") - before["ETH"]) == driver.market.base_amount(quantity)


def test_an_unknown_market_and_a_name_in_use_are_told() -> None:
    driver = Driver()
    driver.fund("alice")
    driver.rest("alice", BUY, 1, 100, client_order_id="mine")
    order = PlaceOrder(account="alice", market="X", side=BUY, price=1, quantity=1)
    refusal = driver.engine.judge(order)
    assert refusal is not None
    assert refusal.reason is RejectReason.UNKNOWN_MARKET
    taken = PlaceOrder(
        account="alice", market="ETH-USDC", side=BUY, price=1, quantity=1, client_order_id="mine"
    )
    refusal = driver.engine.judge(taken)
    assert refusal is not None
    assert refusal.reason is RejectReason.DUPLICATE_CLIENT_ORDER_ID
