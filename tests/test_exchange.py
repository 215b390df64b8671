"""The shell acknowledges what is durable and applied, once and in order, whatever fails below."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import attrs
import pytest

from hybrid_dex.defaults.file_journal import FileJournal
from hybrid_dex.defaults.memory_journal import MemoryJournal
from hybrid_dex.defaults.memory_snapshots import MemorySnapshots
from hybrid_dex.defaults.standard_risk import StandardRisk
from hybrid_dex.engine.engine import Engine
from hybrid_dex.errors import (
    AmbiguousAppendError,
    ConfigurationError,
    FencedError,
    InvariantError,
    JournalError,
    JournalFullError,
    SettlementError,
    UnavailableError,
    UnknownOutcomeError,
    VersionMismatchError,
)
from hybrid_dex.exchange import Exchange, ExchangeOptions, SlowFollowerError
from hybrid_dex.interfaces.journal import JournalCapabilities
from hybrid_dex.interfaces.risk import LedgerView, Refusal
from hybrid_dex.model.commands import (
    AdvanceTime,
    Command,
    ConfirmSettlement,
    ListMarket,
    PlaceOrder,
)
from hybrid_dex.model.events import (
    CommandRejected,
    Deposited,
    Event,
    EventBatch,
    FillMade,
    FillSettled,
    OrderAccepted,
    OrderExpired,
    OrderRejected,
)
from hybrid_dex.model.frame import FrameKind, decode_frame
from hybrid_dex.model.market import Market
from hybrid_dex.model.order import Side, TimeInForce
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.settlement import MatchedFill, SettlementStage
from hybrid_dex.model.units import Amount, TimestampNs
from hybrid_dex.model.units import Sequence as CommandSequence
from hybrid_dex.settlement.local import LocalSettlement
from tests.exchange_fixtures import (
    ALICE,
    BOB,
    ETH,
    MARKET,
    RICH,
    USDC,
    FakeClock,
    FaultyJournal,
    failing,
    lost_answer,
    order,
    until,
)
from tests.tiers import count

SUBMISSIONS = count(fast=10, full=200)


async def fund(exchange: Exchange) -> None:
    await exchange.deposit(ALICE, USDC, RICH)
    await exchange.deposit(BOB, ETH, RICH)


def events_of(answer: EventBatch | Refusal) -> tuple[object, ...]:
    assert isinstance(answer, EventBatch)
    return answer.events


class TestCommands:
    async def test_two_orders_meet_and_settle(self) -> None:
        """The five lines of the introduction, asynchronously, down to finality."""
        async with Exchange([MARKET]) as exchange:
            await fund(exchange)
            resting = await exchange.place(order(BOB, Side.SELL))
            assert isinstance(events_of(resting)[0], OrderAccepted)
            fill = events_of(await exchange.place(order(ALICE, Side.BUY)))[1]
            assert isinstance(fill, FillMade)
            assert exchange.view.balance(ALICE, ETH).available == 100 * MARKET.lot_size
            await until(lambda: not list(exchange.view.unsettled()))
            assert exchange.view.settlement_stage(fill.fill_id) is None  # final

    async def test_sequence_numbers_have_no_gap_and_answers_are_the_callers_own(self) -> None:
        async with Exchange([MARKET]) as exchange:
            answers = await asyncio.gather(
                *(exchange.deposit(ALICE, USDC, Amount(amount)) for amount in range(1, 2_001))
            )
            assert [answer.sequence for answer in answers] == list(range(2, 2_002))
            for amount, answer in enumerate(answers, start=1):
                assert isinstance(answer.events[0], Deposited)
                assert answer.events[0].amount == amount

    async def test_waiting_commands_share_frames(self) -> None:
        journal = MemoryJournal()
        async with Exchange([MARKET], journal=journal) as exchange:
            before = await journal.head()
            await asyncio.gather(*(exchange.deposit(ALICE, USDC, RICH) for _ in range(1_000)))
            assert await journal.head() - before <= 3

    async def test_a_frame_never_exceeds_the_journals_limit(self, tmp_path: Path) -> None:
        """What does not fit goes into the next one, in order; what never fits is refused alone."""
        journal = _small_frames()
        async with Exchange([MARKET], journal=journal) as exchange:
            answers = await asyncio.gather(
                *(exchange.deposit(ALICE, USDC, Amount(n)) for n in range(1, 101)),
            )
            assert [answer.sequence for answer in answers] == list(range(2, 102))
            frames = [raw async for _, raw in journal.read(0)]
            assert max(map(len, frames)) <= 1_000
            with pytest.raises(JournalFullError, match="1000 bytes; this command needs"):
                await exchange.place(order(ALICE, Side.BUY, name="x" * 2_000))
            assert (await exchange.deposit(ALICE, USDC, Amount(1))).sequence == 102

    async def test_cancel_reduce_replace_withdraw(self) -> None:
        async with Exchange([MARKET]) as exchange:
            await fund(exchange)
            placed = events_of(await exchange.place(order(BOB, Side.SELL, name="one")))[0]
            assert isinstance(placed, OrderAccepted)
            await exchange.reduce(BOB, placed.order_id, order(BOB, Side.SELL, quantity=40).quantity)
            view = exchange.view.order(placed.order_id)
            assert view is not None
            assert view.open == 60
            await exchange.cancel(BOB, client_order_id=placed.client_order_id)
            assert exchange.view.open_order_count(BOB) == 0
            await exchange.place(order(BOB, Side.SELL))
            await exchange.cancel_all(BOB, MARKET.id, Side.SELL)
            assert exchange.view.open_order_count(BOB) == 0
            await exchange.withdraw(BOB, ETH, RICH)
            assert exchange.view.balance(BOB, ETH).available == 0

    async def test_place_many_answers_each_in_turn(self) -> None:
        async with Exchange([MARKET]) as exchange:
            await fund(exchange)
            answers = await exchange.place_many(
                [order(BOB, Side.SELL), order(ALICE, Side.SELL), order(ALICE, Side.BUY)]
            )
            kinds = [type(events_of(answer)[0]) for answer in answers]
            assert kinds == [OrderAccepted, OrderRejected, OrderAccepted]

    async def test_a_closed_exchange_takes_nothing(self) -> None:
        exchange = Exchange([MARKET])
        with pytest.raises(UnavailableError, match="not open"):
            await exchange.deposit(ALICE, USDC, RICH)
        async with exchange:
            assert exchange.health().ready
        with pytest.raises(UnavailableError, match="not open"):
            await exchange.deposit(ALICE, USDC, RICH)
        assert not exchange.health().ready

    async def test_too_many_waiting_commands_are_refused(self) -> None:
        options = ExchangeOptions(max_waiting=10)
        async with Exchange([MARKET], options=options) as exchange:
            outcomes = await asyncio.gather(
                *(exchange.deposit(ALICE, USDC, Amount(1)) for _ in range(15)),
                return_exceptions=True,
            )
            refused = [one for one in outcomes if isinstance(one, UnavailableError)]
            assert len(refused) == 5
            assert exchange.view.balance(ALICE, USDC).available == 10


def _small_frames() -> FaultyJournal:
    class SmallFrames(FaultyJournal):
        @property
        def capabilities(self) -> JournalCapabilities:
            return attrs.evolve(self.inner.capabilities, max_frame_bytes=1_000)

    return SmallFrames()


class TestExactlyOnce:
    async def test_parallel_identical_submits_are_one_order(self) -> None:
        """A13: fifty at once, many times; each caller gets the same answer."""
        async with Exchange([MARKET]) as exchange:
            await fund(exchange)
            follower = exchange.subscribe()
            for number in range(SUBMISSIONS):
                command = order(
                    BOB, Side.SELL, price=300_000 + number, quantity=1, name=f"n{number}"
                )
                answers = await asyncio.gather(*(exchange.place(command) for _ in range(50)))
                accepted = {events_of(answer)[0] for answer in answers}
                assert len(accepted) == 1
                await exchange.cancel_all(BOB) if number % 50 == 49 else None
            seen = [event for batch in follower.take() for event in batch.events]
            assert sum(isinstance(event, OrderAccepted) for event in seen) == SUBMISSIONS

    async def test_a_retry_after_a_restart_is_answered_not_doubled(self) -> None:
        journal = MemoryJournal()
        command = order(BOB, Side.SELL, name="mine")
        async with Exchange([MARKET], journal=journal) as exchange:
            await fund(exchange)
            first = events_of(await exchange.place(command))
        async with Exchange([MARKET], journal=journal) as exchange:
            assert events_of(await exchange.place(command)) == first
            assert exchange.view.open_order_count(BOB) == 1

    async def test_a_repeated_answer_is_not_published_nor_settled_again(self) -> None:
        async with Exchange([MARKET]) as exchange:
            await fund(exchange)
            await exchange.place(order(BOB, Side.SELL))
            command = order(ALICE, Side.BUY, name="taker")
            first = events_of(await exchange.place(command))
            assert any(isinstance(event, FillMade) for event in first)
            await until(lambda: not list(exchange.view.unsettled()))
            follower = exchange.subscribe()
            assert events_of(await exchange.place(command)) == first
            assert [batch.events for batch in follower.take()] == [()]


class TestRestart:
    async def test_a_restart_has_the_same_state_and_a_new_epoch(self, tmp_path: Path) -> None:
        async with Exchange([MARKET], journal=FileJournal(tmp_path)) as exchange:
            await fund(exchange)
            await exchange.place(order(BOB, Side.SELL))
            await exchange.place(order(ALICE, Side.BUY, quantity=30))
            await until(lambda: not list(exchange.view.unsettled()))
            before, epoch = exchange.view.state_hash(), exchange.health().epoch
        async with Exchange([MARKET], journal=FileJournal(tmp_path)) as exchange:
            assert exchange.view.state_hash() == before
            assert exchange.health().epoch == epoch + 1

    async def test_an_epoch_frame_names_the_versions(self) -> None:
        journal = MemoryJournal()
        async with Exchange([MARKET], journal=journal):
            pass
        raw = await journal.read_at(1)
        assert raw is not None
        frame = decode_frame(raw)
        assert (frame.kind, frame.epoch) == (FrameKind.EPOCH, 1)
        assert "engine" in frame.note

    async def test_other_versions_are_refused_in_one_line(self) -> None:
        """And a clean shutdown's snapshot is how they change."""
        journal, snapshots = MemoryJournal(), MemorySnapshots()
        async with Exchange([MARKET], journal=journal, snapshots=snapshots) as exchange:
            await fund(exchange)
            state = exchange.view.balance(ALICE, USDC)
        other = _OtherRisk()
        with pytest.raises(VersionMismatchError, match="start and close the exchange with the old"):
            async with Exchange([MARKET], journal=journal, risk=other):
                pass
        for _ in range(2):
            async with Exchange(
                [MARKET], journal=journal, snapshots=snapshots, risk=other
            ) as exchange:
                assert exchange.view.balance(ALICE, USDC) == state
                await exchange.deposit(BOB, ETH, Amount(1))

    async def test_a_market_with_other_terms_is_refused(self) -> None:
        journal = MemoryJournal()
        async with Exchange([MARKET], journal=journal):
            pass
        changed = attrs.evolve(MARKET, lot_size=MARKET.lot_size * 2)
        with pytest.raises(
            ConfigurationError, match=r"ETH-USDC is listed as .* terms never change"
        ):
            async with Exchange([changed], journal=journal):
                pass
        async with Exchange([MARKET], journal=journal) as exchange:
            assert exchange.markets == (MARKET,)

    async def test_a_market_that_the_engine_refuses_is_refused(self) -> None:
        """One asset has one number of decimals."""
        twin = Market.spot("BTC-USDC", base_decimals=8, quote_decimals=8, tick="0.01", lot="0.0001")
        with pytest.raises(ConfigurationError, match="market BTC-USDC: USDC is known as"):
            async with Exchange([MARKET, twin]):
                pass

    async def test_optimised_python_is_refused(self) -> None:
        script = (
            "import asyncio\n"
            "from hybrid_dex.exchange import Exchange\n"
            "asyncio.run(Exchange([]).open())\n"
        )
        command = [sys.executable, "-O", "-c", script]
        done = await asyncio.to_thread(
            subprocess.run, command, capture_output=True, text=True, check=False
        )
        assert done.returncode == 1
        assert "python -O removes the assertions" in done.stderr

    async def test_two_exchanges_can_not_share_a_journal(self) -> None:
        journal = MemoryJournal()
        async with Exchange([MARKET], journal=journal) as first:
            with pytest.raises(UnavailableError, match="another exchange"):
                await Exchange([MARKET], journal=journal).open()
            await fund(first)


