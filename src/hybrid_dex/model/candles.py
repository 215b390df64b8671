"""Candles: what traded in a market within each minute, hour or day, in exact integers.

A candle begins at a whole multiple of its interval since the Unix epoch, so that intervals of one
market nest: sixty minutes make exactly their hour. A candle without a trade is not there; whoever
draws one repeats the last close.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from hybrid_dex.model.units import MarketId, Price, TimestampNs

__all__ = [
    "CANDLE_INTERVALS",
    "DAY_S",
    "MINUTE_S",
    "Candle",
    "candle_start_s",
    "joined",
    "with_trade",
]

MINUTE_S: Final = 60
DAY_S: Final = 86_400
CANDLE_INTERVALS: Final[dict[str, int]] = {
    "1m": MINUTE_S,
    "5m": 300,
    "15m": 900,
    "1h": 3_600,
    "4h": 14_400,
    "1d": DAY_S,
}
"""Their names, and how many seconds each lasts."""

_SECOND_NS: Final = 10**9


class Candle(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What traded in one interval.

    Attributes:
        interval_s: how long it lasts, seconds.
        start_s: when it begins, Unix seconds.
        open: the first price, ticks.
        high: the highest price, ticks.
        low: the lowest price, ticks.
        close: the last price, ticks.
        volume: lots; many days of them exceed a database's integer.
        turnover: the sum of all notionals, quote atoms.
        trades: how many fills.
    """

    market: MarketId
    interval_s: int
    start_s: int
    open: Price
    high: Price
    low: Price
    close: Price
    volume: int
    turnover: int
    trades: int


def candle_start_s(at_ns: TimestampNs, interval_s: int) -> int:
    """Return when the candle began that a time falls into, Unix seconds.

    >>> candle_start_s(TimestampNs(119_999_999_999), 60)
    60
    """
    seconds = at_ns // _SECOND_NS
    return seconds - seconds % interval_s


def with_trade(
    candle: Candle | None,
    *,
    market: MarketId,
    interval_s: int,
    at_ns: TimestampNs,
    price: Price,
    quantity: int,
    notional: int,
) -> Candle:
    """Return a candle after one more trade; ``None`` is the one that it begins."""
    if candle is None:
        return Candle(
            market=market,
            interval_s=interval_s,
            start_s=candle_start_s(at_ns, interval_s),
            open=price,
            high=price,
            low=price,
            close=price,
            volume=quantity,
            turnover=notional,
            trades=1,
        )
    return msgspec.structs.replace(
        candle,
        high=max(candle.high, price),
        low=min(candle.low, price),
        close=price,
        volume=candle.volume + quantity,
        turnover=candle.turnover + notional,
        trades=candle.trades + 1,
    )


def joined(candles: Iterable[Candle], interval_s: int, start_s: int) -> Candle | None:
    """Return several candles of one market, the oldest first, as one; ``None`` of none."""
    whole: Candle | None = None
    for one in candles:
        if whole is None:
            whole = msgspec.structs.replace(one, interval_s=interval_s, start_s=start_s)
            continue
        whole = msgspec.structs.replace(
            whole,
            high=max(whole.high, one.high),
            low=min(whole.low, one.low),
            close=one.close,
            volume=whole.volume + one.volume,
            turnover=whole.turnover + one.turnover,
            trades=whole.trades + one.trades,
        )
    return whole
