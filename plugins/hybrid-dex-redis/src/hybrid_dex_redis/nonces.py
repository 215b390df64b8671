"""Login nonces that are good once, whichever gateway issued them and whichever takes them.

A nonce is bound to the run of the server that keeps it. A server that comes back with an old dump
would otherwise bring back nonces that were taken since; so a restart voids all of them, and
whoever was about to sign asks for another.
"""

from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from hybrid_dex import UnavailableError

__all__ = ["RedisNonces"]

_RUN: Final = "local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')\n"
_PUT: Final = (
    _RUN
    + """
redis.call('SET', KEYS[1], run .. ':' .. ARGV[1], 'PXAT', ARGV[1])
return 1
"""
)
_TAKE: Final = (
    _RUN
    + """
local found = redis.call('GETDEL', KEYS[1])
if not found then return 0 end
local of, expires = string.match(found, '^(%w+):(%d+)$')
if of == run and tonumber(ARGV[1]) < tonumber(expires) then return 1 end
return 0
"""
)
_LONGEST: Final = 256


class RedisNonces:
    """A `NonceStore` on a Redis server.

    Args:
        redis: connected when it is first asked.
        prefix: begins every key.
    """

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._prefix = f"{prefix}nonce:"
        self._put = redis.register_script(_PUT)
        self._take = redis.register_script(_TAKE)

    async def put_nonce(self, nonce: str, expires_at_ms: int) -> None:
        """Remember an issued nonce until it is taken or expires.

        Raises:
            UnavailableError: the server can not be reached; the nonce is not to be issued.
        """
        try:
            await self._put(keys=[self._prefix + nonce], args=[expires_at_ms])
        except (RedisError, OSError) as error:
            raise _away(error) from error

    async def take_nonce(self, nonce: str, now_ms: int) -> bool:
        """Return whether the nonce was good, and spend it.

        Raises:
            UnavailableError: the server can not be reached, so nobody may log in.
        """
        if len(nonce) > _LONGEST:
            return False
        try:
            return bool(await self._take(keys=[self._prefix + nonce], args=[now_ms]))
        except (RedisError, OSError) as error:
            raise _away(error) from error


def _away(error: Exception) -> UnavailableError:
    return UnavailableError(f"login nonces can not be reached, so nobody can log in: {error}")
