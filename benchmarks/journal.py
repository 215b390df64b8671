"""What durability costs: the disk's sync, and commands through the whole exchange.

    python benchmarks/journal.py [--directory .] [--syncs 2000] [--commands 50000]

The first part is the disk alone: one small record at a time, synced, into a file that was filled
with zeros beforehand and into one that grows. The second is `Exchange` in this process, with the
file journal and without one, at several numbers of callers that each wait for their answer.
"""

import argparse
import asyncio
import gc
import hashlib
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from hybrid_dex import (
    AccountId,
    Amount,
    Engine,
    Exchange,
    FileJournal,
    FileSnapshots,
    Journal,
    Market,
    MemoryJournal,
    PlaceOrder,
    Price,
    Quantity,
    RiskLimits,
    Side,
    SortedBook,
    StandardRisk,
)
from hybrid_dex.exchange.replay import Replay

MARKET = Market.spot("ETH-USDC", base_decimals=18, quote_decimals=6, tick="0.01", lot="0.0001")
UNLIMITED = RiskLimits(order_notional=None, open_orders=None, daily_volume=None)
RECORD = hashlib.sha512(b"a record").digest() * 4
ALICE, BOB = AccountId("alice"), AccountId("bob")


def time_syncs(path: Path, *, preallocated: bool, syncs: int) -> Iterator[float]:
    """Write and sync one record whenever the next is asked for; yield how many microseconds it took."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if preallocated:
            os.write(descriptor, bytes(len(RECORD) * syncs))
            os.fsync(descriptor)
        for index in range(syncs):
            start = time.perf_counter_ns()
            os.pwrite(descriptor, RECORD, index * len(RECORD))
            os.fdatasync(descriptor)
            yield (time.perf_counter_ns() - start) / 1_000
    finally:
        os.close(descriptor)
        path.unlink()


def show(name: str, times: list[float], rate: float | None = None) -> None:
    """Print one line of figures."""
    cuts = statistics.quantiles(times, n=100)
    line = f"{name:42} p50 {cuts[49]:9.0f} us   p99 {cuts[98]:9.0f} us"
    print(line if rate is None else f"{line}   {rate:9.0f} commands/s")


def orders(number: int) -> list[PlaceOrder]:
    """Orders of two accounts, half of which trade."""
    return [
        PlaceOrder(
            account=BOB if index % 2 else ALICE,
            market=MARKET.id,
            side=Side.SELL if index % 2 else Side.BUY,
            price=Price(250_000 + index % 5),
            quantity=Quantity(1 + index % 7),
        )
        for index in range(number)
    ]


async def run_exchange(
    journal: Journal, commands: list[PlaceOrder], callers: int, snapshots: FileSnapshots | None
) -> tuple[list[float], float]:
    """Return the microseconds that each caller waited, and commands a second."""
    risk = StandardRisk(UNLIMITED)
    exchange = Exchange([MARKET], journal=journal, risk=risk, snapshots=snapshots)
    async with exchange:
        await exchange.deposit(ALICE, MARKET.quote.id, Amount(10**30))
        await exchange.deposit(BOB, MARKET.base.id, Amount(10**30))
        times: list[float] = []
        queue = iter(commands)

        async def call() -> None:
            for command in queue:
                start = time.perf_counter_ns()
                await exchange.place(command)
                times.append((time.perf_counter_ns() - start) / 1_000)

        gc.collect()
        gc.freeze()
        begin = time.perf_counter()
        await asyncio.gather(*(call() for _ in range(callers)))
        return times, len(commands) / (time.perf_counter() - begin)


async def replay(journal: FileJournal) -> None:
    """Print how fast a journal is replayed."""
    await journal.open()
    frames = [frame async for frame in journal.read(0)]
    replayed = Replay(Engine(book=SortedBook, risk=StandardRisk(UNLIMITED)))
    begin = time.perf_counter()
    replayed.feed_many(frames)
    rate = replayed.engine.sequence / (time.perf_counter() - begin)
    await journal.close()
    print(f"{'replay of that journal':42} {rate:9.0f} commands/s")


async def main(directory: Path, syncs: int, number: int) -> None:
    """Print everything."""
    for preallocated in (True, False):
        name = "preallocated" if preallocated else "growing"
        times = list(time_syncs(directory / "file", preallocated=preallocated, syncs=syncs))
        show(f"write and fdatasync, {name}", times)
    for callers in (1, 16, 128, 512):
        commands = orders(min(number, 2_000 * callers))
        show(
            f"memory journal, {callers} callers",
            *await run_exchange(MemoryJournal(), commands, callers, None),
        )
        folder = directory / f"journal-{callers}"
        show(
            f"file journal, {callers} callers",
            *await run_exchange(FileJournal(folder), commands, callers, None),
        )
    await replay(FileJournal(folder))
    show(
        "file journal and snapshots, 512 callers",
        *await run_exchange(
            FileJournal(directory / "both"), commands, 512, FileSnapshots(directory / "snapshots")
        ),
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--directory", type=Path, default=Path())
    parser.add_argument("--syncs", type=int, default=2_000)
    parser.add_argument("--commands", type=int, default=50_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.directory) as temporary:
        asyncio.run(main(Path(temporary), arguments.syncs, arguments.commands))
