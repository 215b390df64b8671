"""The clients of `gateway`: connections that cost little, so that the exchange is what is measured.

Answers come in the order of requests on each connection, and are told apart without being parsed.
"""

import asyncio
import json
import multiprocessing
import os
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.sharedctypes import Synchronized
from typing import Any, Final, cast

import attrs
import uvloop

from benchmarks.gateway_exchange import MARKET
from benchmarks.gateway_orders import client_frame

_SOON_S: Final = 0.0005


class Line(asyncio.Protocol):
    """A connection whose answers are counted; `room` is how many requests may be under way."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.sent: deque[float] = deque()
        self.waits: list[float] = []
        self.answers: deque[bytes] = deque()
        self.refused = 0
        self.told = asyncio.Event()
        self.opened_by: asyncio.StreamWriter | None = None
        self._buffer = bytearray()
        self.transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = cast("asyncio.WriteTransport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Count what was under way as refused."""
        self.refused += len(self.sent)
        self.answers.append(b"the connection was lost")
        self.sent.clear()
        self.told.set()

    def send(self, message: bytes, due: float) -> None:
        """Send a request that was due at a time."""
        self.sent.append(due)
        self.transport.write(message)

    def data_received(self, data: bytes) -> None:
        """Take answers."""
        self._buffer += data
        now = time.perf_counter()
        while (answer := self.take(self._buffer)) is not None:
            self.waits.append(now - self.sent.popleft())
            self.refused += not self.good(answer)
            self.answers.append(answer)
        self.told.set()

    def take(self, buffer: bytearray) -> bytes | None:
        """Return the next answer, taken out of the buffer."""
        raise NotImplementedError

    def good(self, answer: bytes) -> bool:
        """Return whether it is no refusal."""
        raise NotImplementedError


class RestLine(Line):
    """HTTP/1.1, one request at a time."""

    def take(self, buffer: bytearray) -> bytes | None:
        """Return the next answer, taken out of the buffer."""
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        start = buffer.find(b"content-length: ", 0, end) + len(b"content-length: ")
        whole = end + 4 + int(buffer[start : buffer.find(b"\r", start)])
        if len(buffer) < whole:
            return None
        answer = bytes(buffer[:whole])
        del buffer[:whole]
        return answer

    def good(self, answer: bytes) -> bool:
        """Return whether it is no refusal."""
        return answer.startswith((b"HTTP/1.1 200", b"HTTP/1.1 201")) and b'"problem"' not in answer


class SocketLine(Line):
    """A WebSocket; `upgrade` first."""

    def take(self, buffer: bytearray) -> bytes | None:
        """Return the next answer, taken out of the buffer."""
        found = frame_end(buffer, 0)
        if found is None:
            return None
        start, end = found
        answer = bytes(buffer[start:end])
        del buffer[:end]
        return answer

    def good(self, answer: bytes) -> bool:
        """Return whether it is no refusal."""
        return answer.startswith(b'{"type":"ack"')


def frame_end(buffer: bytearray | bytes, at: int) -> tuple[int, int] | None:
    """Return where the payload of a server's frame begins and ends, once all of it is there."""
    if len(buffer) < at + 2:
        return None
    size, start = buffer[at + 1], at + 2
    if size >= 126:
        digits = 2 if size == 126 else 8
        if len(buffer) < start + digits:
            return None
        size, start = int.from_bytes(buffer[start : start + digits], "big"), start + digits
    return (start, start + size) if len(buffer) >= start + size else None


HANDSHAKE: Final = (
    b"GET /ws HTTP/1.1\r\nhost: localhost:8000\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
    b"sec-websocket-key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nsec-websocket-version: 13\r\n\r\n"
)


async def rest_lines(address: str, number: int) -> list[Line]:
    """Open connections for requests."""
    host, port = address.split(":")
    loop = asyncio.get_running_loop()
    return [
        (await loop.create_connection(lambda: RestLine(1), host, int(port)))[1]
        for _ in range(number)
    ]


async def socket_line(address: str, token: str, room: int) -> Line:
    """Open a socket and log in."""
    host, port = address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(HANDSHAKE)
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101"), head
    line = SocketLine(room)
    transport = writer.transport
    line.connection_made(transport)
    line.opened_by = writer  # which would close the connection at its own end
    transport.set_protocol(line)
    await ask(line, {"op": "login", "id": 0, "token": token})
    return line


async def ask(line: Line, message: dict[str, Any]) -> None:
    """Send one message and wait for its answer."""
    line.send(client_frame(json.dumps(message).encode()), time.perf_counter())
    while line.sent:
        line.told.clear()
        await line.told.wait()
    assert line.refused == 0, line.answers[-1]
    line.answers.clear()
    line.waits.clear()


