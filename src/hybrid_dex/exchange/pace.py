"""Pace: lets no more be matched than settlement can take in time.

A pause by age comes too late for a burst: what was matched within one second has no age yet, and
may still need hours of blocks. So the fills that wait for a block are counted. Up to half of what
settlement can take, nothing is held back; from there on each fill has to wait out the time that
settlement needs for one, so that intake follows the chain instead of stopping and starting; at the
full amount nothing is matched until blocks came. Orders that were taken and wait for the journal
count with the most fills they can make, so what waits for a block never exceeds the full amount by
more than one command makes. Cancels and reductions are never held back.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from hybrid_dex.exchange.expected import Expected
from hybrid_dex.exchange.view import ExchangeView
from hybrid_dex.interfaces.clock import Clock
from hybrid_dex.interfaces.settlement import Capacity
from hybrid_dex.model.commands import PlaceOrder, ReplaceOrder
from hybrid_dex.model.events import Event, EventBatch, FillMade, FillSettled
from hybrid_dex.model.settlement import SettlementStage
from hybrid_dex.model.units import FillId

__all__ = ["Pace"]

_NS_PER_MS: Final = 1_000_000
_WAITS: Final = (SettlementStage.MATCHED, SettlementStage.SUBMITTED)


class Pace:
    """Counts the fills that wait for a block, and says when matching has to wait for some.

    Args:
        capacity: asks settlement what it can take.
        clock: what a fill's turn is measured by.
    """

    def __init__(self, capacity: Callable[[], Capacity | None], clock: Clock) -> None:
        self._capacity = capacity
        self._clock = clock
        self._waiting: set[FillId] = set()
        self._expected = Expected()
        self._due_ns = 0

    @property
    def waiting(self) -> int:
        """Fills that are in no block."""
        return len(self._waiting)

    def resume(self, view: ExchangeView) -> None:
        """Count what an earlier run left."""
        self._waiting = {
            fill.fill_id
            for fill in view.unsettled()
            if view.settlement_stage(fill.fill_id) in _WAITS
        }

    def watch(
        self,
        command: PlaceOrder | ReplaceOrder,
        answer: "asyncio.Future[EventBatch]",
        view: ExchangeView,
    ) -> "asyncio.Future[EventBatch]":
        """Count what a command can make until it is answered; return what its caller waits for."""
        if self._capacity() is None:
            return answer
        return self._expected.watch(command, answer, view)

    def count(
        self,
        command: PlaceOrder | ReplaceOrder,
        answer: "asyncio.Future[EventBatch]",
        view: ExchangeView,
    ) -> None:
        """Count what a member of a batch can make until that is answered; asked only where fills are paced."""
        self._expected.count(command, answer, view)

    def note(self, event: Event) -> None:
        """Count a fill that was made, that got into a block, or that fell out of one again."""
        match event:
            case FillMade():
                self._waiting.add(event.fill_id)
                capacity = self._capacity()
                if capacity is not None and 2 * len(self._waiting) > capacity.fills:
                    now_ns = self._clock.now_ns()
                    self._due_ns = max(self._due_ns, now_ns) + capacity.interval_ns
            case FillSettled(stage=SettlementStage.SUBMITTED):
                self._waiting.add(event.fill_id)
            case FillSettled():
                self._waiting.discard(event.fill_id)
            case _:
                pass

    @property
    def pause_reason(self) -> str:
        """Why nothing may be matched at this moment, or an empty text."""
        capacity, waiting = self._capacity(), len(self._waiting)
        if capacity is None:
            return ""
        if waiting >= capacity.fills:
            return f"{waiting} fills wait for a block, as many as can settle in time"
        expected = self._expected.fills
        if waiting + expected >= capacity.fills:
            return (
                f"{waiting} fills wait for a block and the orders before this one can make "
                f"{expected}, as many as can settle in time"
            )
        if 2 * waiting <= capacity.fills:
            return ""
        wait_ns = self._due_ns - self._clock.now_ns()
        if wait_ns <= 0:
            return ""
        return (
            f"{waiting} fills wait for a block; matching goes on in {-(-wait_ns // _NS_PER_MS)} ms"
        )
