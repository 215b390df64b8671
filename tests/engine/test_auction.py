"""Auctions: one price for all, who trades at it, and what nobody pays."""

import random

import pytest

from hybrid_dex.engine import matching
from hybrid_dex.model.commands import (
    AdvanceTime,
    ConfirmSettlement,
    FailSettlement,
    ListMarket,
    ScheduleMarketState,
    SetMarketState,
)
from hybrid_dex.model.events import (
    CommandRejected,
    FillMade,
    MarketStateChanged,
    OrderAccepted,
    OrderCanceled,
    OrderReduced,
    OrderReplaced,
)
from hybrid_dex.model.market import MarketState, StateCause
from hybrid_dex.model.market_events import MarketUncrossed
from hybrid_dex.model.order import CancelReason, OrderStatus, OrderType, SelfTradeMode, Side
from hybrid_dex.model.order import TimeInForce as Tif
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.risk_control import SetAccountGroup
from hybrid_dex.model.settlement import FillFailure, SettlementStage
from tests.engine.driver import BUY, MARKET, SELL, Driver, authorize, make_engine, make_market
from tests.tiers import count

AUCTION, OPEN = MarketState.AUCTION_OPEN, MarketState.OPEN
TRADERS = ("alice", "bob", "carol", "dave")


def move(driver: Driver, state: MarketState, **terms: object) -> tuple[object, ...]:
    return driver.do(SetMarketState(market=driver.market.id, state=state, **terms))


def auction(driver: Driver | None = None) -> Driver:
    """A market in an auction, with funds for everybody."""
    driver = Driver() if driver is None else driver
    driver.fund(*TRADERS)
    move(driver, AUCTION)
    return driver


def fills(events: tuple[object, ...]) -> list[tuple[int, int, int, int]]:
    """Maker, taker, price and quantity of each."""
    return [
        (event.maker_order, event.taker_order, event.price, event.quantity)
        for event in events
        if isinstance(event, FillMade)
    ]


def opened(driver: Driver) -> tuple[int, int, int, Side | None] | None:
    """Open the market; return price, quantity, surplus and its side, if it traded."""
    told = [event for event in move(driver, OPEN) if isinstance(event, MarketUncrossed)]
    return (
        (told[0].price, told[0].quantity, told[0].surplus, told[0].surplus_side) if told else None
    )


# ------------------------------------------------------------------- the price


CASES = {
    "the example of the docs": (
        [(10, 102), (8, 101), (6, 99)],
        [(12, 99), (8, 100), (5, 101)],
        0,
        (100, 18, 2, SELL),
    ),
    "nothing crosses": ([(5, 99)], [(5, 100)], 0, None),
    "one side is empty": ([(5, 99)], [], 0, None),
    "bid and ask meet": ([(5, 100)], [(3, 100)], 0, (100, 3, 2, BUY)),
    "any price in between: the middle, rounded down": (
        [(5, 105)],
        [(5, 100)],
        0,
        (102, 5, 0, None),
    ),
    "nearest to the last price inside": ([(5, 105)], [(5, 100)], 104, (104, 5, 0, None)),
    "nearest to a last price above": ([(5, 105)], [(5, 100)], 300, (105, 5, 0, None)),
    "nearest to a last price below": ([(5, 105)], [(5, 100)], 7, (100, 5, 0, None)),
    "most lots, even far from the last price": (
        [(9, 110), (1, 100)],
        [(9, 108)],
        100,
        (108, 9, 0, None),
    ),
    "least imbalance, even far from the last price": (
        [(4, 110), (6, 104)],
        [(4, 100)],
        100,
        (105, 4, 0, None),
    ),
    "as much and as little on both sides of the last price": (
        [(8, 104), (2, 102)],
        [(8, 100), (2, 103)],
        104,
        (104, 8, 2, SELL),
    ),
    "as much and as little, the last price in the lower range": (
        [(8, 104), (2, 102)],
        [(8, 100), (2, 103)],
        101,
        (101, 8, 2, BUY),
    ),
    "a surplus of buyers": ([(9, 100)], [(4, 100)], 0, (100, 4, 5, BUY)),
}


