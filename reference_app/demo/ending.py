"""Ending: what a signal does, at every stage of the demo.

While the demo starts, or runs its bounded scenario, it is given up at once; while it trades, it is
told to stop and ends by itself. Either way its children are ended in order: none outlives it.
"""

import asyncio
import signal
from typing import Final

import attrs

__all__ = ["Ending"]

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@attrs.define
class Ending:
    """Listens to Ctrl-C, to a request to end, and to a terminal that closes.

    Attributes:
        stop: set by the first signal.
    """

    stop: asyncio.Event = attrs.field(factory=asyncio.Event)
    _task: "asyncio.Task[object] | None" = None

    def listen(self) -> None:
        """Cancel the calling task at the first signal, until `started`."""
        self._task = asyncio.current_task()
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._end)

    def started(self) -> None:
        """From now on a signal only sets `stop`."""
        self._task = None

    def _end(self) -> None:
        self.stop.set()
        task, self._task = self._task, None  # once: a second Ctrl-C must not stop the cleaning up
        if task is not None:
            task.cancel()
