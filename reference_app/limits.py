"""Limits and headers: thin ASGI middleware before anything is parsed, and rates by account.

The framework's own limiter counts wrongly across processes, so rates are counted by ``limits``,
whose storage can be shared. Refusals leave as problem documents with Retry-After.
"""

import logging
import math
import re
import time
from typing import Final, TypeAlias
from urllib.parse import unquote

from limits import RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage, Storage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import ConfigurationError as LimitsConfigurationError
from limits.errors import StorageError
from limits.storage import storage_from_string
from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import (
    ASGIApp,
    HTTPResponseStartEvent,
    Message,
    Receive,
    Scope,
    Send,
    WebSocketResponseBodyEvent,
    WebSocketResponseStartEvent,
)

from hybrid_dex.errors import ConfigurationError
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import AccountId
from hybrid_dex.wire import PROBLEM_MEDIA_TYPE, encode, problem
from reference_app.problems import ProblemError
from reference_app.settings import LimitSettings

__all__ = ["CLOSE_FORBIDDEN", "CLOSE_TOO_MANY", "Limiter", "address_part", "guarded", "peer"]

_CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS: Final = {
    "content-security-policy": _CONTENT_SECURITY_POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
_NO_STORE: Final = "no-store"
_SLASH: Final = re.compile(rb"%2f", re.IGNORECASE)
_MAX_PATH_BYTES: Final = 2_048
_AWAY_S: Final = 1.0
"""How long an answer is waited for, and then not asked for again."""
_Item: TypeAlias = RateLimitItemPerMinute | RateLimitItemPerSecond
_log: Final = logging.getLogger(__name__)
CLOSE_FORBIDDEN: Final = 1008
CLOSE_TOO_MANY: Final = 1013
_HANDSHAKES: Final = {
    CLOSE_FORBIDDEN: RejectReason.FORBIDDEN,
    CLOSE_TOO_MANY: RejectReason.RATE_LIMITED,
}
"""What a socket that is closed before it is open is told."""


class Limiter:
    """Counts what addresses and accounts do.

    While the place where all gateways count can not be reached, each counts alone, with the same
    figures: a client then has at most so many times its rate as there are gateways.

    Args:
        settings: how much is too much, and where it is counted.
        shared: where all gateways count, unless the settings name another place.

    Raises:
        ConfigurationError: the storage can not be used.

    Attributes:
        refusals: how many were refused, by what is counted: ``address`` or ``account``.
    """

    def __init__(self, settings: LimitSettings, shared: str | None = None) -> None:
        address = settings.storage
        if shared is not None and address == LimitSettings().storage:
            address = shared
        self._shared = SlidingWindowCounterRateLimiter(_storage(address))
        self._own = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._away_until_s = 0.0
        self.refusals: Final[dict[str, int]] = {"address": 0, "account": 0}
        self._requests = RateLimitItemPerMinute(settings.requests_per_minute)
        self._orders = RateLimitItemPerSecond(settings.orders_per_second)

    @property
    def counts_alone(self) -> bool:
        """Whether the place where all gateways count can not be reached now."""
        return time.monotonic() < self._away_until_s

    async def request(self, address: str) -> None:
        """Count a request of an address. Raises `ProblemError` when there were too many."""
        if not await self._hit(self._requests, "address", address):
            raise await self._refusal(self._requests, "address", address)

    async def orders(self, account: AccountId, count: int = 1) -> None:
        """Count order entry of an account. Raises `ProblemError` when there was too much."""
        if not await self._hit(self._orders, "account", account, count):
            raise await self._refusal(self._orders, "account", account)

    async def _hit(self, item: _Item, kind: str, who: str, cost: int = 1) -> bool:
        """Count where all gateways count, or here while that can not be reached."""
        if time.monotonic() >= self._away_until_s:
            try:
                return await self._shared.hit(item, kind, who, cost=cost)
            except (StorageError, OSError) as error:
                self._away_until_s = time.monotonic() + _AWAY_S
                _log.warning("rates are counted by this gateway alone: %s", error)
        return await self._own.hit(item, kind, who, cost=cost)

    async def _refusal(self, item: _Item, kind: str, who: str) -> ProblemError:
        self.refusals[kind] += 1
        counted = self._own if time.monotonic() < self._away_until_s else self._shared
        try:
            stats = await counted.get_window_stats(item, kind, who)
        except (StorageError, OSError):
            stats = await self._own.get_window_stats(item, kind, who)
        wait_s = max(1, math.ceil(stats.reset_time - time.time()))
        detail = f"more than {item}; try again in {wait_s} s"
        return ProblemError(
            problem(RejectReason.RATE_LIMITED, detail), {"retry-after": str(wait_s)}
        )


def _storage(address: str) -> Storage:
    """Return a place to count in. Raises `ConfigurationError`."""
    options: dict[str, str | float | bool] = (
        {
            "implementation": "redispy",
            "wrap_exceptions": True,
            "socket_timeout": _AWAY_S,
            "socket_connect_timeout": _AWAY_S,
        }
        if address.startswith("async+redis")
        else {}
    )
    try:
        storage = storage_from_string(address, **options)
    except (LimitsConfigurationError, ValueError) as error:
        raise ConfigurationError(f"limits.storage can not be used: {error}") from error
    if not isinstance(storage, Storage):
        raise ConfigurationError(
            f"limits.storage {address!r} would block; use async+memory:// or async+redis://host"
        )
    return storage


def peer(scope: Scope) -> str:
    """Return the client's address, as the server or a trusted proxy saw it."""
    client = scope.get("client")
    return client[0] if client else "unknown"


def guarded(app: ASGIApp, limiter: Limiter, max_bytes: int) -> ASGIApp:
    """Return ``app`` behind the limits that need no parsing, and with the security headers."""

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.WEBSOCKET:
            await _guard_socket(app, limiter, scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableScopeHeaders(message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", _NO_STORE)
            await send(message)

        try:
            _check_size(scope, max_bytes)
            await limiter.request(peer(scope))
        except ProblemError as error:
            await _send_problem(send_with_headers, error)
            return
        _keep_parts(scope)
        await app(scope, receive, send_with_headers)

    return guard


async def _guard_socket(
    app: ASGIApp, limiter: Limiter, scope: Scope, receive: Receive, send: Send
) -> None:
    """Count a handshake as a request, and refuse it, here or beyond, by a problem document."""
    accepted = False

    async def send_until_accepted(message: Message) -> None:
        nonlocal accepted
        if message["type"] == "websocket.close" and not accepted:
            reason = _HANDSHAKES.get(message["code"], RejectReason.NOT_FOUND)
            detail = (message["reason"] or "") if message["code"] in _HANDSHAKES else ""
            await _refuse_handshake(send, ProblemError(problem(reason, detail)))
            return
        accepted = accepted or message["type"] == "websocket.accept"
        await send(message)

    try:
        await limiter.request(peer(scope))
    except ProblemError as error:
        await _refuse_handshake(send, error)
        return
    await app(scope, receive, send_until_accepted)


def _keep_parts(scope: Scope) -> None:
    """Route an encoded slash as part of the name that it is in; see `address_part`."""
    raw: bytes = scope.get("raw_path", b"")
    if b"%2f" in raw.lower():
        scope["path"] = unquote(_SLASH.sub(b"%252F", raw).decode("ascii"))


def address_part(scope: Scope) -> str:
    """Return the last part of a request's address, decoded once, also where it holds slashes."""
    return unquote(scope["raw_path"].rpartition(b"/")[2].decode("ascii"))


def _check_size(scope: Scope, max_bytes: int) -> None:
    headers = dict(scope["headers"])
    length = headers.get(b"content-length", b"0")
    if not length.isdigit() or int(length[:20]) > max_bytes:
        raise ProblemError(
            problem(RejectReason.MESSAGE_TOO_LARGE, valid=f"at most {max_bytes} bytes")
        )
    if len(scope.get("raw_path", b"")) + len(scope["query_string"]) > _MAX_PATH_BYTES:
        raise ProblemError(problem(RejectReason.MESSAGE_TOO_LARGE, "the address is too long"))


async def _send_problem(send: Send, error: ProblemError) -> None:
    start: HTTPResponseStartEvent = {
        "type": "http.response.start",
        "status": error.problem.status,
        "headers": _headers_of(error),
    }
    await send(start)
    body = encode(error.problem)
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def _refuse_handshake(send: Send, error: ProblemError) -> None:
    start: WebSocketResponseStartEvent = {
        "type": "websocket.http.response.start",
        "status": error.problem.status,
        "headers": _headers_of(error),
    }
    body: WebSocketResponseBodyEvent = {
        "type": "websocket.http.response.body",
        "body": encode(error.problem),
        "more_body": False,
    }
    await send(start)
    await send(body)


def _headers_of(error: ProblemError) -> list[tuple[bytes, bytes]]:
    headers = {"content-type": PROBLEM_MEDIA_TYPE, **error.headers}
    return [(name.encode(), value.encode()) for name, value in headers.items()]
