"""A start from any snapshot equals a full replay, or falls back, or is refused (A8)."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from hybrid_dex.defaults.file_snapshots import FileSnapshots
from hybrid_dex.defaults.memory_journal import MemoryJournal
from hybrid_dex.defaults.memory_snapshots import MemorySnapshots
from hybrid_dex.defaults.sorted_book import SortedBook
from hybrid_dex.defaults.standard_risk import RiskLimits, StandardRisk
from hybrid_dex.engine.engine import Engine
from hybrid_dex.errors import JournalError
from hybrid_dex.exchange import Exchange, ExchangeOptions
from hybrid_dex.exchange.replay import Replay
from hybrid_dex.interfaces.snapshots import Snapshot
from hybrid_dex.model.market import Market
from hybrid_dex.model.order import Side
from tests.exchange_fixtures import ALICE, BOB, ETH, MARKET, RICH, USDC, order, until
from tests.tiers import count

CUTS = count(fast=60, full=1_000)
LIMITS = RiskLimits(open_orders=None)
OPTIONS = ExchangeOptions(max_frame_commands=3)


def make_engine() -> Engine:
    return Engine(book=SortedBook, risk=StandardRisk(LIMITS))


def make_exchange(journal: MemoryJournal, snapshots: FileSnapshots | MemorySnapshots) -> Exchange:
    return Exchange(
        [MARKET],
        journal=journal,
        snapshots=snapshots,
        risk=StandardRisk(LIMITS),
        options=OPTIONS,
    )


async def traded(rng: random.Random, orders: int = 200) -> tuple[MemoryJournal, bytes]:
    """Return a journal with some trading in it, and the state it leads to."""
    journal = MemoryJournal()
    async with make_exchange(journal, MemorySnapshots()) as exchange:
        await exchange.deposit(ALICE, USDC, RICH)
        await exchange.deposit(BOB, ETH, RICH)
        for number in range(orders // 10):
            await exchange.place_many(
                [
                    order(
                        *rng.choice(((ALICE, Side.BUY), (BOB, Side.SELL))),
                        price=250_000 + rng.randrange(-9, 9),
                        quantity=rng.randrange(1, 40),
                        name=f"{number}-{index}",
                    )
                    for index in range(10)
                ]
            )
        await until(lambda: not list(exchange.view.unsettled()))
        return journal, exchange.view.state_hash()


async def snapshot_at(journal: MemoryJournal, position: int) -> Snapshot:
    replay = Replay(make_engine())
    async for number, raw in journal.read(0):
        if number <= position:
            replay.feed(number, raw)
    return replay.snapshot()


async def test_every_cut_leads_to_the_same_state(
    rng: random.Random, figure: Callable[[str], None]
) -> None:
    journal, expected = await traded(rng)
    head = await journal.head()
    for _ in range(CUTS):
        snapshots = MemorySnapshots()
        await snapshots.put(await snapshot_at(journal, rng.randrange(1, head + 1)))
        exchange = make_exchange(journal, snapshots)
        async with exchange:
            assert exchange.view.state_hash() == expected
    figure(
        f"{CUTS} starts from a snapshot at a record of {head}: {CUTS} x the hash of a full replay"
    )


@pytest.mark.parametrize("where", ["process", "thread", "fallback"])
async def test_a_snapshot_is_taken_while_trading_goes_on(
    where: str, caplog: pytest.LogCaptureFixture
) -> None:
    """By a follower of the journal; the state it names is the replay's at that record."""

    def own_book(market: Market) -> SortedBook:
        return SortedBook(market)

    journal, snapshots = MemoryJournal(), MemorySnapshots()
    exchange = Exchange(
        [MARKET],
        journal=journal,
        snapshots=snapshots,
        book=own_book if where == "fallback" else SortedBook,
        options=ExchangeOptions(snapshot_every=50, snapshot_process=where != "thread"),
    )
    async with exchange:
        while len(snapshots._snapshots) < 2:
            await exchange.deposit(ALICE, USDC, RICH)
            await asyncio.sleep(0)
        taken = list(snapshots._snapshots)
    for snapshot in taken:
        raw = await journal.read_at(snapshot.position)
        assert raw is not None
        assert raw[-32:] == snapshot.frame_hash
        replay = Replay(
            Engine(book=own_book if where == "fallback" else SortedBook, risk=StandardRisk())
        )
        async for number, frame in journal.read(0):
            if number <= snapshot.position:
                replay.feed(number, frame)
        assert replay.snapshot() == snapshot
    assert ("taken in a thread from now on" in caplog.text) == (where == "fallback")


