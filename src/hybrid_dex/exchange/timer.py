"""Timer: lets happen what is due when no other command does."""

import logging
from collections.abc import Callable
from typing import Final

from hybrid_dex.errors import HybridDexError
from hybrid_dex.exchange.view import ExchangeView
from hybrid_dex.exchange.writer import Writer
from hybrid_dex.interfaces.clock import Clock
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.commands import AdvanceTime

__all__ = ["watch_time"]

_log: Final = logging.getLogger(__name__)


async def watch_time(
    writer: Writer,
    view: ExchangeView,
    paused: Callable[[], Refusal | None],
    clock: Clock,
    every_s: float,
) -> None:
    """Tell the engine the time when something is due and nothing else does, until canceled."""
    while True:
        await clock.sleep(every_s)
        due = view.next_due_ns()
        is_due = due is not None and due <= clock.now_ns()
        fires = view.has_fired() and paused() is None
        if writer.waiting or not (is_due or fires):
            continue
        try:
            await writer.submit(AdvanceTime())
        except HybridDexError as error:
            _log.warning("expiries wait for the journal: %s", error)
