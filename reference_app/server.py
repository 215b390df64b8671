"""The server: one process, one event loop, a clean end.

It binds before anything is opened, so a taken port is one clear line and touches no data. SIGTERM
and SIGINT end it: sockets are told, requests finish, the exchange closes, the exit code is 0.
"""

import asyncio
import contextlib
import ipaddress
import logging
import math
import resource
import signal
import socket
import sys
from collections.abc import Iterable, Iterator
from typing import Final

import uvicorn

from hybrid_dex.errors import ConfigurationError, HybridDexError
from hybrid_dex.wire import MAX_MESSAGE_BYTES
from reference_app.app import compose, create_app, opened
from reference_app.doors import Doors
from reference_app.protocols import request_protocol, socket_protocol
from reference_app.services import Services
from reference_app.settings import ServerSettings, Settings

__all__ = ["PING_S", "Server", "bind", "make_server", "run"]

_log: Final = logging.getLogger(__name__)
PING_S: Final = 20.0
"""How often a socket is pinged, and how long it may take to answer."""
_KEEP_ALIVE_S: Final = 5
_BACKLOG: Final = 512
_SEND_BUFFER_BYTES: Final = 128 * 1024
"""What the kernel keeps for one reader; left to itself it would keep megabytes for a deaf one."""
_MAPPED_BITS: Final = 96
"""Of an IPv6 address, before the IPv4 address that is within it."""
_OTHER_FILES: Final = 256
"""Descriptors for journal, records and the chain beside the connections."""


class Server(uvicorn.Server):
    """uvicorn without its signal handling: it would end the process by the signal itself."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to `run`."""
        yield


def bind(settings: ServerSettings) -> socket.socket:
    """Return a bound socket. Raises `ConfigurationError` with one clear line."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
    try:
        listening.bind((settings.host, settings.port))
    except OSError as error:
        listening.close()
        raise ConfigurationError(
            f"{settings.host} port {settings.port} can not be used ({error.strerror}); "
            "end what holds it, or set server.port"
        ) from error
    return listening


def make_server(settings: Settings, services: Services, *, opens: bool = True) -> Server:
    """Return a server of an app over the services, not started; ``opens`` as in `create_app`."""
    server = settings.server
    proxies = _in_both_forms(server.trusted_proxies)
    doors = Doors(
        seconds=server.header_timeout_s,
        most=_room(server.connections),
        most_of_address=server.connections_per_address,
        proxies=proxies,
        counters=services.counters,
    )
    config = uvicorn.Config(
        create_app(services, opens=opens),
        loop="uvloop",
        http=request_protocol(doors),
        ws=socket_protocol(doors),
        ws_max_size=MAX_MESSAGE_BYTES,
        ws_per_message_deflate=False,
        ws_ping_interval=PING_S,
        ws_ping_timeout=PING_S,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies or None,
        backlog=_BACKLOG,
        timeout_keep_alive=min(_KEEP_ALIVE_S, math.ceil(server.header_timeout_s)),
        timeout_graceful_shutdown=server.shutdown_s,
    )
    return Server(config)


def _in_both_forms(proxies: Iterable[str]) -> list[str]:
    """Return networks, those of IPv4 also as a socket of IPv6 sees them (RFC 4291, 2.5.5.2)."""
    forms = []
    for proxy in proxies:
        found = ipaddress.ip_network(proxy)
        forms.append(str(found))
        if isinstance(found, ipaddress.IPv4Network):
            forms.append(f"::ffff:{found.network_address}/{_MAPPED_BITS + found.prefixlen}")
    return forms


def run(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code."""
    try:
        _check_sharing(settings)
        listening = bind(settings.server)
    except ConfigurationError as error:
        print(f"hybrid-dex: {error}", file=sys.stderr)  # noqa: T201 # the one line
        return 1
    try:
        services = compose(settings, owns_process=True)
        server = make_server(settings, services, opens=False)
        loop_factory = server.config.get_loop_factory()
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            return runner.run(_serve(server, services, listening))
    except (HybridDexError, OSError) as error:
        print(f"hybrid-dex: {error}", file=sys.stderr)  # noqa: T201 # the one line
        return 1
    finally:
        listening.close()


def _check_sharing(settings: Settings) -> None:
    """Refuse to be a gateway beside others and to believe what it alone remembers."""
    if settings.link.listen and not settings.auth.shared:
        raise ConfigurationError(
            "link.listen lets in other gateways, and this server is one itself: set auth.shared = true, "
            "and auth.database to one that all of them reach; or run hybrid-dex engine, which is none"
        )


async def _serve(server: Server, services: Services, listening: socket.socket) -> int:
    """Open the services, serve, close them: what stops their start is raised, not logged."""
    loop = asyncio.get_running_loop()

    def end() -> None:
        server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    async with opened(services):
        host, port = listening.getsockname()[:2]
        _log.info("listening on http://%s:%s", host, port)
        await server.serve(sockets=[listening])
    return 0 if server.started else 1


def _room(connections: int) -> int:
    """Return how many connections there are descriptors for; ask for more when they are few."""
    wanted = connections + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        return max(1, soft - _OTHER_FILES)
    return connections
