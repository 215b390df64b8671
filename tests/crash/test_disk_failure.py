"""Without a durable record nothing is acknowledged: a full, dying or slow disk (A9)."""

from __future__ import annotations

import asyncio
import errno
import threading
from pathlib import Path

import pytest

from hybrid_dex.defaults.file_journal import FileJournal, FileJournalOptions
from hybrid_dex.errors import UnavailableError
from hybrid_dex.exchange import Exchange
from hybrid_dex.model.order import Side
from hybrid_dex.model.units import Amount, ClientOrderId
from tests.crash.simulated_disk import SimulatedDisk
from tests.exchange_fixtures import ALICE, BOB, ETH, MARKET, RICH, USDC, order

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
        with pytest.raises(UnavailableError):
            await exchange.place(order(BOB, Side.SELL, name="lost"))
        work(disk)
        with pytest.raises(UnavailableError, match="repair the disk and restart"):
            await exchange.place(order(BOB, Side.SELL, name="refused"))
        assert not exchange.health().ready
        assert exchange.view.state_hash() == before  # reads go on
    async with exchange_on(disk) as exchange:
        assert exchange.view.balance(BOB, ETH).available <= RICH
        assert exchange.view.order_by_client_id(BOB, _name("refused")) is None
        retried = await exchange.place(order(BOB, Side.SELL, name="lost"))
        assert exchange.view.open_order_count(BOB) == 1, retried


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
