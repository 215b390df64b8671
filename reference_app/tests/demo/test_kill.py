"""Killed with signal 9, the exchange loses no acknowledged order and doubles none.

What it recovers is the state of a full replay of its journal.
"""

import asyncio
import os
import random
import signal
from collections import Counter
from pathlib import Path

import pytest

from hybrid_dex import (
    Engine,
    FileJournal,
    FileSnapshots,
    OrderAccepted,
    SortedBook,
    StandardRisk,
    UnknownOutcomeError,
)
from hybrid_dex.client import LanesExhaustedError, UnreachableError
from hybrid_dex.errors import RefusedError
from hybrid_dex.model.frame import decode_frame
from reference_app.demo.options import DemoOptions
from reference_app.demo.supervisor import Demo, running_demo, until_ready
from reference_app.tests.demo.test_once import free_ports
from tests.tiers import count

KILLS = count(fast=4, full=100)


class Customer:
    """Sends orders one after another and writes down what was acknowledged."""

    def __init__(self, demo: Demo, number: int, rng: random.Random) -> None:
        self.client = demo.traders[number].client
        self.market = demo.market
        self.rng = rng
        self.number = number
        self.sent = 0
        self.acknowledged: dict[str, str] = {}

    async def trade(self) -> None:
        """Place orders around one price until canceled."""
        while True:
            self.sent += 1
            client_order_id = f"c{self.number}-{self.sent}"
            ticks = 250_000 + self.rng.randint(-5, 5)
            try:
                answer = await self.client.place(
                    self.market.id,
                    self.rng.choice(("buy", "sell")),
                    self.market.format_quantity(self.rng.randint(100, 300)),
                    self.market.format_price(ticks),
                    client_order_id=client_order_id,
                )
            except (UnreachableError, UnknownOutcomeError, LanesExhaustedError, RefusedError):
                await asyncio.sleep(0.05)
                continue
            self.acknowledged[client_order_id] = answer.order.order_id
            if answer.order.status in {"new", "partially_filled"} and self.rng.random() < 0.7:
                await self.cancel(answer.order.order_id)

    async def cancel(self, order_id: str) -> None:
        try:
            await self.client.cancel(order_id)
        except (UnreachableError, UnknownOutcomeError, RefusedError):
            await asyncio.sleep(0.05)


@pytest.mark.timeout(900)
async def test_kill_at_random_moments(tmp_path: Path, rng: random.Random) -> None:
    (port,) = free_ports(1)
    options = DemoOptions(chain=False, port=port, data=tmp_path, takers=2)
    async with running_demo(options) as demo:
        customers = [
            Customer(demo, number, random.Random(rng.random()))
            for number in range(len(demo.traders))
        ]
        trading = [asyncio.create_task(customer.trade()) for customer in customers]
        for _ in range(KILLS):
            before = sum(len(customer.acknowledged) for customer in customers)
            while sum(len(customer.acknowledged) for customer in customers) < before + 5:
                await asyncio.sleep(0.01)
            await asyncio.sleep(rng.uniform(0, 0.4))
            assert demo.exchange.pid is not None
            os.kill(demo.exchange.pid, signal.SIGKILL)
            await demo.exchange.wait()
            await demo.exchange.start()
            await until_ready(options.url, demo.exchange)
        for task in trading:
            task.cancel()
        await asyncio.gather(*trading, return_exceptions=True)
        for customer in customers:
            for client_order_id, order_id in customer.acknowledged.items():
                order = await customer.client.order_by_client_id(client_order_id)
                assert order.order_id == order_id

    accepted, replayed, engine = await replay(tmp_path / "exchange" / "journal")
    for customer in customers:
        for client_order_id, order_id in customer.acknowledged.items():
            assert accepted[client_order_id] == 1, client_order_id
            assert int(order_id) in replayed
    assert max(accepted.values()) == 1
    snapshot = await FileSnapshots(tmp_path / "exchange" / "snapshots").latest()
    assert snapshot is not None
    assert snapshot.sequence == engine.sequence, "a clean end leaves a snapshot of everything"
    assert snapshot.state_hash == engine.state_hash()


async def replay(folder: Path) -> tuple[Counter[str], set[int], Engine]:
    """Apply the whole journal to a fresh engine; count accepted orders by client order id."""
    engine = Engine(book=SortedBook, risk=StandardRisk())
    accepted, ids = Counter[str](), set[int]()
    journal = FileJournal(folder)
    await journal.open()
    try:
        async for _, raw in journal.read(0):
            for command in decode_frame(raw).commands:
                for event in engine.apply(command):
                    if isinstance(event, OrderAccepted) and event.order_id not in ids:
                        ids.add(event.order_id)
                        accepted[str(event.client_order_id)] += 1
    finally:
        await journal.close()
    return accepted, ids, engine