class _OtherRisk(StandardRisk):
    @property
    def version(self) -> str:
        return "another rule 2"


class TestTime:
    async def test_time_never_steps_back(self) -> None:
        """A12: an hour back, an hour on, a year on; no expiry on the way back."""
        clock = FakeClock()
        hour, year = 3_600 * 10**9, 31_536_000 * 10**9
        async with Exchange([MARKET], clock=clock) as exchange:
            await fund(exchange)
            start = clock.at_ns
            gtd = PlaceOrder(
                account=BOB,
                market=MARKET.id,
                side=Side.SELL,
                price=order(BOB, Side.SELL).price,
                quantity=order(BOB, Side.SELL).quantity,
                time_in_force=TimeInForce.GTD,
                expires_at_ns=TimestampNs(start + 2 * hour),
            )
            await exchange.place(gtd)
            clock.at_ns = start - hour
            assert (await exchange.deposit(ALICE, USDC, Amount(1))).at_ns == start
            assert exchange.view.open_order_count(BOB) == 1
            clock.at_ns = start + hour
            assert (await exchange.deposit(ALICE, USDC, Amount(1))).at_ns == start + hour
            assert exchange.view.open_order_count(BOB) == 1
            clock.at_ns = start + year
            jumped = await exchange.deposit(ALICE, USDC, Amount(1))
            assert jumped.at_ns == start + year
            assert exchange.view.open_order_count(BOB) == 0
            clock.at_ns = start
            later = await exchange.deposit(ALICE, USDC, Amount(1))
            assert (later.at_ns, later.sequence) == (start + year, jumped.sequence + 1)

    async def test_time_does_not_step_back_over_a_restart(self) -> None:
        journal, clock = MemoryJournal(), FakeClock()
        async with Exchange([MARKET], journal=journal, clock=clock) as exchange:
            await fund(exchange)
        start, clock.at_ns = clock.at_ns, clock.at_ns - 10**12
        async with Exchange([MARKET], journal=journal, clock=clock) as exchange:
            assert (await exchange.deposit(ALICE, USDC, Amount(1))).at_ns == start

    async def test_what_is_due_expires_without_any_other_command(self) -> None:
        clock = FakeClock()
        async with Exchange([MARKET], clock=clock) as exchange:
            await fund(exchange)
            gtd = PlaceOrder(
                account=BOB,
                market=MARKET.id,
                side=Side.SELL,
                price=order(BOB, Side.SELL).price,
                quantity=order(BOB, Side.SELL).quantity,
                time_in_force=TimeInForce.GTD,
                expires_at_ns=TimestampNs(clock.at_ns + 10**9),
            )
            await exchange.place(gtd)
            follower = exchange.subscribe()
            clock.at_ns += 10**9
            batch = await anext(follower)
            assert isinstance(batch.events[0], OrderExpired)


