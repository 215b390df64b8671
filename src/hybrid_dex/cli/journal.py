"""`hybrid-dex journal`: what an exchange's journal holds, and the exchange as it stood at any command.

All but `migrate` read only: without the writer's lock, from a running exchange too. Exit codes: 0
done, or whole; 1 not whole, or something could not be read; 2 wrong usage.
"""

import asyncio
import contextlib
import csv
import importlib
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, Literal, TextIO

import attrs
import msgspec
from cyclopts import App, Parameter
from rich.console import Console

from hybrid_dex.cli.journal_report import (
    SnapshotFinding,
    checked_as_json,
    print_check,
    print_state,
    snapshot_findings,
    state_as_json,
)
from hybrid_dex.cli.journal_words import Wanted, document, in_words, markets_in, moment
from hybrid_dex.defaults.file_journal import FileJournal, FileJournalOptions
from hybrid_dex.defaults.file_journal_reader import FileJournalReader
from hybrid_dex.defaults.file_snapshots import FileSnapshots
from hybrid_dex.defaults.journal_check import check_journal
from hybrid_dex.engine.engine import Engine
from hybrid_dex.errors import ConfigurationError, UnavailableError
from hybrid_dex.exchange.migration import leave_snapshot
from hybrid_dex.exchange.recipes import recipe_of
from hybrid_dex.exchange.time_travel import TimeTravel, Until
from hybrid_dex.model.commands import Command
from hybrid_dex.model.frame import Frame, FrameKind, decode_frame
from hybrid_dex.model.market import Market
from hybrid_dex.model.units import MarketId

__all__ = ["export", "migrate", "replay", "show", "verify"]

app = App(
    name="journal",
    help="Check, read and replay an exchange's journal; the exchange may be running.",
)

_WHOLE: Final = 0
_NOT_WHOLE: Final = 1
_COLUMNS: Final = ("record", "sequence", "time", "at_ns", "index", "kind", "account", "market")


def _until(text: str) -> Until:
    """Read a command's number, or a time. Raises `ValueError`."""
    if text.isascii() and text.isdecimal():
        return Until(sequence=int(text))
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"{text!r} is neither a command's number nor a time such as 2026-11-28T09:30:00Z"
        ) from None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    whole = int(when.replace(microsecond=0).timestamp())
    return Until(at_ns=whole * 1_000_000_000 + when.microsecond * 1_000 + 999)


def _check_until(_kind: object, text: str | None) -> None:
    if text is not None:
        _until(text)


def _check_number(_kind: object, number: int) -> None:
    if number < 0:
        raise ValueError("a number is 0 or more")


_Moment = Annotated[str | None, Parameter(validator=_check_until)]
_Number = Annotated[int, Parameter(validator=_check_number)]
_Flag = Annotated[bool, Parameter(negative="")]


@Parameter(name="*")
@attrs.frozen(kw_only=True)
class Place:
    """Where to look."""

    snapshots: Annotated[
        Path | None, Parameter(help="The snapshots' folder; found beside the journal by itself.")
    ] = None
    engine: Annotated[
        str | None,
        Parameter(
            help="module:function that makes the engine, for a book or risk of your own; what "
            "ships is found by the versions that the journal names."
        ),
    ] = None

    def journal_in(self, directory: Path) -> Path:
        """Return the journal's own folder: this one, or `journal` in it."""
        inner = directory / "journal"
        return inner if inner.is_dir() else directory

    def reader(self, directory: Path) -> FileJournalReader:
        """Return what reads the journal. Raises `UnavailableError` when there is none."""
        found = FileJournalReader(self.journal_in(directory))
        if not found.paths() and not found.named()[1]:
            raise UnavailableError(f"there is no journal in {directory}")
        return found

    def kept(self, directory: Path) -> FileSnapshots | None:
        """Return the snapshots, if there are any."""
        folder = self.snapshots_in(directory)
        return None if folder is None else FileSnapshots(folder)

    def snapshots_in(self, directory: Path) -> Path | None:
        """Return the snapshots' folder, if it is there. Raises `ConfigurationError`."""
        if self.snapshots is not None:
            if not self.snapshots.is_dir():
                raise ConfigurationError(f"there is no folder {self.snapshots}")
            return self.snapshots
        found = self.journal_in(directory).parent / "snapshots"
        return found if found.is_dir() else None

    def engine_of(self, versions: str) -> Callable[[], Engine]:
        """Return what makes an engine of these versions."""
        return recipe_of(versions) if self.engine is None else _load(self.engine)

    def travel(self, directory: Path) -> TimeTravel:
        """Return the replays of the journal."""
        return TimeTravel(self.reader(directory), self.kept(directory), self.engine_of)


