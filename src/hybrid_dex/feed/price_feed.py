"""Candles and the last day of one market, from a state that was read and the trades since.

Pure. The minutes of the last day are all that is kept: every longer candle that is not over, and
the day's figures, are sums of them. A feed begins empty at some command; the minutes that were
projected before come later, with the position that they are of, and trades that they contain
already are not counted again. So nothing is counted twice or lost, whoever is ahead.
"""

from collections.abc import Iterable, Iterator
from typing import Final

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
from hybrid_dex.model.reports import Trade
from hybrid_dex.model.units import Sequence, TimestampNs

__all__ = ["PriceFeed"]

_MOST_WAITING: Final = 100_000


class PriceFeed:
    """Candles of all intervals and the last 24 hours of a market.

    Args:
        market: whose.
        sequence: the command after which trades are taken.
        told_s: the minute up to which an earlier feed of the market told all, or ``None``.
    """

    def __init__(self, market: Market, sequence: Sequence, told_s: int | None = None) -> None:
        self._market = market
        self._since = sequence
        self._position = sequence
        self._told_s = told_s
        self._waiting: list[tuple[Sequence, Trade]] = []
        self._minutes: dict[int, Candle] = {}
        self._changed: dict[int, None] = {}
        self._seeded = False

    @property
    def since(self) -> Sequence:
        """The position that minutes must have reached before `seed` takes them."""
        return self._since

    @property
    def told_s(self) -> int | None:
        """The minute up to which all was told; it may go on. ``None`` when nothing was."""
        if not self._seeded:
            return self._told_s
        return min([max(self._minutes, default=0), *self._changed])

    @property
    def seeded(self) -> bool:
        """Whether the figures are whole."""
        return self._seeded

    def take(self, sequence: Sequence, trade: Trade) -> None:
        """Count a trade of a command behind `since`; before `seed` it waits.

        One that the projected minutes contain is passed over, whenever it comes.
        """
        if self._seeded:
            if sequence > self._position:
                self._count(trade)
            return
        self._waiting.append((sequence, trade))
        if len(self._waiting) > _MOST_WAITING:  # the minutes will contain them, sooner or later
            self._waiting.clear()
            self._since = sequence

    def seed(self, position: Sequence, minutes: Iterable[Candle]) -> bool:
        """Begin with what was projected; return whether it reaches far enough.

        What was not told before is a change: all since an earlier feed, or else the newest minute.
        """
        if position < self._since:
            return False
        self._minutes = {one.start_s: one for one in minutes}
        for sequence, trade in self._waiting:
            if sequence > position:
                self._count(trade)
        self._waiting.clear()
        self._position = position
        told_s = max(self._minutes, default=0) if self._told_s is None else self._told_s
        self._changed = dict.fromkeys(one for one in sorted(self._minutes) if one >= told_s)
        self._seeded = True
        return True

    def take_changes(self) -> tuple[Candle, ...]:
        """Return every candle that changed since the last call, of all intervals, each once."""
        minutes, self._changed = list(self._changed), {}
        found: dict[tuple[int, int], Candle] = {}
        for interval_s in CANDLE_INTERVALS.values():
            for minute_s in minutes:
                start_s = minute_s - minute_s % interval_s
                if (interval_s, start_s) not in found:
                    candle = self.candle(interval_s, start_s)
                    if candle is not None:
                        found[interval_s, start_s] = candle
        return tuple(found.values())

    def newest(self, interval_s: int) -> Candle | None:
        """Return the candle of the newest minute, or ``None`` when nothing traded in a day."""
        last = max(self._minutes, default=None)
        return None if last is None else self.candle(interval_s, last - last % interval_s)

    def candle(self, interval_s: int, start_s: int) -> Candle | None:
        """Return one candle of the last day, or ``None`` when nothing traded in it."""
        return joined(self._within(start_s, start_s + interval_s), interval_s, start_s)

    def day(self, now_ns: TimestampNs) -> list[Candle]:
        """Return the minutes of the 24 hours up to now, oldest first."""
        end_s = candle_start_s(now_ns, MINUTE_S) + MINUTE_S
        return list(self._within(end_s - DAY_S, end_s))

    def _within(self, from_s: int, to_s: int) -> Iterator[Candle]:
        for start_s in sorted(one for one in self._minutes if from_s <= one < to_s):
            yield self._minutes[start_s]

    def _count(self, trade: Trade) -> None:
        start_s = candle_start_s(trade.at_ns, MINUTE_S)
        if start_s not in self._minutes:
            self._forget(start_s)
        self._minutes[start_s] = with_trade(
            self._minutes.get(start_s),
            market=trade.market,
            interval_s=MINUTE_S,
            at_ns=trade.at_ns,
            price=trade.price,
            quantity=trade.quantity,
            notional=self._market.notional(trade.price, trade.quantity),
        )
        self._changed[start_s] = None

    def _forget(self, now_s: int) -> None:
        """Drop the minutes of no candle and no day that is not over."""
        oldest = min(now_s + MINUTE_S - DAY_S, now_s - now_s % DAY_S)
        for start_s in [one for one in self._minutes if one < oldest]:
            del self._minutes[start_s]