class TestJournalFailure:
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
                exchange.place(order(BOB, Side.SELL)),
                exchange.deposit(ALICE, USDC, Amount(1)),
                return_exceptions=True,
            )
            assert isinstance(outcomes[0], EventBatch)
            assert isinstance(outcomes[1], InvariantError)
            assert isinstance(outcomes[2], UnavailableError)
            assert "broke an invariant" in exchange.health().halted
            with pytest.raises(UnavailableError, match="broke an invariant"):
                await exchange.deposit(ALICE, USDC, Amount(1))
            assert exchange.view.balance(ALICE, USDC).available == RICH + 1
        assert [record.levelno for record in caplog.records if "invariant" in record.message] == [
            logging.CRITICAL
        ]

    async def test_a_replay_stops_at_the_same_command(self) -> None:
        journal = MemoryJournal()
        snapshots = MemorySnapshots()
        async with Exchange(
            [MARKET], journal=journal, risk=_BrokenRisk(), snapshots=snapshots
        ) as exchange:
            await fund(exchange)
            with pytest.raises(InvariantError):
                await exchange.place(order(BOB, Side.SELL))
        assert await snapshots.latest() is None
        with pytest.raises(InvariantError, match=r"command 4 in record .*; the journal is kept"):
            await Exchange([MARKET], journal=journal, risk=_BrokenRisk()).open()


