"""Exchange: the engine, made durable and open to callers.

One writer stamps commands with sequence and time, appends them to the journal, applies them once
that is acknowledged, and answers. Everything else (settlement, records, snapshots, followers)
sends commands to it or reads what it did. Nothing is acknowledged before it is durable.

A start is: the newest good snapshot, the rest of the journal on top, an epoch frame that claims
the journal, settlement, the configured markets that are new, once settlement can take them, then
every fill that is not final again to settlement.
"""

import asyncio
import contextlib
import copy
import gc
import logging
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from functools import partial
from typing import Final, Self

from hybrid_dex.defaults.memory_journal import MemoryJournal
from hybrid_dex.defaults.sorted_book import SortedBook
from hybrid_dex.defaults.standard_risk import StandardRisk
from hybrid_dex.defaults.system_clock import SystemClock
from hybrid_dex.defaults.trusted_auth import TrustedAuth
from hybrid_dex.errors import ConfigurationError, HybridDexError, UnavailableError
from hybrid_dex.exchange.admission import Admission
from hybrid_dex.exchange.background import Projection, Snapshotting
from hybrid_dex.exchange.durations import Durations
from hybrid_dex.exchange.entry import CLOSED, OrderEntry
from hybrid_dex.exchange.follower import EngineRecipe
from hybrid_dex.exchange.followers import Followers, Subscription
from hybrid_dex.exchange.ingress import Ingress
from hybrid_dex.exchange.listing import list_markets, unlisted
from hybrid_dex.exchange.options import ExchangeHealth, ExchangeOptions
from hybrid_dex.exchange.promises import Promises
from hybrid_dex.exchange.receipts import Receipts
from hybrid_dex.exchange.recovery import checkpoint, recover, replay_to
from hybrid_dex.exchange.replay import Replay
from hybrid_dex.exchange.replica import Checkpoint
from hybrid_dex.exchange.settling import Settling
from hybrid_dex.exchange.timer import watch_time
from hybrid_dex.exchange.view import ExchangeView
from hybrid_dex.exchange.writer import Writer
from hybrid_dex.interfaces.auth import Auth
from hybrid_dex.interfaces.book import Book
from hybrid_dex.interfaces.clock import Clock
from hybrid_dex.interfaces.journal import Journal, SegmentedJournal
from hybrid_dex.interfaces.records import Records
from hybrid_dex.interfaces.risk import Refusal, Risk
from hybrid_dex.interfaces.settlement import Settlement
from hybrid_dex.interfaces.snapshots import Snapshots
from hybrid_dex.model.events import EventBatch
from hybrid_dex.model.market import Market
from hybrid_dex.model.receipts import SignedJournalReceipt
from hybrid_dex.model.units import (
    AccountId,
    Amount,
    AssetId,
    FillId,
    OrderId,
    Sequence,
)
from hybrid_dex.model.vouchers import SignedCancelReceipt, SignedVoucher
from hybrid_dex.settlement.local import LocalSettlement

__all__ = ["Exchange"]

_log: Final = logging.getLogger(__name__)
_COLLECTED_AFTER: Final = (5_000, 20, 50)
"""`gc.set_threshold`: most objects here are freed by their count alone, and looking for others takes time."""


