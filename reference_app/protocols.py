"""Protocols: uvicorn's, with the limits that it leaves to a proxy.

A client that sends too slowly, too much, or does not read its answers is cut off in bounded time
and memory, and what is not HTTP is answered by a problem document too.
"""

import asyncio
import http
import logging
import re
from collections.abc import Sequence
from typing import Any, Final, cast

import msgspec
from litestar.types import WebSocketReceiveEvent, WebSocketSendEvent
from uvicorn._types import ASGI3Application, ASGIReceiveEvent, ASGISendEvent
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame
from websockets.http11 import Response
from websockets.protocol import State
from websockets.server import ServerProtocol

from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.wire import MAX_MESSAGE_BYTES, PROBLEM_MEDIA_TYPE, Problem, encode, problem
from reference_app.doors import Doors
from reference_app.frames import frame_end, whole_texts
from reference_app.whole_answers import in_one_write

__all__ = [
    "MAX_HEAD_BYTES",
    "RequestProtocol",
    "SocketProtocol",
    "frames_event",
    "received",
    "request_protocol",
    "socket_protocol",
]

MAX_HEAD_BYTES: Final = 32 * 1024
"""Request line and headers together."""
_HEADER_MARKS: Final = len(": \r\n")
_END_OF_HEAD: Final = b"\r\n\r\n"
_LINGER_S: Final = 10.0
_MAX_FRAGMENTS: Final = 1_024
_PINGS_A_SECOND: Final = 50
_VERSIONS: Final = frozenset({"1.0", "1.1"})
_WITH_HOST: Final = "1.1"
_HOST: Final = re.compile(rb"[A-Za-z0-9._~%!$&'()*+,;=:\[\]-]*")
_TOO_LARGE: Final = http.HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE

_quiet: Final = logging.getLogger(f"{__name__}.sockets")
"""uvicorn logs each connection with its query, where a careless client puts its token."""
_quiet.setLevel(logging.WARNING)


_FRAMES: Final = "frames"
_TEXTS: Final = "texts"
"""Under which names this protocol and `reference_app.routes.stream` hand each other many messages in one event."""


class _HeadTooLongError(Exception):
    """Stops the parser."""


class _BadHeadError(Exception):
    """Stops it, too."""


