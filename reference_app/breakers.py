"""Breakers: an outside service that failed several times in a row is left alone for a while.

Whoever asks meanwhile is refused at once instead of waiting for an answer that does not come. After
that one call tries the service; the library lets everybody through then, so one permit makes it one.
A call that is canceled before it is answered counts neither way.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from purgatory import AsyncCircuitBreakerFactory
from purgatory.domain.model import CLOSED, HALF_OPENED, OPENED, OpenedState
from purgatory.service._async.circuitbreaker import AsyncCircuitBreaker

from hybrid_dex.errors import UnavailableError
from reference_app.counters import Counters

__all__ = ["FAILURES", "OPEN_S", "Breaker", "LeftAloneError"]

FAILURES: Final = 3
OPEN_S: Final = 2.0
_STATES: Final = {CLOSED: "closed", OPENED: "open", HALF_OPENED: "half_open"}


class LeftAloneError(Exception):
    """The service failed just now and is not asked."""


class Breaker:
    """Stands before one outside service.

    Args:
        name: the service's.
        breaks: what counts as its failure; anything else is an answer.
        failures: after how many in a row it is left alone.
        open_s: for how long.
        counters: where it is counted.
    """

    def __init__(
        self,
        name: str,
        breaks: type[Exception] | tuple[type[Exception], ...],
        *,
        failures: int = FAILURES,
        open_s: float = OPEN_S,
        counters: Counters | None = None,
    ) -> None:
        self.name = name
        self._counters = Counters() if counters is None else counters
        self._factory = AsyncCircuitBreakerFactory(
            default_threshold=failures,
            default_ttl=open_s,
            exclude=[(BaseException, lambda error: not isinstance(error, breaks))],
        )
        self._breaker: AsyncCircuitBreaker | None = None
        self._probing = False

    @property
    def state(self) -> str:
        """``closed`` while the service answers, otherwise ``open`` or ``half_open``."""
        return _STATES[CLOSED if self._breaker is None else self._breaker.context.state]

    @property
    def is_closed(self) -> bool:
        """Whether everybody is let through."""
        return self._breaker is None or self._breaker.context.state == CLOSED

    @asynccontextmanager
    async def refusing(self, refusal: str) -> AsyncIterator[None]:
        """Let one call through, or refuse it in these words. Raises `UnavailableError`."""
        try:
            async with self.passing():
                yield
        except LeftAloneError as error:
            raise UnavailableError(refusal) from error

    @asynccontextmanager
    async def passing(self) -> AsyncIterator[None]:
        """Let one call through. Raises `LeftAloneError` when none may be made now."""
        if self._breaker is None:
            self._breaker = await self._factory.get_breaker(self.name)
        probes = not self.is_closed
        if probes and self._probing:
            self._counters.calls_left_out += 1
            raise LeftAloneError(self.name)
        self._probing = self._probing or probes
        try:
            async with self._judged(self._breaker):
                yield
        except OpenedState as error:
            self._counters.calls_left_out += 1
            raise LeftAloneError(self.name) from error
        finally:
            if probes:
                self._probing = False

    @asynccontextmanager
    async def _judged(self, breaker: AsyncCircuitBreaker) -> AsyncIterator[None]:
        """Let the library learn how a call ended."""
        await breaker.__aenter__()
        try:
            yield
        except asyncio.CancelledError:  # who asked went away before there was an answer
            raise
        except BaseException as error:
            was_closed = self.is_closed
            await breaker.__aexit__(type(error), error, error.__traceback__)
            if was_closed and not self.is_closed:
                self._counters.breakers_opened += 1
            raise
        else:
            await breaker.__aexit__(None, None, None)
