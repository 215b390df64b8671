"""C7: whatever bytes arrive, each connection ends with a defined answer or a close, and others go on.

Bytes are written as they are, so that they can be wrong in every way. What stands behind a request
on the same connection is answered only where HTTP says so: smuggled requests are not.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from reference_app.settings import ServerSettings
from reference_app.tests.stack import Stack, limits, running, settings
from tests.tiers import count

SLOW_SOCKETS = count(fast=100, full=500)
SECONDS = 2.0
"""How long the server waits for a request here."""

H = b"Host: x\r\n"
J = b"Content-Type: application/json\r\n"
END = b"Connection: close\r\n\r\n"
POST = b"POST /auth/login HTTP/1.1\r\n" + H
TIME = b"GET /time HTTP/1.1\r\n" + H
SMUGGLED = b"GET /health/live HTTP/1.1\r\n" + H + b"\r\n"

CASES: dict[str, tuple[bytes, Sequence[int]]] = {
    # Whole and right.
    "a request": (TIME + END, [200]),
    "two requests, one after the other": (TIME + b"\r\n" + TIME + END, [200, 200]),
    "twenty requests in one write": (TIME + b"\r\n" + 18 * (TIME + b"\r\n") + TIME + END, 20 * [200]),
    "nothing is answered after the last": (TIME + END + SMUGGLED, [200]),
    "an absolute address": (b"GET http://x/time HTTP/1.1\r\n" + H + END, [200]),
    "an absolute address of another host": (b"GET http://evil/time HTTP/1.1\r\n" + H + END, [200]),
    "a continue that is asked for": (
        POST + J + b"Expect: 100-continue\r\nContent-Length: 2\r\n" + END + b"{}",
        [100, 400],
    ),
    "chunks": (POST + J + b"Transfer-Encoding: chunked\r\n" + END + b"2\r\n{}\r\n0\r\n\r\n", [400]),
    "HTTP/1.0": (b"GET /time HTTP/1.0\r\n\r\n", [200]),
    # Whose end is it?
    "CL and TE": (
        POST + J + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG" + SMUGGLED,
        [400],
    ),
    "TE and CL": (
        POST + J + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n5c\r\n" + SMUGGLED,
        [400],
    ),
    "two lengths that differ": (
        POST + J + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}" + SMUGGLED,
        [400],
    ),
    "two lengths that agree": (
        POST + J + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}" + SMUGGLED,
        [400],
    ),
    "two lengths in one": (POST + J + b"Content-Length: 2, 2\r\n\r\n{}" + SMUGGLED, [400]),
    "a length with a sign": (POST + J + b"Content-Length: +2\r\n\r\n{}" + SMUGGLED, [400]),
    "a negative length": (POST + J + b"Content-Length: -2\r\n\r\n{}" + SMUGGLED, [400]),
    "a length that is no number": (POST + J + b"Content-Length: 0x2\r\n\r\n{}" + SMUGGLED, [400]),
    "a length beyond 64 bits": (
        POST + J + b"Content-Length: 18446744073709551617\r\n\r\n{}" + SMUGGLED,
        [400],
    ),
    "a length beyond the limit": (POST + J + b"Content-Length: 9999999\r\n\r\n{}", [413]),
    "a coding that is not known": (
        POST + J + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
        [400],
    ),
    "chunked before another coding": (
        POST + J + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + SMUGGLED,
        [400],
    ),
    "two codings": (
        POST + J + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n" + SMUGGLED,
        [400],
    ),
    "a chunk whose size is none": (
        POST + J + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n" + SMUGGLED,
        [400],
    ),
    "a chunk of a negative size": (
        POST + J + b"Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n" + SMUGGLED,
        [400],
    ),
    "a chunk of more than 64 bits": (
        POST + J + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 17 + b"\r\n{}\r\n" + SMUGGLED,
        [400],
    ),
    "a chunk that ends late": (
        POST + J + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}xx\r\n0\r\n\r\n" + SMUGGLED,
        [400],
    ),
    "a body of a request that has none": (
        b"GET /time HTTP/1.1\r\n" + H + b"Content-Length: 40\r\n" + END + b"x" * 40,
        [200],
    ),
    # Heads.
    "no request": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", [400]),
    "HTTP/0.9": (b"GET /time\r\n\r\n", [400]),
    "HTTP/2's preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [400]),
    "a version of nobody": (b"GET /time HTTP/9.9\r\n" + H + END, [400]),
    "a method of nobody": (b"STEAL /time HTTP/1.1\r\n" + H + END, [400]),
    "a method that is not taken": (b"TRACE /time HTTP/1.1\r\n" + H + END, [405]),
    "a tunnel": (b"CONNECT x:443 HTTP/1.1\r\n" + H + END, [400]),
    "an asterisk": (b"OPTIONS * HTTP/1.1\r\n" + H + END, [204]),
    "lines that end in LF": (b"GET /time HTTP/1.1\nHost: x\n\n" + SMUGGLED, [400]),
    "a header that ends in CR": (b"GET /time HTTP/1.1\r\nHost: x\rX: y\r\n" + END, [400]),
    "a folded header": (TIME + b"X: a\r\n b\r\n" + END, [400]),
    "a blank before the colon": (TIME + b"Content-Length : 5\r\n" + END + b"hello", [400]),
    "a header without a name": (TIME + b": x\r\n" + END, [400]),
    "a header without a colon": (TIME + b"nonsense\r\n" + END, [400]),
    "NUL in a header": (TIME + b"X: a\x00b\r\n" + END, [400]),
    "NUL in the address": (b"GET /ti\x00me HTTP/1.1\r\n" + H + END, [400]),
    "a blank in the address": (b"GET /ti me HTTP/1.1\r\n" + H + END, [400]),
    "bytes above 127 in the address": (b"GET /\xff\xfe HTTP/1.1\r\n" + H + END, [400]),
    "an encoded NUL": (b"GET /markets/%00 HTTP/1.1\r\n" + H + END, [404]),
    "an encoded NUL in a file's name": (b"GET /openapi.css%00.png HTTP/1.1\r\n" + H + END, [404]),
    "a percent sign alone": (b"GET /markets/%zz HTTP/1.1\r\n" + H + END, [404]),
    "bytes that are no UTF-8": (b"GET /markets/%ff%fe HTTP/1.1\r\n" + H + END, [404]),
    "steps upwards": (b"GET /../../../etc/passwd HTTP/1.1\r\n" + H + END, [404]),
    "encoded steps upwards": (b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n" + H + END, [404]),
    "two slashes": (b"GET //evil/time HTTP/1.1\r\n" + H + END, [404]),
    "no host": (b"GET /time HTTP/1.1\r\n" + END, [400]),
    "two hosts": (TIME + b"Host: evil\r\n" + END, [400]),
    "a host that is none": (b"GET /time HTTP/1.1\r\nHost: a b/@c\r\n" + END, [400]),
    "a long address": (b"GET /" + b"a" * 5_000 + b" HTTP/1.1\r\n" + H + END, [413]),
    "a huge header": (TIME + b"X: " + b"a" * 100_000 + b"\r\n" + END, [431]),
    "many headers": (TIME + b"".join(b"X%d: y\r\n" % n for n in range(5_000)) + END, [431]),
    # Bodies.
    "not JSON": (POST + J + b"Content-Length: 3\r\n" + END + b"abc", [400]),
    "deep JSON": (POST + J + b"Content-Length: 40000\r\n" + END + b"[" * 40_000, [400]),
    "a field twice": (
        POST + J + b"Content-Length: 27\r\n" + END + b'{"message":"","message":""}',
        [400],
    ),
    "another type": (POST + b"Content-Type: text/plain\r\nContent-Length: 2\r\n" + END + b"{}", [415]),
    "no type": (POST + b"Content-Length: 2\r\n" + END + b"{}", [415]),
    "compressed": (
        POST + J + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n" + END + b"\x1f\x8b",
        [400],
    ),
    # Never finished.
    "nothing": (b"", []),
    "half a line": (b"GET /ti", []),
    "half a head": (TIME + b"X: y\r\n", []),
    "half a body": (POST + J + b"Content-Length: 100\r\n\r\n{", []),
    "half a chunk": (POST + J + b"Transfer-Encoding: chunked\r\n\r\n64\r\n{", []),
    "a continue that nothing follows": (
        POST + J + b"Expect: 100-continue\r\nContent-Length: 9\r\n\r\n",
        [100],
    ),
}  # fmt: skip


@pytest.fixture
async def hasty(tmp_path: Path) -> AsyncIterator[Stack]:
    """An exchange that waits two seconds for a request."""
    server = ServerSettings(port=0, header_timeout_s=SECONDS, connections_per_address=10_000)
    many = limits(requests_per_minute=10**9)
    async with running(settings(tmp_path, server=server, limits=many)) as started:
        yield started


async def said(port: int, data: bytes) -> bytes:
    """All that comes back until the server closes; a reset is a close."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    heard = b""
    try:
        writer.write(data)
        while piece := await reader.read(65_536):
            heard += piece
    except ConnectionError:
        pass
    finally:
        writer.close()
    return heard


