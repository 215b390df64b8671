"""Reads: questions to the records, behind a breaker.

The database is never on the path of an order: while it is away, matching goes on and only lists of
the past are refused, at once and in words that name no machine, instead of each request waiting for
a connection that does not come.
"""

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from hybrid_dex.errors import UnavailableError
from hybrid_dex.exchange import Durations
from reference_app.breakers import FAILURES, OPEN_S, Breaker, LeftAloneError
from reference_app.counters import Counters

__all__ = ["Reads"]

_log: Final = logging.getLogger(__name__)
_REFUSED: Final = (
    "lists of the past can not be read now, orders and balances can: try again in a few seconds"
)

_T = TypeVar("_T")


class Reads:
    """Asks the records, and does not ask again for a while when they fail.

    Args:
        failures: after how many in a row.
        open_s: for how long.
        counters: how often.

    Attributes:
        durations: how long the questions took, refused ones included.
    """

    def __init__(
        self,
        *,
        failures: int = FAILURES,
        open_s: float = OPEN_S,
        counters: Counters | None = None,
    ) -> None:
        self._breaker = Breaker(
            "records", UnavailableError, failures=failures, open_s=open_s, counters=counters
        )
        self.durations: Final = Durations()

    @property
    def state(self) -> str:
        """``closed`` while the records answer, otherwise ``open`` or ``half_open``."""
        return self._breaker.state

    async def __call__(self, ask: Callable[[], Awaitable[_T]]) -> _T:
        """Return the answer. Raises `UnavailableError`, which names no machine."""
        begun_ns = time.monotonic_ns()
        try:
            async with self._breaker.passing():
                return await ask()
        except LeftAloneError as error:
            raise UnavailableError(_REFUSED) from error
        except UnavailableError as error:
            _log.warning("a list can not be read: %s", error)
            raise UnavailableError(_REFUSED) from error
        finally:
            self.durations.note(time.monotonic_ns() - begun_ns)