class _BrokenRisk:
    """A rule that breaks instead of answering."""

    version = "broken 1"

    def check(self, command: Command, view: LedgerView) -> Refusal | None:
        if isinstance(command, PlaceOrder):
            raise InvariantError("a rule that breaks")
        return None

    def observe(self, event: Event, at_ns: TimestampNs) -> None:
        """Learn nothing."""

    def snapshot(self) -> bytes:
        return b""

    def restore(self, state: bytes) -> None:
        """There is nothing to restore."""


class TestFollowers:
    async def test_a_follower_sees_every_batch_in_order(self) -> None:
        async with Exchange([MARKET]) as exchange:
            async with exchange.subscribe() as follower:
                for amount in range(1, 6):
                    await exchange.deposit(ALICE, USDC, Amount(amount))
                seen = [(await anext(follower)).sequence for _ in range(5)]
                assert seen == [2, 3, 4, 5, 6]
            assert exchange.health().followers == 0

    async def test_a_follower_resumes_after_a_sequence(self) -> None:
        async with Exchange([MARKET]) as exchange:
            for _ in range(5):
                await exchange.deposit(ALICE, USDC, Amount(1))
            assert [batch.sequence for batch in exchange.subscribe(3).take()] == [4, 5, 6]
            assert exchange.subscribe(6).take() == []
            with pytest.raises(SlowFollowerError):
                exchange.subscribe(7)

    async def test_what_is_forgotten_can_not_be_resumed(self) -> None:
        options = ExchangeOptions(history_batches=3)
        async with Exchange([MARKET], options=options) as exchange:
            for _ in range(9):
                await exchange.deposit(ALICE, USDC, Amount(1))
            assert [batch.sequence for batch in exchange.subscribe(7).take()] == [8, 9, 10]
            with pytest.raises(SlowFollowerError) as refusal:
                exchange.subscribe(6)
            assert refusal.value.oldest == 8

    async def test_a_slow_follower_is_ended_and_others_are_not(self) -> None:
        options = ExchangeOptions(follower_batches=5)
        async with Exchange([MARKET], options=options) as exchange:
            slow, quick = exchange.subscribe(), exchange.subscribe()
            seen = []
            for _ in range(10):
                await exchange.deposit(ALICE, USDC, Amount(1))
                seen.extend(quick.take())
            assert [batch.sequence for batch in seen] == list(range(2, 12))
            with pytest.raises(SlowFollowerError, match="more than 5 commands behind"):
                await anext(slow)
            assert exchange.health().followers == 1

    async def test_followers_end_with_the_exchange(self) -> None:
        async with Exchange([MARKET]) as exchange:
            follower = exchange.subscribe()
            await exchange.deposit(ALICE, USDC, Amount(1))
        assert [batch.sequence async for batch in follower] == [2]


