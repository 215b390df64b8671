"""A killed exchange loses nothing that it acknowledged and doubles nothing (A4).

A real process trades under load until SIGKILL ends it at a seeded moment, again and again on the
same directory. After each kill the journal is replayed twice, from a snapshot and in full.
"""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from pathlib import Path

from hybrid_dex.defaults.sorted_book import SortedBook
from hybrid_dex.defaults.standard_risk import StandardRisk
from hybrid_dex.engine.engine import Engine
from hybrid_dex.exchange.replay import Replay
from hybrid_dex.model.commands import PlaceOrder
from hybrid_dex.model.frame import decode_frame
from tests.crash.writer_process import UNLIMITED, make_exchange
from tests.tiers import count

KILLS = count(fast=20, full=500)
KILLS_A_DIRECTORY = 6
ROOT = Path(__file__).resolve().parents[2]


def trade_until_killed(directory: Path, name: str, lines: int) -> tuple[set[str], dict[str, int]]:
    """Run the writer, kill it after so many lines; return what was sent and what was answered."""
    command = [sys.executable, "-m", "tests.crash.writer_process", str(directory), name]
    sent: set[str] = set()
    done: dict[str, int] = {}
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for number, line in enumerate(process.stdout):
            if not line.endswith("\n"):
                break
            word, order_name, *sequence = line.split()
            if word == "sent":
                sent.add(order_name)
            else:
                done[order_name] = int(sequence[0])
            if number == lines:
                process.kill()
        assert process.stderr is not None
        said = process.stderr.read()
    assert process.returncode == -9, said
    return sent, done


async def check(directory: Path, sent: set[str], done: dict[str, int]) -> None:
    """Replay the journal in full and compare it with the restart from a snapshot."""
    exchange = make_exchange(directory)
    async with exchange:
        recovered = exchange.view.sequence
        state_hash = exchange.view.state_hash()
        replay = Replay(Engine(book=SortedBook, risk=StandardRisk(UNLIMITED)))
        found: dict[str, int] = {}
        async for position, raw in exchange._journal.read(0):
            for command in decode_frame(raw).commands:
                if isinstance(command, PlaceOrder):
                    assert command.client_order_id not in found, "an order is doubled"
                    assert command.client_order_id is not None
                    found[command.client_order_id] = command.sequence
            replay.feed(position, raw)
            if replay.engine.sequence == recovered:
                assert replay.engine.state_hash() == state_hash
    assert replay.engine.sequence >= recovered
    missing = {name for name, sequence in done.items() if found.get(name) != sequence}
    assert not missing, f"acknowledged and lost: {sorted(missing)[:5]}"
    assert found.keys() <= sent, "an order that nobody sent"


def test_kill_loses_and_doubles_nothing(tmp_path: Path, rng: random.Random, seed: int) -> None:
    for kill in range(KILLS):
        directory = tmp_path / str(kill // KILLS_A_DIRECTORY)
        if kill % KILLS_A_DIRECTORY == 0:
            all_sent: set[str] = set()
            all_done: dict[str, int] = {}
        lines = rng.choice((rng.randrange(1, 60), rng.randrange(60, 3_000)))
        sent, done = trade_until_killed(directory, f"{seed}:run{kill}", lines)
        all_sent |= sent
        all_done |= done
        asyncio.run(check(directory, all_sent, all_done))
