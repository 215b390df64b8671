"""Messages of what a market did: candles and tickers, over REST and the socket alike."""

from collections.abc import Iterable
from typing import Literal, TypeAlias, get_args

import msgspec

from hybrid_dex.model.candles import CANDLE_INTERVALS, DAY_S, Candle, joined
from hybrid_dex.model.decimal_text import format_units
from hybrid_dex.model.market import Market
from hybrid_dex.model.views import Level, Top
from hybrid_dex.wire.cursors import CursorText
from hybrid_dex.wire.scalars import DecimalText, Milliseconds, SymbolText, to_ms
from hybrid_dex.wire.words import MarketStateWord

__all__ = [
    "CandleMessage",
    "CandlesAnswer",
    "GeckoTicker",
    "IntervalWord",
    "MarketStatusMessage",
    "StatusAnswer",
    "TickerMessage",
    "candle_message",
    "gecko_ticker",
    "ticker_message",
]

IntervalWord: TypeAlias = Literal["1m", "5m", "15m", "1h", "4h", "1d"]
assert get_args(IntervalWord) == tuple(CANDLE_INTERVALS), "one list of intervals"

_NAMES = {interval_s: name for name, interval_s in CANDLE_INTERVALS.items()}
_MS = 1_000
_PERCENT_DECIMALS = 4
"""A change is told in hundredths of a basis point."""


class CandleMessage(
    msgspec.Struct,
    frozen=True,
    gc=False,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="type",
    tag="candle",
):
    """What traded in one interval; an interval without a trade has none.

    Attributes:
        start_ms: when the interval begins; a whole multiple of it since the Unix epoch, UTC.
        volume: in base.
        turnover: the sum of all notionals, in quote.
        trades: how many fills.
    """

    market: SymbolText
    interval: IntervalWord
    start_ms: Milliseconds
    open: DecimalText
    high: DecimalText
    low: DecimalText
    close: DecimalText
    volume: DecimalText
    turnover: DecimalText
    trades: int


class CandlesAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Candles, newest first; ``next`` is the cursor of the next page, null on the last."""

    candles: list[CandleMessage]
    next: CursorText | None = None


class TickerMessage(
    msgspec.Struct,
    frozen=True,
    gc=False,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="type",
    tag="ticker",
):
    """A market in the last 24 hours, to the minute, and its top of book.

    Attributes:
        at_ms: the time of the last command.
        last: the last price ever; null before the first trade.
        open: the first price of the 24 hours, and so on; null when nothing traded in them.
        change_percent: from open to last, rounded towards zero; null when nothing traded.
        volume: in base.
        turnover: in quote.
        bid: the best price to sell at; null where the side is empty.
    """

    market: SymbolText
    at_ms: Milliseconds
    last: DecimalText | None
    open: DecimalText | None
    high: DecimalText | None
    low: DecimalText | None
    change_percent: DecimalText | None
    volume: DecimalText
    turnover: DecimalText
    trades: int
    bid: DecimalText | None
    bid_quantity: DecimalText | None
    ask: DecimalText | None
    ask_quantity: DecimalText | None


class GeckoTicker(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A ticker in the shape that CoinGecko reads, as decimal text."""

    ticker_id: str
    base_currency: str
    target_currency: str
    last_price: DecimalText
    base_volume: DecimalText
    target_volume: DecimalText
    bid: DecimalText
    ask: DecimalText
    high: DecimalText
    low: DecimalText


class MarketStatusMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a market serves."""

    market: SymbolText
    state: MarketStateWord


class StatusAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the exchange is.

    Attributes:
        accepting: whether an order sent now would be taken.
        sequence: the last applied command.
        records_lag: commands that lists of the past are behind.
        records_ok: whether they follow.
    """

    accepting: bool
    time_ms: Milliseconds
    sequence: int
    records_ok: bool
    records_lag: int
    markets: list[MarketStatusMessage]


def candle_message(candle: Candle, market: Market) -> CandleMessage:
    """Return a candle as the public sees it."""
    name: IntervalWord = _NAMES[candle.interval_s]  # type: ignore[assignment] # the assertion above
    return CandleMessage(
        market=market.id,
        interval=name,
        start_ms=candle.start_s * _MS,
        open=market.format_price(candle.open),
        high=market.format_price(candle.high),
        low=market.format_price(candle.low),
        close=market.format_price(candle.close),
        volume=market.format_quantity(candle.volume),
        turnover=market.quote.format(candle.turnover),
        trades=candle.trades,
    )


def ticker_message(
    market: Market, minutes: Iterable[Candle], top: Top, *, last: int | None, at_ns: int
) -> TickerMessage:
    """Return a market's ticker from the minutes of the last day, the oldest first."""
    day = joined(minutes, DAY_S, 0)
    bid, bid_quantity = _level(top.bid, market)
    ask, ask_quantity = _level(top.ask, market)
    return TickerMessage(
        market=market.id,
        at_ms=to_ms(at_ns),
        last=None if last is None else market.format_price(last),
        open=None if day is None else market.format_price(day.open),
        high=None if day is None else market.format_price(day.high),
        low=None if day is None else market.format_price(day.low),
        change_percent=None if day is None else _change(day.open, day.close),
        volume=market.format_quantity(0 if day is None else day.volume),
        turnover=market.quote.format(0 if day is None else day.turnover),
        trades=0 if day is None else day.trades,
        bid=bid,
        bid_quantity=bid_quantity,
        ask=ask,
        ask_quantity=ask_quantity,
    )


def gecko_ticker(ticker: TickerMessage, market: Market) -> GeckoTicker:
    """Return a ticker in CoinGecko's shape; what is not there is 0."""
    return GeckoTicker(
        ticker_id=f"{market.base.id}_{market.quote.id}",
        base_currency=market.base.id,
        target_currency=market.quote.id,
        last_price=ticker.last or "0",
        base_volume=ticker.volume,
        target_volume=ticker.turnover,
        bid=ticker.bid or "0",
        ask=ticker.ask or "0",
        high=ticker.high or "0",
        low=ticker.low or "0",
    )


def _level(level: Level | None, market: Market) -> tuple[str | None, str | None]:
    if level is None:
        return None, None
    return market.format_price(level.price), market.format_quantity(level.quantity)


def _change(first: int, last: int) -> str:
    scale: int = 100 * 10**_PERCENT_DECIMALS
    whole = abs(last - first) * scale // first
    return ("-" if last < first and whole else "") + format_units(whole, _PERCENT_DECIMALS)
