"""Versions change only at a snapshot of the old ones, in a new segment; nothing is replayed by others."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from hybrid_dex.defaults.file_journal import FileJournal, FileJournalOptions
from hybrid_dex.defaults.file_snapshots import FileSnapshots
from hybrid_dex.defaults.journal_segment import Header
from hybrid_dex.defaults.sorted_book import SortedBook
from hybrid_dex.defaults.standard_risk import RiskLimits, StandardRisk
from hybrid_dex.engine import engine as engine_module
from hybrid_dex.engine.engine import Engine
from hybrid_dex.errors import UnavailableError, VersionMismatchError
from hybrid_dex.exchange import Exchange, ExchangeOptions
from hybrid_dex.exchange.follower import EngineRecipe
from hybrid_dex.exchange.migration import leave_snapshot
from hybrid_dex.exchange.recipes import recipe_of
from hybrid_dex.exchange.replay import Replay
from hybrid_dex.model.units import AccountId, Amount
from tests.exchange_fixtures import ALICE, MARKET, USDC, fund

JOURNAL = FileJournalOptions(segment_bytes=32 << 10, max_frame_bytes=16 << 10)
OLD, NEW = RiskLimits(open_orders=3), RiskLimits(open_orders=5)


def exchange_in(directory: Path, limits: RiskLimits, *, keeps: bool = True) -> Exchange:
    """Return an exchange with these limits; one that keeps no snapshots closes as if killed."""
    return Exchange(
        [MARKET],
        journal=FileJournal(directory / "journal", options=JOURNAL),
        snapshots=FileSnapshots(directory / "snapshots") if keeps else None,
        risk=StandardRisk(limits),
        options=ExchangeOptions(snapshot_every=20),
    )


def named_versions(directory: Path) -> list[tuple[int, str]]:
    """Return where each segment begins and which limits its header names."""
    reader = FileJournal(directory / "journal").reader()
    found = []
    for path in reader.paths():
        header = reader.segment(path, newest=False).header
        assert isinstance(header, Header)
        found.append((header.first, header.versions.partition("risk ")[2]))
    return found


async def test_new_limits_start_from_the_snapshot_that_a_close_leaves(tmp_path: Path) -> None:
    """In a segment of their own; a restart without any newer snapshot replays across the boundary."""
    async with exchange_in(tmp_path, OLD) as exchange:
        await fund(exchange)
        before, boundary = exchange.view.state_hash(), exchange.health().position
    async with exchange_in(tmp_path, NEW) as exchange:
        assert exchange.view.state_hash() == before
        for _ in range(100):  # several snapshots, so that the last three are all newer
            await exchange.deposit(ALICE, USDC, Amount(1))
        expected = exchange.view.state_hash()
    assert named_versions(tmp_path)[:2] == [
        (1, StandardRisk(OLD).version),
        (boundary + 1, StandardRisk(NEW).version),
    ]
    forget_newer(tmp_path)
    async with exchange_in(tmp_path, NEW) as exchange:
        assert exchange.view.state_hash() == expected


async def test_a_journal_that_goes_on_behind_its_snapshot_is_refused(tmp_path: Path) -> None:
    """And the refusal names what helps; nothing is changed by it."""
    async with exchange_in(tmp_path, OLD) as exchange:
        await fund(exchange)
    async with exchange_in(tmp_path, OLD, keeps=False) as exchange:
        await exchange.deposit(ALICE, USDC, Amount(1))
        expected = exchange.view.state_hash()
    for _ in range(2):
        with pytest.raises(VersionMismatchError, match=r"`hybrid-dex journal migrate`"):
            await exchange_in(tmp_path, NEW).open()
    assert {name for _, name in named_versions(tmp_path)} == {StandardRisk(OLD).version}
    async with exchange_in(tmp_path, OLD, keeps=False) as exchange:
        assert exchange.view.state_hash() == expected


async def test_a_migration_leaves_the_snapshot_that_is_missing(tmp_path: Path) -> None:
    """By the versions that the journal names, whatever this program's limits are."""
    async with exchange_in(tmp_path, OLD, keeps=False) as exchange:
        await fund(exchange)
        expected = exchange.view.state_hash()
        journal = FileJournal(tmp_path / "journal", options=JOURNAL)
        with pytest.raises(UnavailableError, match="another process writes"):
            await leave_snapshot(recipe_of(exchange._engine.versions), journal, snapshots(tmp_path))
        versions = exchange._engine.versions
    with pytest.raises(VersionMismatchError):
        await leave_snapshot(recipe_of(versions.replace("3", "5")), journal, snapshots(tmp_path))
    taken = await leave_snapshot(recipe_of(versions), journal, snapshots(tmp_path))
    assert (taken.state_hash, taken.versions) == (expected, versions)
    async with exchange_in(tmp_path, NEW) as exchange:
        assert exchange.view.state_hash() == expected
    async with exchange_in(tmp_path, NEW) as exchange:
        await exchange.deposit(ALICE, USDC, Amount(1))
    records = list(journal.reader().records())
    with pytest.raises(VersionMismatchError, match="from record"):
        Replay(recipe_of(versions)()).feed_many([(one.position, one.frame) for one in records])


