"""Candles and tickers over the socket: whole figures, after how they stand, for whoever asked only."""

import asyncio
from pathlib import Path
from typing import Any

import attrs
import msgspec
import pytest

from hybrid_dex.client import ExchangeClient, Reconnected
from hybrid_dex.model.candles import DAY_S, MINUTE_S, Candle, with_trade
from hybrid_dex.model.commands import ListMarket
from hybrid_dex.model.market import Market
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import AssetId, MarketId, Price, Sequence, TimestampNs
from hybrid_dex.model.views import Top
from hybrid_dex.wire import CandleMessage, TickerMessage
from reference_app.prices import Prices
from reference_app.tests.stack import Stack, Trader, running, settings
from reference_app.tests.test_lasting_logins import Ahead


def channel(name: str, market: str = "ETH-USDC") -> dict[str, str]:
    return {"channel": name, "market": market}


async def seeded(stack: Stack) -> None:
    """Wait until the prices know what was before."""
    async with asyncio.timeout(120):
        while not all(feed.seeded for feed in stack.services.hub.prices._feeds.values()):
            await asyncio.sleep(0.01)


async def test_a_trade_changes_candles_and_ticker(stack: Stack, alice: Trader, bob: Trader) -> None:
    await seeded(stack)
    async with stack.socket() as socket:
        await socket.ask(
            {"op": "subscribe", "channels": [channel("candles_1m"), channel("ticker")]}
        )
        first = await socket.hear("ticker")
        assert (first["last"], first["volume"], first["bid"]) == (None, "0", None)
        await bob.place("sell", "1", "2500")
        while (ticker := await socket.hear("ticker"))["ask"] is None:
            pass
        assert (ticker["ask"], ticker["ask_quantity"], ticker["last"]) == ("2500", "1", None)
        await alice.place("buy", "0.4", "2500")
        candle = await socket.hear("candle")
        assert (candle["interval"], candle["open"], candle["volume"]) == ("1m", "2500", "0.4")
        assert (candle["turnover"], candle["trades"]) == ("1000", 1)
        while (ticker := await socket.hear("ticker"))["last"] is None:
            pass
        assert (ticker["last"], ticker["volume"], ticker["ask_quantity"]) == ("2500", "0.4", "0.6")
        rest = (await stack.http.get("/markets/ETH-USDC/ticker")).json()
        async with asyncio.timeout(120):
            while rest["volume"] != "0.4":
                rest = (await stack.http.get("/markets/ETH-USDC/ticker")).json()
        assert {**rest, "at_ms": 0} == {**ticker, "at_ms": 0}


async def test_a_market_that_is_listed_meanwhile_has_a_ticker_before_its_first_trade(
    stack: Stack, alice: Trader
) -> None:
    await seeded(stack)
    eth = stack.market("ETH-USDC")
    sol = attrs.evolve(
        eth.base, id=AssetId("SOL"), token="0x5a5A5a5a5A5a5a5a5a5A5a5A5A5a5a5A5A5A5A5A"
    )
    market = attrs.evolve(eth, id=MarketId("SOL-USDC"), number=77, base=sol)
    await stack.services.exchange.execute(ListMarket(market=market))
    async with stack.socket() as socket:
        await socket.ask({"op": "subscribe", "channels": [channel("ticker", "SOL-USDC")]})
        first = await socket.hear("ticker")
        assert (first["market"], first["bid"], first["volume"]) == ("SOL-USDC", None, "0")
        await alice.place("buy", "1", "5", market="SOL-USDC")
        while (ticker := await socket.hear("ticker"))["bid"] is None:
            pass
        assert (ticker["bid"], ticker["last"]) == ("5", None)


async def test_whoever_comes_later_begins_with_how_it_stands(
    stack: Stack, alice: Trader, bob: Trader
) -> None:
    await seeded(stack)
    await bob.place("sell", "1", "2500")
    await alice.place("buy", "1", "2500")
    async with stack.socket() as socket:
        await socket.ask({"op": "subscribe", "channels": [channel("candles_1d")]})
        candle = await socket.hear("candle")
        assert (candle["interval"], candle["close"], candle["volume"]) == ("1d", "2500", "1")


async def test_after_a_restart_they_go_on_from_the_records(tmp_path: Path) -> None:
    async with running(settings(tmp_path)) as stack:
        alice = await stack.trader(1, USDC="1000000")
        bob = await stack.trader(2, ETH="1000")
        await bob.place("sell", "1", "2500")
        await alice.place("buy", "0.5", "2500")
    async with running(settings(tmp_path)) as stack:
        await seeded(stack)
        alice = await stack.trader(1)
        async with stack.socket() as socket:
            await socket.ask(
                {"op": "subscribe", "channels": [channel("ticker"), channel("candles_1d")]}
            )
            assert (await socket.hear("ticker"))["volume"] == "0.5"
            assert (await socket.hear("candle"))["volume"] == "0.5"
            await alice.place("buy", "0.25", "2500")
            while (candle := await socket.hear("candle"))["volume"] == "0.5":
                pass
            assert (candle["volume"], candle["trades"]) == ("0.75", 2)


