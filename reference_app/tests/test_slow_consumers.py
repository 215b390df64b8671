"""C9: readers that stop reading cost little memory, hold up nobody, and are told so by a close code.

A stalled reader of books gets one snapshot in place of all deltas that waited, and is ended only for
leaving a ping unanswered; one of what must arrive is closed. Between the two, a network buffer of the
server and a few messages wait. The server is a process of its own, so that its memory can be measured: what it grows by
while they stall, less what a second one grows by that serves the same events without them. A healthy
reader beside the stalled ones hears every trade meanwhile, and how soon is told as a figure.
"""

import asyncio
import re
import socket
import struct
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import httpx
import msgspec
import pytest
from websockets.asyncio.client import ClientConnection, connect

from reference_app.server import PING_S
from reference_app.tests.processes import BUYER, SELLER, Serving, serving
from reference_app.tests.test_socket_protocol import HANDSHAKE, TEXT, frame, read_frame
from tests.tiers import count

STALLED = count(fast=40, full=200)
EVENTS = count(fast=8_000, full=60_000)
MAX_EVENTS_A_SECOND = 2_000
MAX_GROWTH_BYTES = 64 * 1024 * 1024
ENDS = {"closed 4008", "cut"}
"""The code is there for who reads on within some seconds; then the connection itself is gone."""
CLOSE = 8
BOOK = {"channel": "book", "market": "ETH-USDC"}
METRICS_TOKEN = "m" * 32
METRICS = f'[hybrid-dex.admin]\nmetrics_token = "{METRICS_TOKEN}"'
TRADES = {"channel": "trades", "market": "ETH-USDC"}


@asynccontextmanager
async def listening(house: Serving, *channels: dict[str, str]) -> AsyncIterator[ClientConnection]:
    async with connect(f"ws://127.0.0.1:{house.port}/ws", compression=None) as opened:
        await opened.send(
            msgspec.json.encode({"op": "subscribe", "id": 1, "channels": channels}).decode()
        )
        yield opened


@asynccontextmanager
async def trading(house: Serving, key: Any) -> AsyncIterator[ClientConnection]:
    """A socket that has logged in."""
    token = await house.token(key)
    async with connect(f"ws://127.0.0.1:{house.port}/ws", compression=None) as opened:
        await opened.send(msgspec.json.encode({"op": "login", "id": 1, "token": token}).decode())
        assert b"error" not in str(await opened.recv()).encode()
        yield opened


@attrs.define
class Stalled:
    """A client that subscribes and does not read."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def begin(cls, house: Serving, *channels: dict[str, str]) -> "Stalled":
        plain = socket.socket()
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        plain.setblocking(False)
        await asyncio.get_running_loop().sock_connect(plain, ("127.0.0.1", house.port))
        reader, writer = await asyncio.open_connection(sock=plain, limit=1_024)
        writer.write(HANDSHAKE)
        await reader.readuntil(b"\r\n\r\n")
        text = msgspec.json.encode({"op": "subscribe", "id": 1, "channels": channels})
        writer.write(frame(TEXT, text))
        return cls(reader, writer)

    async def rest(self) -> tuple[list[dict[str, Any]], str]:
        """Read what is there, up to a pong of ours or the end; return it, and what it ended with."""
        self.writer.write(frame(TEXT, b'{"op":"ping","id":"end"}'))
        heard = []
        try:
            while True:
                opcode, payload = await read_frame(self.reader)
                if opcode == CLOSE:
                    return heard, f"closed {struct.unpack('>H', payload[:2])[0]}"
                if opcode == TEXT:
                    message = msgspec.json.decode(payload)
                    if message.get("id") == "end":
                        return heard, "pong"
                    heard.append(message)
        except (asyncio.IncompleteReadError, ConnectionError):
            return heard, "cut"


@attrs.define
class Traffic:
    """Orders of two traders, so that each pair changes the book twice and trades once."""

    seller: ClientConnection
    buyer: ClientConnection
    healthy: ClientConnection
    sent: dict[str, float] = attrs.field(factory=dict)
    waits_s: list[float] = attrs.field(factory=list)

    async def stock(self) -> None:
        """Rest what every buy finds, whichever of the two sockets is read first."""
        order = {"market": "ETH-USDC", "side": "sell", "quantity": "100", "price": "2500"}
        await self.seller.send(
            msgspec.json.encode({"op": "place", "id": "stock", "order": order}).decode()
        )
        while not any(level for level in (await self.told("book"))["asks"]):
            pass

    async def told(self, kind: str) -> dict[str, Any]:
        """The next message of a type that the healthy reader hears."""
        while True:
            message: dict[str, Any] = msgspec.json.decode(await self.healthy.recv())
            if message["type"] == kind:
                return message

    async def run(self, events: int) -> list[float]:
        """Cause changes, a few at a time; return how long each took to reach the healthy reader."""
        self.waits_s = []
        begun, pair = time.monotonic(), 2
        for number in range(0, events, 2 * pair):
            for each in range(pair):
                for trader, side, force in (
                    (self.seller, "sell", "gtc"),
                    (self.buyer, "buy", "ioc"),
                ):
                    order = {
                        "market": "ETH-USDC", "side": side, "quantity": "0.0001",
                        "price": "2500", "time_in_force": force,
                    }  # fmt: skip
                    message = {"op": "place", "id": number + each, "order": order}
                    await trader.send(msgspec.json.encode(message).decode())
            at = time.perf_counter()
            await self.heard(at, pair)
            ahead = (number + 2 * pair) / MAX_EVENTS_A_SECOND - (time.monotonic() - begun)
            await asyncio.sleep(max(0.0, ahead))
        return sorted(self.waits_s)

    async def heard(self, at: float, trades: int) -> None:
        """Wait until the healthy reader has heard all trades of a turn; each has its wait."""
        for _ in range(trades):
            await self.told("trade")
            self.waits_s.append(time.perf_counter() - at)


async def conflated(house: Serving) -> int:
    """How many readers had a book's deltas replaced by a snapshot."""
    async with httpx.AsyncClient(timeout=60) as http:
        reply = await http.get(
            f"{house.url}/metrics", headers={"authorization": f"Bearer {METRICS_TOKEN}"}
        )
    found = re.search(r"^hybrid_dex_books_conflated_total (\S+)$", reply.text, re.MULTILINE)
    assert found is not None, reply.text
    return int(float(found[1]))