@attrs.frozen(kw_only=True)
class Load:
    """What a run of requests came to."""

    requests: int
    seconds: float
    waits: list[float]

    def cut_ms(self, share: float) -> float:
        """Return the time within which so large a share was answered."""
        ranked = sorted(self.waits)
        return ranked[min(len(ranked) - 1, int(len(ranked) * share))] * 1e3


async def drive(queues: list[tuple[Line, deque[bytes]]], rate: float | None = None) -> Load:
    """Send what each connection has to send; return once all of it is answered.

    Without a rate each connection is kept as full as it may be. With one, requests are due at even
    distances, and each is waited for from when it was due: what a slow exchange delays counts.
    """
    begun = time.perf_counter()
    lines = [line for line, _ in queues]
    told = asyncio.Event()
    for line in lines:
        line.told = told
        line.waits.clear()
        line.answers.clear()
    total = sum(len(queue) for queue in {id(queue): queue for _, queue in queues}.values())
    turn = 0
    while any(queue for _, queue in queues) or any(line.sent for line in lines):
        now = time.perf_counter()
        if rate is None:
            for line, queue in queues:
                while queue and len(line.sent) < line.room:
                    line.send(queue.popleft(), now)
        else:
            while (
                turn < total
                and begun + turn / rate <= now
                and _send_due(queues, turn, begun + turn / rate)
            ):
                turn += 1
        if rate is not None:
            await asyncio.sleep(_SOON_S)
        elif any(line.sent for line in lines):
            await told.wait()
            told.clear()
    seconds = time.perf_counter() - begun
    refused = sum(line.refused for line in lines)
    if refused:
        raise SystemExit(f"{refused} requests were refused: {lines[0].answers[-1][-300:]!r}")
    waits = [wait for line in lines for wait in line.waits]
    return Load(requests=total, seconds=seconds, waits=waits)


def _send_due(queues: list[tuple[Line, deque[bytes]]], turn: int, due: float) -> bool:
    """Send the next request on the next connection that has room for it."""
    for offset in range(len(queues)):
        line, queue = queues[(turn + offset) % len(queues)]
        if queue and len(line.sent) < line.room:
            line.send(queue.popleft(), due)
            return True
    return False


# ----------------------------------------------------------------------------------------- readers


@contextmanager
def subscribers(address: str, number: int) -> Iterator["Synchronized[int]"]:
    """Hear the book over so many sockets, in a process of their own; yield how much they heard."""
    context = multiprocessing.get_context("fork")
    heard: Synchronized[int] = context.Value("Q", 0)  # type: ignore[assignment] # typeshed says less
    ready = context.Event()
    process = context.Process(target=_hear, args=(address, number, heard, ready), daemon=True)
    process.start()
    try:
        if not ready.wait(300):
            raise SystemExit("the subscribers could not connect")
        yield heard
    finally:
        process.terminate()
        process.join()


class _Reader(asyncio.Protocol):
    """Counts whole frames."""

    def __init__(self, heard: list[int]) -> None:
        self.heard = heard
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        """Count frames."""
        buffer, at = self._buffer + data, 0
        while (found := frame_end(buffer, at)) is not None:
            at = found[1]
            self.heard[0] += 1
        self._buffer = buffer[at:]


def _hear(address: str, number: int, heard: "Synchronized[int]", ready: Any) -> None:  # noqa: ANN401 # multiprocessing's event has no public class
    os.nice(5)  # what is measured is the exchange

    async def main() -> None:
        counted = [0]
        held = [await subscribe(address, _Reader(counted)) for _ in range(number)]
        await asyncio.sleep(0.5)  # the acknowledgements and snapshots are no deltas
        counted[0] = 0
        ready.set()
        while held:
            await asyncio.sleep(0.05)
            heard.value = counted[0]

    uvloop.run(main())


async def subscribe(address: str, reader: asyncio.Protocol | None) -> asyncio.StreamWriter:
    """Open a socket that hears the book; without a reader, one that never reads again.

    It is closed when nobody holds it any more.
    """
    host, port = address.split(":")
    stream, writer = await asyncio.open_connection(host, int(port))
    writer.write(HANDSHAKE)
    await stream.readuntil(b"\r\n\r\n")
    channels = [{"channel": "book", "market": MARKET.id}]
    message = {"op": "subscribe", "id": 1, "channels": channels}
    writer.write(client_frame(json.dumps(message).encode()))
    transport = writer.transport
    if reader is None:
        transport.pause_reading()  # type: ignore[attr-defined] # a socket's transport has it
    else:
        transport.set_protocol(reader)
    return writer
