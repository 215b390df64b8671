"""Meter: how much happens a second and how long it takes, counted as it happens.

It hears what the hub publishes and keeps the last seconds only, so it is bounded whatever happens.
It reads the clock that it is given, and decides nothing.
"""

from collections import Counter, deque
from collections.abc import Callable, Sequence
from typing import Final

import attrs

from hybrid_dex.exchange import Durations
from hybrid_dex.feed import Publication
from hybrid_dex.model.events import OrderAccepted
from hybrid_dex.model.reports import ExecType
from hybrid_dex.model.units import MarketId

__all__ = ["WINDOW_S", "Meter", "Second"]

WINDOW_S: Final = 10
"""Over how many whole seconds rates are taken: ten make one exact decimal."""
_SECOND_NS: Final = 10**9


@attrs.define
class Second:
    """What happened in one second.

    Attributes:
        at_s: which, Unix seconds.
        commands: that were told.
        orders: that were accepted.
        rejected: orders that were refused by the engine.
        fills: by market.
    """

    at_s: int
    commands: int = 0
    orders: int = 0
    rejected: int = 0
    fills: Counter[MarketId] = attrs.field(factory=Counter)


class Meter:
    """Counts; see the module.

    Args:
        now_ns: the clock.

    Attributes:
        commands: that were told since the start; so are the next three.
        orders: that were accepted.
        rejected: orders that were refused by the engine.
        fills: by market.
        order_entry: how long requests of order entry took, from when they are read to their answer.
    """

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self._seconds: deque[Second] = deque(maxlen=WINDOW_S + 1)
        self.commands = 0
        self.orders = 0
        self.rejected = 0
        self.fills: Counter[MarketId] = Counter()
        self.order_entry: Final = Durations()

    def take(self, publications: Sequence[Publication]) -> None:
        """Count what commands published, by one look at the clock."""
        now_s = self._now_ns() // _SECOND_NS
        if not self._seconds or self._seconds[-1].at_s < now_s:
            self._seconds.append(Second(now_s))
        second = self._seconds[-1]
        orders = rejected = 0
        for publication in publications:
            for report in publication.reports:
                if isinstance(report, OrderAccepted):
                    orders += 1
                elif report.exec_type is ExecType.REJECTED:
                    rejected += 1
            for trade in publication.trades:
                second.fills[trade.market] += 1
                self.fills[trade.market] += 1
        for counted in (second, self):
            counted.commands += len(publications)
            counted.orders += orders
            counted.rejected += rejected

    def window(self) -> Second:
        """Return what happened in the last ten whole seconds together."""
        now_s = self._now_ns() // _SECOND_NS
        total = Second(now_s - WINDOW_S)
        for second in self._seconds:
            if now_s - WINDOW_S <= second.at_s < now_s:
                total.commands += second.commands
                total.orders += second.orders
                total.rejected += second.rejected
                total.fills += second.fills
        return total
