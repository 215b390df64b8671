"""C8: what RFC 6455 forbids ends the socket with the right code, and no message is unhandled.

Frames are written by hand, so that they can be wrong. Fuzzed messages are valid frames of which the
text is not, or not quite, what the exchange takes: each is answered by an error, or by what it asks for.
"""

import asyncio
import json
import os
import random
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from copy import deepcopy
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from hybrid_dex.model.reasons import RejectReason
from reference_app.tests.stack import Socket, Stack, Trader
from tests.tiers import count

MESSAGES = count(fast=1_000, full=20_000)
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def frame(
    opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, masked: bool = True
) -> bytes:
    """One frame as a client sends it, right or wrong."""
    head = bytes([fin << 7 | rsv << 4 | opcode])
    size, mask = len(payload), masked << 7
    if size < 126:
        head += bytes([mask | size])
    elif size < 2**16:
        head += bytes([mask | 126]) + struct.pack(">H", size)
    else:
        head += bytes([mask | 127]) + struct.pack(">Q", size)
    if not masked:
        return head + payload
    key = os.urandom(4)
    return head + key + bytes(byte ^ key[at % 4] for at, byte in enumerate(payload))


FORBIDDEN = {
    "not masked": (frame(TEXT, b"{}", masked=False), 1002),
    "a reserved bit": (frame(TEXT, b"{}", rsv=4), 1002),
    "a reserved data opcode": (frame(3, b"x"), 1002),
    "a reserved control opcode": (frame(11), 1002),
    "a ping in fragments": (frame(PING, b"x", fin=False), 1002),
    "a ping that is too long": (frame(PING, b"x" * 126), 1002),
    "a close of one byte": (frame(CLOSE, b"\x03"), 1002),
    "a close with a code that is never sent": (frame(CLOSE, struct.pack(">H", 1005)), 1002),
    "a close with a code of nobody": (frame(CLOSE, struct.pack(">H", 999)), 1002),
    "a close whose reason is not UTF-8": (frame(CLOSE, struct.pack(">H", 1000) + b"\xff"), 1007),
    "nothing to continue": (frame(0, b"x"), 1002),
    "a message within a fragmented one": (frame(TEXT, b"{", fin=False) + frame(TEXT, b"}"), 1002),
    "text that is not UTF-8": (frame(TEXT, b"\xff\xfe"), 1007),
    "text cut within a character": (frame(TEXT, "ä".encode()[:1]), 1007),
    "a message over the limit": (frame(TEXT, b"x" * 70_000), 1009),
    "fragments over the limit": (
        frame(TEXT, b"x" * 40_000, fin=False) + frame(0, b"x" * 40_000),
        1009,
    ),
    "a length with its highest bit": (bytes([0x81, 0xFF]) + b"\xff" * 8 + b"mask", 1009),
    "an orderly close": (frame(CLOSE, struct.pack(">H", 1000)), 1000),
    "a close without a code": (frame(CLOSE), 1000),
}


