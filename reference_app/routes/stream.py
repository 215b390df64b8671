"""The WebSocket: a reader, a server and a sender for each connection, none of which holds up others."""

import asyncio
from collections import deque
from typing import Any, Final

import attrs
from litestar import WebSocket, websocket
from litestar.exceptions import WebSocketDisconnect

from reference_app.connection import Connection
from reference_app.limits import CLOSE_FORBIDDEN, CLOSE_TOO_MANY, peer
from reference_app.outbox import Closing
from reference_app.protocols import frames_event, received
from reference_app.services import TheServices

__all__ = ["stream"]

Socket = WebSocket[Any, Any, Any]

_FRAMES_A_TURN: Final = 128
_FRAMES_A_WRITE: Final = 20
_CHECK_S: Final = 15.0
_REASON_BYTES: Final = 120


@attrs.define
class _Inbox:
    """Frames that have arrived and wait; the reader stops reading while it is full."""

    limit: int
    per_second: int
    frames: deque[str | bytes] = attrs.field(factory=deque)
    arrived: asyncio.Event = attrs.field(factory=asyncio.Event)
    room: asyncio.Event = attrs.field(factory=asyncio.Event)

    def take(self) -> list[str | bytes]:
        """Return what waits, at most one turn's worth."""
        frames = [self.frames.popleft() for _ in range(min(_FRAMES_A_TURN, len(self.frames)))]
        if not self.frames:
            self.arrived.clear()
        self.room.set()
        return frames


@websocket("/ws")
async def stream(socket: Socket, services: TheServices) -> None:
    """Market data, private reports and order entry over one connection."""
    origin = socket.headers.get("origin")
    if origin is not None and origin not in services.settings.auth.origins:
        await socket.close(code=CLOSE_FORBIDDEN, reason="this origin may not connect")
        return
    connection = Connection(services, peer(socket.scope))
    limits = services.settings.limits
    if not services.hub.connect(connection, peer(socket.scope), limits):
        await socket.close(code=CLOSE_TOO_MANY, reason="too many connections")
        return
    try:
        await socket.accept()
        await _run(socket, connection, _Inbox(limits.waiting_frames, limits.frames_per_second))
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
    """Take frames as they come, so many a second; those that arrive together are served together."""
    loop = asyncio.get_running_loop()
    second, count = loop.time(), 0
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return
        waiting = received(message) if message["type"] == "websocket.receive" else ()
        while waiting:
            room = min(inbox.per_second - count, inbox.limit - len(inbox.frames))
            inbox.frames.extend(waiting[:room])
            inbox.arrived.set()
            count += len(waiting[:room])
            waiting = waiting[room:]
            if count >= inbox.per_second:
                await asyncio.sleep(max(0.0, second + 1 - loop.time()))
                second, count = loop.time(), 0
            elif loop.time() >= second + 1:
                second, count = loop.time(), 0
            if len(inbox.frames) >= inbox.limit:
                inbox.room.clear()
                await inbox.room.wait()


async def _serve(connection: Connection, inbox: _Inbox) -> None:
    while True:
        await inbox.arrived.wait()
        await connection.serve(inbox.take())
        await asyncio.sleep(0)  # others have their turn, whatever this one sends


async def _send(socket: Socket, connection: Connection) -> None:
    """Send what waits, some messages in one write; then others have their turn."""
    while True:
        frames = await connection.outbox.take(_FRAMES_A_WRITE)
        if isinstance(frames, Closing):
            await socket.close(code=frames.code, reason=frames.reason[:_REASON_BYTES])
            return
        await socket.send(frames_event(frames))
        await asyncio.sleep(0)


async def _watch(connection: Connection) -> None:
    """A session that was ended elsewhere stops hearing private reports within this time.

    And a reader that does not even take the reason for its end is waited for no longer.
    """
    while connection.outbox.closing is None:
        await asyncio.sleep(_CHECK_S)
        await connection.check_session()
    await asyncio.sleep(_CHECK_S)
