"""What ``watch...`` waits for: the news of a channel since the last call.

A task of its own reads each channel, so nothing is lost between two calls, and a program that
calls too seldom loses the oldest news and never stalls anyone. When a channel ends, whoever waits
learns why.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Generic, TypeVar

from hybrid_dex.client.ccxt_like.errors import BaseError, ExchangeClosedByUser, to_ccxt
from hybrid_dex.errors import HybridDexError

__all__ = ["News", "Watches"]

_T = TypeVar("_T")


class News(Generic[_T]):
    """The news of one channel that were not taken yet; the oldest give way.

    Args:
        source: yields the news, for ever.
        limit: how many are kept.
    """

    def __init__(self, source: AsyncIterator[_T], limit: int) -> None:
        self._kept: deque[_T] = deque(maxlen=limit)
        self._wake = asyncio.Event()
        self._ended: BaseError | None = None
        self._task = asyncio.create_task(self._read(source))

    @property
    def ended(self) -> bool:
        """Whether nothing will come any more."""
        return self._ended is not None

    async def take(self) -> list[_T]:
        """Return what is new, waiting for it if need be; never an empty list.

        Raises:
            BaseError: the channel ended.
        """
        while not self._kept:
            if self._ended is not None:
                raise self._ended
            self._wake.clear()
            await self._wake.wait()
        taken = list(self._kept)
        self._kept.clear()
        return taken

    async def close(self) -> None:
        """End the task; whoever waits is told."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _read(self, source: AsyncIterator[_T]) -> None:
        reason: BaseError = ExchangeClosedByUser("the exchange was closed")
        try:
            async for one in source:
                self._kept.append(one)
                self._wake.set()
        except HybridDexError as error:
            reason = to_ccxt(error)
        finally:
            self._ended = reason
            self._wake.set()


class Watches:
    """The channels that are watched, each begun when it is first asked for."""

    def __init__(self) -> None:
        self._news: dict[tuple[str, ...], News[object]] = {}

    def news(
        self, key: tuple[str, ...], source: Callable[[], AsyncIterator[_T]], limit: int = 1_000
    ) -> News[_T]:
        """Return the news of a channel, which begins or begins again when it had ended.

        Args:
            key: names the channel.
            source: begins it.
            limit: how many news are kept between two calls.
        """
        found = self._news.get(key)
        if found is None or found.ended:
            found = News(source(), limit)
            self._news[key] = found
        return found  # type: ignore[return-value] # a key always has news of one kind

    async def close(self) -> None:
        """End all of them."""
        news, self._news = self._news, {}
        closing: list[Coroutine[object, object, None]] = [one.close() for one in news.values()]
        await asyncio.gather(*closing)
