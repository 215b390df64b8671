"""PriceFeed: candles and the last day are what the trades say, whoever was ahead when it began."""

import random

import pytest

from hybrid_dex.feed import PriceFeed
from hybrid_dex.model.candles import (
    CANDLE_INTERVALS,
    DAY_S,
    MINUTE_S,
    Candle,
    candle_start_s,
    joined,
    with_trade,
)
from hybrid_dex.model.market import Market
from hybrid_dex.model.order import Side
from hybrid_dex.model.reports import Trade

MARKET = Market.spot("ETH-USDC", base_decimals=18, quote_decimals=6, tick="0.01", lot="0.0001")
SECOND_NS = 10**9
BEGIN_S = 20_000 * DAY_S + 5_000


def trade(number: int, at_s: int, price: int = 100, quantity: int = 2) -> Trade:
    return Trade(
        fill_id=number << 16,
        market=MARKET.id,
        price=price,
        quantity=quantity,
        taker_side=Side.BUY,
        at_ns=at_s * SECOND_NS,
    )


def counted(trades: list[Trade], interval_s: int) -> list[Candle]:
    """Candles of an interval, the plain way."""
    found: dict[int, Candle] = {}
    for one in trades:
        start_s = candle_start_s(one.at_ns, interval_s)
        found[start_s] = with_trade(
            found.get(start_s),
            market=one.market,
            interval_s=interval_s,
            at_ns=one.at_ns,
            price=one.price,
            quantity=one.quantity,
            notional=MARKET.notional(one.price, one.quantity),
        )
    return list(found.values())


def some_trades(rng: random.Random, count: int, most_s: int) -> list[Trade]:
    at_s, found = BEGIN_S, []
    for number in range(1, count + 1):
        at_s += rng.randrange(most_s)
        found.append(trade(number, at_s, rng.randrange(90, 111), rng.randrange(1, 9)))
    return found


@pytest.mark.parametrize("order", ["behind", "equal", "ahead"])
def test_nothing_is_counted_twice_or_lost(rng: random.Random, order: str) -> None:
    """The records may stand before, at or behind the command at which the feed began."""
    for _ in range(50):
        trades = some_trades(rng, 60, 40)
        began = rng.randrange(5, 50)
        feed = PriceFeed(MARKET, began)
        read = {"behind": rng.randrange(began), "equal": began, "ahead": rng.randrange(began, 60)}
        position = read[order]
        taken = rng.randrange(began, 61)
        for number in range(began + 1, taken + 1):
            feed.take(number, trades[number - 1])
        if order == "behind":
            assert not feed.seed(position, counted(trades[:position], MINUTE_S))
            assert not feed.seeded
            position = began
        assert feed.seed(position, counted(trades[:position], MINUTE_S))
        for number in range(taken + 1, 61):
            feed.take(number, trades[number - 1])
        assert feed.day(trades[-1].at_ns) == counted(trades, MINUTE_S)


def test_every_interval_is_the_sum_of_its_minutes(rng: random.Random) -> None:
    trades = some_trades(rng, 300, 200)
    feed = PriceFeed(MARKET, 0)
    assert feed.seed(0, ())
    told: dict[tuple[int, int], Candle] = {}
    for number, one in enumerate(trades, 1):
        feed.take(number, one)
        if rng.random() < 0.3:
            told |= {(c.interval_s, c.start_s): c for c in feed.take_changes()}
    told |= {(c.interval_s, c.start_s): c for c in feed.take_changes()}
    assert feed.take_changes() == ()
    for interval_s in CANDLE_INTERVALS.values():
        wanted = counted(trades, interval_s)
        assert [told[interval_s, one.start_s] for one in wanted] == wanted
        assert feed.newest(interval_s) == wanted[-1]


def test_a_day_is_twenty_four_hours_to_the_minute_and_no_more_is_kept() -> None:
    feed = PriceFeed(MARKET, 0)
    assert feed.seed(0, ())
    for number in range(1, 3 * 1_440 + 1):
        feed.take(number, trade(number, BEGIN_S + number * MINUTE_S))
    now_ns = (BEGIN_S + 3 * DAY_S) * SECOND_NS
    day = feed.day(now_ns)
    assert len(day) == 1_440
    assert len(feed._minutes) <= 2 * 1_440
    whole = joined(day, DAY_S, 0)
    assert whole is not None
    assert (whole.trades, whole.volume) == (1_440, 2_880)
    assert feed.day(now_ns + DAY_S * SECOND_NS) == []


def test_an_empty_market_has_no_candle() -> None:
    feed = PriceFeed(MARKET, 7)
    assert feed.since == 7
    assert not feed.seed(6, ())
    assert feed.seed(7, ())
    assert feed.newest(60) is None
    assert feed.take_changes() == ()
    assert joined((), 60, 0) is None


def test_trades_that_wait_for_ever_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The minutes must then reach the newest of them, and contain them all."""
    monkeypatch.setattr("hybrid_dex.feed.price_feed._MOST_WAITING", 3)
    trades = [trade(number, BEGIN_S + number) for number in range(1, 11)]
    feed = PriceFeed(MARKET, 0)
    for number, one in enumerate(trades, 1):
        feed.take(number, one)
    assert not feed.seed(0, ())
    assert feed.seed(feed.since, counted(trades[: feed.since], MINUTE_S))
    assert feed.day(trades[-1].at_ns) == counted(trades, MINUTE_S)