_HERE: Final = Place()


def _load(name: str) -> Callable[[], Engine]:
    module, colon, function = name.partition(":")
    try:
        found = getattr(importlib.import_module(module), function) if colon else None
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise ConfigurationError(f"--engine {name}: {error}") from error
    if not callable(found):
        raise ConfigurationError(f"--engine {name} is no function; write it as module:function")

    def make() -> Engine:
        try:
            engine = found()
        except TypeError as error:
            raise ConfigurationError(f"--engine {name} can not be called: {error}") from error
        if not isinstance(engine, Engine):
            raise ConfigurationError(
                f"--engine {name} makes no Engine, but {type(engine).__name__}"
            )
        return engine

    return make


@app.command
def verify(directory: Path, *, place: Place = _HERE, json: _Flag = False) -> int:
    """Check every record: checksums, the chain of hashes, numbers without a gap; and the snapshots.

    Parameters
    ----------
    directory
        The journal's folder, or the one that holds `journal` and `snapshots`.
    json
        Print the findings as JSON.
    """
    reader = place.reader(directory)
    check = check_journal(reader)
    findings: list[SnapshotFinding] = []
    folder = place.snapshots_in(directory)
    if folder is not None:
        paths = sorted(folder.glob("*.snapshot"))
        findings = asyncio.run(snapshot_findings(paths, FileSnapshots(folder), reader, check))
    if json:
        _write(checked_as_json(check, findings))
    else:
        print_check(check, findings)
    good = check.bad is None and not any(one.fatal for one in findings)
    return _WHOLE if good else _NOT_WHOLE


@app.command
def show(
    directory: Path,
    *,
    place: Place = _HERE,
    begin: Annotated[_Number, Parameter(name="--from")] = 0,
    until: _Moment = None,
    account: str | None = None,
    market: str | None = None,
    order: str | None = None,
    events: _Flag = False,
    limit: _Number = 0,
) -> int:
    """Print commands in words, one a line, with what they did if that is asked for.

    Parameters
    ----------
    directory
        The journal's folder, or the one that holds `journal` and `snapshots`.
    begin
        The first command's number.
    until
        The last command's number, or a time such as 2026-11-28T09:30:00Z.
    account
        Only what names this account.
    market
        Only what names this market.
    order
        Only what names this order, by the exchange's id or its trader's own.
    events
        Replay, and print what each command did; filters then look at that, too.
    limit
        Stop after so many commands; 0 for no limit.
    """
    wanted = Wanted(account=account, market=market, order=order)
    end = Until() if until is None else _until(until)
    if events:
        asyncio.run(_show_events(place.travel(directory), begin, end, wanted, limit))
    else:
        _show_commands(place.reader(directory), begin, end, wanted, limit)
    return _WHOLE


def _show_commands(
    reader: FileJournalReader, begin: int, end: Until, wanted: Wanted, limit: int
) -> None:
    lines, markets, shown = _lines(), dict[str, Market](), 0
    unfiltered = wanted == Wanted()
    for position, frame in _frames(reader, begin):
        if frame.kind is FrameKind.EPOCH and unfiltered:
            lines.print(
                f"record {position}  {moment(frame.at_ns)}  epoch {frame.epoch} of {frame.leader}: "
                f"{frame.note}",
                markup=False,
            )
        markets.update((one.id, one) for one in markets_in(frame.commands))
        for command in frame.commands:
            if not end.admits(command):
                return
            if command.sequence >= begin and wanted.met(command):
                lines.print(_line(command, markets), markup=False)
                shown += 1
                if shown == limit:
                    return


