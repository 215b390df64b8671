"""The socket: a small port, and its implementation on the websockets library."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final, Protocol, TypeAlias

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from hybrid_dex.client.errors import UnreachableError
from hybrid_dex.client.paths import base_url
from hybrid_dex.wire import MAX_SERVER_MESSAGE_BYTES

__all__ = ["Connection", "Connector", "websocket_connector"]


class Connection(Protocol):
    """One open connection; both methods raise `UnreachableError` once it is lost."""

    async def send(self, message: str) -> None:
        """Send one text message."""
        ...

    async def receive(self) -> str | bytes:
        """Return the next message."""
        ...


Connector: TypeAlias = Callable[[], AbstractAsyncContextManager[Connection]]
"""Opens a connection, or raises `UnreachableError`; closes it on leaving."""


class _WebSocket:
    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def send(self, message: str) -> None:
        try:
            await self._socket.send(message)
        except (WebSocketException, OSError) as error:
            raise UnreachableError(f"the socket is lost: {error}") from error

    async def receive(self) -> str | bytes:
        try:
            return await self._socket.recv()
        except (WebSocketException, OSError) as error:
            raise UnreachableError(f"the socket is lost: {error}") from error


_SCHEMES: Final = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}
"""How a socket's address begins, by how the exchange's does."""


def websocket_connector(url: str, *, timeout_s: float = 10.0) -> Connector:
    """Return what connects to an exchange's socket.

    Args:
        url: the exchange's base URL (``http`` or ``https``) or the socket's own.
        timeout_s: how long opening may take.

    Raises:
        ConfigurationError: the URL is no such one.
    """
    scheme, _, rest = base_url(url).partition("://")
    address = f"{_SCHEMES[scheme.lower()]}://{rest}"
    address = address if address.rstrip("/").endswith("/ws") else address.rstrip("/") + "/ws"

    @asynccontextmanager
    async def open_socket() -> AsyncIterator[Connection]:
        try:
            socket = await connect(
                address,
                open_timeout=timeout_s,
                close_timeout=1,
                compression=None,
                max_size=MAX_SERVER_MESSAGE_BYTES,
                ping_interval=None,  # the stream watches with the protocol's own pings
            )
        except (WebSocketException, OSError) as error:
            raise UnreachableError(f"{address}: {error}") from error
        try:
            yield _WebSocket(socket)
        finally:
            await socket.close()

    return open_socket