class Quiet:
    """An engine's view and records: what traded on one day, long before the last command."""

    def __init__(self, market: Market, minutes: list[Candle], at_s: int) -> None:
        self.view, self.sequence, self.at_ns = self, Sequence(1), TimestampNs(at_s * 10**9)
        self.listed, self.traded = market, minutes

    def now_ns(self) -> int:
        return self.at_ns

    def markets(self) -> tuple[Market, ...]:
        return (self.listed,)

    def market(self, market: MarketId) -> Market | None:
        return self.listed if market == self.listed.id else None

    async def minutes(self, _: MarketId, from_s: int) -> tuple[Sequence, list[Candle]]:
        return self.sequence, [one for one in self.traded if one.start_s >= from_s]

    def top(self, _: MarketId) -> Top:
        return Top(None, None)

    def last_price(self, _: MarketId) -> Price | None:
        return None


class Ear:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []

    def offer_newest(self, _: str, frame: bytes) -> None:
        self.frames.append(frame)

    def told(self) -> list[dict[str, Any]]:
        return [msgspec.json.decode(frame[frame.index(b"{") :]) for frame in self.frames]


async def test_the_candle_of_a_day_without_a_trade_since_is_whole() -> None:
    """Whatever the time of day is when the records are read."""
    market = Market.spot("ETH-USDC", base_decimals=18, quote_decimals=6, tick="1", lot="1")
    day_s = 20_000 * DAY_S
    minutes = [minute(market, day_s + hour * 3_600, hour) for hour in (1, 20)]
    for days in (1, 1.5, 2, 2.5):
        quiet, ear = Quiet(market, minutes, int(day_s + days * DAY_S) + 7_000), Ear()
        prices = Prices(quiet, quiet, quiet.now_ns)  # type: ignore[arg-type] # as much of both as it asks
        prices.begin()
        await prices._seed()
        prices.hear("candles_1d", market.id, ear)
        (frame,) = ear.frames
        told = msgspec.json.decode(frame[frame.index(b"{") :])
        assert (told["open"], told["close"], told["volume"]) == ("1", "20", "4"), days


def minute(market: Market, at_s: int, price: int) -> Candle:
    """A minute in which two lots traded."""
    return with_trade(
        None,
        market=market.id,
        interval_s=MINUTE_S,
        at_ns=TimestampNs(at_s * 10**9),
        price=Price(price),
        quantity=2,
        notional=2 * price,
    )


async def test_whoever_hears_them_before_the_past_is_known_is_told_how_it_stands() -> None:
    market = Market.spot("ETH-USDC", base_decimals=18, quote_decimals=6, tick="1", lot="1")
    at_s, ear = 20_000 * DAY_S + 7_200, Ear()
    quiet = Quiet(market, [minute(market, at_s - 120, 5), minute(market, at_s, 7)], at_s)
    prices = Prices(quiet, quiet, quiet.now_ns)  # type: ignore[arg-type] # as much of both as it asks
    prices.begin()
    prices.hear("candles_1m", market.id, ear)
    assert ear.told() == []
    await prices._seed()
    prices._tell(market.id)
    assert [(one["start_ms"], one["close"]) for one in ear.told()] == [(at_s * 1_000, "7")]


