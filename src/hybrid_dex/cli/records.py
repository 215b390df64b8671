"""`hybrid-dex records`: the records' database, brought up to date, made anew, or held against the journal.

The journal is the truth and is only read here, from a running exchange too. Exit codes: 0 done, or
the same; 1 not the same, or something could not be read; 2 wrong usage. A database's password
belongs into the environment, not on the command line.
"""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Final

from cyclopts import App, Parameter
from rich.console import Console
from sqlalchemy.engine import make_url

from hybrid_dex.cli.journal import Place
from hybrid_dex.defaults.sql_compare import differences
from hybrid_dex.defaults.sql_records import SqlRecords
from hybrid_dex.errors import ConfigurationError
from hybrid_dex.exchange.time_travel import TimeTravel, Until
from hybrid_dex.model.events import EventBatch

__all__ = ["check", "rebuild", "upgrade"]

app = App(
    name="records",
    help="Upgrade, rebuild or check the database of an exchange's records.",
)

_SAME: Final = 0
_DIFFERENT: Final = 1
_BATCHES: Final = 1_024
_HERE: Final = Place()

_Records = Annotated[
    str | None,
    Parameter(
        name="--records",
        env_var="HYBRID_DEX_RECORDS",
        help="The database, as sqlite:///path or postgresql://user@host/name; by default "
        "records.sqlite in the directory.",
    ),
]


@app.command
def upgrade(directory: Path = Path("data"), *, records: _Records = None) -> int:
    """Bring the schema up to date; every row stays.

    Parameters
    ----------
    directory
        The exchange's folder, where its records are by default.
    """
    asyncio.run(_upgrade(SqlRecords(_address(directory, records))))
    return _SAME


async def _upgrade(records: SqlRecords) -> None:
    async with _open(records):
        position, details = await records.position(), await records.details_from()
        out = _lines()
        out.print(f"the schema is up to date; the records are at command {position}")
        if details > 1:
            out.print(
                f"ledger, candles and the like begin at command {details}: `hybrid-dex records "
                "rebuild` makes the rest from the journal",
                markup=False,
            )


@app.command
def rebuild(
    directory: Path = Path("data"), *, place: Place = _HERE, records: _Records = None
) -> int:
    """Forget every row and make all of them again from the journal.

    A running exchange goes on, and keeps the records at its head again afterwards.

    Parameters
    ----------
    directory
        The exchange's folder: `journal`, `snapshots`, and its records by default.
    """
    travel = place.travel(directory)
    asyncio.run(_rebuild(travel, SqlRecords(_address(directory, records))))
    return _SAME


async def _rebuild(travel: TimeTravel, records: SqlRecords) -> None:
    async with _open(records):
        await travel.state(Until(sequence=0))  # what can not be replayed must not be forgotten
        await records.reset()
        last = await _project(travel, records, Until())
        _lines().print(f"the records are made anew, up to command {last}")


@app.command
def check(directory: Path = Path("data"), *, place: Place = _HERE, records: _Records = None) -> int:
    """Make the records anew beside, from the journal, and compare every row.

    Parameters
    ----------
    directory
        The exchange's folder: `journal`, `snapshots`, and its records by default.
    """
    address = _address(directory, records)
    found = SqlRecords(address, upgrades=False)
    _is_there(address)
    return asyncio.run(_check(place.travel(directory), found))


async def _check(travel: TimeTravel, records: SqlRecords) -> int:
    out = _lines()
    with tempfile.TemporaryDirectory(prefix="hybrid-dex-") as beside:
        async with _open(records), _open(SqlRecords(f"sqlite:///{beside}/wanted")) as wanted:
            details = await records.details_from()
            if details > 1:
                out.print(f"ledger, candles and the like begin at command {details} only; rebuild")
                return _DIFFERENT
            position = await records.position()
            await _project(travel, wanted, Until(sequence=position))
            if await wanted.position() < position:
                out.print(
                    f"the records are at command {position} and the journal ends before it: "
                    "they belong to another journal"
                )
                return _DIFFERENT
            found = await differences(records, wanted)
            if await records.position() != position:
                raise ConfigurationError("the records moved on meanwhile; close the exchange first")
    for one in found:
        out.print(str(one), markup=False)
    same = "are" if not found else "are not"
    out.print(f"the records {same} what the journal says, up to command {position}")
    return _DIFFERENT if found else _SAME


async def _project(travel: TimeTravel, records: SqlRecords, until: Until) -> int:
    """Project the journal's commands from the first on; return the last one's number."""
    waiting: list[EventBatch] = []
    last = 0
    if until.sequence == 0:
        return last
    async with contextlib.aclosing(travel.happened(0, until)) as happened:
        async for one in happened:
            waiting.append(one.batch)
            last = one.batch.sequence
            if len(waiting) == _BATCHES:
                await records.project(waiting)
                waiting = []
    await records.project(waiting)
    return last


@asynccontextmanager
async def _open(records: SqlRecords) -> AsyncIterator[SqlRecords]:
    await records.open()
    try:
        yield records
    finally:
        await records.close()


def _address(directory: Path, records: str | None) -> str:
    """Return the records' address. Raises `ConfigurationError` when there are none by default."""
    if records:
        return records
    default = directory / "records.sqlite"
    if not directory.is_dir():
        raise ConfigurationError(f"there is no folder {directory}; name it, or give --records")
    return f"sqlite:///{default}"


def _is_there(address: str) -> None:
    """Refuse a file that is not there: it would be made, and lack nothing of the journal's beginning."""
    url = make_url(address)
    if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).exists():
        raise ConfigurationError(
            f"there are no records in {url.database}; `hybrid-dex records rebuild` makes them"
        )


def _lines() -> Console:
    return Console(soft_wrap=True, highlight=False)
