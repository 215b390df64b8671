"""Publishing: the engine's records into a stream, each once, whatever becomes of the server.

A record's id is its position, and the server itself refuses an id that does not follow the last
one. So after every interruption the publisher looks where the stream ends and goes on behind it.
A stream that is not of this journal is removed first.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from hybrid_dex import HybridDexError, JournalError, RecordSource, UnavailableError
from hybrid_dex_redis.stream import CONTENT, last_entry

__all__ = ["publishing"]

_RETRY_S: Final = 0.05
_RETRY_MAX_S: Final = 1.0
_ENDING_S: Final = 1.0

_log: Final = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def publishing(
    redis: Redis, stream: str, source: RecordSource, *, kept: int
) -> AsyncIterator[None]:
    """Publish until the block ends; see `Bus.publishing`."""
    task = asyncio.create_task(_publish(redis, stream, source, kept), name="records on the bus")
    try:
        yield
    finally:
        while not task.done():  # a read that times out just now may take one for its own
            task.cancel()
            await asyncio.wait([task], timeout=_ENDING_S)


async def _publish(redis: Redis, stream: str, source: RecordSource, kept: int) -> None:
    wait_s, told = _RETRY_S, False
    while True:
        try:
            after = await _begin(redis, stream, source, kept)
            async for position, raw in source.records(after):
                await redis.xadd(
                    stream, {CONTENT: raw}, id=f"{position}-0", maxlen=kept, approximate=True
                )
                wait_s, told = _RETRY_S, False
        except (RedisError, OSError, HybridDexError) as error:
            if not told:
                _log.warning("records are not on the bus, gateways ask the engine: %s", error)
                told = True
        await asyncio.sleep(wait_s)
        wait_s = min(2 * wait_s, _RETRY_MAX_S)


async def _begin(redis: Redis, stream: str, source: RecordSource, kept: int) -> int:
    """Return the record behind which to go on; remove a stream of another journal."""
    last = await last_entry(redis, stream)
    if last is None:
        return await _oldest(source, (await source.checkpoint()).head, kept)
    position, raw = last
    head = (await source.checkpoint(position)).head
    if head - position > kept:  # older than a gateway could use
        await redis.delete(stream)
        return await _oldest(source, head, kept)
    if position <= head and await _after(source, position - 1) == raw:
        return position
    _log.warning("the bus has records that the journal has not; they are removed")
    await redis.delete(stream)
    return await _oldest(source, head, kept)


async def _oldest(source: RecordSource, head: int, kept: int) -> int:
    """Return behind which record to begin: half of what is kept, or no old ones if they are trimmed."""
    after = max(0, head - kept // 2)
    return after if after == head or await _after(source, after) is not None else head


async def _after(source: RecordSource, position: int) -> bytes | None:
    """Return the record right after one that is not the last; ``None`` if it is trimmed."""
    try:
        async for _, raw in source.records(position):
            return raw
    except UnavailableError:
        raise
    except JournalError:
        pass
    return None
