"""Whenever a signal comes, and whatever the exchange does then, the market maker ends."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import attrs
import pytest

from hybrid_dex.model.units import MarketId
from reference_app.tests.market_maker.test_on_the_app import MAKER, fund
from reference_app.tests.stack import Stack

COMMAND = str(Path(sys.executable).with_name("hybrid-dex"))
KEY = "0x" + "03" * 32
END_S = 10


@attrs.define
class Line:
    """What stands between a program and an exchange: passes everything on until it is mute."""

    port: int = 0
    begun: asyncio.Event = attrs.field(factory=asyncio.Event)
    mute: bool = False

    async def take(self, to: int, reader: asyncio.StreamReader, writer: object) -> None:
        """Pass on one connection."""
        assert isinstance(writer, asyncio.StreamWriter)
        self.begun.set()
        behind, before = await asyncio.open_connection("127.0.0.1", to)
        await asyncio.gather(self._pass(reader, before), self._pass(behind, writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while found := await reader.read(65_536):
            if not self.mute:
                writer.write(found)
        writer.close()


@asynccontextmanager
async def line_to(stack: Stack) -> AsyncIterator[Line]:
    """A line to the app."""
    line, to = Line(), int(stack.url.rpartition(":")[2])
    server = await asyncio.start_server(
        lambda reader, writer: line.take(to, reader, writer), "127.0.0.1", 0
    )
    line.port = server.sockets[0].getsockname()[1]
    try:
        yield line
    finally:
        server.close()


@asynccontextmanager
async def begun(tmp_path: Path, line: Line) -> AsyncIterator[asyncio.subprocess.Process]:
    """A market maker that is gone afterwards in any case."""
    file = tmp_path / "key"
    file.write_text(KEY)
    process = await asyncio.create_subprocess_exec(
        COMMAND, "market-maker", "--key-file", str(file), "--reference-price", "2500",
        "--url", f"http://127.0.0.1:{line.port}", "--interval-s", "0.2",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_ends_while_it_waits_for_the_exchange_to_begin(
    stack: Stack, tmp_path: Path, number: signal.Signals
) -> None:
    async with line_to(stack) as line:
        line.mute = True
        async with begun(tmp_path, line) as process:
            await line.begun.wait()
            process.send_signal(number)
            async with asyncio.timeout(END_S):
                said, _ = await process.communicate()
    assert process.returncode == (130 if number == signal.SIGINT else -number)
    assert b"Traceback" not in said


async def test_a_second_signal_ends_it_where_the_exchange_does_not_answer(
    stack: Stack, tmp_path: Path
) -> None:
    await fund(stack, MAKER)
    view = stack.services.exchange.view
    async with line_to(stack) as line, begun(tmp_path, line) as process:
        while not view.orders_in(MarketId("ETH-USDC")):
            await asyncio.sleep(0.05)
        line.mute = True
        ending = asyncio.create_task(process.communicate())
        process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.5)
        assert process.returncode is None
        async with asyncio.timeout(END_S):
            while not ending.done():  # two at once may be one
                with suppress(ProcessLookupError):
                    process.send_signal(signal.SIGTERM)
                await asyncio.sleep(0.2)
            said, _ = await ending
    assert process.returncode == 130
    assert b"the exchange pulls the quotes" in said