class RequestProtocol(HttpToolsProtocol):
    """Closes a connection that does not finish its request, and aborts one that does not read.

    Attributes:
        doors: how long it may take, and which connections are closed at once.
    """

    doors: Doors

    _entered = False
    _deadline: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None
    _in_head = True
    _head_bytes = 0
    _waiting_bytes = 0

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 # as its base
        """Begin, or close at once when there are too many."""
        super().connection_made(transport)
        self._entered = self.doors.enter(_host(self.client))
        if not self._entered:
            transport.abort()
            return
        self._begin()

    def data_received(self, data: bytes) -> None:
        """Take bytes; a head that goes on and on is not kept."""
        self._waiting_bytes += len(data)
        super().data_received(data)
        if not self._in_head:
            self._waiting_bytes = 0
        elif self._waiting_bytes > MAX_HEAD_BYTES + 2 * MAX_MESSAGE_BYTES:
            self._refuse_head()

    def on_message_begin(self) -> None:
        """Begin a request, from now on with a deadline."""
        super().on_message_begin()
        self._in_head, self._head_bytes = True, 0
        self._begin()

    def on_url(self, url: bytes) -> None:
        """Count the address."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header."""
        self._count(len(name) + len(value) + _HEADER_MARKS)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """End the head, which names one host (RFC 9112, 3.2)."""
        self._in_head = False
        version = self.parser.get_http_version()
        hosts = [value for name, value in self.headers if name == b"host"]
        if version not in _VERSIONS or len(hosts) > 1 or (version == _WITH_HOST and not hosts):
            raise _BadHeadError
        if hosts and not _HOST.fullmatch(hosts[0]):
            raise _BadHeadError
        super().on_headers_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        super()._start_asgi_task(cycle, in_one_write(cycle, app))

    def on_message_complete(self) -> None:
        """End the request; the client has nothing more to send."""
        super().on_message_complete()
        self._stop()
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and cycle.response_complete:
            self._begin()  # it was answered early, and uvicorn's own timer has been stopped

    def handle_websocket_upgrade(self) -> None:
        """Become a socket, which has deadlines of its own."""
        self._stop()
        super().handle_websocket_upgrade()

    def send_400_response(self, msg: str) -> None:
        """Refuse what can not be read as a request."""
        if self._head_bytes > MAX_HEAD_BYTES:
            self._refuse_head()
            return
        detail = "this is not HTTP/1.1 that can be read"
        self._refuse(problem(RejectReason.INVALID_MESSAGE, detail))

    def pause_writing(self) -> None:
        """The client does not read: wait, but not for ever."""
        super().pause_writing()
        if self._unread is None:
            self._unread = self.loop.call_later(self.doors.seconds, self._cut_off)

    def resume_writing(self) -> None:
        """The client reads again."""
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection without requests."""
        self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget every deadline."""
        self._stop()
        self.resume_writing()
        if self._entered:
            self._entered = False
            self.doors.leave(_host(self.client))
        super().connection_lost(exc)

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > MAX_HEAD_BYTES:
            raise _HeadTooLongError

    def _refuse_head(self) -> None:
        document = problem(
            RejectReason.MESSAGE_TOO_LARGE, "the head of the request is too long",
            valid=f"at most {MAX_HEAD_BYTES} bytes",
        )  # fmt: skip
        self._refuse(document, _TOO_LARGE)

    def _refuse(self, document: Problem, status: int | None = None) -> None:
        """Answer what never became a request, and close."""
        if not self.transport.is_closing():
            self.doors.counters.requests_unreadable += 1
            self.transport.write(_response(document, status or document.status))
            self._end()

    def _begin(self) -> None:
        self._stop()
        self._deadline = self.loop.call_later(self.doors.seconds, self._time_out)

    def _stop(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _end(self) -> None:
        """Close; a client that does not read what is left is not waited for."""
        self.transport.close()
        self.loop.call_later(self.doors.seconds, self.transport.abort)

    def _time_out(self) -> None:
        """The request did not come to its end in time."""
        self.doors.counters.connections_timed_out += 1
        self._end()

    def _cut_off(self) -> None:
        """The answer was not read in time."""
        self.doors.counters.connections_timed_out += 1
        self.transport.abort()


def request_protocol(doors: Doors) -> type[RequestProtocol]:
    """Return the protocol of requests with its limits; uvicorn makes the instances."""

    class Limited(RequestProtocol):
        """With limits."""

    Limited.doors = doors
    return Limited


def socket_protocol(doors: Doors) -> "type[SocketProtocol]":
    """Return the protocol of sockets, which leave by the doors that they entered as requests."""

    class Limited(SocketProtocol):
        """With limits."""

    Limited.doors = doors
    return Limited


def _is_utf8(text: bytes) -> bool:
    if text.isascii():
        return True
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _host(client: tuple[str, int] | None) -> str:
    return client[0] if client else ""


class _Handshake(ServerProtocol):
    """Refuses by problem documents."""

    def reject(self, status: http.HTTPStatus | int, text: str) -> Response:
        """Return the refusal of a handshake."""
        response = super().reject(status, text)
        document = problem(RejectReason.INVALID_MESSAGE, text.strip())
        response.body = encode(_with_status(document, response.status_code))
        for name, value in (
            ("Content-Type", PROBLEM_MEDIA_TYPE),
            ("Content-Length", str(len(response.body))),
        ):
            del response.headers[name]
            response.headers[name] = value
        return response


class SocketProtocol(WebSocketsSansIOProtocol):
    """Bounds what a client can leave unread or unfinished, and cuts off one that does not answer.

    Attributes:
        doors: by which it leaves.
    """

    doors: Doors

    _at_frame = False
    _wanted = 0
    _waiting_pong = b""
    _pings = 0
    _second = 0.0

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 # as its base
        super().__init__(*args, **options)
        self.logger = _quiet
        self.conn = _Handshake(max_size=self.config.ws_max_size, logger=_quiet)
        self._begun = bytearray()

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave."""
        self.doors.leave(_host(self.client))
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes; a handshake that can not be read is answered, not left open."""
        if self._at_frame and self.conn.state is State.OPEN:
            self._take(data)
            return
        # Its parser keeps to itself where it stands: only here it is known to stand before a frame.
        self._at_frame = not self.handshake_initiated and data.endswith(_END_OF_HEAD)
        super().data_received(bytes(self._begun) + data if self._begun else data)
        self._begun.clear()
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            self.handshake_initiated = self.handshake_complete = self.close_sent = True
            document = problem(RejectReason.INVALID_MESSAGE, "this is not a WebSocket handshake")
            self.transport.write(_response(document, document.status))
            self._end()

    def _take(self, data: bytes) -> None:
        """Read whole texts, and let the parser have whole frames of every other kind."""
        if self._begun:
            self._begun += data
            if len(self._begun) < self._wanted:
                return
            data = bytes(self._begun)
            self._begun.clear()
        at, size, conn = 0, len(data), self.conn
        while at < size:
            if conn.current_size is None:  # else what comes next continues a message
                texts, at = whole_texts(data, at)
                if texts and not self._hand_on(texts):
                    return
            end = frame_end(data, at, self.config.ws_max_size)
            if end is not None and end > size:
                self._begun += data[at:]
                self._wanted = end - at
                return
            super().data_received(data[at:end])
            at = size if end is None else end
            if end is None or conn.state is not State.OPEN:
                self._at_frame = False
                if at < size and conn.parser_exc is None:
                    super().data_received(data[at:])
                return

    def _hand_on(self, texts: list[bytes]) -> bool:
        """Hand messages on, up to one that is not UTF-8; return whether there is none."""
        if self.close_sent:
            return True
        fault = next((at for at, text in enumerate(texts) if not _is_utf8(text)), None)
        if fault != 0:
            event: dict[str, object] = {"type": "websocket.receive", _TEXTS: texts[:fault]}
            self.queue.put_nowait(cast("ASGIReceiveEvent", event))
            if not self.read_paused:
                self.read_paused = True
                self.transport.pause_reading()
        if fault is not None:
            self._fail(CloseCode.INVALID_DATA, "not UTF-8")
        return fault is None

    def handle_ping(self) -> None:
        """Answer pings, of those that come faster than they are read the last one only."""
        pong = b"".join(self.conn.data_to_send())
        if self.close_sent:
            return
        second = self.loop.time() // 1
        self._pings = self._pings + 1 if second == self._second else 1
        self._second = second
        if self._pings > _PINGS_A_SECOND:
            self._fail(CloseCode.POLICY_VIOLATION, "too many pings")
        elif self.writable.is_set():
            self.transport.write(pong)
        else:
            self._waiting_pong = pong

    def resume_writing(self) -> None:
        """Go on, first with the pong that waits."""
        super().resume_writing()
        pong, self._waiting_pong = self._waiting_pong, b""
        if pong and not (self.close_sent or self.transport.is_closing()):
            self.transport.write(pong)

    def handle_cont(self, event: Frame) -> None:
        """Take a fragment; empty ones would cost memory without end."""
        if len(self.frames) >= _MAX_FRAGMENTS:
            self._fail(CloseCode.POLICY_VIOLATION, "too many fragments")
            return
        super().handle_cont(event)

    def send_receive_event_to_app(self) -> None:
        """Hand a message on, unless it is text that is not UTF-8."""
        if self.curr_msg_data_type == "text":
            try:
                self.frames = [b"".join(self.frames)]
                self.frames[0].decode()
            except UnicodeDecodeError:
                self._fail(CloseCode.INVALID_DATA, "not UTF-8")
                return
        super().send_receive_event_to_app()

    async def send(self, message: ASGISendEvent) -> None:
        """Send; a handshake that was refused by a document is complete, which uvicorn overlooks."""
        frames = cast("dict[str, list[bytes] | None]", message).get(_FRAMES)
        if frames is not None:
            await self._send_frames(frames)
            return
        await super().send(message)
        if message["type"] == "websocket.http.response.body":
            self.handshake_complete = True

    async def _send_frames(self, frames: list[bytes]) -> None:
        """Send messages that are framed already, in one write."""
        await self.writable.wait()
        if self.disconnected or self.conn.state is not State.OPEN:
            raise ClientDisconnected
        self.transport.write(b"".join(frames))

    def keepalive_timeout(self) -> None:
        """Close; what does not answer may not read either."""
        super().keepalive_timeout()
        self._end()

    def on_task_complete(self, task: "asyncio.Task[None]") -> None:
        """Close for good some time after the app has done so."""
        super().on_task_complete(task)
        self.loop.call_later(_LINGER_S, self.transport.abort)

    def _fail(self, code: int, reason: str) -> None:
        self.frames = []
        if not self.close_sent:
            self.conn.fail(code, reason)
            self.handle_parser_exception()
            self._end()

    def _end(self) -> None:
        self.transport.close()
        self.loop.call_later(_LINGER_S, self.transport.abort)


def frames_event(frames: list[bytes]) -> WebSocketSendEvent:
    """Return the event that sends frames as they are, in one write, through `SocketProtocol` alone."""
    event: dict[str, object] = {"type": "websocket.send", "text": None, "bytes": None}
    return cast("WebSocketSendEvent", event | {_FRAMES: frames})


def received(event: WebSocketReceiveEvent) -> Sequence[str | bytes]:
    """Return the messages of an event, one or, through `SocketProtocol`, all that came together."""
    texts = cast("dict[str, list[bytes] | None]", event).get(_TEXTS)
    if texts is not None:
        return texts
    text = event.get("text")
    return [(event.get("bytes") or b"") if text is None else text]


def _response(document: Problem, status: int) -> bytes:
    body = encode(document if document.status == status else _with_status(document, status))
    head = (
        f"HTTP/1.1 {status} {http.HTTPStatus(status).phrase}\r\n"
        f"content-type: {PROBLEM_MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\n"
        "cache-control: no-store\r\nx-content-type-options: nosniff\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + body


def _with_status(document: Problem, status: int) -> Problem:
    return msgspec.structs.replace(document, status=status)
