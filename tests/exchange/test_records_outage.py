"""A10: the records' database dies, is cut off or locked, and nothing is lost: trading does not notice.

Orders are placed the whole time. Afterwards the records are at the journal's head again, and every
row is what the journal says: compared with records that are made anew from it.
"""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hybrid_dex.defaults.file_journal import FileJournal
from hybrid_dex.defaults.file_snapshots import FileSnapshots
from hybrid_dex.defaults.sql_compare import differences
from hybrid_dex.defaults.sql_records import SqlRecords
from hybrid_dex.exchange import Exchange, ExchangeOptions
from hybrid_dex.exchange.recipes import recipe_of
from hybrid_dex.exchange.time_travel import TimeTravel, Until
from hybrid_dex.model.events import EventBatch
from hybrid_dex.model.order import Side
from hybrid_dex.model.units import Amount
from tests.defaults.postgresql_cluster import private_cluster, start, stop_at_once
from tests.defaults.record_databases import DATABASES, new_postgresql, raw
from tests.exchange_fixtures import ALICE, BOB, ETH, MARKET, USDC, order
from tests.tiers import count

STOPS = count(fast=2, full=20)
CUTS = count(fast=4, full=40)
LOCKED_S = count(fast=2, full=10)
PAUSES = ExchangeOptions(retry_s=0.02, retry_max_s=1.0)
BACK_S = 120
"""A hang guard; how long it took is told as a figure."""
ON_POSTGRESQL = pytest.mark.parametrize("database", DATABASES[1:])


class Trade:
    """Orders of two traders, one after the other, until told to stop."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.placed = 0

    async def some(self, orders: int) -> None:
        for _ in range(orders):
            who, side = ((ALICE, Side.BUY), (BOB, Side.SELL))[self.placed % 2]
            await self.exchange.place(order(who, side, 250_000 + self.placed % 7, 3))
            self.placed += 1

    async def always(self) -> None:
        while True:
            await self.some(1)
            await asyncio.sleep(0.005)


@asynccontextmanager
async def trading(
    folder: Path, url: str, options: ExchangeOptions = PAUSES
) -> AsyncIterator[tuple[Trade, SqlRecords]]:
    """An exchange in which orders are placed all the time."""
    records = SqlRecords(url)
    exchange = Exchange(
        [MARKET],
        journal=FileJournal(folder / "journal"),
        snapshots=FileSnapshots(folder / "snapshots"),
        records=records,
        options=options,
    )
    async with exchange:
        await exchange.deposit(ALICE, USDC, Amount(10**14))
        await exchange.deposit(BOB, ETH, Amount(10**24))
        trade = Trade(exchange)
        running = asyncio.create_task(trade.always())
        try:
            yield trade, records
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def back(trade: Trade) -> float:
    """Wait until the records have what happened so far; return how long it took."""
    health = trade.exchange.health
    wanted, began = health().sequence, time.monotonic()
    async with asyncio.timeout(BACK_S):
        while not (health().records_ok and health().sequence - health().records_lag >= wanted):
            await asyncio.sleep(0.01)
    return time.monotonic() - began


async def expect_the_journal(folder: Path, url: str) -> int:
    """Hold every row against records that are made from the journal; return how many commands."""
    found, wanted = SqlRecords(url), SqlRecords(f"sqlite:///{folder}/wanted.sqlite")
    travel = TimeTravel(FileJournal(folder / "journal").reader(), None, recipe_of)
    batches: list[EventBatch] = [one.batch async for one in travel.happened(0, Until())]
    await found.open()
    await wanted.open()
    await wanted.project(batches)
    assert await found.position() == len(batches) == batches[-1].sequence
    assert [str(one) for one in await differences(found, wanted)] == []
    await found.close()
    await wanted.close()
    return len(batches)


@ON_POSTGRESQL
@pytest.mark.slow
@pytest.mark.timeout(1_800)
async def test_a_database_that_crashes_loses_nothing_and_stops_nobody(
    database: str, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    """PostgreSQL is stopped at once, again and again; orders are answered while it is down."""
    with private_cluster() as cluster:
        url = await new_postgresql(cluster, str(tmp_path))
        times: list[float] = []
        async with trading(tmp_path, url) as (trade, _):
            for _ in range(STOPS):
                await trade.some(20)
                await asyncio.to_thread(stop_at_once, cluster)
                await trade.some(20)  # answered, and there is no database
                await asyncio.to_thread(start, cluster)
                times.append(await back(trade))
        commands = await expect_the_journal(tmp_path, url)
    figure(
        f"PostgreSQL stopped at once {STOPS} times over {commands} commands: 0 lost, every row as "
        f"the journal says, back after at most {max(times):.1f} s"
    )


@ON_POSTGRESQL
@pytest.mark.timeout(900)
async def test_connections_that_are_cut_are_made_again(
    database: str, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    """In the middle of whatever is written."""
    with private_cluster() as cluster:
        url = await new_postgresql(cluster, str(tmp_path))
        times: list[float] = []
        async with trading(tmp_path, url) as (trade, _):
            for _ in range(CUTS):
                await trade.some(10)
                await raw(url, CUT)
                times.append(await back(trade))
        commands = await expect_the_journal(tmp_path, url)
    figure(
        f"all connections cut {CUTS} times over {commands} commands: 0 lost, back after at most "
        f"{max(times):.1f} s"
    )


CUT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@pytest.mark.timeout(600)
async def test_a_locked_sqlite_file_is_waited_for(
    tmp_path: Path, figure: Callable[[str], None]
) -> None:
    """Another program holds the writer's lock; readers read on, orders are placed."""
    url = f"sqlite:///{tmp_path}/records.sqlite"
    async with trading(tmp_path, url) as (trade, records):
        await trade.some(20)
        other = sqlite3.connect(
            tmp_path / "records.sqlite", isolation_level=None, timeout=60, check_same_thread=False
        )
        # In a thread: whoever writes now ends its transaction on this loop.
        await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
        before = trade.placed
        until = time.monotonic() + LOCKED_S
        while time.monotonic() < until:
            await trade.some(5)
            assert await records.position() > 0
        assert trade.placed > before
        assert trade.exchange.health().records_lag > 0
        other.execute("ROLLBACK")
        other.close()
        took = await back(trade)
    commands = await expect_the_journal(tmp_path, url)
    figure(
        f"SQLite locked for {LOCKED_S} s over {commands} commands: 0 lost, back after {took:.1f} s"
    )
