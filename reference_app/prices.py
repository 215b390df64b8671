"""Prices: candles and tickers to sockets, a few times a second at most.

What traded is taken from the hub as it happens; what traded before comes from the records once, as
soon as they have caught up with the moment from which the hub counts. Until then, and while the
records are away, these channels are silent and nothing else is.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable
from typing import Final, Protocol

from hybrid_dex.errors import UnavailableError
from hybrid_dex.exchange import EngineClient
from hybrid_dex.feed import PriceFeed, Publication
from hybrid_dex.interfaces.history import History
from hybrid_dex.model.candles import CANDLE_INTERVALS, DAY_S, MINUTE_S
from hybrid_dex.model.market import Market
from hybrid_dex.model.units import MarketId, Sequence, TimestampNs
from hybrid_dex.wire import (
    CandleMessage,
    TickerMessage,
    candle_message,
    ticker_message,
)
from reference_app.channel_messages import message_frame

__all__ = ["CANDLE_CHANNELS", "PRICE_CHANNELS", "Hearer", "Prices"]

CANDLE_CHANNELS: Final = {f"candles_{name}": width for name, width in CANDLE_INTERVALS.items()}
"""Each interval's channel, and its seconds."""
PRICE_CHANNELS: Final = ("ticker", *CANDLE_CHANNELS)

_log: Final = logging.getLogger(__name__)
_EVERY_S: Final = 0.25
_AGAIN_S: Final = 1.0
_SECOND_NS: Final = 10**9


class Hearer(Protocol):
    """Who hears prices. Never blocks or raises."""

    def offer_newest(self, key: str, frame: bytes) -> None:
        """Queue a message in place of one of the same key that still waits."""
        ...


class Prices:
    """Follows what the hub publishes and tells whoever hears a market's prices.

    Args:
        exchange: open before `begin`.
        records: where what traded before is read.
        now_ns: the clock; the engine's time stands still while nothing happens.
    """

    def __init__(self, exchange: EngineClient, records: History, now_ns: Callable[[], int]) -> None:
        self._exchange = exchange
        self._records = records
        self._now_ns = now_ns
        self._feeds: dict[MarketId, PriceFeed] = {}
        self._hearers: defaultdict[tuple[str, MarketId], dict[Hearer, None]] = defaultdict(dict)
        self._told: dict[MarketId, TickerMessage] = {}
        self._touched: set[MarketId] = set()
        self._minute = 0

    def begin(self) -> None:
        """Count from the engine's state on; what was before is read again."""
        view, before = self._exchange.view, self._feeds
        self._feeds = {
            one.id: PriceFeed(
                one, view.sequence, before[one.id].told_s if one.id in before else None
            )
            for one in view.markets()
        }
        self._told.clear()

    def take(self, publication: Publication) -> None:
        """Take the trades of one command."""
        for trade in publication.trades:
            feed = self._feed(trade.market)
            assert feed is not None, "what trades is listed"
            feed.take(publication.sequence, trade)
            self._touched.add(trade.market)

    def _feed(self, market: MarketId) -> PriceFeed | None:
        """Return a market's feed; one that was listed since the beginning has no trades before."""
        feed, listed = self._feeds.get(market), self._exchange.view.market(market)
        if feed is None and listed is not None:
            feed = self._feeds[market] = PriceFeed(listed, Sequence(0))
            feed.seed(Sequence(0), ())
        return feed

    def touch(self, market: MarketId) -> None:
        """A market's book changed, and its ticker with it."""
        self._touched.add(market)

    def hear(self, channel: str, market: MarketId, hearer: Hearer) -> None:
        """Tell of a channel from now on, after how it stands."""
        self._hearers[channel, market][hearer] = None
        feed, listed = self._feed(market), self._exchange.view.market(market)
        if feed is None or not feed.seeded or listed is None:
            return
        if channel == "ticker":
            _offer({hearer: None}, self._ticker(feed, listed))
            return
        newest = feed.newest(CANDLE_CHANNELS[channel])
        if newest is not None:
            _offer({hearer: None}, candle_message(newest, listed))

    def forget(self, channel: str, market: MarketId, hearer: Hearer) -> None:
        """Tell of a channel no longer. Safe to call twice."""
        self._hearers[channel, market].pop(hearer, None)

    def now_ns(self) -> TimestampNs:
        """Return the end of a ticker's 24 hours: now, and never before the last command."""
        return TimestampNs(max(self._now_ns(), self._exchange.view.at_ns))

    def ticker(self, market: Market) -> TickerMessage | None:
        """Return a market's last 24 hours, or ``None`` until the records have caught up."""
        feed = self._feed(market.id)
        return None if feed is None or not feed.seeded else self._ticker(feed, market)

    async def run(self) -> None:
        """Tell what changed, until canceled."""
        while True:
            try:
                await self._seed()
            except UnavailableError as error:
                _log.warning("candles and tickers wait for the records: %s", error)
                await asyncio.sleep(_AGAIN_S)
            self._touch_as_time_passes()
            touched, self._touched = self._touched, set()
            for market in sorted(touched):
                self._tell(market)
            await asyncio.sleep(_EVERY_S)

    def _touch_as_time_passes(self) -> None:
        """Once a minute: what traded a day ago leaves every ticker, also of a market that is quiet."""
        minute = self.now_ns() // (_SECOND_NS * MINUTE_S)
        if minute != self._minute:
            self._minute = minute
            heard = [
                market for (name, market), by in self._hearers.items() if name == "ticker" and by
            ]
            self._touched.update(heard)

    async def _seed(self) -> None:
        """Read what traded before, of markets whose records have caught up."""
        for market, feed in list(self._feeds.items()):
            if not feed.seeded:
                # From the beginning of a day on: the candle of the first minutes is whole, too.
                since = (self._exchange.view.at_ns // (_SECOND_NS * DAY_S) - 2) * DAY_S
                if feed.seed(*await self._records.minutes(market, since)):
                    self._touched.add(market)

    def _tell(self, market: MarketId) -> None:
        feed, listed = self._feed(market), self._exchange.view.market(market)
        if feed is None or listed is None or not feed.seeded:
            return
        for candle in feed.take_changes():
            name = next(
                word for word, width in CANDLE_CHANNELS.items() if width == candle.interval_s
            )
            hearers = self._hearers.get((name, market))
            if hearers:
                _offer(hearers, candle_message(candle, listed))
        hearers = self._hearers.get(("ticker", market))
        if hearers:
            ticker = self._ticker(feed, listed)
            before = self._told.get(market)
            if before is None or _figures(before) != _figures(ticker):
                self._told[market] = ticker
                _offer(hearers, ticker)

    def _ticker(self, feed: PriceFeed, market: Market) -> TickerMessage:
        view = self._exchange.view
        return ticker_message(
            market,
            feed.day(self.now_ns()),
            view.top(market.id),
            last=view.last_price(market.id),
            at_ns=view.at_ns,
        )


def _figures(ticker: TickerMessage) -> tuple[object, ...]:
    return tuple(getattr(ticker, name) for name in ticker.__struct_fields__ if name != "at_ms")


def _offer(hearers: dict[Hearer, None], message: CandleMessage | TickerMessage) -> None:
    """Queue a message; for a slow reader in place of one that says less of the same."""
    key = f"ticker {message.market}"
    if isinstance(message, CandleMessage):
        key = f"candle {message.market} {message.interval} {message.start_ms}"
    frame = message_frame(message)
    for hearer in list(hearers):
        hearer.offer_newest(key, frame)