async def _show_events(
    travel: TimeTravel, begin: int, end: Until, wanted: Wanted, limit: int
) -> None:
    lines, shown = _lines(), 0
    markets: dict[str, Market] = {}
    async with contextlib.aclosing(_happened(travel, begin, end, markets)) as found:
        async for _, command, happened in found:
            if not wanted.met(command, happened):
                continue
            lines.print(_line(command, markets), markup=False)
            for event in happened:
                lines.print(f"{'':12}-> {in_words(event, markets)}", markup=False)
            shown += 1
            if shown == limit:
                return


def _line(command: Command, markets: dict[str, Market]) -> str:
    return f"{command.sequence:>10}  {moment(command.at_ns)}  {in_words(command, markets)}"


def _frames(reader: FileJournalReader, begin: int) -> Iterator[tuple[int, Frame]]:
    """Yield frames, from the oldest kept one on when ``begin`` is 0 or the journal was trimmed."""
    for record in reader.records(reader.oldest(reader.paths()) - 1):
        frame = decode_frame(record.frame)
        listed = any(True for _ in markets_in(frame.commands))
        if not frame.commands or frame.commands[-1].sequence >= begin or listed:
            yield record.position, frame


async def _happened(
    travel: TimeTravel, begin: int, end: Until, markets: dict[str, Market]
) -> AsyncGenerator[tuple[int, Command, tuple[object, ...]]]:
    """Yield commands with their events; fill in the markets, also those listed before."""
    after = max(0, begin - 1)
    state = await travel.state(Until(sequence=after))
    markets.update((one.id, one) for one in state.engine.markets())
    async with contextlib.aclosing(travel.happened(after, end)) as found:
        async for one in found:
            markets.update((each.id, each) for each in markets_in([one.command]))
            yield one.position, one.command, one.batch.events


@app.command
def replay(
    directory: Path,
    *,
    place: Place = _HERE,
    until: _Moment = None,
    account: str | None = None,
    market: str | None = None,
    levels: _Number = 5,
    json: _Flag = False,
) -> int:
    """Print the whole exchange as it stood: markets, books, balances, orders, and the state's hash.

    Parameters
    ----------
    directory
        The journal's folder, or the one that holds `journal` and `snapshots`.
    until
        After which command, by its number, or at which time; the newest by default.
    account
        Only this account's balances and orders.
    market
        Only this market's book and orders.
    levels
        How many price levels of a book are shown.
    json
        Print everything as JSON.
    """
    end = Until() if until is None else _until(until)
    reached = asyncio.run(place.travel(directory).state(end))
    if market is not None and reached.engine.market(MarketId(market)) is None:
        known = ", ".join(one.id for one in reached.engine.markets()) or "none"
        raise ConfigurationError(f"there was no market {market} then; there were: {known}")
    if json:
        _write(state_as_json(reached, account=account, market=market, levels=levels))
    else:
        print_state(reached, account=account, market=market, levels=levels)
    return _WHOLE