def statuses(heard: bytes) -> list[int]:
    return [int(found) for found in re.findall(rb"HTTP/1\.1 (\d{3}) ", heard)]


async def test_every_framing_ends_with_its_answer_or_a_close(
    hasty: Stack, caplog: pytest.LogCaptureFixture, figure: Callable[[str], None]
) -> None:
    """All at once, and the server stays healthy: nothing of it is an error of ours."""
    port = int(hasty.url.rpartition(":")[2])
    async with asyncio.timeout(100):
        heard = await asyncio.gather(*(said(port, data) for data, _ in CASES.values()))
    wrong = {
        name: (statuses(answer), list(wanted))
        for (name, (_, wanted)), answer in zip(CASES.items(), heard, strict=True)
        if statuses(answer) != list(wanted)
    }
    assert not wrong, wrong
    for name, answer in zip(CASES, heard, strict=True):
        for status in statuses(answer):
            assert status < 500, name
            if status >= 400:
                assert b"application/problem+json" in answer, name
    assert (await hasty.http.get("/health/live")).status_code == 200
    assert not [record for record in caplog.records if record.exc_info]
    figure(f"{len(CASES)} framings: 0 hang, 0 server errors, no smuggled request is answered")


async def test_slow_sockets_are_cut_off_while_a_healthy_client_goes_on(
    hasty: Stack, figure: Callable[[str], None]
) -> None:
    """Half a head each, a byte at a time: each ends in time, and nobody else waits for them."""
    port = int(hasty.url.rpartition(":")[2])
    before = await waits(hasty.http, 50)

    async def slow() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        drip = asyncio.create_task(dripping(writer))
        try:
            return await reader.read()
        except ConnectionError:
            return b""
        finally:
            drip.cancel()
            writer.close()

    async with asyncio.timeout(100):
        sockets = [asyncio.create_task(slow()) for _ in range(SLOW_SOCKETS)]
        await asyncio.sleep(0.1)
        during = await waits(hasty.http, 50)
        assert set(await asyncio.gather(*sockets)) == {b""}
    assert hasty.services.counters.connections_timed_out >= SLOW_SOCKETS
    figure(
        f"{SLOW_SOCKETS} half heads cut off; a healthy client's slowest of 50 answers took "
        f"{max(before) * 1000:.0f} ms before and {max(during) * 1000:.0f} ms meanwhile"
    )