async def test_the_journal_is_trimmed_below_the_oldest_kept_snapshot(rng: random.Random) -> None:
    journal, snapshots = MemoryJournal(), MemorySnapshots()
    for _ in range(5):
        options = ExchangeOptions(trim_journal=True)
        async with Exchange(
            [MARKET], journal=journal, snapshots=snapshots, options=options
        ) as exchange:
            for _ in range(5):
                await exchange.deposit(ALICE, USDC, RICH)
            expected = exchange.view.state_hash()
    oldest = snapshots._snapshots[0]
    assert await journal.read_at(oldest.position) is None
    assert await journal.read_at(oldest.position + 1) is not None
    snapshots._snapshots = [oldest]
    async with make_default(journal, snapshots) as exchange:
        assert exchange.view.state_hash() == expected


def make_default(journal: MemoryJournal, snapshots: MemorySnapshots) -> Exchange:
    return Exchange([MARKET], journal=journal, snapshots=snapshots)


def damage_newest(directory: Path, number: int, rng: random.Random) -> None:
    """Flip a bit in each of the newest files."""
    for path in sorted(directory.iterdir(), reverse=True)[:number]:
        content = bytearray(path.read_bytes())
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        path.write_bytes(content)


class TestBadSnapshots:
    @pytest.mark.parametrize("damaged", [1, 2, 3])
    async def test_damaged_files_fall_back_to_older_ones_and_then_to_the_journal(
        self, tmp_path: Path, rng: random.Random, damaged: int
    ) -> None:
        journal, expected = await traded(rng, orders=40)
        head = await journal.head()
        snapshots = FileSnapshots(tmp_path)
        positions = (2, head // 2, head)
        for position in positions:
            await snapshots.put(await snapshot_at(journal, position))
        damage_newest(tmp_path, damaged, rng)
        found = await snapshots.latest()
        assert (None if found is None else found.position) == (*positions[::-1], None)[damaged]
        async with make_exchange(journal, snapshots) as exchange:
            assert exchange.view.state_hash() == expected

    async def test_one_that_does_not_restore_to_its_state_is_skipped(
        self, rng: random.Random, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Its bytes are whole, but they are not what it says they are."""
        journal, expected = await traded(rng, orders=40)
        good = await snapshot_at(journal, 5)
        other = await snapshot_at(journal, 4)
        lying = Snapshot(
            good.position,
            good.frame_hash,
            good.sequence,
            good.state_hash,
            good.versions,
            other.state,
        )
        snapshots = MemorySnapshots()
        await snapshots.put(other)
        await snapshots.put(lying)
        async with make_exchange(journal, snapshots) as exchange:
            assert exchange.view.state_hash() == expected
        assert "a snapshot is skipped: the snapshot at record 5 does not restore" in caplog.text

    async def test_one_that_is_newer_than_the_journal_is_refused(self, rng: random.Random) -> None:
        """The journal lost its end: starting would lose what was acknowledged."""
        journal, _ = await traded(rng, orders=40)
        head = await journal.head()
        snapshots = MemorySnapshots()
        await snapshots.put(await snapshot_at(journal, head))
        journal._frames.pop()
        with pytest.raises(JournalError, match=f"covers record {head} .* the journal ends at"):
            await make_exchange(journal, snapshots).open()

    async def test_one_of_another_journal_is_refused(self, rng: random.Random) -> None:
        journal, _ = await traded(rng, orders=40)
        other, _ = await traded(rng, orders=40)
        snapshots = MemorySnapshots()
        await snapshots.put(await snapshot_at(other, 5))
        with pytest.raises(JournalError, match="belongs to another journal"):
            await make_exchange(journal, snapshots).open()

    async def test_a_journal_that_continues_another_is_refused(self, rng: random.Random) -> None:
        """Every record names the one before it, so a part put in from elsewhere shows."""
        journal, _ = await traded(rng, orders=40)
        other, _ = await traded(rng, orders=40)
        journal._frames[5] = other._frames[5]
        with pytest.raises(JournalError, match="record 6 of the journal does not continue"):
            await make_exchange(journal, MemorySnapshots()).open()

    async def test_a_frame_whose_own_hash_fails_is_refused(self, rng: random.Random) -> None:
        journal, _ = await traded(rng, orders=40)
        journal._frames[5] = b"x" + journal._frames[5][1:]
        with pytest.raises(JournalError, match="record 6: a journal frame's checksum"):
            await make_exchange(journal, MemorySnapshots()).open()