def p99(waits_s: list[float]) -> float:
    return waits_s[len(waits_s) * 99 // 100] * 1_000


async def drained(connection: ClientConnection) -> None:
    async for _ in connection:
        pass


@asynccontextmanager
async def busy(path: Path) -> AsyncIterator[tuple[Serving, Traffic]]:
    """A server of its own with two traders and a healthy reader, warm."""
    async with (
        serving(path, auth=METRICS) as house,
        trading(house, SELLER) as seller,
        trading(house, BUYER) as buyer,
        listening(house, BOOK, TRADES) as healthy,
    ):
        draining = [asyncio.create_task(drained(one)) for one in (seller, buyer)]
        traffic = Traffic(seller, buyer, healthy)
        await traffic.stock()
        await traffic.run(EVENTS // 8)
        yield house, traffic
        for task in draining:
            task.cancel()


@pytest.mark.slow
@pytest.mark.timeout(1_800)
async def test_stalled_readers_cost_little_and_are_conflated_and_closed(
    tmp_path: Path, figure: Callable[[str], None]
) -> None:
    alone_path, beside_path = tmp_path / "alone", tmp_path / "beside"
    alone_path.mkdir()
    beside_path.mkdir()
    async with busy(alone_path) as (house, traffic):
        memory = house.memory()
        before = await traffic.run(EVENTS)
        alone = house.memory() - memory
    async with busy(beside_path) as (house, traffic):
        memory = house.memory()
        of_books = [await Stalled.begin(house, BOOK) for _ in range(STALLED * 3 // 4)]
        of_trades = [await Stalled.begin(house, BOOK, TRADES) for _ in range(STALLED // 4)]
        begun = time.monotonic()
        during = await traffic.run(EVENTS)
        took_s = time.monotonic() - begun
        # The busier the machine, the more a delta tells at once: all of them may still fit into the
        # system's buffers.
        while await conflated(house) < STALLED and time.monotonic() - begun < 3 * PING_S:
            await traffic.run(EVENTS // 8)
        stalled_s = time.monotonic() - begun
        grown = house.memory() - memory - alone
        assert grown < MAX_GROWTH_BYTES
        unanswered = 0
        for one in of_books:
            heard, end = await one.rest()
            if end != "pong":
                assert stalled_s > PING_S, "a reader of books is ended by nothing but the ping"
                unanswered += 1
                continue
            kinds = [message["kind"] for message in heard if message["type"] == "book"]
            assert kinds[0] == "snapshot"
            assert kinds.count("snapshot") == 2, "all deltas that waited became one snapshot"
            assert_gapless(heard)
        for one in of_trades:
            _, end = await one.rest()
            assert end in ENDS, "trades are never dropped"
        for one in (*of_books, *of_trades):
            one.writer.transport.abort()
        assert await traffic.run(EVENTS // 20)
    figure(
        f"{STALLED} stalled readers, {EVENTS / took_s:.0f} events/s: memory + "
        f"{grown / 2**20:.1f} MB beside the {alone / 2**20:.1f} MB of the events; a healthy reader's "
        f"p99 {p99(before):.1f} ms without them, {p99(during):.1f} ms beside them, "
        f"ratio {p99(during) / p99(before):.2f}; {unanswered} ended for a ping of {PING_S} s"
    )


def assert_gapless(heard: list[dict[str, Any]]) -> None:
    """What was conflated leaves no gap: a snapshot, or a delta that follows what came before."""
    sequence = -1
    for message in heard:
        if message["type"] != "book":
            continue
        if message["kind"] == "delta" and message["sequence"] > sequence:
            assert message["previous"] <= sequence
        sequence = max(sequence, message["sequence"])
