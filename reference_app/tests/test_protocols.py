"""The wire below HTTP: what is slow, endless or not HTTP is refused in bounded time and memory."""

import asyncio
import json
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from hybrid_dex.model.reasons import RejectReason
from reference_app.protocols import MAX_HEAD_BYTES
from reference_app.settings import ServerSettings
from reference_app.tests.stack import Stack, limits, running, settings, within_a_minute

UPGRADE = (
    b"Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
POST = b"POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


@pytest.fixture
async def hasty(tmp_path: Path) -> AsyncIterator[Stack]:
    """An exchange that waits for nobody."""
    server = ServerSettings(port=0, header_timeout_s=0.3)
    async with running(settings(tmp_path, server=server)) as started:
        yield started


async def said(stack: Stack, data: bytes) -> tuple[bytes, bytes]:
    """Return head and body of what comes back until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(stack.url.rpartition(":")[2]))
    try:
        writer.write(data)
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    finally:
        writer.close()
    return head, body


@pytest.mark.parametrize(
    "began",
    [
        POST + b"Content-Length: 1000\r\n\r\n{",
        POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
        POST + b"Content-Length: 1000\r\nExpect: 100-continue\r\n\r\n",
        POST + b"Content-Length: 10000000\r\n\r\n{}",
        POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"4000\r\n" + b"a" * 0x4000 + b"\r\n" + b"4000\r\n",
    ],
)  # fmt: skip
async def test_a_body_that_never_ends_is_cut_off(
    hasty: Stack, began: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """And leaves no trace in the log: anyone may do it."""
    await said(hasty, began)
    assert (await hasty.http.get("/time")).status_code == 200
    assert not [record for record in caplog.records if record.exc_info]


async def test_a_connection_that_was_answered_early_is_closed_too(hasty: Stack) -> None:
    piece = b"8000\r\n" + b"a" * 0x8000 + b"\r\n"
    head, _ = await said(
        hasty, POST + b"Transfer-Encoding: chunked\r\n\r\n" + piece * 3 + b"0\r\n\r\n"
    )
    assert head.startswith(b"HTTP/1.1 413 ")  # fmt: skip


NO_REQUESTS = (
    (b"GET /time HTTP/1.1\r\nHost: x\r\nX: " + b"a" * MAX_HEAD_BYTES + b"\r\n\r\n", 431),
    (b"GET /time HTTP/1.1\r\nHost: x\r\n" + b"X: a\r\n" * 6_000 + b"\r\n", 431),
    (b"GET /" + b"a" * MAX_HEAD_BYTES + b" HTTP/1.1\r\nHost: x\r\n\r\n", 431),
    (b"GET /time HTTP/1.1\r\nX: " + b"a" * (MAX_HEAD_BYTES + 131_072), 431),
    (b"GARBAGE\r\n\r\n", 400),
    (b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    (b"GET /time HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n", 400),
    (POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    (b"POST /ws HTTP/1.1\r\n" + UPGRADE, 405),
    (b"GET /ws HTTP/1.1\r\n" + UPGRADE.replace(b"13", b"8"), 400),
    (b"GET /ws HTTP/1.1\r\n" + b"X: y\r\n" * 300 + UPGRADE, 400),
    (b"GET /ws HTTP/1.1\r\nX: " + b"y" * 20_000 + b"\r\n" + UPGRADE, 400),
    (b"GET /time HTTP/1.1\r\n" + UPGRADE, 404),
)


async def test_what_is_no_request_is_answered_by_a_problem_and_closed(stack: Stack) -> None:
    for data, status in NO_REQUESTS:
        head, body = await said(stack, data)
        assert head.startswith(b"HTTP/1.1 %d " % status), data[:80]
        assert b"content-type: application/problem+json" in head.lower(), data[:80]
        assert json.loads(body)["status"] == status


@pytest.mark.parametrize("path", ["/health", "/health/ready", "/markets", "/nowhere", "/orders"])
async def test_head_is_answered_as_get_without_the_body(stack: Stack, path: str) -> None:
    """As load balancers ask; the connection goes on after it."""
    asked, head = await stack.http.get(path), await stack.http.head(path)
    assert (head.status_code, head.content) == (asked.status_code, b"")
    for name in ("content-type", "content-length", "ratelimit-policy"):
        assert head.headers.get(name) == asked.headers.get(name), name
    allow = (await stack.http.options("/markets")).headers["allow"]
    assert allow == "GET, HEAD, OPTIONS"
    raw, body = await said(
        stack, f"HEAD {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
    )
    assert raw.split()[1] == str(asked.status_code).encode()
    assert body == b""


async def test_refused_handshakes_say_why(tmp_path: Path) -> None:
    few = limits(connections_per_address=1, requests_per_minute=3)
    async with running(settings(tmp_path, limits=few)) as stack:
        codes = []
        await within_a_minute()
        async with stack.socket():
            for origin in ("https://evil.example", None, None):
                with pytest.raises(InvalidStatus) as refused:
                    async with stack.socket(origin=origin):
                        pass
                response = refused.value.response
                codes.append((response.status_code, json.loads(response.body)["code"]))
    assert codes == [
        (403, RejectReason.FORBIDDEN),
        (429, RejectReason.RATE_LIMITED),
        (429, RejectReason.RATE_LIMITED),
    ]
    assert "retry-after" in response.headers


async def test_too_many_connections_are_closed_and_the_others_served(tmp_path: Path) -> None:
    server = ServerSettings(port=0, connections=3)
    async with running(settings(tmp_path, server=server)) as stack:
        assert (await stack.http.get("/time")).status_code == 200
        port = int(stack.url.rpartition(":")[2])
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(6)]
        for _, writer in held:
            writer.write(b"GET /time HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answers = await asyncio.gather(
            *(reader.read() for reader, _ in held), return_exceptions=True
        )
        for _, writer in held:
            writer.close()
        served = [
            one for one in answers if isinstance(one, bytes) and one.startswith(b"HTTP/1.1 200")
        ]
        assert len(served) == 2
        assert (await stack.http.get("/time")).status_code == 200  # fmt: skip


def frame(opcode: int, data: bytes, *, last: bool = True) -> bytes:
    """A client's frame, masked by zeros."""
    size = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + struct.pack("!H", len(data))
    return bytes([(0x80 if last else 0) | opcode]) + size + bytes(4) + data


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        (frame(9, b"p") * 200, 1008),
        (frame(1, b"{", last=False) + frame(0, b"", last=False) * 2_000, 1008),
        (frame(1, b"\xff\xfe"), 1007),
        (frame(1, b"\xe2", last=False) + frame(0, b"\x28"), 1007),
    ],
)
async def test_floods_and_bad_text_end_a_socket_quietly(
    stack: Stack, frames: bytes, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(stack.url.rpartition(":")[2]))
    writer.write(b"GET /ws HTTP/1.1\r\n" + UPGRADE)
    await reader.readuntil(b"\r\n\r\n")
    writer.write(frames)
    heard = b""
    try:
        while piece := await reader.read(65536):
            heard += piece
    except ConnectionError:
        pass
    finally:
        writer.close()
    at = heard.rindex(b"\x88")
    assert struct.unpack("!H", heard[at + 2 : at + 4]) == (code,)
    assert not [record for record in caplog.records if record.exc_info]


async def test_no_token_in_an_address_is_logged(
    stack: Stack, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    address = stack.url.replace("http:", "ws:") + "/ws?token=very-secret"
    async with connect(address) as connection:
        await connection.send('{"op":"ping"}')
        await connection.recv()
    assert "very-secret" not in caplog.text


async def test_a_socket_that_sends_too_fast_waits_and_loses_nothing(tmp_path: Path) -> None:
    slowly = settings(tmp_path, limits=limits(frames_per_second=20))
    async with running(slowly) as stack, stack.socket() as socket:
        for number in range(45):
            await socket.send({"op": "ping", "id": number})
        answers = [(await socket.receive())["id"] for _ in range(45)]
    assert answers == list(range(45))
