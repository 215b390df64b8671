"""Frames: made as the library makes them, and read as it reads them, however the bytes arrive."""

import asyncio
import contextlib
import random
from pathlib import Path
from typing import Any

import pytest
from uvicorn.server import ServerState
from websockets.frames import Frame, Opcode

from reference_app.app import compose
from reference_app.frames import frame_end, text_frame, whole_texts
from reference_app.protocols import SocketProtocol, received
from reference_app.server import make_server
from reference_app.tests.stack import settings
from reference_app.tests.wire import Wire
from tests.tiers import count

STREAMS = count(fast=200, full=4_000)
HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def sent(opcode: Opcode, data: bytes, *, fin: bool = True) -> bytes:
    """A frame as a client's library writes it, masked."""
    return bytes(Frame(opcode, data, fin).serialize(mask=True))


class Reader:
    """A socket that was just opened, and what it hands on; by the library's parser alone, or not."""

    def __init__(self, config: Any, *, by_library: bool) -> None:
        self.wire = Wire()
        self.protocol = config.ws_protocol_class(
            config=config, server_state=ServerState(), app_state={}
        )
        assert isinstance(self.protocol, SocketProtocol)
        self._by_library = by_library

    async def open(self) -> None:
        self.protocol.connection_made(self.wire)
        if self._by_library:  # it can not tell any more where its parser stands
            self.protocol.data_received(HANDSHAKE[:-1])
            self.protocol.data_received(HANDSHAKE[-1:])
        else:
            self.protocol.data_received(HANDSHAKE)
        while b"101" not in self.wire.written:
            await asyncio.sleep(0)
        self.wire.writes.clear()

    def said(self) -> tuple[list[bytes], list[Any], bytes]:
        """What was handed on, whether it ended, and what was answered."""
        messages: list[bytes] = []
        ends = []
        while not self.protocol.queue.empty():
            event = self.protocol.queue.get_nowait()
            if event["type"] == "websocket.receive":
                messages += [
                    one if isinstance(one, bytes) else one.encode() for one in received(event)
                ]
            else:
                ends.append(event.get("code"))
        return messages, ends, self.wire.written


async def accept(_scope: Any, receive: Any, send: Any) -> None:
    """Open every socket, and read nothing."""
    await receive()
    await send({"type": "websocket.accept"})
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.Event().wait()


def random_stream(rng: random.Random) -> list[bytes]:
    """Frames of all kinds, mostly texts; now and then something wrong near the end."""
    stream: list[bytes] = []
    for _ in range(rng.randint(1, 12)):
        text = rng.choice(
            [b"", b"{}", b'{"op":"ping"}', "é".encode() * 70, b"x" * rng.randint(0, 300)]
        )
        match rng.randint(0, 9):
            case 0:
                stream.append(sent(Opcode.PING, text[:125]))
            case 1:
                stream.append(sent(Opcode.BINARY, text))
            case 2:
                at = rng.randint(0, len(text))
                stream += [sent(Opcode.TEXT, text[:at], fin=False), sent(Opcode.PONG, b"")]
                stream.append(sent(Opcode.CONT, text[at:]))
            case 3:
                stream.append(sent(Opcode.TEXT, b"y" * rng.choice([125, 126, 65_535, 65_536])))
            case _:
                stream.append(sent(Opcode.TEXT, text))
    wrong: list[list[bytes]] = [
        [], [], [],
        [sent(Opcode.TEXT, b"\xff")],
        [sent(Opcode.CONT, b"x")],
        [sent(Opcode.TEXT, b"a", fin=False), sent(Opcode.TEXT, b"b")],
        [sent(Opcode.TEXT, b"z" * 70_000)],
        [sent(Opcode.CLOSE, b"\x03\xe8")],
        [bytes(Frame(Opcode.TEXT, b"{}").serialize(mask=False))],
        [bytes([0xC1, 0x80]) + bytes(4)],
        [bytes([0x83, 0x80]) + bytes(4)],
        [bytes([0x09, 0x80]) + bytes(4)],
    ]  # fmt: skip
    return stream + rng.choice(wrong) + rng.choice([[], [sent(Opcode.TEXT, b"after it")]])


def cut(rng: random.Random, stream: bytes) -> list[bytes]:
    """The bytes as a network brings them."""
    cuts = sorted(rng.sample(range(len(stream) + 1), min(len(stream), rng.choice([0, 1, 4, 40]))))
    return [stream[at:end] for at, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]


async def test_any_stream_is_read_as_the_library_reads_it(
    tmp_path: Path, rng: random.Random
) -> None:
    """Whole, and cut at random: the same messages, answers and ends, as of frames that come one by one."""
    chosen = settings(tmp_path)
    config = make_server(chosen, compose(chosen), opens=False).config
    config.load()
    config.loaded_app = accept
    for _ in range(STREAMS):
        stream = random_stream(rng)
        heard = []
        for by_library, pieces in ((True, stream), (False, cut(rng, b"".join(stream)))):
            reader = Reader(config, by_library=by_library)
            await reader.open()
            assert reader.protocol._at_frame is not by_library
            for piece in pieces:
                if not reader.wire.closed:
                    reader.protocol.data_received(piece)
            heard.append(reader.said())
            for task in list(reader.protocol.tasks):
                task.cancel()
            reader.protocol.connection_lost(None)
        assert heard[0] == heard[1], [frame[:40] for frame in stream]


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
def test_a_message_is_framed_as_the_library_frames_it(size: int) -> None:
    payload = b"x" * size
    assert text_frame(payload) == Frame(Opcode.TEXT, payload).serialize(mask=False)


@pytest.mark.parametrize("size", [2, 125, 126, 65_535])
def test_a_text_is_read_from_any_place_and_only_when_it_is_whole(size: int) -> None:
    frame = sent(Opcode.TEXT, b"y" * size)
    assert whole_texts(b"??" + frame + frame, 2) == ([b"y" * size] * 2, 2 + 2 * len(frame))
    assert whole_texts(frame + frame[:-1], 0) == ([b"y" * size], len(frame))


@pytest.mark.parametrize(
    ("opcode", "size"),
    [(Opcode.TEXT, size) for size in (0, 125, 126, 65_535, 65_536)]
    + [(Opcode.PING, 125), (Opcode.CONT, 1), (Opcode.CLOSE, 0)],
)
def test_the_end_of_a_frame_is_known_as_soon_as_its_length_is(opcode: Opcode, size: int) -> None:
    frame = sent(opcode, b"x" * size)
    for arrived in range(len(frame) + 1):
        told = frame_end(frame[:arrived], 0, 65_536)
        assert told is not None
        assert arrived < told or arrived == told == len(frame)
        if arrived >= 10:
            assert told == len(frame)
    assert frame_end(frame + b"more", 0, 65_536) == len(frame)


@pytest.mark.parametrize(
    "head",
    [
        b"\x81\x02",
        b"\xc1\x82",
        b"\x83\x82",
        b"\x8b\x80",
        b"\x09\x80",
        b"\x89\xfe",
        b"\x81\xfe\xff\xff",
    ],
)
def test_what_breaks_the_rules_or_is_too_long_is_not_waited_for(head: bytes) -> None:
    assert frame_end(head, 0, 1_000) is None
