"""What a client does by itself as long as it is open: when an error ends it, somebody hears of it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from hybrid_dex.client.errors import UnreachableError
from hybrid_dex.errors import HybridDexError

__all__ = ["in_background"]

_log: Final = logging.getLogger(__name__)


def in_background(
    work: Callable[[], Awaitable[None]], what: str, ended: Callable[[HybridDexError], None]
) -> "asyncio.Task[None]":
    """Return the task of some work; cancel it in the end.

    Args:
        work: goes on until it is canceled.
        what: names it in the log.
        ended: is told the error that ended it, which is logged as well.
    """

    async def run() -> None:
        try:
            await work()
        except Exception as error:  # noqa: BLE001 # whatever it is, whoever waits must hear of it
            _log.exception("%s has ended", what)
            ended(_told(what, error))

    return asyncio.create_task(run())


def _told(what: str, error: Exception) -> HybridDexError:
    if isinstance(error, HybridDexError):
        return error
    told = UnreachableError(f"{what} has ended by {error!r}; open another client")
    told.__cause__ = error
    return told
