"""A listener: messages handed to one reader, in order, without ever waiting for it."""

import asyncio
from collections import deque
from typing import Generic, TypeVar

from hybrid_dex.client.errors import LaggingListenerError
from hybrid_dex.errors import HybridDexError

__all__ = ["Listener"]

_T = TypeVar("_T")


class Listener(Generic[_T]):
    """An endless async iterator over what is put in. For one reader.

    Args:
        limit: how many messages may wait; one more ends the listener with an error, so a reader
            that is too slow learns it instead of missing something.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._messages: deque[_T] = deque()
        self._wake = asyncio.Event()
        self._closed = False
        self._lagging = False
        self._error: HybridDexError | None = None

    def put(self, message: _T) -> None:
        """Add a message. Returns at once."""
        if self._closed or self._lagging:
            return
        if len(self._messages) >= self._limit:
            self._messages.clear()
            self._lagging = True
        else:
            self._messages.append(message)
        self._wake.set()

    def close(self, error: HybridDexError | None = None) -> None:
        """End the iteration after what is waiting, by an error if one is given. Safe to call twice."""
        if not self._closed:
            self._closed, self._error = True, error
        self._wake.set()

    @property
    def closed(self) -> bool:
        """Whether nothing will be added any more."""
        return self._closed or self._lagging

    def __aiter__(self) -> "Listener[_T]":
        return self

    async def __anext__(self) -> _T:
        while not self._messages:
            if self._lagging:
                raise LaggingListenerError(
                    f"more than {self._limit} messages were waiting; read the state again"
                )
            if self._error is not None:
                raise self._error
            if self._closed:
                raise StopAsyncIteration
            self._wake.clear()
            await self._wake.wait()
        return self._messages.popleft()
