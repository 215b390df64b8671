"""What the tests share: a Redis server of their own that may be killed and started again."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import attrs
import pytest
from hybrid_dex_redis import RedisBus

import hybrid_dex as dex

MARKET = dex.Market.spot("ETH-USDC", base_decimals=18, quote_decimals=6, tick="0.01", lot="0.0001")
ALICE, ETH = dex.AccountId("alice"), dex.AssetId("ETH")


@attrs.define
class Server:
    """A redis-server on a free port of this machine, in a folder of its own."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    async def start(self, *more: str) -> None:
        program = shutil.which("redis-server")
        assert program, "redis-server is needed: apt-get install redis-server"
        settings = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)]
        self.process = subprocess.Popen(  # noqa: ASYNC220 # it returns at once
            [program, *settings, "--save", "", "--appendonly", "no", *more],
            stdout=subprocess.DEVNULL,
        )
        while not await self.answers():
            assert self.process.poll() is None, "redis-server ended"
            await asyncio.sleep(0.02)

    async def answers(self) -> bool:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.write(b"PING\r\n")
            answer = await reader.readline()
            writer.close()
        except OSError:
            return False
        return answer == b"+PONG\r\n"

    async def command(self, *words: str) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write((" ".join(words) + "\r\n").encode())
        await reader.readline()
        writer.close()

    def kill(self) -> None:
        """As a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    started = Server(tmp_path, free_port())
    await started.start()
    yield started
    started.kill()


@pytest.fixture
async def bus(server: Server) -> AsyncIterator[RedisBus]:
    async with RedisBus(server.address, "test") as opened:
        yield opened


@pytest.fixture
async def exchange() -> AsyncIterator[dex.Exchange]:
    async with dex.Exchange([MARKET]) as opened:
        yield opened


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what will come; the test's own limit ends what does not."""
    while not condition():
        await asyncio.sleep(0.01)


@attrs.define
class Reader:
    """Follows a source, as a gateway does, and holds every record against the one before."""

    source: dex.RecordSource
    replica: dex.Replica = attrs.field(
        factory=lambda: dex.Replica(
            dex.EngineRecipe(book=dex.SortedBook, risk=dex.StandardRisk(), requires_signature=False)
        )
    )
    positions: list[int] = attrs.field(factory=list)

    async def read(self) -> None:
        self.replica.begin(await self.source.checkpoint())
        async for position, raw in self.source.records(0):
            self.positions.append(position)
            self.replica.feed(position, raw)

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator[Reader]:
        task = asyncio.create_task(self.read())
        yield self
        assert not task.done() or task.exception() is None, task.exception()
        while not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=1)

    @property
    def has_no_gap(self) -> bool:
        return self.positions == list(range(1, len(self.positions) + 1))


async def deposit(exchange: dex.Exchange, times: int) -> None:
    for _ in range(times):
        await exchange.deposit(ALICE, ETH, dex.Amount(1))