async def dripping(writer: asyncio.StreamWriter) -> None:
    for byte in TIME + b"X: " + b"y" * 10_000:
        if writer.transport.is_closing():
            return
        writer.write(bytes([byte]))
        await asyncio.sleep(0.2)


async def waits(http: httpx.AsyncClient, times: int) -> list[float]:
    """How long each answer took, in seconds."""
    found = []
    for _ in range(times):
        begun = time.perf_counter()
        assert (await http.get("/time")).status_code == 200
        found.append(time.perf_counter() - begun)
    return found


async def test_an_address_holds_so_many_connections_and_no_more(tmp_path: Path) -> None:
    """On the limit all are served; one over it is closed, and one that ends makes room."""
    server = ServerSettings(port=0, connections_per_address=3)
    async with running(settings(tmp_path, server=server)) as stack, AsyncExitStack() as opened:
        port = int(stack.url.rpartition(":")[2])
        socket = await opened.enter_async_context(stack.socket())  # it stays one as a socket
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        for reader, writer in held:
            writer.write(TIME + b"\r\n")
            assert await reader.readuntil(b"\r\n\r\n")
        assert await said(port, TIME + END) == b""
        assert stack.services.counters.connections_refused_by_address == 1
        held[0][1].close()
        async with asyncio.timeout(60):
            while not (answer := await said(port, TIME + END)):
                await asyncio.sleep(0.05)
        assert statuses(answer) == [200]
        assert (await socket.ask({"op": "ping"}))["type"] == "pong"
        held[1][1].close()
        await socket.connection.close()
        async with asyncio.timeout(60):
            while True:  # the socket's place is free, too
                trio = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
                for _, writer in trio:
                    writer.write(TIME + END)
                answers = await asyncio.gather(
                    *(reader.read() for reader, _ in trio), return_exceptions=True
                )
                for _, writer in trio:
                    writer.close()
                if all(isinstance(one, bytes) and statuses(one) == [200] for one in answers):
                    break
                await asyncio.sleep(0.05)


async def test_a_trusted_proxy_holds_as_many_as_it_needs(tmp_path: Path) -> None:
    server = ServerSettings(port=0, connections_per_address=1, trusted_proxies=["127.0.0.0/8"])
    async with running(settings(tmp_path, server=server)) as stack:
        port = int(stack.url.rpartition(":")[2])
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(5)]
        assert statuses(await said(port, TIME + END)) == [200]
        for _, writer in held:
            writer.close()