@asynccontextmanager
async def raw(stack: Stack) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """An open socket, below its protocol."""
    port = int(stack.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(HANDSHAKE)
        head = await reader.readuntil(b"\r\n\r\n")
        assert b" 101 " in head
        yield reader, writer
    finally:
        writer.close()


async def read_frame(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """The server's next frame; it masks none."""
    first, second = await reader.readexactly(2)
    size = second
    if second == 126:
        (size,) = struct.unpack(">H", await reader.readexactly(2))
    elif second == 127:
        (size,) = struct.unpack(">Q", await reader.readexactly(8))
    return first & 15, await reader.readexactly(size)


async def close_code(reader: asyncio.StreamReader) -> int:
    """Read to the server's close frame, and that it hangs up after it."""
    while True:
        opcode, payload = await read_frame(reader)
        if opcode == CLOSE:
            code = struct.unpack(">H", payload[:2])[0] if payload else 1000
            with suppress(ConnectionResetError):  # what it did not read is thrown away
                assert await reader.read() == b""
            return int(code)


@pytest.mark.parametrize("wrong", FORBIDDEN)
async def test_what_the_rfc_forbids_ends_the_socket_with_its_code(
    stack: Stack, wrong: str, caplog: pytest.LogCaptureFixture
) -> None:
    sent, code = FORBIDDEN[wrong]
    async with raw(stack) as (reader, writer):
        writer.write(sent)
        assert await close_code(reader) == code
    assert not [record for record in caplog.records if record.exc_info]
    assert (await stack.http.get("/time")).status_code == 200


async def test_what_the_rfc_allows_is_served(stack: Stack) -> None:
    """Fragments with a ping between them, binary frames, an empty ping, an unasked pong."""
    async with raw(stack) as (reader, writer):
        text = b'{"op":"ping","id":1}'
        writer.write(frame(PONG, b"unasked"))
        writer.write(frame(TEXT, text[:5], fin=False) + frame(PING, b"in between"))
        assert await read_frame(reader) == (PONG, b"in between")
        writer.write(frame(0, b"", fin=False) + frame(0, text[5:]))
        opcode, answer = await read_frame(reader)
        assert (opcode, json.loads(answer)["type"]) == (TEXT, "pong")
        writer.write(frame(BINARY, text.replace(b"1", b"2")))
        _, answer = await read_frame(reader)
        assert json.loads(answer)["id"] == 2
        writer.write(frame(PING))
        assert await read_frame(reader) == (PONG, b"")


def templates(alice: Trader) -> list[dict[str, Any]]:
    order = alice.order("buy", "1", "10")
    switch = {"timeout_ms": 60_000}
    alone = ("side", "quantity", "price", "nonce")
    shared = {name: order[name] for name in ("market", "max_fee_ppm", "expiry_s", "signature")}
    ladder = shared | {"rungs": [{name: order[name] for name in alone}] * 2}
    return [
        {"op": "ping"},
        {"op": "login", "token": alice.token},
        {"op": "subscribe", "channels": [{"channel": "book", "market": "ETH-USDC"}]},
        {"op": "unsubscribe", "channels": [{"channel": "orders"}]},
        {"op": "subscribe", "channels": [{"channel": "fills", "after": 3}]},
        {"op": "place", "order": order},
        {"op": "cancel", "order_id": "1280"},
        {"op": "cancel", "client_order_id": "x"},
        {"op": "replace", "order_id": "1280", "order": {"quantity": "1", "price": "2"}},
        {"op": "reduce", "order_id": "1280", "order": {"by": "1"}},
        {"op": "cancel_all", "market": "ETH-USDC", "side": "buy"},
        {"op": "batch", "batch": {"members": [{"op": "place", "order": order}]}},
        {"op": "ladder", "ladder": ladder},
        {"op": "linked", "linked": {"take_profit": order, "stop": order, "entry": order}},
        {"op": "schedule_cancel", "switch": switch},
        {"op": "heartbeat"},
        {"op": "cancel_on_disconnect", "enabled": False},
    ]


ODD: tuple[Any, ...] = (
    None, True, 0, -1, 2**63, 2**64, 10**40, "", "0", "-0", "1e9", "NaN", "٣", "\x00", "\ud83d",
    "x" * 200, [], {}, [[]], {"": 1}, "ETH-USDC", "sell", "9" * 78, "0x", "0x" + "f" * 131,
)  # fmt: skip


def fuzzed(rng: random.Random, template: dict[str, Any]) -> str:
    """A message that is changed in one or more places, as JSON or as text."""
    message = json.loads(json.dumps(template)) | {"id": rng.choice([1, 7, "a", 2**53, None, -1])}
    for _ in range(rng.randint(0, 3)):
        node: Any = message
        while True:
            keys = list(node) if isinstance(node, dict) else list(range(len(node)))
            if not keys:
                break
            key = rng.choice(keys)
            if isinstance(node[key], dict | list) and node[key] and rng.random() < 0.8:
                node = node[key]
                continue
            change = rng.random()
            if change < 0.2:
                del node[key]
            elif change < 0.3 and isinstance(node, dict):
                node[f"{key}{rng.randint(0, 9)}"] = node.pop(key)
            else:
                node[key] = deepcopy(rng.choice(ODD))  # changed itself, it would change the next
            break
    text = json.dumps(message, ensure_ascii=rng.random() < 0.5)
    for _ in range(rng.choice([0, 0, 0, 1, 3])):
        at = rng.randrange(len(text) + 1)
        text = (
            text[:at]
            + rng.choice(['"', "{", "[", "}", "\\", "0", "\x01", "é", ""])
            + text[at + 1 :]
        )
    return text.encode("utf-8", "replace").decode()


async def settle(socket: Socket, number: int) -> list[dict[str, Any]]:
    """Everything that is said up to the answer to a ping of ours."""
    await socket.send(json.dumps({"op": "ping", "id": f"probe-{number}"}))
    heard = []
    while True:
        message = await socket.receive()
        if message.get("id") == f"probe-{number}":
            return heard
        heard.append(message)


async def test_no_fuzzed_message_is_unhandled(
    stack: Stack,
    alice: Trader,
    rng: random.Random,
    figure: Callable[[str], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Each is answered once, by what it asks for or by an error that is not ours; the socket lives."""
    shapes, answered, refused = templates(alice), 0, 0
    burst = 50
    async with alice.socket() as socket:
        for number in range(0, MESSAGES, burst):
            sent = min(burst, MESSAGES - number)
            for _ in range(sent):
                text = fuzzed(rng, rng.choice(shapes))
                await socket.connection.send(text if rng.random() < 0.9 else text.encode())
            heard = await settle(socket, number)
            answers = [one for one in heard if one["type"] in {"ack", "error", "pong"}]
            assert len(answers) == sent
            answered += sent
            for answer in answers:
                if answer["type"] == "error":
                    refused += 1
                    assert answer["problem"]["code"] != RejectReason.INTERNAL, answer
    assert refused > MESSAGES // 4
    assert not [record for record in caplog.records if record.exc_info]
    figure(f"{answered} fuzzed messages, {refused} of them refused: 0 unhandled")


async def test_random_bytes_in_frames_end_or_are_answered(
    stack: Stack, rng: random.Random, caplog: pytest.LogCaptureFixture
) -> None:
    async with stack.socket() as socket:
        for _ in range(min(200, MESSAGES // 20)):
            await socket.connection.send(rng.randbytes(rng.randint(0, 300)))
            answer = await socket.receive()
            assert answer["problem"]["code"] == RejectReason.INVALID_MESSAGE
    for _ in range(20):
        async with raw(stack) as (reader, writer):
            writer.write(bytes([0x81 | rng.randrange(128)]) + rng.randbytes(200) + frame(CLOSE))
            writer.write_eof()
            code = b""
            try:
                code = (await read_frame(reader))[1][:2]
            except (asyncio.IncompleteReadError, ConnectionClosed):
                continue  # an incomplete frame: nothing to answer
            assert code
    assert not [record for record in caplog.records if record.exc_info]
