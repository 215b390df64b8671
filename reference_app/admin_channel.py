"""The socket's channel ``admin``: the exchange at a glance, and what changed on the way to the chain.

At most once a second, and at least every ten while somebody hears it. Who hears it is asked for its
role each time, so a role that was taken ends the channel within a second. It reads, and never waits
for a slow reader: a newer message takes the place of one that still waits.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final

import msgspec

from hybrid_dex.defaults.roles import Role
from hybrid_dex.errors import UnavailableError
from hybrid_dex.model.settlement import SettlementStage
from hybrid_dex.settlement.operation import BatchStanding
from hybrid_dex.wire import (
    BatchesMessage,
    SettlementBatchMessage,
    StatisticsMessage,
    word,
)
from reference_app.channel_messages import message_frame
from reference_app.overview import batch_message, operation, statistics
from reference_app.services import Services

__all__ = ["AdminChannel"]

_log: Final = logging.getLogger(__name__)
_EVERY_S: Final = 1.0
_AT_LEAST_EVERY_S: Final = 10.0


class AdminChannel:
    """Tells whoever hears it, while `run` runs.

    Args:
        services: what is told of, and who hears it.
        every_s: how often at most.
        at_least_every_s: how often when nothing changes.
    """

    def __init__(
        self,
        services: Services,
        *,
        every_s: float = _EVERY_S,
        at_least_every_s: float = _AT_LEAST_EVERY_S,
    ) -> None:
        self._services = services
        self._watchers = services.watchers
        self._every_s = every_s
        self._at_least_every_s = at_least_every_s
        self._figures: StatisticsMessage | None = None
        self._told_s = 0.0
        self._batches: dict[int, BatchStanding] = {}

    async def run(self) -> None:
        """Tell what changes, until canceled."""
        while True:
            if self._watchers.hearers:
                try:
                    await self._end_who_may_not()
                except UnavailableError as error:
                    _log.warning("roles can not be looked up, so nobody is told: %s", error)
                else:
                    self._tell_figures()
                    self._tell_batches()
                    self._watchers.fresh.clear()
            await asyncio.sleep(self._every_s)

    async def _end_who_may_not(self) -> None:
        for account in dict.fromkeys(self._watchers.hearers.values()):
            role = await self._services.identity.roles.of(account)
            if not role.includes(Role.SUPPORT):
                hearers = self._watchers.hearers
                for watcher in [one for one, whose in hearers.items() if whose == account]:
                    watcher.end_admin()

    def _tell_figures(self) -> None:
        figures, now_s = statistics(self._services), time.monotonic()
        due = now_s - self._told_s >= self._at_least_every_s
        told = self._watchers.fresh
        if due or self._figures is None or _worth(figures) != _worth(self._figures):
            self._figures, self._told_s = figures, now_s
            told = dict.fromkeys(self._watchers.hearers)
        frame = message_frame(figures)
        for watcher in told:
            watcher.offer_newest("statistics", frame)

    def _tell_batches(self) -> None:
        """Tell batches that changed; to who is new here, all that are not final."""
        steered = operation(self._services)
        if steered is None:
            return
        before, now = self._batches, {one.number: one for one in steered.batches()}
        self._batches = now
        changed = [
            batch_message(None, one) for number, one in now.items() if before.get(number) != one
        ]
        # What is not followed any more is final, or was given up and comes again as another.
        final = word(SettlementStage.FINAL)
        changed += [
            msgspec.structs.replace(batch_message(None, one), stage=final)
            for number, one in before.items()
            if number not in now and number <= steered.final_batch
        ]
        for watcher in self._watchers.hearers:
            if watcher in self._watchers.fresh:
                _offer(watcher.offer, [batch_message(None, one) for one in now.values()])
            else:
                _offer(watcher.offer, changed)


def _offer(offer: Callable[[bytes], None], batches: list[SettlementBatchMessage]) -> None:
    if batches:
        offer(message_frame(BatchesMessage(batches=batches)))


def _worth(figures: StatisticsMessage) -> StatisticsMessage:
    """Return what is worth a message: that time passes is not."""
    settlement = msgspec.structs.replace(figures.settlement, oldest_ms=None)
    return msgspec.structs.replace(figures, time_ms=0, settlement=settlement)
