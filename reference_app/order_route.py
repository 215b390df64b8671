"""The straight way of orders over REST: nearly all that bring some, without the framework.

The framework's routing, injection and response take longer than a signature's check. So a request
that is exactly what programs send (a bearer token, JSON of a declared length, nothing else that matters) is
served here; anything else goes to the routes in `reference_app.routes`, which decide and document.
Both ways call the same `order_entry`, ask for what the route's ``security`` names, and answer alike:
the tests hold the two beside each other.
"""

from typing import Final

from litestar.enums import ScopeType
from litestar.types import (
    ASGIApp,
    HTTPResponseBodyEvent,
    HTTPResponseStartEvent,
    HTTPScope,
    Receive,
    Scope,
    Send,
)

from hybrid_dex.interfaces.auth import Principal
from hybrid_dex.interfaces.auth import Scope as AuthScope
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.wire import (
    PROBLEM_MEDIA_TYPE,
    BatchAnswer,
    BatchOrdersRequest,
    LadderAnswer,
    LadderRequest,
    OrderAnswer,
    OrderRequest,
    decode,
    encode,
    problem,
)
from reference_app import order_entry
from reference_app.access import BEARER, TRADE_BY_MARKET, check_scope
from reference_app.problems import ProblemError, problem_of
from reference_app.services import Services

__all__ = ["straight"]

_JSON: Final = b"application/json"
_MARK: Final = b"bearer "
_SCOPES: Final = tuple(map(AuthScope, TRADE_BY_MARKET[0][BEARER]))
_PASSED_OVER: Final = frozenset(
    {b"host", b"accept", b"accept-encoding", b"accept-language", b"user-agent", b"connection",
     b"origin", b"referer", b"cache-control", b"pragma"}
)  # fmt: skip
"""Headers that change nothing about an order."""


async def _place(services: Services, principal: Principal, body: bytes) -> OrderAnswer:
    return await order_entry.place(services, principal, decode(OrderRequest, body))


async def _place_batch(services: Services, principal: Principal, body: bytes) -> BatchAnswer:
    return await order_entry.place_batch(services, principal, decode(BatchOrdersRequest, body))


async def _place_ladder(services: Services, principal: Principal, body: bytes) -> LadderAnswer:
    return await order_entry.place_ladder(services, principal, decode(LadderRequest, body))


_PLACES: Final = {
    b"/orders": (_place, 201),
    b"/orders/batch": (_place_batch, 200),
    b"/orders/ladder": (_place_ladder, 200),
}
"""What is done at which address, and the status of its answer."""


def straight(app: ASGIApp, services: Services) -> ASGIApp:
    """Return ``app`` behind the straight way of orders."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        token = _token(scope) if scope["type"] == ScopeType.HTTP else None
        if token is None:
            await app(scope, receive, send)
            return
        headers: dict[str, str] = {}
        try:
            principal = await services.principal(token)
            for name in _SCOPES:
                check_scope(principal, name)
            place, status = _PLACES[scope["raw_path"]]
            answer = await place(services, principal, await _body(receive))
            kind, body = _JSON, encode(answer)
        except Exception as error:  # noqa: BLE001 # told to the client, logged when it is ours
            document = problem_of(error)
            headers = error.headers if isinstance(error, ProblemError) else headers
            status, kind, body = document.status, PROBLEM_MEDIA_TYPE.encode(), encode(document)
        await _reply(send, status, kind, body, headers)

    return serve


def _token(scope: HTTPScope) -> str | None:
    """Return the bearer token of a request that is served here, or ``None``."""
    if scope["method"] != "POST" or scope["raw_path"] not in _PLACES or scope["query_string"]:
        return None
    token: bytes | None = None
    declared = counted = False
    for name, value in scope["headers"]:
        if name == b"authorization" and token is None and value[: len(_MARK)].lower() == _MARK:
            token = value[len(_MARK) :].strip()
        elif name == b"content-type" and not declared and value == _JSON:
            declared = True
        elif name == b"content-length" and not counted:
            counted = True
        elif name not in _PASSED_OVER:
            return None
    return token.decode("latin-1") if token and declared and counted else None


async def _body(receive: Receive) -> bytes:
    """Return the whole body, whose declared length was checked. Raises `ProblemError`."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            detail = "the connection ended within the body"
            raise ProblemError(problem(RejectReason.INVALID_MESSAGE, detail))
        parts.append(message["body"])
        if not message["more_body"]:
            return parts[0] if len(parts) == 1 else b"".join(parts)


async def _reply(
    send: Send, status: int, kind: bytes, body: bytes, headers: dict[str, str]
) -> None:
    start: HTTPResponseStartEvent = {
        "type": "http.response.start",
        "status": status,
        "headers": [
            (b"content-type", kind),
            (b"content-length", str(len(body)).encode()),
            *((name.encode(), value.encode()) for name, value in headers.items()),
        ],
    }
    end: HTTPResponseBodyEvent = {"type": "http.response.body", "body": body, "more_body": False}
    await send(start)
    await send(end)
