"""How records stand in a stream: the id is the position, one field holds the record."""

from typing import Any, Final

from redis.asyncio import Redis

__all__ = ["CONTENT", "entries_of", "entry_at", "last_entry", "read_of"]

CONTENT: Final = b"r"


async def last_entry(redis: Redis, stream: str) -> tuple[int, bytes] | None:
    """Return the newest record of a stream, or ``None`` of an empty one. Raises `RedisError`."""
    found = entries_of(await redis.xrevrange(stream, count=1))
    return found[0] if found else None


async def entry_at(redis: Redis, stream: str, position: int) -> bytes | None:
    """Return the record of a stream at a position, or ``None``. Raises `RedisError`."""
    id_ = f"{position}-0"
    found = entries_of(await redis.xrange(stream, id_, id_))
    return found[0][1] if found else None


def entries_of(answer: Any) -> list[tuple[int, bytes]]:  # noqa: ANN401 # typed for every decoding
    """Return positions and records of what the server answered."""
    return [(int(id_.partition(b"-")[0]), fields[CONTENT]) for id_, fields in answer]


def read_of(answer: Any, stream: str) -> list[tuple[int, bytes]]:  # noqa: ANN401 # of many commands
    """Return positions and records of an answer to XREAD, which is a list or a map by protocol."""
    if not answer:
        return []
    if isinstance(answer, dict):
        (streams,) = answer[stream.encode()]
        return entries_of(streams)
    return entries_of(answer[0][1])
