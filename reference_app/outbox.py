"""Outbox: what waits to be sent over one socket, bounded whatever its reader does.

A reader that falls behind loses nothing that it can not get back: the deltas of a book that wait
are replaced by one snapshot, made when its turn comes. What must arrive (acknowledgements, orders,
fills, trades) is never dropped: when that alone is too much, the connection is ended with a code
that says so. Nothing here waits for the reader except the task that sends to it.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

import attrs

from hybrid_dex.model.units import MarketId
from reference_app.counters import Counters

__all__ = ["CLOSE_GOING_AWAY", "CLOSE_LOST", "CLOSE_TOO_SLOW", "Closing", "Outbox"]

_WRITE_BYTES: Final = 64 * 1024
CLOSE_GOING_AWAY: Final = 1012
"""The server restarts (RFC 6455 registry)."""
CLOSE_TOO_SLOW: Final = 4008
CLOSE_LOST: Final = 4009
"""Private reports may be missing; connect again and read the orders."""


@attrs.frozen
class Closing:
    """Why the connection ends."""

    code: int
    reason: str


@attrs.define
class _Item:
    frames: bytes
    market: MarketId | None = None
    """Set for what a snapshot of this book can stand for; without frames it is that snapshot."""
    key: str = ""
    """Set for what a newer message of the same key stands for."""


class Outbox:
    """Messages in order, each as the frame that is sent.

    Args:
        snapshot: makes a book's snapshot when its turn comes.
        messages: above this many, books are conflated.
        max_bytes: above this much, the connection ends.
        counters: how often either happened.
    """

    def __init__(
        self,
        snapshot: Callable[[MarketId], bytes],
        *,
        messages: int,
        max_bytes: int,
        counters: Counters | None = None,
    ) -> None:
        self._counters = Counters() if counters is None else counters
        self._snapshot = snapshot
        self._messages = messages
        self._max_bytes = max_bytes
        self._items: deque[_Item] = deque()
        self._bytes = 0
        self._stale: set[MarketId] = set()
        self._newest: dict[str, _Item] = {}
        self._wake = asyncio.Event()
        self.closing: Closing | None = None

    def __len__(self) -> int:
        return len(self._items)

    @property
    def waiting_bytes(self) -> int:
        """How much waits."""
        return self._bytes

    def put(self, frames: bytes) -> None:
        """Queue a message that must arrive, or some in a row."""
        self._append(_Item(frames))

    def put_newest(self, key: str, frame: bytes) -> None:
        """Queue a message, or put it in the place of one of the same key that still waits."""
        waiting = self._newest.get(key)
        if waiting is None:
            item = _Item(frame, key=key)
            self._append(item)
            if self.closing is None:
                self._newest[key] = item
        else:
            self._bytes += len(frame) - len(waiting.frames)
            waiting.frames = frame

    def put_delta(self, market: MarketId, frame: bytes) -> None:
        """Queue a delta, unless a snapshot of its book waits, which will contain it."""
        if market in self._stale:
            return
        if len(self._items) >= self._messages:
            self._counters.books_conflated += 1
            self.conflate(market)
        else:
            self._append(_Item(frame, market))

    def conflate(self, market: MarketId) -> None:
        """Queue a snapshot in place of the deltas that wait."""
        self.forget(market)
        self._stale.add(market)
        self._append(_Item(b"", market))

    def forget(self, market: MarketId) -> None:
        """Drop what waits of a book."""
        self._stale.discard(market)
        if any(item.market == market for item in self._items):
            self._items = deque(item for item in self._items if item.market != market)
            self._bytes = sum(len(item.frames) for item in self._items)

    def close(self, code: int, reason: str) -> None:
        """End the connection after what is being sent now; the first reason holds."""
        if self.closing is None:
            self.closing = Closing(code, reason)
            self._items.clear()
            self._newest.clear()
            self._bytes = 0
            self._wake.set()

    async def take(self, most: int) -> list[bytes] | Closing:
        """Return what is next, one to ``most`` and hardly longer than one write should be.

        Or why there is none any more.
        """
        while not self._items:
            if self.closing is not None:
                return self.closing
            self._wake.clear()
            await self._wake.wait()
        taken: list[bytes] = []
        room = _WRITE_BYTES
        while self._items and room > 0 and len(taken) < most:
            taken.append(self._next())
            room -= len(taken[-1])
        return taken

    def _next(self) -> bytes:
        item = self._items.popleft()
        self._bytes -= len(item.frames)
        self._newest.pop(item.key, None)
        if item.market is not None and not item.frames:
            self._stale.discard(item.market)
            return self._snapshot(item.market)
        return item.frames

    def _append(self, item: _Item) -> None:
        if self.closing is not None:
            return
        self._items.append(item)
        self._bytes += len(item.frames)
        self._wake.set()
        if self._bytes > self._max_bytes:
            self._counters.sockets_too_slow += 1
            self.close(
                CLOSE_TOO_SLOW, f"more than {self._max_bytes} bytes wait; read faster or less"
            )
