"""Without a durable record nothing is acknowledged: a full, dying or slow disk (A9).

The full disk is a real one of two megabytes where the machine lets this process mount one, in a
namespace of its own; elsewhere it is simulated, and the figure says so.
"""

from __future__ import annotations

import asyncio
import errno
import json
import random
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from hybrid_dex.defaults.file_journal import FileJournal, FileJournalOptions
from hybrid_dex.errors import InDoubtError, UnavailableError
from hybrid_dex.exchange import Exchange
from hybrid_dex.model.order import Side
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import Amount, ClientOrderId
from reference_app.problems import problem_of
from tests.crash.simulated_disk import SimulatedDisk
from tests.exchange_fixtures import ALICE, BOB, ETH, MARKET, RICH, USDC, order
from tests.tiers import count

OPTIONS = FileJournalOptions(segment_bytes=4096, max_frame_bytes=2048)


def exchange_on(disk: SimulatedDisk) -> Exchange:
    return Exchange([MARKET], journal=FileJournal(Path("/journal"), options=OPTIONS, files=disk))


def fail_on(disk: SimulatedDisk, operation: str, number: int) -> None:
    def fail(name: str, path: Path) -> None:
        if name == operation:
            raise OSError(number, "the disk says no")

    disk.before = fail


def work(disk: SimulatedDisk) -> None:
    disk.before = lambda name, path: None


@pytest.mark.parametrize("operation", ["write", "sync"])
@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
async def test_a_failed_write_stops_writing_and_a_restart_recovers(
    operation: str, number: int
) -> None:
    disk = SimulatedDisk()
    async with exchange_on(disk) as exchange:
        await exchange.deposit(BOB, ETH, RICH)
        before = exchange.view.state_hash()
        fail_on(disk, operation, number)
        with pytest.raises(InDoubtError) as lost:
            await exchange.place(order(BOB, Side.SELL, name="lost"))
        told = problem_of(lost.value)
        assert (told.status, told.code) == (503, RejectReason.UNKNOWN_OUTCOME.value)
        work(disk)
        with pytest.raises(UnavailableError, match="repair the disk and restart") as refused:
            await exchange.place(order(BOB, Side.SELL, name="refused"))
        told = problem_of(refused.value)
        assert (told.status, told.code) == (503, RejectReason.UNAVAILABLE.value)
        assert not exchange.health().ready
        assert exchange.view.state_hash() == before  # reads go on
    async with exchange_on(disk) as exchange:
        assert exchange.view.balance(BOB, ETH).available <= RICH
        assert exchange.view.order_by_client_id(BOB, _name("refused")) is None
        retried = await exchange.place(order(BOB, Side.SELL, name="lost"))
        assert exchange.view.open_order_count(BOB) == 1, retried


