"""A killed exchange loses nothing that it acknowledged and doubles nothing (A4).

A real process trades under load until SIGKILL ends it, again and again on the same directory: at
a seeded moment, or before, in the middle of, or after a write, a sync, a rename or another
operation of its disk. After each kill the journal is replayed twice, from a snapshot and in full.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from hybrid_dex.defaults.sorted_book import SortedBook
from hybrid_dex.defaults.standard_risk import StandardRisk
from hybrid_dex.engine.engine import Engine
from hybrid_dex.exchange.replay import Replay
from hybrid_dex.model.commands import PlaceOrder
from hybrid_dex.model.frame import decode_frame
from tests.crash.killing_files import MOMENTS, OPERATIONS
from tests.crash.writer_process import UNLIMITED, make_exchange, trade
from tests.tiers import count

KILLS = count(fast=40, full=500)
pytestmark = pytest.mark.timeout(10 * KILLS + 300)
KILLS_A_DIRECTORY = 6
COMMON = {"write": 400, "sync": 200}
"""How many of these a run does; of the others it is a few, for segments and snapshots."""
DEADLY_LINES = 2_500
"""After so many lines one that was to kill itself is killed all the same."""
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([trade.__module__])


def choose_kill(rng: random.Random, kill: int) -> tuple[int, tuple[str, int, str] | None]:
    """Return after how many lines to kill, and at which operation the writer kills itself."""
    if kill % 2:
        return rng.choice((rng.randrange(1, 60), rng.randrange(60, 2_000))), None
    operation = OPERATIONS[kill // 2 % len(OPERATIONS)]
    moment = rng.choice([one for one in MOMENTS if one != "amid" or operation == "write"])
    number = 1 + rng.randrange(rng.choice((6, COMMON.get(operation, 6))))
    return DEADLY_LINES, (operation, number, moment)


def trade_until_killed(
    directory: Path, name: str, lines: int, deadly: tuple[str, int, str] | None
) -> tuple[set[str], dict[str, int], bool]:
    """Run the writer, kill it after so many lines.

    Returns what was sent, what was answered, and whether it killed itself.
    """
    sent: set[str] = set()
    done: dict[str, int] = {}
    receiving, sending = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=trade, args=(directory, name, deadly, sending))
    process.start()
    sending.close()
    killed = False
    with receiving, open(receiving.fileno(), closefd=False) as said:
        for number, line in enumerate(said):
            if not line.endswith("\n"):
                break
            word, order_name, *sequence = line.split()
            if word == "sent":
                sent.add(order_name)
            else:
                done[order_name] = int(sequence[0])
            if number == lines:
                killed = True
                process.kill()
    process.join()
    assert process.exitcode == -9
    process.close()
    return sent, done, not killed


async def check(directory: Path, sent: set[str], done: dict[str, int]) -> float:
    """Replay the journal in full and compare it with the restart from a snapshot.

    Returns how long the restart took, seconds.
    """
    exchange = make_exchange(directory)
    begin = time.perf_counter()
    async with exchange:
        took = time.perf_counter() - begin
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
    return took


def test_kill_loses_and_doubles_nothing(
    tmp_path: Path, rng: random.Random, seed: int, figure: Callable[[str], None]
) -> None:
    at: Counter[str] = Counter()
    acknowledged, slowest = 0, 0.0
    for kill in range(KILLS):
        directory = tmp_path / str(kill // KILLS_A_DIRECTORY)
        if kill % KILLS_A_DIRECTORY == 0:
            all_sent: set[str] = set()
            all_done: dict[str, int] = {}
        lines, deadly = choose_kill(rng, kill)
        sent, done, itself = trade_until_killed(directory, f"{seed}:run{kill}", lines, deadly)
        at[deadly[0] if deadly and itself else "any moment"] += 1
        acknowledged += len(done)
        all_sent |= sent
        all_done |= done
        slowest = max(slowest, asyncio.run(check(directory, all_sent, all_done)))
    places = ", ".join(f"{number} at {place}" for place, number in sorted(at.items()))
    figure(
        f"{KILLS} kills ({places}): of {acknowledged} acknowledged orders 0 lost, 0 doubled, "
        f"0 that nobody sent; the slowest restart took {slowest:.1f} s"
    )
