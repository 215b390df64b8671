"""A real exchange process to be killed: places named orders, prints each name once acknowledged.

Run as `python -m tests.crash.writer_process DIRECTORY SEED`. It must print nothing before the
answer came.
"""

from __future__ import annotations

import asyncio
import random
import sys
from pathlib import Path

from hybrid_dex.defaults.file_journal import FileJournal, FileJournalOptions
from hybrid_dex.defaults.file_snapshots import FileSnapshots
from hybrid_dex.defaults.standard_risk import RiskLimits, StandardRisk
from hybrid_dex.exchange import Exchange, ExchangeOptions
from hybrid_dex.model.events import EventBatch
from hybrid_dex.model.order import Side
from tests.exchange_fixtures import ALICE, BOB, ETH, MARKET, RICH, USDC, order

UNLIMITED = RiskLimits(order_notional=None, open_orders=None, daily_volume=None)
JOURNAL = FileJournalOptions(segment_bytes=64 << 10, max_frame_bytes=32 << 10)


def make_exchange(directory: Path) -> Exchange:
    """Return the exchange that writer and checker share."""
    return Exchange(
        [MARKET],
        journal=FileJournal(directory / "journal", options=JOURNAL),
        snapshots=FileSnapshots(directory / "snapshots"),
        risk=StandardRisk(UNLIMITED),
        options=ExchangeOptions(snapshot_every=300, max_frame_commands=16),
    )


async def _trade(exchange: Exchange, rng: random.Random, run: str, client: int) -> None:
    for number in range(100_000):
        buys = rng.random() < 0.5
        command = order(
            ALICE if buys else BOB,
            Side.BUY if buys else Side.SELL,
            price=250_000 + rng.randrange(-20, 20),
            quantity=rng.randrange(1, 50),
            name=f"{run}-{client}-{number}",
        )
        _say(f"sent {command.client_order_id}")
        answer = await exchange.place(command)
        assert isinstance(answer, EventBatch)
        _say(f"done {command.client_order_id} {answer.sequence}")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def _main(directory: Path, seed: str) -> None:
    rng = random.Random(seed)
    async with make_exchange(directory) as exchange:
        await exchange.deposit(ALICE, USDC, RICH)
        await exchange.deposit(BOB, ETH, RICH)
        await asyncio.gather(
            *(_trade(exchange, rng, seed.rpartition(":")[2], client) for client in range(16))
        )


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1]), sys.argv[2]))
