"""Settling: fills go out to settlement, what became of them comes back as commands.

It must never drop either: what settlement does not take is offered again, and a command that the
journal does not take now is tried again, both with growing waits until the exchange closes. After
a restart the engine's unsettled fills are offered first, and settlement recognises repeats.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Final

from hybrid_dex.errors import HybridDexError, UnavailableError, UnknownOutcomeError
from hybrid_dex.exchange.auditing import Auditing
from hybrid_dex.exchange.options import ExchangeOptions
from hybrid_dex.exchange.pace import Pace
from hybrid_dex.exchange.view import ExchangeView
from hybrid_dex.interfaces.clock import Clock
from hybrid_dex.interfaces.settlement import ListingSettlement, Settlement
from hybrid_dex.model.commands import Command, PlaceOrder, ReplaceOrder
from hybrid_dex.model.events import (
    CommandRejected,
    EventBatch,
    FillMade,
    FillSettled,
    MarketListed,
    MemberAnswered,
    OrderAccepted,
    VoucherIssued,
)
from hybrid_dex.model.market import Market
from hybrid_dex.model.settlement import MatchedFill
from hybrid_dex.model.units import Sequence, fill_sequence
from hybrid_dex.model.vouchers import Voucher

__all__ = ["Settling"]

_log: Final = logging.getLogger(__name__)


class Settling:
    """The two flows between the exchange and its settlement.

    Args:
        settlement: an open settlement.
        view: where a fill's terms are read.
        submit: the writer's door.
        journal_hash: tells the chain hash of the last applied frame.
        clock: how waits are made.
        options: how long they are.
    """

    def __init__(
        self,
        settlement: Settlement,
        *,
        view: ExchangeView,
        submit: "Callable[[Command], asyncio.Future[EventBatch]]",
        journal_hash: Callable[[], bytes],
        clock: Clock,
        options: ExchangeOptions,
    ) -> None:
        self._settlement = settlement
        self._view = view
        self._submit = submit
        self._journal_hash = journal_hash
        self._clock = clock
        self._options = options
        self._groups: deque[tuple[list[MatchedFill], bytes]] = deque()
        self._through = Sequence(0)
        self._vouchers: list[Voucher] = []
        self._auditing = Auditing(settlement, view=view, clock=clock, options=options)
        self._pace = Pace(lambda: settlement.capacity, clock)
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._submitting_ok = True
        self._updating_ok = True
        self._closing = False

    @property
    def ok(self) -> bool:
        """Whether settlement takes fills and yields updates."""
        return self._submitting_ok and self._updating_ok

    @property
    def pause_reason(self) -> str:
        """Why nothing may be matched now, or an empty text: settlement's word, or its pace."""
        return self._settlement.pause_reason or self._pace.pause_reason

    @property
    def waiting(self) -> int:
        """Groups of fills that wait to be handed over."""
        return len(self._groups)

    def resume(self) -> None:
        """Offer every fill that is not final, as after a restart."""
        for _, fills in groupby(
            self._view.unsettled(), key=lambda fill: fill_sequence(fill.fill_id)
        ):
            self._add(list(fills))
        self._through = self._view.sequence
        self._tell_reached()
        self._watch(self._view.vouchers())
        self._pace.resume(self._view)

    @property
    def paces(self) -> bool:
        """Whether what commands can make is counted, so that each has to be asked about by itself."""
        return self._settlement.capacity is not None

    def watch(
        self, command: PlaceOrder | ReplaceOrder, answer: "asyncio.Future[EventBatch]"
    ) -> "asyncio.Future[EventBatch]":
        """Let a command that was taken count in the pace until it is answered."""
        return self._pace.watch(command, answer, self._view)

    def count(
        self, command: PlaceOrder | ReplaceOrder, answer: "asyncio.Future[EventBatch]"
    ) -> None:
        """Let a member of a batch that was taken count in the pace until that is answered."""
        self._pace.count(command, answer, self._view)

    def _tell_reached(self) -> None:
        """Say how far all fills were handed over. Nothing may wait between this look and its word."""
        if not self._groups:
            self._settlement.reached(self._through)

    def offer(self, batches: Iterable[EventBatch]) -> None:
        """Take the fills of each command, with the terms they were made under."""
        for batch in batches:
            fills = []
            for event in batch.events:
                if type(event) is OrderAccepted or type(event) is MemberAnswered:
                    continue  # as nearly all are
                if isinstance(event, FillMade):
                    self._pace.note(event)
                    fill = self._view.matched_fill(event.fill_id)
                    if fill is not None:  # else a later command of the same frame ended it
                        fills.append(fill)
                elif isinstance(event, FillSettled):
                    self._pace.note(event)
                elif isinstance(event, VoucherIssued):
                    self._watch(self._view.vouchers(event.account))
                elif isinstance(event, MarketListed):
                    self._tell_listed(event.market)
            if fills:
                self._add(fills)
            self._through = batch.sequence
        self._tell_reached()

    def _tell_listed(self, market: Market) -> None:
        """Say that a market is listed, before any of its fills is handed over."""
        taking: object = self._settlement
        if isinstance(taking, ListingSettlement):  # else it is taken at the start only
            taking.listed(market)

    def _add(self, fills: list[MatchedFill]) -> None:
        self._groups.append((fills, self._journal_hash()))
        self._idle.clear()
        self._wake.set()

    def _watch(self, vouchers: Iterable[Voucher]) -> None:
        self._vouchers.extend(vouchers)
        if self._vouchers:
            self._idle.clear()
            self._wake.set()

    def close(self) -> None:
        """The writer is about to stop: an update that it refuses comes again after the restart."""
        self._closing = True

    async def audit(self) -> None:
        """Hold the engine against the chain, until canceled."""
        await self._auditing.run()

    async def drain(self) -> None:
        """Return once settlement took every group."""
        await self._idle.wait()

    async def feed(self) -> None:
        """Hand groups over, in order, until canceled."""
        wait_s = self._options.retry_s
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._groups or self._vouchers:
                try:
                    await self._hand_over()
                except HybridDexError as error:
                    self._submitting_ok = False
                    _log.warning("settlement takes nothing now: %s", error)
                    await self._clock.sleep(wait_s)
                    wait_s = min(2 * wait_s, self._options.retry_max_s)
                    continue
                self._submitting_ok = True
                wait_s = self._options.retry_s
            self._idle.set()

    async def _hand_over(self) -> None:
        """Hand over every voucher that waits, or else one group."""
        if self._vouchers:
            waiting = len(self._vouchers)
            await self._settlement.watch_vouchers(self._vouchers[:waiting])
            del self._vouchers[:waiting]
        else:
            await self._settlement.submit(*self._groups[0])
            self._groups.popleft()
            self._tell_reached()

    async def consume(self) -> None:
        """Journal what settlement yields, one after the other, until it is closed."""
        wait_s = self._options.retry_s
        while True:
            try:
                async for command in self._settlement.updates():
                    await self._journal(command)
                    self._updating_ok = True
                    wait_s = self._options.retry_s
            except HybridDexError as error:
                self._updating_ok = False
                _log.warning("settlement yields nothing now: %s", error)
                await self._clock.sleep(wait_s)
                wait_s = min(2 * wait_s, self._options.retry_max_s)
            else:
                return

    async def _journal(self, command: Command) -> None:
        wait_s = self._options.retry_s
        while True:
            try:
                batch = await self._submit(command)
            except (UnavailableError, UnknownOutcomeError) as error:
                self._updating_ok = False
                if not self._closing:
                    _log.warning("an update of settlement waits for the journal: %s", error)
                await self._clock.sleep(wait_s)
                wait_s = min(2 * wait_s, self._options.retry_max_s)
                continue
            self._auditing.note(batch)
            for event in batch.events:
                if isinstance(event, CommandRejected):
                    _log.info("an update of settlement changed nothing: %s", event.detail)
            return
