"""An exchange on a disk of two megabytes: fills it, is refused, gets room, and goes on.

Run as `python -m tests.crash.full_disk_process DIRECTORY`, where nothing else is mounted; with
``--mount`` it first mounts a small tmpfs there, in the mount namespace that `unshare` gave it. It
prints one JSON line: what it saw.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

from hybrid_dex.defaults.file_journal import FileJournal, FileJournalOptions
from hybrid_dex.defaults.file_snapshots import FileSnapshots
from hybrid_dex.errors import UnavailableError
from hybrid_dex.exchange import Exchange, ExchangeOptions
from hybrid_dex.model.units import Amount
from tests.exchange_fixtures import ALICE, MARKET, USDC

JOURNAL = FileJournalOptions(segment_bytes=256 << 10, max_frame_bytes=64 << 10)
BALLAST_BYTES = 700 << 10


def exchange_on(directory: Path) -> Exchange:
    return Exchange(
        [MARKET],
        journal=FileJournal(directory / "journal", options=JOURNAL),
        snapshots=FileSnapshots(directory / "snapshots"),
        options=ExchangeOptions(snapshot_every=2_000, max_frame_commands=8),
    )


async def deposit_until_refused(exchange: Exchange, most: int) -> tuple[int, str]:
    """Return how many deposits were acknowledged, and why one was not."""
    done = 0
    while done < most:
        answers = await asyncio.gather(
            *(exchange.deposit(ALICE, USDC, Amount(1)) for _ in range(8)), return_exceptions=True
        )
        done += sum(not isinstance(answer, BaseException) for answer in answers)
        for answer in answers:
            if isinstance(answer, UnavailableError):
                return done, str(answer)
            assert not isinstance(answer, BaseException), answer
    return done, ""


async def run(directory: Path) -> dict[str, object]:
    ballast = directory / "ballast"
    ballast.write_bytes(bytes(BALLAST_BYTES))
    exchange = exchange_on(directory)
    async with exchange:
        filled, refusal = await deposit_until_refused(exchange, 100_000)
        again, _ = await deposit_until_refused(exchange, 8)
        ready_when_full = exchange.health().ready
        seen_when_full = exchange.view.balance(ALICE, USDC).available
        ballast.unlink()
        after, late_refusal = await deposit_until_refused(exchange, 800)
        ready_with_room = exchange.health().ready
    async with exchange_on(directory) as reopened:
        kept = reopened.view.balance(ALICE, USDC).available
    return {
        "acknowledged": filled + again + after,
        "filled": filled + again,
        "kept": kept,
        "late_refusal": late_refusal,
        "ready_when_full": ready_when_full,
        "ready_with_room": ready_with_room,
        "refusal": refusal,
        "seen_when_full": seen_when_full,
    }


if __name__ == "__main__":
    target = Path(sys.argv[1])
    if "--mount" in sys.argv:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", target], check=True)
    print(json.dumps(asyncio.run(run(target))))  # noqa: T201 # its answer
