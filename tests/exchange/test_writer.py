"""The writer answers for what is durable, and stops when it can not know or must not go on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest

from hybrid_dex.defaults.memory_journal import MemoryJournal
from hybrid_dex.defaults.memory_snapshots import MemorySnapshots
from hybrid_dex.defaults.sorted_book import SortedBook
from hybrid_dex.defaults.standard_risk import StandardRisk
from hybrid_dex.engine.engine import Engine
from hybrid_dex.errors import (
    AmbiguousAppendError,
    FencedError,
    InvariantError,
    JournalError,
    JournalFullError,
    UnavailableError,
    UnknownOutcomeError,
)
from hybrid_dex.exchange import Exchange, ExchangeOptions
from hybrid_dex.exchange.replay import Replay
from hybrid_dex.exchange.writer import Writer
from hybrid_dex.interfaces.risk import LedgerView, Refusal
from hybrid_dex.model.commands import (
    AdvanceTime,
    Command,
    ListMarket,
)
from hybrid_dex.model.events import (
    Event,
    EventBatch,
    OrderAccepted,
    Withdrawn,
)
from hybrid_dex.model.order import Side
from hybrid_dex.model.units import Amount, TimestampNs
from tests.exchange_fixtures import (
    ALICE,
    BOB,
    MARKET,
    RICH,
    USDC,
    FakeClock,
    FaultyJournal,
    events_of,
    failing,
    fund,
    lost_answer,
    order,
    until,
)


class TestJournalFailure:
    async def test_nothing_happened_is_not_said_of_orders_of_which_one_entered(self) -> None:
        """Those that arrived together are told one fate; the journal took the first frame alone."""
        journal = FaultyJournal()
        options = ExchangeOptions(max_frame_commands=1)
        async with Exchange([MARKET], journal=journal, options=options) as exchange:
            await fund(exchange)
            both = [order(BOB, Side.SELL, name=name) for name in ("first", "second")]
            journal.steps = [lambda append: append(), failing(UnavailableError("down"))]
            with pytest.raises(UnknownOutcomeError, match="some of these orders entered"):
                await exchange.place_many(both)
            assert exchange.view.open_order_count(BOB) == 1
            journal.steps = [failing(UnavailableError("down"))] * 2
            with pytest.raises(UnavailableError, match="down"):
                await exchange.place_many([order(BOB, Side.SELL), order(BOB, Side.SELL)])
            assert exchange.view.open_order_count(BOB) == 1

    async def test_an_outage_refuses_and_changes_nothing_and_ends(self) -> None:
        journal = FaultyJournal()
        async with Exchange([MARKET], journal=journal) as exchange:
            await fund(exchange)
            before = exchange.view.state_hash()
            for error in (UnavailableError("down"), JournalFullError("full")):
                journal.steps = [failing(error)]
                with pytest.raises(UnavailableError, match=r"down|full"):
                    await exchange.place(order(BOB, Side.SELL))
                assert not exchange.health().journal_ok
                assert not exchange.health().ready
                assert exchange.view.state_hash() == before
            placed = await exchange.place(order(BOB, Side.SELL))
            assert isinstance(events_of(placed)[0], OrderAccepted)
            assert exchange.health().ready
            sequence = exchange.view.sequence
        await _assert_replays(journal, sequence)

    async def test_frames_behind_a_failed_one_fail_with_it(self) -> None:
        journal = FaultyJournal()
        options = ExchangeOptions(max_frame_commands=2)
        async with Exchange([MARKET], journal=journal, options=options) as exchange:
            journal.steps = [failing(UnavailableError("down"))]
            outcomes = await asyncio.gather(
                *(exchange.deposit(ALICE, USDC, Amount(1)) for _ in range(20)),
                return_exceptions=True,
            )
            done = [one for one in outcomes if isinstance(one, EventBatch)]
            refused = [one for one in outcomes if isinstance(one, UnavailableError)]
            assert len(refused) == 8  # the four frames in flight
            assert len(done) == 12
            assert exchange.view.balance(ALICE, USDC).available == 12
            sequence = exchange.view.sequence
        await _assert_replays(journal, sequence)

    async def test_a_lost_answer_is_read_back(self) -> None:
        """Ambiguous with the frame there is success; the command happens once."""
        journal = FaultyJournal()
        async with Exchange([MARKET], journal=journal, clock=FakeClock()) as exchange:
            journal.steps = [lost_answer(AmbiguousAppendError("timeout"))]
            assert (await exchange.deposit(ALICE, USDC, Amount(5))).sequence == 2
            assert exchange.view.balance(ALICE, USDC).available == 5
        await _assert_replays(journal, 2)

    async def test_a_lost_append_is_tried_again_in_order(self) -> None:
        """Ambiguous with nothing there is tried again, and what was pipelined behind it follows."""
        journal = FaultyJournal()
        options = ExchangeOptions(max_frame_commands=1)
        async with Exchange(
            [MARKET], journal=journal, clock=FakeClock(), options=options
        ) as exchange:
            journal.steps = [failing(AmbiguousAppendError("timeout"))]
            answers = await asyncio.gather(
                *(exchange.deposit(ALICE, USDC, Amount(1)) for _ in range(10))
            )
            assert [answer.sequence for answer in answers] == list(range(2, 12))
        await _assert_replays(journal, 11)

    async def test_an_outcome_that_stays_unknown_is_said_and_stops_the_exchange(self) -> None:
        journal = FaultyJournal()
        async with Exchange([MARKET], journal=journal, clock=FakeClock()) as exchange:
            journal.steps = [failing(AmbiguousAppendError("timeout")) for _ in range(50)]
            with pytest.raises(UnknownOutcomeError, match="client order id"):
                await exchange.deposit(ALICE, USDC, Amount(5))
            assert "stays unknown" in exchange.health().halted
            with pytest.raises(UnavailableError, match="stays unknown"):
                await exchange.deposit(ALICE, USDC, Amount(5))

    async def test_what_becomes_durable_while_it_stops_is_not_said_to_be_undone(self) -> None:
        """A slow disk answers after the exchange has closed its books: the next start has the order."""
        journal, disk = FaultyJournal(), asyncio.Event()

        async def slow(append: Callable[[], Awaitable[int]]) -> int:
            await disk.wait()
            return await append()

        exchange = Exchange([MARKET], journal=journal, options=ExchangeOptions(drain_s=0.01))
        async with exchange:
            await fund(exchange)
            journal.steps = [slow]
            placing = asyncio.ensure_future(exchange.place(order(BOB, Side.SELL)))
            await until(lambda: not journal.steps)
            closing = asyncio.ensure_future(exchange.close())
            await until(lambda: "closing" in exchange.health().halted)
            disk.set()
            await closing
            with pytest.raises(UnknownOutcomeError, match="counts after a restart"):
                await placing
        async with Exchange([MARKET], journal=journal) as again:
            assert len(again.view.open_orders(BOB)) == 1

    async def test_another_writer_fences_this_one_for_good(self) -> None:
        journal = FaultyJournal()
        async with Exchange([MARKET], journal=journal) as exchange:
            await journal.inner.append(await journal.head(), b"another writer's frame")
            with pytest.raises(UnavailableError, match="another writer holds"):
                await exchange.deposit(ALICE, USDC, Amount(5))
            assert "only writer" in exchange.health().halted
            with pytest.raises(UnavailableError, match="only writer"):
                await exchange.deposit(ALICE, USDC, Amount(5))
            assert exchange.view.balance(ALICE, USDC).available == 0

    async def test_another_writers_frame_in_place_of_an_ambiguous_one_fences(self) -> None:
        journal = FaultyJournal()

        async def overtaken(append: object) -> int:
            await journal.inner.append(await journal.head(), b"another writer's frame")
            raise AmbiguousAppendError("timeout")

        async with Exchange([MARKET], journal=journal, clock=FakeClock()) as exchange:
            journal.steps = [overtaken]
            with pytest.raises(UnavailableError, match="another writer holds"):
                await exchange.deposit(ALICE, USDC, Amount(5))
            assert "only writer" in exchange.health().halted

    async def test_a_fenced_start_is_refused(self) -> None:
        journal = FaultyJournal()
        journal.steps = [failing(FencedError(7))]
        with pytest.raises(FencedError):
            await Exchange([MARKET], journal=journal).open()

    async def test_a_gap_in_the_journal_is_refused(self) -> None:
        journal = MemoryJournal()
        async with Exchange([MARKET], journal=journal) as exchange:
            await fund(exchange)
        await journal.trim(2)
        with pytest.raises(JournalError, match="trimmed"):
            await Exchange([MARKET], journal=journal).open()


async def _assert_replays(journal: FaultyJournal, sequence: int) -> None:
    """A full replay of the journal gets to the same command."""
    async with Exchange([MARKET], journal=journal) as exchange:
        assert exchange.view.sequence == sequence


class TestInvariant:
    async def test_a_broken_invariant_halts_loudly_and_acknowledges_nothing(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The commands before it in the same frame are answered; reads go on."""
        async with Exchange([MARKET], risk=_BrokenRisk()) as exchange:
            await fund(exchange)
            outcomes = await asyncio.gather(
                exchange.deposit(ALICE, USDC, Amount(1)),
                exchange.withdraw(ALICE, USDC, Amount(2)),
                exchange.deposit(ALICE, USDC, Amount(1)),
                return_exceptions=True,
            )
            assert isinstance(outcomes[0], EventBatch)
            assert isinstance(outcomes[1], InvariantError)
            assert isinstance(outcomes[2], UnknownOutcomeError), "it is in the journal"
            assert "broke an invariant" in exchange.health().halted
            with pytest.raises(UnavailableError, match="broke an invariant"):
                await exchange.deposit(ALICE, USDC, Amount(1))
            assert exchange.view.balance(ALICE, USDC).available == RICH - 1
        assert [record.levelno for record in caplog.records if "invariant" in record.message] == [
            logging.CRITICAL
        ]

    async def test_a_publication_that_breaks_down_is_answered_and_stops(self) -> None:
        """What was applied is said to its caller; nothing more is taken behind the gap."""

        def break_down(_: list[EventBatch]) -> None:
            raise ZeroDivisionError

        journal = MemoryJournal()
        await journal.open()
        writer = Writer(
            Replay(Engine(book=SortedBook, risk=StandardRisk())),
            journal=journal,
            clock=FakeClock(),
            options=ExchangeOptions(max_frame_commands=1, max_in_flight=1),
            applied=break_down,
        )
        await writer.begin()
        outcomes = await asyncio.gather(
            writer.submit(ListMarket(market=MARKET)),
            writer.submit(AdvanceTime()),
            return_exceptions=True,
        )
        assert isinstance(outcomes[0], EventBatch)
        assert isinstance(outcomes[1], UnavailableError)
        assert "publishing broke down: ZeroDivisionError" in writer.halted
        await writer.drain()

    async def test_a_replay_stops_at_the_same_command(self) -> None:
        journal = MemoryJournal()
        snapshots = MemorySnapshots()
        async with Exchange(
            [MARKET], journal=journal, risk=_BrokenRisk(), snapshots=snapshots
        ) as exchange:
            await fund(exchange)
            with pytest.raises(InvariantError):
                await exchange.withdraw(ALICE, USDC, Amount(2))
        assert await snapshots.latest() is None
        with pytest.raises(InvariantError, match=r"command 4 in record .*; the journal is kept"):
            await Exchange([MARKET], journal=journal, risk=_BrokenRisk()).open()


class _BrokenRisk:
    """A rule that breaks where no market is concerned."""

    version = "broken 1"

    def check(self, command: Command, view: LedgerView) -> Refusal | None:
        return None

    def observe(self, event: Event, at_ns: TimestampNs) -> None:
        if isinstance(event, Withdrawn):
            raise InvariantError("a rule that breaks")

    def snapshot(self) -> bytes:
        return b""

    def restore(self, state: bytes) -> None:
        """There is nothing to restore."""