class RecordedSettlement(LocalSettlement):
    """Notes what it is given; confirms only when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.groups: list[list[MatchedFill]] = []
        self.failures: list[SettlementError] = []
        self.commands: asyncio.Queue[Command | SettlementError] = asyncio.Queue()

    async def submit(self, fills: Sequence[MatchedFill]) -> None:
        if self.failures:
            raise self.failures.pop()
        self.groups.append(list(fills))

    async def updates(self) -> AsyncIterator[Command]:
        while self._is_open:
            command = await self.commands.get()
            if isinstance(command, SettlementError):
                raise command
            yield command


class TestSettlement:
    async def test_the_fills_of_a_command_come_together_and_again_after_a_restart(self) -> None:
        journal, settlement = MemoryJournal(), RecordedSettlement()
        async with Exchange([MARKET], journal=journal, settlement=settlement) as exchange:
            await fund(exchange)
            for _ in range(3):
                await exchange.place(order(BOB, Side.SELL, quantity=10))
            await exchange.place(order(ALICE, Side.BUY, quantity=20))
            await exchange.place(order(ALICE, Side.BUY, quantity=10))
            await until(lambda: len(settlement.groups) == 2)
            sizes = [len(group) for group in settlement.groups]
            assert sizes == [2, 1]
            first = settlement.groups
        again = RecordedSettlement()
        async with Exchange([MARKET], journal=journal, settlement=again):
            await until(lambda: len(again.groups) == 2)
            assert again.groups == first

    async def test_what_settlement_refuses_is_offered_again(self) -> None:
        settlement, clock = RecordedSettlement(), FakeClock()
        settlement.failures = [SettlementError("the node is down") for _ in range(3)]
        async with Exchange([MARKET], settlement=settlement, clock=clock) as exchange:
            await fund(exchange)
            await exchange.place(order(BOB, Side.SELL))
            await exchange.place(order(ALICE, Side.BUY))
            await until(lambda: len(settlement.groups) == 1)
            await until(lambda: exchange.health().settlement_ok)

    async def test_updates_are_journaled_through_an_outage_of_either_side(self) -> None:
        settlement, journal, clock = RecordedSettlement(), FaultyJournal(), FakeClock()
        async with Exchange(
            [MARKET], settlement=settlement, journal=journal, clock=clock
        ) as exchange:
            await fund(exchange)
            await exchange.place(order(BOB, Side.SELL))
            fill = events_of(await exchange.place(order(ALICE, Side.BUY)))[1]
            assert isinstance(fill, FillMade)
            settlement.commands.put_nowait(SettlementError("the node is down"))
            journal.steps = [failing(UnavailableError("down"))]
            settlement.commands.put_nowait(
                ConfirmSettlement(fills=(fill.fill_id,), stage=SettlementStage.FINAL, batch=1)
            )
            follower = exchange.subscribe()
            batch = await anext(follower)
            assert isinstance(batch.events[0], FillSettled)
            assert batch.events[0].stage is SettlementStage.FINAL
            assert list(exchange.view.unsettled()) == []

    async def test_a_bug_in_a_background_task_stops_the_exchange_loudly(self) -> None:
        class Buggy(RecordedSettlement):
            async def submit(self, fills: Sequence[MatchedFill]) -> None:
                raise ZeroDivisionError

        async with Exchange([MARKET], settlement=Buggy()) as exchange:
            await fund(exchange)
            await exchange.place(order(BOB, Side.SELL))
            await exchange.place(order(ALICE, Side.BUY))
            await until(lambda: bool(exchange.health().halted))
            assert "settlement broke down: ZeroDivisionError" in exchange.health().halted


class MemoryRecords:
    """Keeps batches; fails as often as it is told to."""

    def __init__(self) -> None:
        self.batches: list[EventBatch] = []
        self.failures = 0

    async def open(self) -> None:
        """Ready."""

    async def close(self) -> None:
        """Nothing to release."""

    async def position(self) -> CommandSequence:
        return self.batches[-1].sequence if self.batches else CommandSequence(0)

    async def project(self, batches: Sequence[EventBatch]) -> None:
        if self.failures:
            self.failures -= 1
            raise UnavailableError("the database is down")
        self.batches.extend(batches)


class TestRecords:
    async def test_records_follow_and_catch_up(self) -> None:
        """Within memory, after an outage, after more than memory holds, and after a restart."""
        journal, records = MemoryJournal(), MemoryRecords()
        options = ExchangeOptions(projection_batches=4)
        arguments = {"journal": journal, "clock": FakeClock(), "options": options}
        async with Exchange([MARKET], records=records, **arguments) as exchange:  # type: ignore[arg-type] # a fake with half the queries
            await fund(exchange)
            await until(lambda: exchange.health().records_lag == 0)
            records.failures = 5
            await asyncio.gather(*(exchange.deposit(ALICE, USDC, Amount(1)) for _ in range(50)))
            await until(lambda: exchange.health().records_lag == 0)
            assert exchange.health().records_ok
        assert [batch.sequence for batch in records.batches] == list(range(1, 54))
        fresh = MemoryRecords()
        async with Exchange([MARKET], records=fresh, **arguments) as exchange:  # type: ignore[arg-type] # as above
            await until(lambda: exchange.health().records_lag == 0)
        assert fresh.batches == records.batches

    async def test_records_behind_every_snapshot_start_at_an_older_one_or_the_beginning(
        self,
    ) -> None:
        journal, snapshots = MemoryJournal(), MemorySnapshots()
        for _ in range(3):
            async with Exchange([MARKET], journal=journal, snapshots=snapshots) as exchange:
                await fund(exchange)
        for kept in (0, 3):
            records = MemoryRecords()
            records.batches = [
                EventBatch(CommandSequence(number), TimestampNs(1), ())
                for number in range(1, kept + 1)
            ]
            async with Exchange(
                [MARKET],
                journal=journal,
                snapshots=snapshots,
                records=records,  # type: ignore[arg-type] # as above
            ) as exchange:
                await until(lambda: exchange.health().records_lag == 0)
                assert exchange.health().ready
            assert [batch.sequence for batch in records.batches] == list(range(1, 8))

    async def test_records_from_the_future_are_an_outage_not_a_loss(self) -> None:
        records = MemoryRecords()
        records.batches = [EventBatch(CommandSequence(99), TimestampNs(1), ())]
        async with Exchange(
            [MARKET],
            records=records,  # type: ignore[arg-type] # as above
            options=ExchangeOptions(drain_s=0.01),
            clock=FakeClock(),
        ) as exchange:
            await until(lambda: not exchange.health().records_ok)
            await fund(exchange)
        assert len(records.batches) == 1


async def test_any_command_can_be_executed() -> None:
    """`execute` takes any command."""
    async with Exchange([MARKET]) as exchange:
        assert (await exchange.execute(AdvanceTime())).events == ()
        assert (await exchange.execute(ListMarket(market=MARKET))).events == ()
        other = attrs.evolve(MARKET, lot_size=1)
        refused = await exchange.execute(ListMarket(market=other))
        assert isinstance(refused.events[0], CommandRejected)
        assert refused.events[0].reason is RejectReason.MARKET_EXISTS
        assert isinstance(exchange.view, Engine)
