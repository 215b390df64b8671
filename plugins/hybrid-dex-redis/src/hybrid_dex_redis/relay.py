"""Relay: records from the bus while it has them, and from the engine whatever it has not.

A subscription that a server forgets while it restarts would be silent, and nobody would notice. So
the relay asks: for what comes after the last record that it has. Whether the answer follows shows
in its id, and while there is none the engine is asked whether there should be one.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from hybrid_dex import Checkpoint, RecordSource, UnavailableError
from hybrid_dex_redis.stream import entry_at, last_entry, read_of

__all__ = ["Relay"]

_WAIT_MS: Final = 1_000
_AT_ONCE: Final = 256
_LOOK_S: Final = 1.0
_LOOKS: Final = 4
_LOOK_AGAIN_S: Final = 0.005

_log: Final = logging.getLogger(__name__)


class _NotHereError(Exception):
    """The bus does not have what comes next."""


class Relay:
    """A `RecordSource` of two.

    Args:
        redis: the bus.
        stream: where records stand.
        source: the engine.
    """

    def __init__(self, redis: Redis, stream: str, source: RecordSource) -> None:
        self._redis = redis
        self._stream = stream
        self._source = source
        self.from_bus = 0
        """Records that the bus gave."""
        self.from_engine = 0
        """Records that the engine gave."""

    async def checkpoint(self, after: int | None = None) -> Checkpoint:
        """Return where to begin, as the engine says. Raises `UnavailableError`."""
        return await self._source.checkpoint(after)

    async def records(self, after: int) -> AsyncIterator[tuple[int, bytes]]:
        """Yield every durable record after a position, and go on with new ones. Raises: as the engine."""
        position = after
        while True:
            async for record in self._of_engine(position):
                self.from_engine += 1
                position = record[0]
                yield record
            try:
                async for record in self._of_bus(position):
                    self.from_bus += 1
                    position = record[0]
                    yield record
            except (RedisError, OSError, _NotHereError) as error:
                _log.warning("records come from the engine: %s", error)

    async def _of_engine(self, after: int) -> AsyncIterator[tuple[int, bytes]]:
        """Yield records until the bus has what comes next."""
        looked = -_LOOK_S
        async for record in self._source.records(after):
            yield record
            now = time.monotonic()
            if now - looked >= _LOOK_S:
                looked = now
                if await self._has(*record):
                    return
        raise UnavailableError("the engine's records ended")

    async def _has(self, position: int, raw: bytes) -> bool:
        """Return whether the bus has this record, so that the next one will follow there.

        One of the same position alone may be of another journal, until its publisher looks.
        """
        for _ in range(_LOOKS):
            try:
                found = await entry_at(self._redis, self._stream, position)
            except (RedisError, OSError):
                return False
            if found is not None:
                return found == raw
            await asyncio.sleep(_LOOK_AGAIN_S)  # it may be on its way
        return False

    async def _of_bus(self, after: int) -> AsyncIterator[tuple[int, bytes]]:
        position = after
        while True:
            answer = await self._redis.xread(
                {self._stream: f"{position}-0"}, count=_AT_ONCE, block=_WAIT_MS
            )
            found = read_of(answer, self._stream)
            if not found:
                await self._look_at_engine(position)
            for record in found:
                if record[0] != position + 1:
                    raise _NotHereError(f"record {position + 1} is not on the bus any more")
                position = record[0]
                yield record

    async def _look_at_engine(self, position: int) -> None:
        """The bus is silent: make sure that there is nothing to be heard."""
        try:
            head = (await self._source.checkpoint(position)).head
        except UnavailableError:
            return  # it is away: nothing happens there either
        if head < position:
            raise UnavailableError(
                f"the engine's journal ends at record {head}, and {position} was read: it lost its end"
            )
        if head == position:
            return
        last = await last_entry(self._redis, self._stream)
        if last is None or last[0] <= position:
            raise _NotHereError(f"record {position + 1} does not come over the bus")
