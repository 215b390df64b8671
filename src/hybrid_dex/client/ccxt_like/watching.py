"""What ``watch...`` waits for: the news of a channel since the last call.

A task of its own reads each channel, so nothing is lost between two calls, and a program that
calls too seldom loses the oldest news and never stalls anyone. Several watchers of one channel each
hear all of it, if each is a task that lives on: of those whose every call has a task of its own it
is not known which is which, so none hears anything twice, and some miss what another heard. When a
channel ends, each of them learns why, after what came before; who asks again begins it again.
"""

import asyncio
import weakref
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, Generic, TypeVar

import attrs

from hybrid_dex.client.ccxt_like.errors import BaseError, ExchangeClosedByUser, to_ccxt
from hybrid_dex.errors import HybridDexError

__all__ = ["News", "Watches"]

_T = TypeVar("_T")


@attrs.define(eq=False)
class _Watcher:
    """Who watches, known by the task that calls."""

    task: "weakref.ref[asyncio.Task[Any]]"
    had: int
    """How many news came before those that it has not had."""
    told: int
    """Of how many ends of the channel it knows."""
    waits: bool = False

    def is_gone(self) -> bool:
        """Whether its task will not call again, as when each call has one: `asyncio.wait_for`."""
        task = self.task()
        return task is None or task.done()


class News(Generic[_T]):
    """The news of one channel, for each watcher those that it has not had; the oldest give way.

    Args:
        source: begins the channel, which yields its news for ever.
        limit: how many are kept. Of one that is kept alone, as of a book, a new watcher hears at once.
    """

    def __init__(self, source: Callable[[], AsyncIterator[_T]], limit: int) -> None:
        self._source = source
        self._kept: deque[_T] = deque(maxlen=limit)
        self._count = 0
        self._wake = asyncio.Event()
        self._watchers: list[_Watcher] = []
        self._passed = 0
        """How many came before where somebody went on for one that was gone: it may call again."""
        self._reason: BaseError = ExchangeClosedByUser("the exchange was closed")
        self._ends = 0
        self._begin()

    async def take(self) -> list[_T]:
        """Return what is new to who calls, waiting for it if need be; never an empty list.

        Raises:
            BaseError: the channel ended.
        """
        watcher = self._watcher()
        watcher.waits = True
        try:
            while watcher.had == self._count:
                if watcher.told != self._ends:
                    watcher.told = self._ends
                    raise self._reason
                if not self._reading:
                    self._begin()
                self._wake.clear()
                await self._wake.wait()
        finally:
            watcher.waits = False
        new = min(self._count - watcher.had, len(self._kept))
        watcher.had = self._count
        return list(self._kept)[-new:]

    async def close(self) -> None:
        """End the task; whoever waits is told."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def _watcher(self) -> _Watcher:
        """Return the watcher that calls.

        A task that did not call before goes on where one that is gone has stopped. Of several that
        are gone it may be any, so it goes on where the last of them stopped, and hears nothing twice;
        the others are forgotten. Of what is kept alone it hears at once what one of them has not had.
        Otherwise it is another watcher, which hears what one that does not wait now has not had yet,
        too, but nothing of what one that was gone may have had.
        """
        task = asyncio.current_task()
        assert task is not None, "whoever awaits runs in a task"
        for watcher in self._watchers:
            if watcher.task() is task:
                return watcher
        gone = [watcher for watcher in self._watchers if watcher.is_gone()]
        if gone:
            choose = min if self._kept.maxlen == 1 else max
            watcher = choose(gone, key=lambda one: (one.had, one.told))
            self._watchers = [one for one in self._watchers if one is watcher or one not in gone]
            self._passed = max(self._passed, watcher.had)
            watcher.task = weakref.ref(task)
            return watcher
        begins = self._count if self._watchers else 0
        had = min((one.had for one in self._watchers if not one.waits), default=begins)
        had = max(had, self._passed)
        if self._kept.maxlen == 1:
            had = max(self._count - 1, 0)
        watcher = _Watcher(weakref.ref(task), had, self._ends)
        self._watchers.append(watcher)
        return watcher

    def _begin(self) -> None:
        self._reading = True
        self._task = asyncio.create_task(self._read(self._source()))

    async def _read(self, source: AsyncIterator[_T]) -> None:
        reason: BaseError = ExchangeClosedByUser("the exchange was closed")
        try:
            async for one in source:
                self._kept.append(one)
                self._count += 1
                self._wake.set()
        except HybridDexError as error:
            reason = to_ccxt(error)
        finally:
            self._reason, self._reading = reason, False
            self._ends += 1
            self._wake.set()


class Watches:
    """The channels that are watched, each begun when it is first asked for."""

    def __init__(self) -> None:
        self._news: dict[tuple[str, ...], News[object]] = {}

    def news(
        self, key: tuple[str, ...], source: Callable[[], AsyncIterator[_T]], limit: int = 1_000
    ) -> News[_T]:
        """Return the news of a channel, which begins when it is first asked for.

        Args:
            key: names the channel.
            source: begins it.
            limit: how many news are kept between two calls.
        """
        found = self._news.get(key)
        if found is None:
            found = self._news[key] = News(source, limit)
        return found  # type: ignore[return-value] # a key always has news of one kind

    async def close(self) -> None:
        """End all of them."""
        news, self._news = self._news, {}
        closing: list[Coroutine[object, object, None]] = [one.close() for one in news.values()]
        await asyncio.gather(*closing)
