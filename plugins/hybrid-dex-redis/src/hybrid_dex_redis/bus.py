"""RedisBus: what a settings file means by ``bus = "redis://..."``.

Nothing here is the truth: the engine goes on without it, and whatever Redis loses is found
elsewhere or refused.
"""

import re
from contextlib import AbstractAsyncContextManager
from typing import Final, Self

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from hybrid_dex import Bus, ConfigurationError, RecordSource, UnavailableError
from hybrid_dex_redis.nonces import RedisNonces
from hybrid_dex_redis.publishing import publishing
from hybrid_dex_redis.relay import Relay

__all__ = ["RedisBus"]

_SCHEMES: Final = ("redis://", "rediss://")
_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_OLDEST: Final = (6, 2)
"""Has GETDEL, and XADD with a stream's end cut."""
_ANSWER_S: Final = 2.0
_KEPT: Final = 10_000


class RedisBus(Bus):
    """A `Bus` on one Redis server.

    Args:
        address: ``redis://[user:password@]host[:port][/database]``, or ``rediss://`` for TLS.
        name: the exchange's; exchanges of different names share a server.
        kept: how many of the newest records the server keeps.

    Raises:
        ConfigurationError: the address or the name can not be used.
    """

    def __init__(self, address: str, name: str, *, kept: int = _KEPT) -> None:
        if not address.startswith(_SCHEMES):
            raise ConfigurationError(f"{_hidden(address)} is no redis:// or rediss:// address")
        if not _NAME.fullmatch(name):
            raise ConfigurationError(
                f"the exchange's name {name!r} can not name keys of the bus; use letters, digits, "
                "dots, dashes and underscores"
            )
        self._address = address
        self._prefix = f"hybrid-dex:{name}:"
        self._kept = kept
        try:
            self._redis = Redis.from_url(
                address,
                socket_timeout=_ANSWER_S,
                socket_connect_timeout=_ANSWER_S,
                retry=Retry(NoBackoff(), 1),  # a connection that ended while nobody looked
            )
        except ValueError as error:
            raise ConfigurationError(
                f"{_hidden(address)} can not be used: {_told(error, address)}"
            ) from error

    async def __aenter__(self) -> Self:
        """Make sure of the server.

        Raises:
            UnavailableError: it can not be reached.
            ConfigurationError: it is too old, or the address asks for what there is not.
        """
        try:
            version = str((await self._redis.info("server"))["redis_version"])
        except (RedisError, OSError) as error:
            await self._redis.aclose()
            raise UnavailableError(
                f"the bus at {_hidden(self._address)} can not be reached: {error}"
            ) from error
        except TypeError as error:  # an option in the address, which only a connection looks at
            raise ConfigurationError(
                f"{_hidden(self._address)} can not be used: {error}"
            ) from error
        if tuple(map(int, version.split(".")[:2])) < _OLDEST:
            await self._redis.aclose()
            raise ConfigurationError(f"the bus is Redis {version}; use 6.2 or newer")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Release every connection."""
        await self._redis.aclose()

    def nonces(self) -> RedisNonces:
        """Return where login nonces are kept for all gateways."""
        return RedisNonces(self._redis, self._prefix)

    def rates(self) -> str:
        """Return the address at which ``limits`` counts rates for all gateways."""
        return f"async+{self._address}"

    def relay(self, source: RecordSource) -> Relay:
        """Return a source that takes records from here, and from ``source`` what is not here."""
        return Relay(self._redis, self._stream, source)

    def publishing(self, source: RecordSource) -> AbstractAsyncContextManager[None]:
        """Put an engine's records here, in order, each once, until the block ends."""
        return publishing(self._redis, self._stream, source, kept=self._kept)

    @property
    def _stream(self) -> str:
        return f"{self._prefix}records"


def _hidden(address: str) -> str:
    """Return an address without what may be a password."""
    scheme, separator, rest = address.partition("://")
    place, _, options = rest.partition("?")
    host = "..." if "@" in options else place.rpartition("@")[2]  # a "?" may be of a password
    return f"{scheme}{separator}{host}"


def _told(error: ValueError, address: str) -> str:
    """Return what is wrong with an address; the error's words may repeat a password."""
    if "@" in address or "password" in address:
        return "its port, its database or an option is not what it may be"
    return str(error)