class Exchange(OrderEntry):
    """A whole exchange in one process. Use it as ``async with Exchange([market]) as exchange``.

    Args:
        markets: what is traded; listed at start when they are not yet.
        journal: the truth. The default forgets everything at exit.
        settlement: what makes fills final. The default needs no chain.
        auth: who verifies signed orders. The default trusts its callers.
        risk: asked before matching; a copy is taken, in its initial state.
        book: makes a market's order book.
        snapshots: where a restart begins; ``None`` replays the whole journal.
        records: a queryable projection; ``None`` keeps none.
        clock: where time comes from.
        options: limits and rhythms.
    """

    def __init__(
        self,
        markets: Iterable[Market],
        *,
        journal: Journal | None = None,
        settlement: Settlement | None = None,
        auth: Auth | None = None,
        risk: Risk | None = None,
        book: Callable[[Market], Book] = SortedBook,
        snapshots: Snapshots | None = None,
        records: Records | None = None,
        clock: Clock | None = None,
        options: ExchangeOptions | None = None,
    ) -> None:
        self._markets = tuple(markets)
        self._journal = MemoryJournal() if journal is None else journal
        settlement = LocalSettlement() if settlement is None else settlement
        self._recipe = EngineRecipe(
            book=book,
            risk=copy.deepcopy(StandardRisk() if risk is None else risk),
            requires_signature=settlement.requires_signature,
        )
        self._snapshots = snapshots
        self._records = records
        self._clock = SystemClock() if clock is None else clock
        self._options = ExchangeOptions() if options is None else options
        self._auth = TrustedAuth() if auth is None else auth
        self._engine = self._recipe()
        admission = Admission(
            Ingress(self._auth, batch=self._options.verify_batch),
            pause_reason=self._pause_reason,
            view=lambda: self._engine,
        )
        super().__init__(admission, settlement)
        self._followers = self._make_followers()
        self._projection: Projection | None = None
        self._snapshotting: Snapshotting | None = None
        self._receipts: Receipts | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._failure = ""

    # ------------------------------------------------------------------ opening and closing

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> None:
        """Recover, claim the journal, list the markets, and take commands.

        Raises:
            ConfigurationError: a market is listed with other terms, the auth verifies nothing and
                the settlement needs signatures, or `python -O` is used.
            CorruptJournalError, VersionMismatchError, JournalError: the journal can not be used.
            UnavailableError: the journal is held by another process or can not be written.
            SettlementError: the settlement can not be opened.
        """
        if sys.flags.optimize:
            raise ConfigurationError(
                "python -O removes the assertions that guard funds; start without it"
            )
        if self._settlement.requires_signature and type(self._auth) is TrustedAuth:
            raise ConfigurationError(
                "TrustedAuth verifies no signature and this settlement needs them; pass another "
                "auth, such as WalletAuth"
            )
        if self._writer is not None:
            raise ConfigurationError("the exchange is open already")
        await self._journal.open()
        try:
            await self._journal.verify_durability()
            with _out_of_sight() if self._options.freeze_recovered else contextlib.nullcontext():
                replay, covered = await self._recover()
                if self._records is not None:
                    await self._records.open()
                if isinstance(self._journal, SegmentedJournal):
                    await self._journal.begin_segment(self._engine.versions)
                writer = self._start_writer(replay, covered)
                await writer.begin()
                await self._list_configured()
                await self._settlement.open(self._engine.markets())
                self._start_settling(writer)
        except BaseException:
            await self._abandon()
            raise

    async def close(self) -> None:
        """Answer what was taken, let followers catch up, snapshot, release. Safe to call twice."""
        writer = self._writer
        if writer is None:
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._drain(writer), self._options.drain_s)
        if self._settling is not None:
            self._settling.close()
        writer.halt("the exchange is closing")
        await writer.drain()
        await self._snapshot_at_rest(writer)
        await self._abandon()

    async def _list_configured(self) -> None:
        """List what is configured and new, once settlement could be opened with it."""
        markets = unlisted(self._engine, self._markets)
        if markets:
            # Not left open: what it reads of a market may only be told when the journal has that.
            await self._settlement.open((*self._engine.markets(), *markets))
            await self._settlement.close()
            await list_markets(markets, self._submit)

    async def _drain(self, writer: Writer) -> None:
        await writer.drain()
        if self._settling is not None and not writer.halted:
            await self._settling.drain()
            await writer.drain()
        if self._projection is not None:
            await self._projection.drain()

    async def _abandon(self) -> None:
        """Release everything, whatever state it is in, the journal's lock last."""
        async with contextlib.AsyncExitStack() as release:
            release.push_async_callback(self._journal.close)
            if self._records is not None:
                release.push_async_callback(self._records.close)
            release.callback(self._followers.close)
            release.push_async_callback(self._end_tasks)
            release.push_async_callback(self._settlement.close)
            writer, self._writer = self._writer, None
            if writer is not None:
                writer.halt(CLOSED)
                await writer.drain()

    async def _end_tasks(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def _snapshot_at_rest(self, writer: Writer) -> None:
        """Keep the state as it stands: nothing matches any more, so nothing stalls."""
        if self._snapshotting is None or writer.broken or not self._snapshotting.lag:
            return
        at_rest = Replay(self._engine)
        at_rest.position, at_rest.frame_hash = writer.position, writer.frame_hash
        try:
            await self._snapshotting.put(at_rest.snapshot())
        except (HybridDexError, OSError) as error:
            _log.warning("no snapshot at closing, the next start replays more: %s", error)

    # ----------------------------------------------------------------------------- starting

    def _make_followers(self) -> Followers:
        return Followers(
            limit=self._options.follower_batches,
            history=self._options.history_batches,
            sequence=self._engine.sequence,
        )

    async def _recover(self) -> tuple[Replay, Sequence]:
        """Return the replay at the journal's head, and the command its snapshot covered."""
        replay, covered = await recover(self._recipe, self._journal, self._snapshots)
        self._engine = replay.engine
        self._followers = self._make_followers()
        return replay, covered

    def _start_writer(self, replay: Replay, covered: Sequence) -> Writer:
        self._failure, isolations = "", replay.isolations
        writer = self._writer = Writer(
            replay,
            journal=self._journal,
            clock=self._clock,
            options=self._options,
            applied=self._publish,
            rebuild=partial(replay_to, self._recipe, self._journal, self._snapshots, isolations),
        )
        if self._records is not None:
            self._projection = Projection(
                self._records,
                journal=self._journal,
                snapshots=self._snapshots,
                make_engine=self._recipe,
                isolations=isolations,
                clock=self._clock,
                options=self._options,
                position=lambda: writer.position,
                sequence=self._engine.sequence,
            )
            self._start(self._projection.run(), "records")
        if self._snapshots is not None:
            self._snapshotting = Snapshotting(
                self._snapshots,
                journal=self._journal,
                recipe=self._recipe,
                isolations=isolations,
                clock=self._clock,
                options=self._options,
                position=lambda: writer.position,
                covered=covered,
                sequence=self._engine.sequence,
            )
            self._start(self._snapshotting.run(), "snapshots")
        self._receipts = Receipts(
            self._settlement,
            journal=self._journal,
            snapshots=self._snapshots,
            make_engine=self._recipe,
            isolations=isolations,
            recent=self._followers.batch,
            position=lambda: writer.position,
        )
        paused = self._admission.refuse_matching
        timer = watch_time(writer, self._engine, paused, self._clock, self._options.timer_s)
        self._start(timer, "timer")
        presence = self._presence.watch(self._engine, self._clock, self._options.retry_s)
        self._start(presence, "presence")
        return writer

    def _start_settling(self, writer: Writer) -> None:
        self._settling = Settling(
            self._settlement,
            view=self._engine,
            submit=writer.submit,
            journal_hash=lambda: writer.frame_hash,
            clock=self._clock,
            options=self._options,
        )
        self._settling.resume()
        self._start(self._settling.feed(), "settlement")
        self._start(self._settling.consume(), "settlement updates")
        self._start(self._settling.audit(), "audit")

    def _start(self, work: Coroutine[None, None, None], name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        task.add_done_callback(self._notice_end)
        self._tasks.append(task)

    def _notice_end(self, task: "asyncio.Task[None]") -> None:
        """A background task ends by itself only through a bug: stop taking commands, say why."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failure = f"{task.get_name()} broke down: {error!r}; restart the exchange"
            _log.critical("%s", self._failure, exc_info=error)
            if self._writer is not None:
                self._writer.halt(self._failure)

    def _publish(self, batches: list[EventBatch]) -> None:
        if self._settling is not None:
            self._settling.offer(batches)
        self._followers.publish(batches)
        if self._projection is not None:
            self._projection.offer(batches)
        if self._snapshotting is not None:
            self._snapshotting.offer(batches)

    # ---------------------------------------------------------------------------- promises

    async def issue_voucher(
        self,
        account: AccountId,
        asset: AssetId,
        amount: Amount,
        recipient: str | None = None,
        deadline_s: int | None = None,
        *,
        salt: int = 0,
    ) -> SignedVoucher | Refusal:
        """Let an account take settled funds out of the vault at once; or return why it may not.

        The debit is journaled first. If the answer is lost, the same ``salt`` gives it again.

        Args:
            account: who withdraws.
            asset: what.
            amount: atoms.
            recipient: the address that is paid; the account when not given.
            deadline_s: until when it is paid, Unix seconds; by the options when not given.
            salt: the account's own; see `IssueVoucher`. Without one, each call is another voucher.

        Raises: as `execute`; SettlementError when it is journaled and can not be signed now.
        """
        to = account if recipient is None else recipient
        issue = self._promises().issue
        return await issue(account, asset, amount, to, deadline_s=deadline_s, salt=salt)

    async def open_vouchers(self, account: AccountId) -> tuple[SignedVoucher, ...] | Refusal:
        """Return an account's vouchers that ended neither way yet, each signed again, alike.

        Raises:
            UnavailableError: the exchange is not open.
            SettlementError: nothing can be signed now.
        """
        return await self._promises().open(account)

    async def cancel_receipt(
        self, order_id: OrderId, batch: EventBatch | None = None
    ) -> SignedCancelReceipt | Refusal:
        """Return the operator's word that a signed order is dead; with it a cancel on chain acts at once.

        Of an order that was replaced, it is about the terms before. An order is remembered for 15
        minutes after its end. A cancel on chain ends all that is below it in the lane, so there is
        none while such an order lives: the other exit of an OCO or a bracket. O(the account's live
        orders).

        Args:
            order_id: the order.
            batch: what the cancel, expiry or replacement answered. The receipt then counts as soon
                as a batch settled up to that command; without it, up to the newest command. Only
                which command it was is taken from it: what that did is the exchange's to know, and
                where it no longer does, it is as without one.

        Raises:
            UnavailableError: the exchange is not open.
            ConfigurationError: there is no chain to settle on.
            SettlementError: nothing can be signed now.
        """
        known = None if batch is None else self._followers.batch(batch.sequence)
        return await self._promises().receipt(order_id, known)

    async def receipts(
        self,
        *,
        sequence: Sequence | None = None,
        order_id: OrderId | None = None,
        fill_id: FillId | None = None,
        account: AccountId | None = None,
    ) -> tuple[SignedJournalReceipt, ...] | Refusal:
        """Return the operator's word about all that a command did, or an acceptance, or a fill.

        With an ``account``, only about its orders. Raises: as `cancel_receipt`; ConfigurationError
        also unless exactly one of the three is asked for.
        """
        if self._writer is None or self._receipts is None:
            raise UnavailableError(CLOSED)
        return await self._receipts.of(
            sequence=sequence, order_id=order_id, fill_id=fill_id, account=account
        )

    def _pause_reason(self) -> str:
        return "" if self._settling is None else self._settling.pause_reason

    def _promises(self) -> Promises:
        if self._writer is None:
            raise UnavailableError(CLOSED)
        return Promises(
            self._settlement,
            view=self._engine,
            submit=self._writer.submit,
            clock=self._clock,
            options=self._options,
        )

    # ------------------------------------------------------------------------------ reading

    @property
    def view(self) -> ExchangeView:
        """The state as of the last applied command. Valid until the exchange is opened again."""
        return self._engine

    @property
    def markets(self) -> tuple[Market, ...]:
        """Every listed market."""
        return self._engine.markets()

    def subscribe(self, after: int | None = None) -> Subscription:
        """Follow events from the next command on, or from the one after ``after``.

        Raises:
            SlowFollowerError: what came after it is no longer kept. The iterator raises it, too,
                when the follower falls too far behind.
        """
        return self._followers.subscribe(after)

    @property
    def versions(self) -> str:
        """Names and versions of everything that decides events: engine, book, risk."""
        return self._engine.versions

    @property
    def requires_signature(self) -> bool:
        """Whether the settlement takes signed orders only."""
        return self._settlement.requires_signature

    @property
    def settlement(self) -> Settlement:
        """What makes fills final."""
        return self._settlement

    @property
    def appending(self) -> Durations:
        """How long the journal takes to make commands durable; nothing while not open."""
        return Durations() if self._writer is None else self._writer.appending

    async def caught_up(self) -> None:
        """Return at once: the view is the engine itself. See `EngineClient`."""

    async def checkpoint(self, after: int | None = None) -> Checkpoint:
        """Return where a replica of the engine begins, or goes on after a record.

        Raises:
            UnavailableError: the exchange is not open, or the snapshots can not be read.
        """
        if self._writer is None:
            raise UnavailableError(CLOSED)
        return await checkpoint(self._engine.versions, self._journal, self._snapshots, after)

    def records(self, after: int) -> AsyncIterator[tuple[int, bytes]]:
        """Yield every durable record of the journal after a position, and go on with new ones.

        Raises:
            UnavailableError: the exchange is not open.
            JournalError: the records right after it are trimmed.
        """
        if self._writer is None:
            raise UnavailableError(CLOSED)
        return self._journal.follow(after)

    def health(self) -> ExchangeHealth:
        """Return how the exchange is. O(1)."""
        writer, settling = self._writer, self._settling
        projection, snapshotting = self._projection, self._snapshotting
        return ExchangeHealth(
            sequence=self._engine.sequence,
            position=writer.position if writer else 0,
            epoch=writer.epoch if writer else 0,
            journal_ok=writer is not None and writer.journal_ok,
            halted=writer.halted if writer else self._failure or CLOSED,
            waiting=writer.waiting if writer else 0,
            settlement_ok=settling is not None and settling.ok and not settling.pause_reason,
            settlement_waiting=settling.waiting if settling else 0,
            records_ok=projection is None or projection.ok,
            records_lag=projection.lag if projection else 0,
            snapshot_lag=snapshotting.lag if snapshotting else 0,
            followers=len(self._followers),
        )


@contextlib.contextmanager
def _out_of_sight() -> Iterator[None]:
    """Keep the garbage collector from walking over what is made here: not now, and not later."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_COLLECTED_AFTER)
    finally:
        if was_enabled:
            gc.enable()