async def test_what_changed_while_it_fell_behind_is_told_when_it_begins_anew() -> None:
    """Candles that were told before and went on, and those between them and the newest."""
    market = Market.spot("ETH-USDC", base_decimals=18, quote_decimals=6, tick="1", lot="1")
    at_s, ear = 20_000 * DAY_S + 7_200, Ear()
    quiet = Quiet(market, [minute(market, at_s - 60, 3), minute(market, at_s, 5)], at_s)
    prices = Prices(quiet, quiet, quiet.now_ns)  # type: ignore[arg-type] # as much of both as it asks
    prices.begin()
    await prices._seed()
    prices._tell(market.id)
    prices.hear("candles_1m", market.id, ear)
    prices.hear("ticker", market.id, ear)
    ear.frames.clear()
    quiet.traded[1:] = [minute(market, at_s + past, 9) for past in (0, 60, 180)]
    prices.begin()
    prices.begin()
    await prices._seed()
    prices._tell(market.id)
    *candles, ticker = ear.told()
    begins = [(one["start_ms"] // 1_000 - at_s, one["close"]) for one in candles]
    assert begins == [(0, "9"), (60, "9"), (180, "9")]
    assert (ticker["type"], ticker["volume"]) == ("ticker", "4")


async def test_a_ticker_is_told_when_what_traded_a_day_ago_leaves_it() -> None:
    """Also of a market in which nothing happens: the time of others passes there, too."""
    market = Market.spot("ETH-USDC", base_decimals=18, quote_decimals=6, tick="1", lot="1")
    at_s, ear = 20_000 * DAY_S + 7_200, Ear()
    quiet = Quiet(market, [minute(market, at_s, 5)], at_s + DAY_S - MINUTE_S)
    prices = Prices(quiet, quiet, quiet.now_ns)  # type: ignore[arg-type] # as much of both as it asks
    prices.begin()
    running_ = asyncio.create_task(prices.run())
    try:
        async with asyncio.timeout(60):
            while not prices._feeds[market.id].seeded:
                await asyncio.sleep(0.01)
            prices.hear("ticker", market.id, ear)
            assert [one["volume"] for one in ear.told()] == ["2"]
            quiet.at_ns = TimestampNs((at_s + DAY_S) * 10**9)
            while ear.told()[-1]["volume"] != "0":
                await asyncio.sleep(0.01)
    finally:
        running_.cancel()
        await asyncio.gather(running_, return_exceptions=True)


async def test_the_day_passes_where_nothing_at_all_happens_and_for_every_page_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Ahead()
    monkeypatch.setattr("reference_app.app.SystemClock", lambda: clock)
    async with running(settings(tmp_path)) as stack:
        await seeded(stack)
        alice = await stack.trader(1, USDC="1000000")
        bob = await stack.trader(2, ETH="1000")
        async with stack.socket() as socket:
            await socket.ask({"op": "subscribe", "channels": [channel("ticker")]})
            await bob.place("sell", "1", "2500")
            await alice.place("buy", "1", "2500")
            while (ticker := await socket.hear("ticker"))["volume"] != "1":
                pass
            clock.by_s = DAY_S + MINUTE_S
            rest = (await stack.http.get("/markets/ETH-USDC/ticker")).json()
            while (ticker := await socket.hear("ticker"))["volume"] != "0":
                pass
        assert {**rest, "at_ms": 0} == {**ticker, "at_ms": 0}
        of_all = stack.services.hub.prices.ticker(stack.market("ETH-USDC"))
        assert of_all is not None
        assert of_all.volume == "0"


async def test_they_are_of_a_market_and_can_be_left(
    stack: Stack, alice: Trader, bob: Trader
) -> None:
    await seeded(stack)
    async with stack.socket() as socket:
        for wrong in ({"channel": "ticker"}, {"channel": "candles_1h"}):
            answer = await socket.ask({"op": "subscribe", "channels": [wrong]})
            assert answer["problem"]["field"] == "market"
        answer = await socket.ask({"op": "subscribe", "channels": [channel("candles_2m")]})
        assert answer["problem"]["code"] == RejectReason.INVALID_MESSAGE
        answer = await socket.ask({"op": "subscribe", "channels": [channel("ticker", "X")]})
        assert answer["problem"]["code"] == RejectReason.UNKNOWN_MARKET
        both = [channel("ticker"), channel("candles_1m")]
        await socket.ask({"op": "subscribe", "channels": both})
        answer = await socket.ask({"op": "unsubscribe", "channels": both})
        assert answer["result"]["channels"] == []
        prices = stack.services.hub.prices
        assert not any(prices._hearers.values())


async def test_the_client_hears_both(stack: Stack, alice: Trader, bob: Trader) -> None:
    await seeded(stack)
    async with ExchangeClient(stack.url) as client:
        tickers = client.ticker_events("ETH-USDC")
        candles = client.candle_events("ETH-USDC", "1h")
        first = await anext(tickers)
        assert isinstance(first, TickerMessage | Reconnected)
        heard = asyncio.create_task(anext(candles))
        async with asyncio.timeout(120):
            while not stack.services.hub.prices._hearers.get(("candles_1h", "ETH-USDC")):  # type: ignore[call-overload]
                await asyncio.sleep(0.01)
        await bob.place("sell", "1", "2500")
        await alice.place("buy", "1", "2500")
        candle = await heard
        assert isinstance(candle, CandleMessage)
        assert (candle.interval, candle.close) == ("1h", "2500")
        await tickers.aclose()  # type: ignore[attr-defined]
        await candles.aclose()  # type: ignore[attr-defined]