async def test_what_only_waited_when_the_disk_failed_is_not_in_doubt() -> None:
    """Of two frames in flight the first was being written; of the second nothing was."""
    disk = SimulatedDisk()
    async with exchange_on(disk) as exchange:
        await exchange.deposit(BOB, ETH, RICH)
        entered, leave = threading.Event(), threading.Event()

        def fail(name: str, path: Path) -> None:
            if name == "sync":
                entered.set()
                assert leave.wait(60)
                raise OSError(errno.EIO, "the disk says no")

        disk.before = fail
        written = asyncio.ensure_future(exchange.place(order(BOB, Side.SELL, name="written")))
        assert await asyncio.to_thread(entered.wait, 60)
        waited = asyncio.ensure_future(exchange.place(order(BOB, Side.SELL, name="waited")))
        await asyncio.sleep(0.01)
        leave.set()
        outcomes = await asyncio.gather(written, waited, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [InDoubtError, UnavailableError]
        work(disk)


def _name(text: str) -> ClientOrderId:
    return ClientOrderId(text)


async def _deposit(exchange: Exchange) -> str:
    """Return an empty string, or why it was refused."""
    try:
        await exchange.deposit(ALICE, USDC, Amount(1))
    except UnavailableError as error:
        return str(error)
    return ""


async def test_a_full_disk_refuses_and_goes_on_once_there_is_room() -> None:
    """No restart is needed: the room is looked for before anything is written."""
    disk = SimulatedDisk()
    async with exchange_on(disk) as exchange:
        fail_on(disk, "create", errno.ENOSPC)
        outcomes = [await _deposit(exchange) for _ in range(200)]
        acknowledged = outcomes.count("")
        assert 0 < acknowledged < 200
        assert outcomes == [""] * acknowledged + [outcomes[-1]] * (200 - acknowledged)
        assert "the disk says no" in outcomes[-1]
        assert exchange.view.balance(ALICE, USDC).available == acknowledged
        assert not exchange.health().ready
        work(disk)
        for _ in range(50):
            await exchange.deposit(ALICE, USDC, Amount(1))
        assert exchange.health().ready
    async with exchange_on(disk) as exchange:
        assert exchange.view.balance(ALICE, USDC).available == acknowledged + 50


async def test_a_slow_sync_delays_answers_and_reads_go_on() -> None:
    disk = SimulatedDisk()
    async with exchange_on(disk) as exchange:
        entered, leave = threading.Event(), threading.Event()

        def wait(name: str, path: Path) -> None:
            if name == "sync":
                entered.set()
                assert leave.wait(60)

        disk.before = wait
        answer = asyncio.ensure_future(exchange.deposit(ALICE, USDC, Amount(1)))
        assert await asyncio.to_thread(entered.wait, 60)
        assert not answer.done()
        assert exchange.view.balance(ALICE, USDC).available == 0
        assert exchange.health().waiting == 1
        leave.set()
        await answer
        assert exchange.view.balance(ALICE, USDC).available == 1


ROOT = Path(__file__).resolve().parents[2]
FAILURES = count(fast=12, full=200)
SLOW_SYNC_S = count(fast=1, full=5)


def _mounts() -> bool:
    """Whether this process may mount a tmpfs in a namespace of its own."""
    if shutil.which("unshare") is None:
        return False
    probe = ["unshare", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


def test_a_real_full_disk_loses_nothing_and_goes_on_once_there_is_room(
    tmp_path: Path, figure: Callable[[str], None]
) -> None:
    """Journal and snapshots share it; what was acknowledged is there after a restart."""
    if not _mounts():
        figure("a full disk: simulated only, as this machine lets nobody mount one")
        return
    program = [sys.executable, "-m", "tests.crash.full_disk_process", str(tmp_path), "--mount"]
    answer = subprocess.run(
        ["unshare", "--map-root-user", "--mount", *program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    found = json.loads(answer.stdout)
    assert "No space left on device" in found["refusal"]
    assert not found["ready_when_full"]
    assert found["seen_when_full"] == found["filled"] > 0  # reads go on
    assert (found["ready_with_room"], found["late_refusal"]) == (True, "")
    assert found["kept"] == found["acknowledged"]
    figure(
        f"a full tmpfs: {found['acknowledged']} acknowledged, {found['filled']} of them before it "
        "was full; 0 without a durable record, refused while full, then taken again"
    )


async def test_any_one_failing_operation_costs_no_acknowledged_order(
    rng: random.Random, figure: Callable[[str], None]
) -> None:
    """EIO or a full disk at a seeded operation, then a restart on a disk that works."""
    acknowledged, stopped = 0, 0
    for _ in range(FAILURES):
        disk = SimulatedDisk()
        left = rng.randrange(1, 40)
        number = rng.choice((errno.EIO, errno.ENOSPC))
        kind = rng.choice(("write", "sync", "create", "rename", "sync_directory"))
        done: list[int] = []
        async with exchange_on(disk) as exchange:

            def fail_once(name: str, path: Path, kind: str = kind, number: int = number) -> None:
                nonlocal left
                left -= name == kind
                if left == 0 and name == kind:
                    raise OSError(number, "the disk says no")

            disk.before = fail_once
            for _ in range(60):
                if not await _deposit(exchange):
                    done.append(1)
            stopped += not exchange.health().ready
            assert exchange.view.balance(ALICE, USDC).available == len(done)
            work(disk)
        async with exchange_on(disk) as exchange:
            kept = exchange.view.balance(ALICE, USDC).available
            assert len(done) <= kept <= 60
            assert not await _deposit(exchange)
        acknowledged += len(done)
    figure(
        f"{FAILURES} disks that failed once: of {acknowledged} acknowledged commands 0 without a "
        f"durable record; {stopped} writers stopped until the restart"
    )


async def test_a_sync_of_seconds_acknowledges_nothing_before_it_returns(
    figure: Callable[[str], None],
) -> None:
    """The event loop goes on: reads are answered while the disk takes its time."""
    disk = SimulatedDisk()
    async with exchange_on(disk) as exchange:
        slow = threading.Event()

        def wait(name: str, path: Path) -> None:
            if name == "sync":
                slow.wait(SLOW_SYNC_S)

        disk.before = wait
        answers = [asyncio.ensure_future(_deposit(exchange)) for _ in range(50)]
        reads = 0
        while not all(answer.done() for answer in answers):
            acknowledged = sum(answer.done() for answer in answers)
            assert exchange.view.balance(ALICE, USDC).available >= acknowledged
            reads += 1
            await asyncio.sleep(0.05)
        assert await asyncio.gather(*answers) == [""] * 50
        assert reads > 5 * SLOW_SYNC_S
        slow.set()
        work(disk)
    figure(f"a sync of {SLOW_SYNC_S} s: 50 commands acknowledged after it, {reads} reads meanwhile")