@app.command
def export(
    directory: Path,
    *,
    place: Place = _HERE,
    what: Literal["commands", "events"] = "commands",
    form: Literal["jsonl", "csv"] = "jsonl",
    begin: Annotated[_Number, Parameter(name="--from")] = 0,
    until: _Moment = None,
    account: str | None = None,
    market: str | None = None,
    order: str | None = None,
    out: Path | None = None,
) -> int:
    """Write commands, or the events that they made, as JSON lines or as CSV.

    Numbers are the exchange's own: ticks, lots, atoms. A column of the CSV holds what only some kinds
    have, as JSON.

    Parameters
    ----------
    directory
        The journal's folder, or the one that holds `journal` and `snapshots`.
    what
        Commands as journaled, or the events of a replay.
    form
        JSON lines, or CSV.
    begin
        The first command's number.
    until
        The last command's number, or a time such as 2026-11-28T09:30:00Z.
    account
        Only what names this account.
    market
        Only what names this market.
    order
        Only what names this order.
    out
        The file to write; the standard output by default.
    """
    wanted = Wanted(account=account, market=market, order=order)
    end = Until() if until is None else _until(until)
    rows = (
        _command_rows(place.reader(directory), begin, end, wanted)
        if what == "commands"
        else _event_rows(place.travel(directory), begin, end, wanted)
    )
    if out is None:
        asyncio.run(_export(rows, form, sys.stdout))
    else:
        with out.open("w", encoding="utf-8", newline="") as file:
            asyncio.run(_export(rows, form, file))
    return _WHOLE


Row = tuple[int, Command, int, object]
"""Record, command, which of its events, and the message."""


async def _command_rows(
    reader: FileJournalReader, begin: int, end: Until, wanted: Wanted
) -> AsyncIterator[Row]:
    for position, frame in _frames(reader, begin):
        for command in frame.commands:
            if not end.admits(command):
                return
            if command.sequence >= begin and wanted.met(command):
                yield position, command, 0, command


async def _event_rows(
    travel: TimeTravel, begin: int, end: Until, wanted: Wanted
) -> AsyncIterator[Row]:
    async with contextlib.aclosing(_happened(travel, begin, end, {})) as found:
        async for position, command, events in found:
            for index, event in enumerate(events):
                if wanted.met(command, (event,)):
                    yield position, command, index, event


async def _export(rows: AsyncIterator[Row], form: str, file: TextIO) -> None:
    table = csv.writer(file) if form == "csv" else None
    if table is not None:
        table.writerow([*_COLUMNS, "fields"])
    async for position, command, index, message in rows:
        fields = document(message)
        stamp = {
            "record": position,
            "sequence": command.sequence,
            "time": moment(command.at_ns),
            "at_ns": command.at_ns,
            "index": index,
        }
        if table is None:
            file.write(msgspec.json.encode(stamp | fields).decode() + "\n")
        else:
            known = stamp | fields
            row = [known.get(column, "") for column in _COLUMNS]
            rest = {name: one for name, one in fields.items() if name not in _COLUMNS}
            table.writerow([*map(_cell, row), msgspec.json.encode(rest).decode()])


def _cell(value: object) -> object:
    return msgspec.json.encode(value).decode() if isinstance(value, dict | list) else value


@app.command
def migrate(directory: Path, *, place: Place = _HERE) -> int:
    """Leave a snapshot at the journal's head, from which other versions or limits can start.

    For an exchange that did not close: a close leaves one by itself. The exchange must be stopped, and
    where its engine changes, this must be the old program.

    Parameters
    ----------
    directory
        The journal's folder, or the one that holds `journal` and `snapshots`.
    """
    reader = place.reader(directory)
    versions = ""
    for _, frame in _frames(reader, sys.maxsize):
        if frame.kind is FrameKind.EPOCH:
            versions = frame.note
    if not versions:
        raise ConfigurationError(
            f"the journal in {directory} is empty: there is nothing to migrate"
        )
    folder = place.snapshots_in(directory) or place.journal_in(directory).parent / "snapshots"
    journal = FileJournal(place.journal_in(directory), options=FileJournalOptions())
    taken = asyncio.run(leave_snapshot(place.engine_of(versions), journal, FileSnapshots(folder)))
    _lines().print(
        f"A snapshot at record {taken.position}, command {taken.sequence}, stands in {folder}. "
        f"It was taken by {taken.versions}; start the exchange with other versions or limits now.",
        markup=False,
    )
    return _WHOLE


def _write(found: object) -> None:
    text = msgspec.json.format(msgspec.json.encode(found), indent=2).decode()
    _lines().print(text, markup=False)


def _lines() -> Console:
    return Console(soft_wrap=True, highlight=False)