@pytest.mark.parametrize("name", CASES)
def test_the_one_price(name: str) -> None:
    """Most lots, then least imbalance, then nearest to the last price; foretold before it happens."""
    bids, asks, last, expected = CASES[name]
    driver = Driver(market=make_market())
    driver.fund(*TRADERS)
    if last:
        driver.rest("carol", SELL, 1, last)
        driver.place("dave", BUY, 1, last)
    move(driver, AUCTION)
    for quantity, price in bids:
        driver.rest("alice", BUY, quantity, price)
    for quantity, price in asks:
        driver.rest("bob", SELL, quantity, price)
    told = driver.engine.indication(driver.market.id)
    foretold = told and (told.price, told.quantity, told.surplus, told.surplus_side)
    assert opened(driver) == foretold == expected
    assert driver.engine.indication(driver.market.id) is None


def test_random_auctions_are_as_good_as_trying_every_price(seed: int) -> None:
    """The definition, read aloud: each price is tried, the best is taken."""
    rng = random.Random(f"{seed}:auctions")
    for _ in range(count(fast=150, full=3_000)):
        driver = Driver(market=make_market())
        driver.proves = False
        driver.fund("alice", "bob")
        last = rng.choice((0, 0, rng.randint(1, 30)))
        move(driver, AUCTION, reference_price=last or None)
        rows = [
            (side, rng.randint(1, 9), rng.randint(1, 30))
            for side in (BUY, SELL)
            for _ in range(rng.randint(1, 8))
        ]
        for side, quantity, price in rows:
            driver.rest("alice" if side is BUY else "bob", side, quantity, price)
        tried = []
        for price in range(1, 31):
            wanted = sum(lots for side, lots, limit in rows if side is BUY and limit >= price)
            offered = sum(lots for side, lots, limit in rows if side is SELL and limit <= price)
            tried.append((min(wanted, offered), -abs(wanted - offered), price))
        most, imbalance, _ = max(tried)
        best = [row[2] for row in tried if row[:2] == (most, imbalance)]
        told = driver.engine.indication(driver.market.id)
        if most == 0:
            assert told is None
            continue
        near = min(best, key=lambda price: abs(price - last)) if last else sum(
            (best[0], best[-1])
        ) // 2  # fmt: skip
        assert told is not None
        assert (told.price, told.quantity, told.surplus) == (near, most, -imbalance), rows
        driver.proves = True
        done = fills(move(driver, OPEN))
        assert {price for _, _, price, _ in done} == {near}
        assert sum(quantity for *_, quantity in done) == most


# ---------------------------------------------------------------- who, and fees


def test_price_and_time_decide_who_trades_on_both_sides() -> None:
    """The best bids and asks, and of those at the one price the oldest."""
    driver = auction(Driver(market=make_market()))
    first = driver.rest("alice", BUY, 3, 100)
    second = driver.rest("carol", BUY, 3, 100)
    best = driver.rest("dave", BUY, 3, 102)
    sells = driver.rest("bob", SELL, 7, 100)
    assert fills(move(driver, OPEN)) == [
        (best, sells, 100, 3),
        (first, sells, 100, 3),
        (second, sells, 100, 1),
    ]
    left = driver.engine.order(second)
    assert (left.open, left.filled, left.status) == (2, 1, OrderStatus.PARTIALLY_FILLED)
    for done in (first, best, sells):
        assert driver.engine.order(done).status is OrderStatus.FILLED


def test_the_older_order_is_told_as_the_maker() -> None:
    """Whichever side it is on; what is left of one rests on with its place."""
    driver = auction(Driver(market=make_market()))
    sells = driver.rest("bob", SELL, 2, 100)
    buys = driver.rest("alice", BUY, 5, 100)
    behind = driver.rest("dave", BUY, 5, 100)
    events = move(driver, OPEN)
    assert fills(events) == [(sells, buys, 100, 2)]
    (fill,) = [event for event in events if isinstance(event, FillMade)]
    assert fill.taker_side is BUY
    events = driver.place("carol", SELL, 4, 100)
    assert [row[0] for row in fills(events)] == [buys, behind]


