"""Windows: what the limits in memory count in, one place for each who is counted.

`limits` counts in a sliding window of two counters, and its own storage in memory keeps each of them
behind a lock, a timer and four coroutines, because another storage of it waits for a network. Nothing waits
here, so nothing can come between a look and its count. The arithmetic is the library's: the tests hold
the two beside each other.
"""

import math
import time
from typing import Final

import attrs
from limits.aio.storage import MemoryStorage

__all__ = ["WindowStorage"]

_SWEPT_FROM: Final = 4_096


@attrs.define
class _Window:
    """Counts of the window with this number and of the one before; its width, seconds."""

    number: int
    width: int
    before: int = 0
    now: int = 0

    def turn_to(self, number: int) -> None:
        """Go on to a later window."""
        if number != self.number:
            self.before = self.now if number == self.number + 1 else 0
            self.now, self.number = 0, number


class WindowStorage(MemoryStorage):
    """Counts in memory, for the sliding window alone. Who has not come for two windows is forgotten."""

    STORAGE_SCHEME = None  # type: ignore[assignment] # as `Storage` has it: it takes nobody's place

    def __init__(self) -> None:
        super().__init__()
        self._windows: dict[str, _Window] = {}
        self._swept_at = _SWEPT_FROM

    def __len__(self) -> int:
        return len(self._windows)

    def take(self, key: str, limit: int, width: int, amount: int = 1) -> bool:
        """Count an amount and return true, unless that would exceed the limit."""
        if amount > limit:
            return False
        now = time.time()
        window = self._window(key, width, now)
        weighed = window.before * _left(width, now) / width + window.now
        if math.floor(weighed) + amount > limit:
            return False
        window.now += amount
        return True

    def look(self, key: str, width: int) -> tuple[int, float, int, float]:
        """Return the count before and how long it weighs yet, this one and when it is forgotten."""
        now = time.time()
        window, left = self._window(key, width, now), _left(width, now)
        return window.before, left if window.before else 0.0, window.now, left + width

    async def acquire_sliding_window_entry(
        self, key: str, limit: int, expiry: int, amount: int = 1
    ) -> bool:
        """Do as `take`, for the library."""
        return self.take(key, limit, expiry, amount)

    async def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """Do as `look`, for the library."""
        return self.look(key, expiry)

    async def clear_sliding_window(self, key: str, expiry: int) -> None:
        """Count from nothing again."""
        self._windows.pop(key, None)

    async def reset(self) -> int | None:
        """Count everyone from nothing again; return how many there were."""
        counted = len(self._windows)
        self._windows.clear()
        return counted

    def _window(self, key: str, width: int, now: float) -> _Window:
        number = int(now // width)
        window = self._windows.get(key)
        if window is None:
            if len(self._windows) >= self._swept_at:
                self._sweep(now)
            window = self._windows[key] = _Window(number, width)
        else:
            window.turn_to(number)
        return window

    def _sweep(self, now: float) -> None:
        """Forget those who weigh nothing any more; again when there are twice as many as are left."""
        self._windows = {
            key: window
            for key, window in self._windows.items()
            if now // window.width - window.number <= 1
        }
        self._swept_at = max(_SWEPT_FROM, 2 * len(self._windows))


def _left(width: int, now: float) -> float:
    """Return how long this window lasts yet, seconds."""
    return width - now % width
