"""Whole answers: head and body of an answer leave in one write.

uvicorn writes the head as soon as an app begins, and the body after it: two system calls, and often two packets
to read. ASGI lets a server keep the head until there is a body. What is more than one piece, has no declared
length or ends the connection by a word of its own is left to uvicorn.
"""

from functools import lru_cache
from typing import Final

from uvicorn._types import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGISendCallable,
    ASGISendEvent,
    HTTPResponseBodyEvent,
    HTTPResponseStartEvent,
    Scope,
)
from uvicorn.protocols.http.httptools_impl import (
    HEADER_RE,
    HEADER_VALUE_RE,
    STATUS_LINE,
    RequestResponseCycle,
)

__all__ = ["in_one_write"]

_LENGTH: Final = b"content-length"
_OTHERWISE: Final = frozenset({b"transfer-encoding", b"connection"})
_END: Final = b"\r\n"
_LAST: Final = b"connection: close\r\n"
_KEPT: Final = 1_024
"""Header lines that are remembered: most are of every answer."""


def in_one_write(cycle: RequestResponseCycle, app: ASGI3Application) -> ASGI3Application:
    """Return ``app``, whose answers to this request leave whole where they can."""

    async def served(scope: Scope, receive: ASGIReceiveCallable, _send: ASGISendCallable) -> None:
        await app(scope, receive, _Answer(cycle).send)

    return served


class _Answer:
    """Keeps the head of an answer until its body is there."""

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self._cycle = cycle
        self._start: HTTPResponseStartEvent | None = None

    async def send(self, message: ASGISendEvent) -> None:
        """Take an event of the app."""
        start, cycle = self._start, self._cycle
        if (
            start is None
            and message["type"] == "http.response.start"
            and not cycle.response_started
        ):
            self._start = message
            return
        self._start = None
        if start is not None:
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                if cycle.flow.write_paused and not cycle.disconnected:
                    await cycle.flow.drain()
                if self._sent_whole(start, message):
                    return
            await cycle.send(start)
        await cycle.send(message)

    def _sent_whole(self, start: HTTPResponseStartEvent, end: HTTPResponseBodyEvent) -> bool:
        """Send an answer and return true, unless it is one for uvicorn."""
        cycle, body = self._cycle, end.get("body", b"")
        if cycle.disconnected or cycle.scope["method"] == "HEAD":
            return False
        length: bytes | None = None
        lines = [STATUS_LINE[start["status"]]]
        for written, value in (*cycle.default_headers, *start.get("headers", ())):
            name = written.lower()
            if name in _OTHERWISE or (name == _LENGTH and length is not None):
                return False
            if name == _LENGTH:
                length = value
            lines.append(_line(name, value))
        if length is None or length != b"%d" % len(body):
            return False
        if not cycle.keep_alive:
            lines.append(_LAST)
        lines += (_END, body)
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        cycle.message_event.set()
        cycle.transport.write(b"".join(lines))
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()
        return True


@lru_cache(_KEPT)
def _line(name: bytes, value: bytes) -> bytes:
    """Return a header's line. Raises `RuntimeError`, as uvicorn does, for what would end it early."""
    if HEADER_RE.search(name) or HEADER_VALUE_RE.search(value):
        raise RuntimeError("a header with bytes that no header may have")
    return name + b": " + value + _END
