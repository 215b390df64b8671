"""Durations: how long a stage took, as counts below fixed bounds and as the newest of them.

The counts are what a Prometheus histogram is made of; the percentiles are exact, over the newest
durations that are kept. Bounded whatever is noted, O(1) to note, and it reads no clock itself.
"""

from bisect import bisect_left
from collections import deque
from typing import Final

import attrs

__all__ = ["BOUNDS_NS", "Durations", "Percentiles"]

BOUNDS_NS: Final = tuple(step * 10**power for power in range(4, 10) for step in (1, 2, 5))
"""Upper bounds of the counts, nanoseconds: 10 us to 5 s."""
_KEPT: Final = 4_096


@attrs.frozen(kw_only=True)
class Percentiles:
    """Of the newest durations, nanoseconds; all 0 while there are none.

    Attributes:
        count: of how many.
        p50_ns: half of them took at most so long.
        p95_ns: 95 of 100 did.
        p99_ns: 99 of 100 did.
        longest_ns: all did.
    """

    count: int = 0
    p50_ns: int = 0
    p95_ns: int = 0
    p99_ns: int = 0
    longest_ns: int = 0


class Durations:
    """How long one stage takes.

    Args:
        kept: of how many of the newest the percentiles are.

    Attributes:
        count: of all that were noted.
        total_ns: the sum of all.

    >>> durations = Durations()
    >>> for each in range(1, 101):
    ...     durations.note(each * 1_000)
    >>> durations.percentiles().p99_ns
    99000
    >>> durations.counts()[:4]
    ((10000, 10), (20000, 20), (50000, 50), (100000, 100))
    """

    def __init__(self, kept: int = _KEPT) -> None:
        self.count = 0
        self.total_ns = 0
        self._below = [0] * (len(BOUNDS_NS) + 1)
        self._newest: deque[int] = deque(maxlen=kept)

    def note(self, duration_ns: int) -> None:
        """Count one; a clock that was set back makes it 0."""
        duration_ns = max(0, duration_ns)
        self.count += 1
        self.total_ns += duration_ns
        self._below[bisect_left(BOUNDS_NS, duration_ns)] += 1
        self._newest.append(duration_ns)

    def counts(self) -> tuple[tuple[int, int], ...]:
        """Return for each bound how many took at most so long."""
        total, found = 0, []
        for bound, count in zip(BOUNDS_NS, self._below, strict=False):
            total += count
            found.append((bound, total))
        return tuple(found)

    def percentiles(self) -> Percentiles:
        """Return the percentiles of the newest, by nearest rank. O(kept log kept)."""
        if not self._newest:
            return Percentiles()
        ranked = sorted(self._newest)
        last = len(ranked)

        def rank(percent: int) -> int:
            return ranked[-(-percent * last // 100) - 1]

        return Percentiles(
            count=last,
            p50_ns=rank(50),
            p95_ns=rank(95),
            p99_ns=rank(99),
            longest_ns=ranked[-1],
        )