def test_both_pay_the_maker_fee() -> None:
    """Nobody takes; holds for the worst fee come back to the atom."""
    driver = auction()
    before = {who: driver.available(who, "USDC") for who in ("alice", "bob")}
    driver.rest("bob", SELL, 10, 900)
    driver.rest("alice", BUY, 10, 1_100)
    events = move(driver, OPEN)
    (fill,) = [event for event in events if isinstance(event, FillMade)]
    assert (fill.price, fill.maker_fee, fill.taker_fee) == (1_000, 10, 10)
    assert driver.available("alice", "USDC") == before["alice"] - 10_010
    assert driver.available("bob", "USDC") == before["bob"] + 9_990
    matched = driver.engine.matched_fill(fill.fill_id)
    assert (matched.price, matched.maker_fee_ppm, matched.taker_fee_ppm) == (1_000, 1_000, 1_000)
    final = ConfirmSettlement(fills=(fill.fill_id,), stage=SettlementStage.FINAL, batch=1)
    driver.do(final)
    assert driver.engine.balance("alice", "ETH").in_flight_in == 0


def test_no_rebate_is_paid_where_nobody_takes() -> None:
    """There is no taker fee to pay it from."""
    driver = auction(Driver(market=make_market(maker_fee_ppm=-500, taker_fee_ppm=900)))
    driver.rest("bob", SELL, 10, 1_000)
    driver.rest("alice", BUY, 10, 1_000)
    (fill,) = [event for event in move(driver, OPEN) if isinstance(event, FillMade)]
    assert (fill.maker_fee, fill.taker_fee) == (0, 0)
    assert driver.engine.fees("USDC") == 0


def test_a_fill_of_an_auction_can_fail_like_any_other() -> None:
    """Both sides are as they were."""
    driver = auction()
    before = [driver.available(who, asset) for who in TRADERS for asset in ("ETH", "USDC")]
    driver.rest("bob", SELL, 10, 900)
    driver.rest("alice", BUY, 10, 1_100)
    (fill,) = [event for event in move(driver, OPEN) if isinstance(event, FillMade)]
    driver.do(FailSettlement(failures=(FillFailure(fill.fill_id, 1),), batch=1))
    after = [driver.available(who, asset) for who in TRADERS for asset in ("ETH", "USDC")]
    assert after == before


def test_an_iceberg_takes_part_with_all_of_it() -> None:
    """And shows what is left as before."""
    driver = auction(Driver(market=make_market()))
    berg = driver.rest("bob", SELL, 30, 100, display_quantity=4)
    driver.rest("alice", BUY, 25, 100)
    assert driver.engine.indication(driver.market.id).quantity == 25
    assert [row[3] for row in fills(move(driver, OPEN))] == [25]
    assert driver.engine.order(berg).open == 5
    assert driver.engine.depth(driver.market.id, 1).asks[0].quantity == 4


def test_stops_fire_after_the_opening() -> None:
    """By its price, and then they trade in the open market."""
    driver = Driver(market=make_market())
    driver.fund(*TRADERS)
    move(driver, AUCTION)
    driver.place("carol", BUY, 2, 110, order_type=OrderType.STOP_LIMIT, trigger_price=100)
    driver.rest("bob", SELL, 5, 100)
    driver.rest("bob", SELL, 2, 105)
    driver.rest("alice", BUY, 5, 100)
    assert [row[2:] for row in fills(move(driver, OPEN))] == [(100, 5), (105, 2)]


# ------------------------------------------------------------------- self-trade


MODES = {
    SelfTradeMode.CANCEL_AGGRESSOR: (["new"], []),
    SelfTradeMode.CANCEL_RESTING: (["old"], []),
    SelfTradeMode.CANCEL_BOTH: (["old", "new"], []),
    SelfTradeMode.DECREMENT_AND_CANCEL: (["old"], ["new"]),
}


@pytest.mark.parametrize("mode", SelfTradeMode, ids=lambda mode: mode.name)
def test_own_orders_are_kept_apart_when_one_enters(mode: SelfTradeMode) -> None:
    """By its mode, so that nothing of one trader can meet at the opening."""
    driver = auction()
    old = driver.rest("alice", SELL, 3, 100)
    events = driver.place("alice", BUY, 5, 101, self_trade=mode)
    names = {old: "old", driver.engine.sequence << 8: "new"}
    canceled = [names[e.order_id] for e in events if isinstance(e, OrderCanceled)]
    reduced = [names[e.order_id] for e in events if isinstance(e, OrderReduced)]
    assert (canceled, reduced) == MODES[mode]
    assert all(e.reason is CancelReason.SELF_TRADE for e in events if isinstance(e, OrderCanceled))
    assert driver.engine.indication(MARKET.id) is None


