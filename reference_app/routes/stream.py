"""The WebSocket: a reader, a server and a sender for each connection, none of which holds up others."""

import asyncio
from collections import deque
from typing import Any, Final

import attrs
from litestar import WebSocket, websocket
from litestar.exceptions import WebSocketDisconnect

from reference_app.connection import Connection
from reference_app.limits import peer
from reference_app.outbox import Closing
from reference_app.services import TheServices

__all__ = ["stream"]

Socket = WebSocket[Any, Any, Any]

_CLOSE_POLICY: Final = 1008
_CLOSE_TOO_BIG: Final = 1009
_CHECK_S: Final = 15.0
_REASON_BYTES: Final = 120


@attrs.define
class _Inbox:
    """Frames that have arrived and wait; the reader stops reading while it is full."""

    limit: int
    frames: deque[str | bytes] = attrs.field(factory=deque)
    arrived: asyncio.Event = attrs.field(factory=asyncio.Event)
    room: asyncio.Event = attrs.field(factory=asyncio.Event)

    def take(self) -> list[str | bytes]:
        """Return everything that waits."""
        frames = list(self.frames)
        self.frames.clear()
        self.arrived.clear()
        self.room.set()
        return frames


@websocket("/ws")
async def stream(socket: Socket, services: TheServices) -> None:
    """Market data, private reports and order entry over one connection."""
    origin = socket.headers.get("origin")
    if origin is not None and origin not in services.settings.auth.origins:
        await socket.close(code=_CLOSE_POLICY, reason="this origin may not connect")
        return
    connection = Connection(services)
    limits = services.settings.limits
    if not services.hub.connect(connection, peer(socket.scope), limits):
        await socket.close(code=_CLOSE_POLICY, reason="too many connections")
        return
    try:
        await socket.accept()
        await _run(socket, connection, _Inbox(limits.waiting_frames))
    finally:
        connection.close()
        services.hub.disconnect(connection)


async def _run(socket: Socket, connection: Connection, inbox: _Inbox) -> None:
    """Run the connection's tasks until the first of them ends."""
    tasks = {
        asyncio.create_task(work)
        for work in (
            _read(socket, inbox),
            _serve(connection, inbox),
            _send(socket, connection),
            _watch(connection),
        )
    }
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        error = task.exception()
        if error is not None and not isinstance(error, WebSocketDisconnect):
            raise error


async def _read(socket: Socket, inbox: _Inbox) -> None:
    """Take frames as they come; those that arrive together are served together."""
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return
        if message["type"] == "websocket.receive":
            text, data = message.get("text"), message.get("bytes")
            inbox.frames.append((data or b"") if text is None else text)
        inbox.arrived.set()
        if len(inbox.frames) >= inbox.limit:
            inbox.room.clear()
            await inbox.room.wait()


async def _serve(connection: Connection, inbox: _Inbox) -> None:
    while True:
        await inbox.arrived.wait()
        await connection.serve(inbox.take())


async def _send(socket: Socket, connection: Connection) -> None:
    while True:
        message = await connection.outbox.take()
        if isinstance(message, Closing):
            await socket.close(code=message.code, reason=message.reason[:_REASON_BYTES])
            return
        await socket.send({"type": "websocket.send", "text": message, "bytes": None})


async def _watch(connection: Connection) -> None:
    """A session that was ended elsewhere stops hearing private reports within this time."""
    while True:
        await asyncio.sleep(_CHECK_S)
        await connection.check_session()
