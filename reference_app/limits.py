"""Limits and headers: thin ASGI middleware before anything is parsed.

The framework's own limiter counts wrongly across processes, so `rates` counts. Refusals leave as
problem documents with Retry-After, and every answer says how its sender stands.
"""

import ipaddress
import re
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

from litestar.enums import HttpMethod, ScopeType
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

from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.wire import PROBLEM_MEDIA_TYPE, encode, problem
from reference_app.problems import ProblemError
from reference_app.rates import Charge, Limiter

__all__ = ["CHARGES", "CLOSE_FORBIDDEN", "CLOSE_TOO_MANY", "address_part", "guarded", "peer"]

CHARGES: Final = "charges"
"""Under which name a request's state keeps under which limits it was counted."""

_CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS: Final = tuple(
    (name.encode(), value.encode())
    for name, value in {
        "content-security-policy": _CONTENT_SECURITY_POLICY,
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "cache-control": "no-store",
    }.items()
)
"""What every answer says, unless its route says something else of the same name."""
_SLASH: Final = re.compile(rb"%2f", re.IGNORECASE)
_MAX_PATH_BYTES: Final = 2_048
_KEPT: Final = 4_096
CLOSE_FORBIDDEN: Final = 1008
CLOSE_TOO_MANY: Final = 1013
_HANDSHAKES: Final = {
    CLOSE_FORBIDDEN: RejectReason.FORBIDDEN,
    CLOSE_TOO_MANY: RejectReason.RATE_LIMITED,
}
"""What a socket that is closed before it is open is told."""


def peer(scope: Scope) -> str:
    """Return the client's address, as the server or a trusted proxy saw it."""
    client = scope.get("client")
    return _plain(str(client[0])) if client else "unknown"


@lru_cache(_KEPT)
def _plain(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(found if mapped is None else mapped)


def guarded(app: ASGIApp, limiter: Limiter, max_bytes: int) -> ASGIApp:
    """Return ``app`` behind the limits that need no parsing, and with the security headers."""

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.WEBSOCKET:
            await _guard_socket(app, limiter, scope, receive, send)
            return
        if scope["method"] == HttpMethod.HEAD:
            # Answered as GET (RFC 9110, 9.3.2): the server knows what was asked, and sends no body.
            scope = {**scope, "method": HttpMethod.GET.value}
        charges: list[Charge] = []
        scope["state"][CHARGES] = charges

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = [(bytes(name), bytes(value)) for name, value in message["headers"]]
                names = {name.lower() for name, _ in said}
                if b"ratelimit" not in names:
                    for name, value in (await limiter.headers(charges)).items():
                        said.append((name.encode(), value.encode()))
                said += [header for header in _HEADERS if header[0] not in names]
                message["headers"] = said
            await send(message)

        try:
            _check_size(scope, max_bytes)
            charges.append(await limiter.request(peer(scope)))
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
    length = dict(scope["headers"]).get(b"content-length", b"0")
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