def test_own_orders_that_do_not_cross_both_stay() -> None:
    """A market maker quotes both sides in an auction."""
    driver = auction()
    driver.rest("alice", SELL, 3, 101)
    driver.rest("alice", BUY, 3, 100)


def test_best_price_first_and_then_the_oldest_is_met() -> None:
    """As they would be met in an open market."""
    driver = auction()
    rows = [driver.rest("alice", SELL, 3, price) for price in (101, 100, 100)]
    events = driver.place("alice", BUY, 7, 105, self_trade=SelfTradeMode.DECREMENT_AND_CANCEL)
    met = [e.order_id for e in events if isinstance(e, OrderCanceled)]
    assert met == [rows[1], rows[2], driver.engine.sequence << 8]


def test_new_terms_are_kept_apart_as_well() -> None:
    """A replacement that crosses an own order is met by its mode."""
    driver = auction()
    driver.rest("alice", SELL, 3, 100)
    bid = driver.rest("alice", BUY, 5, 90)
    events = driver.replace("alice", bid, 5, 100)
    assert [e.order_id for e in events if isinstance(e, OrderCanceled)] == [bid]


def test_orders_of_a_group_are_kept_apart_too() -> None:
    """They count as one trader's."""
    driver = auction()
    for account in ("alice", "bob"):
        driver.do(SetAccountGroup(account=account, group="desk"))
    driver.rest("alice", SELL, 3, 100)
    events = driver.place("bob", BUY, 5, 101)
    assert [e.reason for e in events if isinstance(e, OrderCanceled)] == [CancelReason.SELF_TRADE]


def test_a_group_that_is_declared_in_the_auction_is_parted_before_the_opening() -> None:
    """The newest order goes; the price is found among what is left."""
    driver = auction(Driver(market=make_market()))
    driver.rest("alice", SELL, 3, 100)
    newest = driver.rest("bob", BUY, 3, 101)
    buys = driver.rest("carol", BUY, 2, 100)
    for account in ("alice", "bob"):
        driver.do(SetAccountGroup(account=account, group="desk"))
    events = move(driver, OPEN)
    assert [e.order_id for e in events if isinstance(e, OrderCanceled)] == [newest]
    assert [row[1:] for row in fills(events)] == [(buys, 100, 2)]


# ------------------------------------------------------------- in and out of it


@pytest.mark.parametrize("tif", [Tif.IOC, Tif.FOK])
def test_only_what_rests_enters(tif: Tif) -> None:
    """There is nothing to trade at once."""
    driver = auction()
    (event,) = driver.place("alice", BUY, 1, 100, time_in_force=tif)
    assert (event.reason, event.field) == (RejectReason.MARKET_IN_AUCTION, "time_in_force")
    assert isinstance(driver.place("alice", BUY, 1, 100)[0], OrderAccepted)


def test_an_order_that_waits_for_a_price_enters_whatever_it_is_then() -> None:
    """It does not meet the book now."""
    driver = auction()
    terms = {"order_type": OrderType.STOP_MARKET, "time_in_force": Tif.IOC, "trigger_price": 120}
    (event,) = driver.place("alice", BUY, 1, 130, **terms)
    assert isinstance(event, OrderAccepted)
    for moved in ({}, {"trigger_price": 121}):
        (told,) = driver.replace("alice", event.order_id, 2, 131, time_in_force=Tif.IOC, **moved)
        assert isinstance(told, OrderReplaced), "it still waits, said again or not"
        assert told.trigger_price == moved.get("trigger_price", 120)


def test_post_only_is_refused_where_it_would_cross() -> None:
    """So it is never the younger of two."""
    driver = auction()
    driver.rest("bob", SELL, 1, 100)
    (event,) = driver.place("alice", BUY, 1, 100, post_only=True)
    assert event.reason is RejectReason.POST_ONLY_WOULD_CROSS


def test_an_order_that_crosses_does_not_become_post_only() -> None:
    """At its own price it keeps its place, and might be the younger one; elsewhere it may be."""
    driver = auction()
    driver.rest("bob", SELL, 1, 100)
    order_id = driver.rest("alice", BUY, 2, 100)
    (event,) = driver.replace("alice", order_id, 1, 100, post_only=True)
    assert event.reason is RejectReason.POST_ONLY_WOULD_CROSS
    (event,) = driver.replace("alice", order_id, 2, 99, post_only=True)
    assert (event.post_only, event.kept_priority) == (True, False)
    driver.rest("carol", SELL, 1, 99)
    (event,) = driver.replace("alice", order_id, 1, 99, post_only=True)
    assert (event.post_only, event.kept_priority) == (True, True)


