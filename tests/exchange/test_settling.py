"""No fill and no update is dropped, whatever fails on either side."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from hybrid_dex.defaults.memory_journal import MemoryJournal
from hybrid_dex.errors import (
    SettlementError,
    UnavailableError,
)
from hybrid_dex.exchange import Exchange
from hybrid_dex.model.commands import (
    Command,
    ConfirmSettlement,
)
from hybrid_dex.model.events import (
    FillMade,
    FillSettled,
)
from hybrid_dex.model.frame import HASH_BYTES, decode_frame
from hybrid_dex.model.order import Side
from hybrid_dex.model.settlement import MatchedFill, SettlementStage
from hybrid_dex.model.units import fill_id, fill_sequence
from hybrid_dex.settlement.local import LocalSettlement
from tests.exchange_fixtures import (
    ALICE,
    BOB,
    MARKET,
    FakeClock,
    FaultyJournal,
    events_of,
    failing,
    fund,
    order,
    until,
)


class RecordedSettlement(LocalSettlement):
    """Notes what it is given; confirms only when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.groups: list[list[MatchedFill]] = []
        self.hashes: list[bytes] = []
        self.failures: list[SettlementError] = []
        self.reached_at: list[tuple[int, int]] = []
        self.commands: asyncio.Queue[Command | SettlementError] = asyncio.Queue()

    async def submit(self, fills: Sequence[MatchedFill], journal_hash: bytes = b"") -> None:
        if self.failures:
            raise self.failures.pop()
        self.groups.append(list(fills))
        self.hashes.append(journal_hash)

    def reached(self, sequence: int) -> None:
        self.reached_at.append((sequence, len(self.groups)))

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

    async def test_fills_name_the_frame_of_the_journal_that_holds_their_command(self) -> None:
        journal, settlement = MemoryJournal(), RecordedSettlement()
        async with Exchange([MARKET], journal=journal, settlement=settlement) as exchange:
            await fund(exchange)
            await exchange.place(order(BOB, Side.SELL))
            batch = events_of(await exchange.place(order(ALICE, Side.BUY)))
            await until(lambda: bool(settlement.groups))
            assert isinstance(batch[1], FillMade)
            frames = [raw async for _, raw in journal.read(0)]
        named = next(raw for raw in frames if raw[-HASH_BYTES:] == settlement.hashes[0])
        commands = decode_frame(named).commands
        assert fill_sequence(batch[1].fill_id) in {command.sequence for command in commands}

    async def test_what_settlement_refuses_is_offered_again(self) -> None:
        settlement, clock = RecordedSettlement(), FakeClock()
        settlement.failures = [SettlementError("the node is down") for _ in range(3)]
        async with Exchange([MARKET], settlement=settlement, clock=clock) as exchange:
            await fund(exchange)
            await exchange.place(order(BOB, Side.SELL))
            await exchange.place(order(ALICE, Side.BUY))
            await until(lambda: len(settlement.groups) == 1)
            await until(lambda: exchange.health().settlement_ok)

    async def test_settlement_hears_how_far_everything_was_handed_over(self) -> None:
        """Never of a command while fills up to it wait, not even after a restart."""
        journal, settlement, clock = MemoryJournal(), RecordedSettlement(), FakeClock()
        async with Exchange(
            [MARKET], journal=journal, settlement=settlement, clock=clock
        ) as exchange:
            await fund(exchange)
            resting = await exchange.place(order(BOB, Side.SELL))
            assert settlement.reached_at[-1] == (resting.sequence, 0)
            settlement.failures = [SettlementError("the node is down") for _ in range(3)]
            matched = await exchange.place(order(ALICE, Side.BUY))
            await exchange.place(order(BOB, Side.SELL))
            last = exchange.view.sequence
            await until(lambda: settlement.reached_at[-1][0] == last)
            told = [
                groups for sequence, groups in settlement.reached_at if sequence >= matched.sequence
            ]
            assert set(told) == {1}
        again = RecordedSettlement()
        again.failures = [SettlementError("the node is down")]
        async with Exchange([MARKET], journal=journal, settlement=again, clock=clock):
            await until(lambda: bool(again.reached_at))
            assert again.reached_at[0] == (last, 1)

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

    async def test_a_fill_that_ends_in_the_frame_it_was_made_in_is_not_offered(self) -> None:
        """By a confirmation from a caller; all of the frame are answered all the same."""
        settlement = RecordedSettlement()
        async with Exchange([MARKET], settlement=settlement) as exchange:
            await fund(exchange)
            await exchange.place(order(BOB, Side.SELL))
            fill = fill_id(exchange.view.sequence + 1, 0)
            matched, confirmed = await asyncio.gather(
                exchange.place(order(ALICE, Side.BUY)),
                exchange.execute(
                    ConfirmSettlement(fills=(fill,), stage=SettlementStage.FINAL, batch=1)
                ),
            )
            assert isinstance(events_of(matched)[1], FillMade)
            assert isinstance(confirmed.events[0], FillSettled)
            assert settlement.groups == []

    async def test_a_bug_in_a_background_task_stops_the_exchange_loudly(self) -> None:
        class Buggy(RecordedSettlement):
            async def submit(self, fills: Sequence[MatchedFill], journal_hash: bytes = b"") -> None:
                raise ZeroDivisionError

        async with Exchange([MARKET], settlement=Buggy()) as exchange:
            await fund(exchange)
            await exchange.place(order(BOB, Side.SELL))
            await exchange.place(order(ALICE, Side.BUY))
            await until(lambda: bool(exchange.health().halted))
            assert "settlement broke down: ZeroDivisionError" in exchange.health().halted
