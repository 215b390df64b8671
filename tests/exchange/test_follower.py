"""Where journal and snapshots are files, another process does it all; the parent sees neither."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path

import pytest

from hybrid_dex.defaults.file_journal import FileJournal, FileJournalOptions
from hybrid_dex.defaults.file_snapshots import FileSnapshots
from hybrid_dex.defaults.memory_snapshots import MemorySnapshots
from hybrid_dex.defaults.sorted_book import SortedBook
from hybrid_dex.defaults.standard_risk import StandardRisk
from hybrid_dex.engine.engine import Engine
from hybrid_dex.errors import JournalError, UnavailableError
from hybrid_dex.exchange import Exchange, ExchangeOptions, follower
from hybrid_dex.exchange.follower import EngineRecipe, FollowerError, keep_snapshot, oldest_kept
from hybrid_dex.exchange.isolations import Isolations
from hybrid_dex.exchange.replay import Replay
from hybrid_dex.interfaces.snapshots import Snapshot
from hybrid_dex.model.market import Market
from hybrid_dex.model.units import Amount
from tests.defaults.test_file_snapshots import snapshot
from tests.exchange_fixtures import ALICE, MARKET, USDC, until

JOURNAL = FileJournalOptions(segment_bytes=16 << 10, max_frame_bytes=8 << 10)
RECIPE = EngineRecipe(book=SortedBook, risk=StandardRisk(), requires_signature=False)


class Watched(FileSnapshots):
    """Notes what is asked of it in this process."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.asked: list[str] = []

    async def put(self, snapshot: Snapshot) -> None:
        self.asked.append("put")
        await super().put(snapshot)

    async def latest(self) -> Snapshot | None:
        self.asked.append("latest")
        return await super().latest()


async def test_the_parent_touches_no_state_while_snapshots_are_taken(tmp_path: Path) -> None:
    """And what was kept is what a replay of the journal makes there."""
    snapshots = Watched(tmp_path / "snapshots")
    journal = FileJournal(tmp_path / "journal", options=JOURNAL)
    options = ExchangeOptions(snapshot_every=40, trim_journal=True)
    async with Exchange(
        [MARKET], journal=journal, snapshots=snapshots, options=options
    ) as exchange:
        snapshots.asked.clear()
        lags = [0]
        while sum(after < before for before, after in pairwise(lags)) < 3:
            await exchange.deposit(ALICE, USDC, Amount(1))
            lags.append(exchange.health().snapshot_lag)
        assert snapshots.asked == []
        expected = exchange.view.state_hash()
    taken = await FileSnapshots(tmp_path / "snapshots").latest()
    assert taken is not None
    assert taken.state_hash == expected
    before = await FileSnapshots(tmp_path / "snapshots").before(taken.position)
    assert before is not None
    await journal.open()
    replay = Replay(RECIPE(), before)
    async for position, raw in journal.read(before.position):
        replay.feed(position, raw)
        if position == taken.position:
            assert replay.snapshot() == taken
    assert replay.position >= taken.position
    await journal.close()


async def test_what_can_not_be_kept_is_said(tmp_path: Path) -> None:
    """By the child, in its last line."""
    journal = FileJournal(tmp_path / "journal", options=JOURNAL)
    await journal.open()
    await journal.append(0, b"no frame".ljust(64, b"."))
    (tmp_path / "snapshots").write_text("in the way")
    with pytest.raises(UnavailableError, match="process that takes snapshots failed"):
        await keep_snapshot(
            RECIPE,
            journal.reader(),
            FileSnapshots(tmp_path / "snapshots"),
            1,
            Isolations(),
            wants_oldest=False,
        )
    with pytest.raises(FollowerError, match="can not be sent to another process"):
        await keep_snapshot(
            EngineRecipe(
                book=lambda market: SortedBook(market),  # noqa: PLW0108 # it can not be pickled
                risk=StandardRisk(),
                requires_signature=False,
            ),
            journal.reader(),
            FileSnapshots(tmp_path / "snapshots"),
            1,
            Isolations(),
            wants_oldest=False,
        )
    await journal.close()


class Unreadable:
    """A book's maker that can be pickled, and not be read back."""

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return (int, ("no number",))

    def __call__(self, market: Market) -> SortedBook:
        return SortedBook(market)


async def test_only_what_no_process_could_read_is_left_to_a_thread(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A process that fails is tried again: a thread would stall matching from then on."""
    async with Exchange(
        [MARKET],
        journal=FileJournal(tmp_path / "a", options=JOURNAL),
        snapshots=FileSnapshots(tmp_path / "snapshots"),
        book=Unreadable(),
        options=ExchangeOptions(snapshot_every=20),
    ) as exchange:
        for _ in range(25):
            await exchange.deposit(ALICE, USDC, Amount(1))
        await until(lambda: exchange.health().snapshot_lag < 20)
    assert "taken in a thread from now on" in caplog.text
    caplog.clear()
    folder = tmp_path / "later"
    async with Exchange(
        [MARKET],
        journal=FileJournal(tmp_path / "b", options=JOURNAL),
        snapshots=FileSnapshots(folder),
        options=ExchangeOptions(snapshot_every=20, retry_s=0.01),
    ) as exchange:
        folder.rmdir()
        folder.write_text("in the way")
        for _ in range(25):
            await exchange.deposit(ALICE, USDC, Amount(1))
        await until(lambda: "no snapshot could be taken" in caplog.text)
        folder.unlink()
        await until(lambda: exchange.health().snapshot_lag < 20)
    assert "in a thread" not in caplog.text


async def test_a_child_whose_exchange_ended_keeps_nothing(tmp_path: Path) -> None:
    """Another exchange may write the journal by then."""
    journal = FileJournal(tmp_path / "journal", options=JOURNAL)
    await journal.open()
    errand = follower._Errand(
        RECIPE,
        journal.reader(),
        FileSnapshots(tmp_path / "snapshots"),
        0,
        Isolations(),
        False,  # as the exchange makes it
    )
    with pytest.raises(UnavailableError, match="the exchange ended"):
        await follower._keep(errand, parent=os.getppid() + 1)
    assert await FileSnapshots(tmp_path / "snapshots").latest() is None
    taken = await follower._keep(errand, parent=os.getppid())
    assert (taken.position, taken.sequence, taken.oldest) == (0, 0, 0)
    await journal.close()


async def test_the_oldest_that_a_start_may_need_is_the_third_newest() -> None:
    snapshots = MemorySnapshots()
    newest = snapshot(9)
    for position in (3, 5, 7, 9):
        await snapshots.put(snapshot(position))
    assert await oldest_kept(snapshots, newest) == 5
    alone = MemorySnapshots()
    await alone.put(newest)
    assert await oldest_kept(alone, newest) == 9


class Forgetful(Engine):
    """Does not write the state that it was given."""

    def snapshot(self) -> bytes:
        return super().snapshot() + b" "


def test_a_thorough_replay_refuses_a_state_that_is_written_otherwise() -> None:
    """A restart believes the hash of the bytes; the process that takes snapshots looks closer."""
    good = Replay(RECIPE()).snapshot()
    engine = Forgetful(book=SortedBook, risk=StandardRisk())
    Replay(engine, good)
    again = Forgetful(book=SortedBook, risk=StandardRisk())
    with pytest.raises(JournalError, match="does not restore"):
        Replay(again, good, thorough=True)