def test_an_auction_that_was_halted_opens_all_the_same() -> None:
    """The book stayed crossed; it can not become post-only, where nothing crosses."""
    driver = auction(Driver(market=make_market()))
    driver.rest("bob", SELL, 1, 100)
    driver.rest("alice", BUY, 1, 100)
    move(driver, MarketState.HALTED)
    (event,) = move(driver, MarketState.POST_ONLY)
    assert isinstance(event, CommandRejected)
    assert (event.reason, event.field) == (RejectReason.ILLEGAL_MOVE, "state")
    assert opened(driver) == (100, 1, 0, None)


def test_a_crossed_market_can_be_closed() -> None:
    """Everything is canceled, and nothing trades."""
    driver = auction()
    driver.rest("bob", SELL, 1, 100)
    driver.rest("alice", BUY, 1, 100)
    move(driver, MarketState.HALTED)
    events = move(driver, MarketState.CLOSED)
    assert [type(event).__name__ for event in events] == ["MarketStateChanged"] + [
        "OrderCanceled"
    ] * 2


def test_a_snapshot_of_an_auction_opens_the_same() -> None:
    """Crossed books are kept."""
    driver = auction()
    driver.rest("bob", SELL, 3, 99)
    driver.rest("alice", BUY, 2, 101)
    again = make_engine()
    again.restore(driver.engine.snapshot())
    again.check()
    assert again.indication(MARKET.id) == driver.engine.indication(MARKET.id) is not None
    command = SetMarketState(
        market=MARKET.id, state=OPEN, sequence=driver.engine.sequence + 1, at_ns=driver.at_ns
    )
    assert again.apply(command) == driver.engine.apply(command)
    assert again.state_hash() == driver.engine.state_hash()


