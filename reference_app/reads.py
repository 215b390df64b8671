"""Reads: questions to the records, behind a breaker.

The database is never on the path of an order: while it is away, matching goes on and only lists of
the past are refused, at once and in words that name no machine, instead of each request waiting for
a connection that does not come.
"""

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from purgatory import AsyncCircuitBreakerFactory
from purgatory.domain.model import CLOSED, HALF_OPENED, OPENED, OpenedState
from purgatory.service._async.circuitbreaker import AsyncCircuitBreaker

from hybrid_dex.errors import UnavailableError
from hybrid_dex.exchange import Durations

__all__ = ["Reads"]

_log: Final = logging.getLogger(__name__)
_NAME: Final = "records"
_FAILURES: Final = 3
_OPEN_S: Final = 2.0
_STATES: Final = {CLOSED: "closed", OPENED: "open", HALF_OPENED: "half_open"}
_REFUSED: Final = (
    "lists of the past can not be read now, orders and balances can: try again in a few seconds"
)

_T = TypeVar("_T")


class Reads:
    """Asks the records, and does not ask again for a while when they fail.

    Args:
        failures: after how many in a row.
        open_s: for how long.

    Attributes:
        durations: how long the questions took, refused ones included.
    """

    def __init__(self, *, failures: int = _FAILURES, open_s: float = _OPEN_S) -> None:
        self._breakers = AsyncCircuitBreakerFactory(
            default_threshold=failures,
            default_ttl=open_s,
            exclude=[(BaseException, lambda error: not isinstance(error, UnavailableError))],
        )
        self._probing = False
        self._breaker: AsyncCircuitBreaker | None = None
        self.durations: Final = Durations()

    @property
    def state(self) -> str:
        """``closed`` while the records answer, otherwise ``open`` or ``half_open``."""
        state = CLOSED if self._breaker is None else self._breaker.context.state
        return _STATES[state]

    async def __call__(self, ask: Callable[[], Awaitable[_T]]) -> _T:
        """Return the answer. Raises `UnavailableError`, which names no machine."""
        breaker = await self._breakers.get_breaker(_NAME)
        probes = breaker.context.state != CLOSED
        self._breaker = breaker
        if probes and self._probing:  # half open, it would let everybody through at once
            raise UnavailableError(_REFUSED)
        self._probing = self._probing or probes
        begun_ns = time.monotonic_ns()
        try:
            async with breaker:
                return await ask()
        except OpenedState as error:
            raise UnavailableError(_REFUSED) from error
        except UnavailableError as error:
            _log.warning("a list can not be read: %s", error)
            raise UnavailableError(_REFUSED) from error
        finally:
            self.durations.note(time.monotonic_ns() - begun_ns)
            if probes:
                self._probing = False