def forget_newer(directory: Path) -> None:
    """Leave only the snapshot at which versions changed."""
    for path in (directory / "snapshots").iterdir():
        if ".last." not in path.name:
            path.unlink()


def snapshots(directory: Path) -> FileSnapshots:
    return FileSnapshots(directory / "snapshots")


async def test_a_new_engine_starts_from_an_old_ones_snapshot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with exchange_in(tmp_path, OLD) as exchange:
        await fund(exchange)
        expected = exchange.view.state_hash()
    monkeypatch.setattr(engine_module, "ENGINE_VERSION", engine_module.ENGINE_VERSION + 1)
    async with exchange_in(tmp_path, OLD) as exchange:
        assert exchange.view.state_hash() == expected
        await exchange.deposit(ALICE, USDC, Amount(1))
        expected = exchange.view.state_hash()
    async with exchange_in(tmp_path, OLD) as exchange:
        assert exchange.view.state_hash() == expected
    monkeypatch.undo()
    forget_newer(tmp_path)
    with pytest.raises(VersionMismatchError, match="written by 'engine"):
        await exchange_in(tmp_path, OLD).open()


class OwnBook(SortedBook):
    """A book that does not ship."""


@pytest.mark.parametrize(
    "risk",
    [
        StandardRisk(),
        StandardRisk(RiskLimits(order_notional=None, open_orders=None, daily_volume=None)),
        StandardRisk(OLD, tiers={AccountId("a: b; c"): NEW, AccountId("0xAb"): RiskLimits()}),
    ],
)
@pytest.mark.parametrize("signed", [False, True])
def test_a_line_of_versions_makes_the_engine_again(risk: StandardRisk, signed: bool) -> None:
    recipe = EngineRecipe(book=SortedBook, risk=risk, requires_signature=signed)
    assert recipe_of(recipe().versions)().versions == recipe().versions


def test_a_line_that_does_not_say_it_all_is_refused() -> None:
    """Rather than guessed."""
    standard = Engine(book=SortedBook, risk=StandardRisk()).versions
    own_book = Engine(book=OwnBook, risk=StandardRisk()).versions
    for line, reason in (
        ("", "names no versions"),
        (standard.replace("engine ", "engine 9"), "use the program that wrote it"),
        (own_book, "--engine module:name"),
        (standard.replace("standard 3", "standard 1"), "--engine"),
        (standard.replace("(", "(9, 9, 9, "), "--engine"),
        (standard.replace("=1", "=-1"), "--engine"),
        (standard.replace("risk standard", "risk own"), "--engine"),
    ):
        with pytest.raises(VersionMismatchError, match=reason):
            recipe_of(line)
    assert attrs.asdict(OLD) != attrs.asdict(NEW)