def test_an_opening_that_could_need_too_many_fills_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And changes nothing; one order fewer, and it opens."""
    monkeypatch.setattr(matching, "MAX_FILLS_PER_COMMAND", 3)
    driver = auction(Driver(market=make_market()))
    sells = [driver.rest("bob", SELL, 1, 100) for _ in range(3)]
    driver.rest("alice", BUY, 3, 100)
    (event,) = move(driver, OPEN)
    assert event.reason is RejectReason.TOO_MANY_FILLS
    assert driver.engine.market_state(driver.market.id) is AUCTION
    driver.cancel("bob", sells[0])
    assert opened(driver) == (100, 2, 1, BUY)


def test_fills_of_the_command_that_follows_have_numbers_of_their_own() -> None:
    """An opening by schedule comes before the command that passes its time; groups never mix."""
    driver = auction(Driver(market=make_market()))
    driver.rest("bob", SELL, 5, 100)
    driver.rest("alice", BUY, 3, 100)
    driver.do(ScheduleMarketState(market=driver.market.id, state=OPEN, due_ns=50))
    driver.at_ns = 50
    events = driver.place("carol", BUY, 2, 100)
    made = [event.fill_id for event in events if isinstance(event, FillMade)]
    assert [fill_id & 0xFFFF for fill_id in made] == [0, 100]
    driver.rest("bob", SELL, 1, 100)
    (fill,) = [e for e in driver.place("carol", BUY, 1, 100) if isinstance(e, FillMade)]
    assert fill.fill_id & 0xFFFF == 0


# --------------------------------------------------------------------- on chain


def test_what_settles_on_chain_has_no_auctions() -> None:
    """The contract's price is the maker's, so there is no one price for all."""
    driver = Driver(make_engine(requires_signature=True))
    (event,) = move(driver, AUCTION)
    assert event.reason is RejectReason.AUCTION_UNAVAILABLE
    later = ScheduleMarketState(market=MARKET.id, state=AUCTION, due_ns=9)
    (event,) = driver.do(later)
    assert event.reason is RejectReason.AUCTION_UNAVAILABLE
    (event,) = driver.do(ListMarket(market=make_market("BTC-USDC"), state=AUCTION))
    assert event.reason is RejectReason.AUCTION_UNAVAILABLE
    assert driver.engine.market("BTC-USDC") is None


def test_a_market_on_chain_reopens_through_post_only() -> None:
    """Nothing crosses there, so nothing has to meet at one price."""
    driver = Driver(make_engine(requires_signature=True))
    driver.fund("alice", "bob")
    move(driver, MarketState.HALTED)
    move(driver, MarketState.POST_ONLY)
    driver.place("bob", SELL, 1, 100, post_only=True, authorization=authorize(1))
    move(driver, OPEN)
    events = driver.place("alice", BUY, 1, 100, authorization=authorize(1))
    assert [row[2:] for row in fills(events)] == [(100, 1)]


# --------------------------------------------------------------------- schedule


def test_a_market_moves_at_its_time_and_says_why() -> None:
    """Before the first command at or after it."""
    driver = Driver()
    plan = ScheduleMarketState(market=MARKET.id, state=MarketState.HALTED, due_ns=50)
    (event,) = driver.do(plan)
    assert (event.state, event.due_ns) == (MarketState.HALTED, 50)
    assert driver.engine.next_due_ns() == 50
    driver.at_ns = 49
    assert driver.do(AdvanceTime()) == ()
    driver.at_ns = 60
    assert driver.do(AdvanceTime()) == (
        MarketStateChanged(MARKET.id, MarketState.HALTED, StateCause.SCHEDULE),
    )
    assert driver.engine.next_due_ns() is None


def test_a_plan_that_can_not_be_done_is_told_and_dropped() -> None:
    """Whether a move is legal shows when its time has come."""
    driver = Driver()
    driver.do(ScheduleMarketState(market=MARKET.id, state=MarketState.CLOSED, due_ns=50))
    driver.at_ns = 50
    (event,) = driver.do(AdvanceTime())
    assert type(event).__name__ == "PlanFailed"
    assert (event.due_ns, event.reason) == (50, RejectReason.ILLEGAL_MOVE)
    assert driver.engine.market_state(MARKET.id) is OPEN
    assert driver.engine.plans(MARKET.id) == ()


def test_halt_and_opening_of_one_jump_come_in_turn() -> None:
    """And an order that expires between them does not trade in the opening."""
    driver = Driver(market=make_market())
    driver.fund("alice", "bob")
    driver.do(ScheduleMarketState(market="ETH-USDC", state=AUCTION, due_ns=10))
    driver.do(ScheduleMarketState(market="ETH-USDC", state=OPEN, due_ns=30))
    driver.at_ns = 10
    driver.place("bob", SELL, 1, 100)
    for expires_at_ns in (20, 31):
        driver.rest("alice", BUY, 1, 100, time_in_force=Tif.GTD, expires_at_ns=expires_at_ns)
    driver.at_ns = 40
    names = [type(event).__name__ for event in driver.do(AdvanceTime())]
    assert names == ["OrderExpired", "MarketStateChanged", "MarketUncrossed", "FillMade"]


@pytest.mark.parametrize("price", [0, -1, 2**48])
def test_a_reference_price_is_a_price(price: int) -> None:
    """Or the command is refused whole."""
    driver = Driver()
    (event,) = move(driver, AUCTION, reference_price=price)
    assert (event.reason, event.field) == (RejectReason.INVALID_PRICE, "reference_price")
    (event,) = driver.do(
        ScheduleMarketState(market=MARKET.id, state=AUCTION, due_ns=9, reference_price=price)
    )
    assert event.reason is RejectReason.INVALID_PRICE
    assert driver.engine.market_state(MARKET.id) is OPEN


def test_an_operators_reference_counts_for_the_opening_and_no_longer() -> None:
    """From then on the last price does."""
    driver = auction(Driver(market=make_market()))
    assert move(driver, MarketState.HALTED, reference_price=103) == (
        MarketStateChanged(driver.market.id, MarketState.HALTED, StateCause.COMMAND, 103),
    )
    move(driver, AUCTION)
    driver.rest("bob", SELL, 1, 100)
    driver.rest("alice", BUY, 1, 105)
    assert opened(driver) == (103, 1, 0, None)
    move(driver, AUCTION)
    driver.rest("bob", SELL, 1, 90)
    driver.rest("alice", BUY, 1, 120)
    assert driver.engine.indication(driver.market.id).price == 103
