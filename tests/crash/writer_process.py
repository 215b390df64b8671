"""A real exchange process to be killed: places named orders, says each name once acknowledged.

It must say nothing before the answer came.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

from hybrid_dex.defaults.file_journal import FileJournal, FileJournalOptions
from hybrid_dex.defaults.file_snapshots import FileSnapshots
from hybrid_dex.defaults.file_system import FileSystem, LocalFileSystem
from hybrid_dex.defaults.standard_risk import RiskLimits, StandardRisk
from hybrid_dex.exchange import Exchange, ExchangeOptions
from hybrid_dex.model.events import EventBatch
from hybrid_dex.model.order import Side
from tests.crash.killing_files import KillingFiles
from tests.exchange_fixtures import ALICE, BOB, ETH, MARKET, RICH, USDC, order

UNLIMITED = RiskLimits(order_notional=None, open_orders=None, daily_volume=None)
JOURNAL = FileJournalOptions(segment_bytes=64 << 10, max_frame_bytes=32 << 10)


def make_exchange(directory: Path, files: FileSystem | None = None) -> Exchange:
    """Return the exchange that writer and checker share."""
    files = files or LocalFileSystem()
    return Exchange(
        [MARKET],
        journal=FileJournal(directory / "journal", options=JOURNAL, files=files),
        snapshots=FileSnapshots(directory / "snapshots", files=files),
        risk=StandardRisk(UNLIMITED),
        options=ExchangeOptions(snapshot_every=500, max_frame_commands=16),
    )


async def _trade(
    exchange: Exchange, rng: random.Random, run: str, client: int, say: Callable[[str], None]
) -> None:
    for number in range(100_000):
        buys = rng.random() < 0.5
        command = order(
            ALICE if buys else BOB,
            Side.BUY if buys else Side.SELL,
            price=250_000 + rng.randrange(-20, 20),
            quantity=rng.randrange(1, 50),
            name=f"{run}-{client}-{number}",
        )
        say(f"sent {command.client_order_id}")
        answer = await exchange.place(command)
        assert isinstance(answer, EventBatch)
        say(f"done {command.client_order_id} {answer.sequence}")


async def _main(
    directory: Path, seed: str, files: FileSystem | None, say: Callable[[str], None]
) -> None:
    rng = random.Random(seed)
    run = seed.rpartition(":")[2]
    async with make_exchange(directory, files) as exchange:
        await exchange.deposit(ALICE, USDC, RICH)
        await exchange.deposit(BOB, ETH, RICH)
        await asyncio.gather(*(_trade(exchange, rng, run, client, say) for client in range(16)))


def trade(
    directory: Path, seed: str, deadly: tuple[str, int, str] | None, lines: Connection
) -> None:
    """Trade until killed, from outside or by the named operation of the disk."""

    def say(line: str) -> None:
        os.write(lines.fileno(), f"{line}\n".encode())

    asyncio.run(_main(directory, seed, KillingFiles(*deadly) if deadly else None, say))
