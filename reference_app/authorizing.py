"""The guard of every route: it reads who asks, and lets in whom the route's ``security`` names.

It also counts what the route weighs: for the address beyond the one of any request, and for the account
of who asks, unless the route enters orders, which are counted each.

It runs before the route for each request, so a route that forgets to ask who calls it is guarded all
the same. What it found is what `Caller` gives the route.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler

from hybrid_dex.defaults.api_keys import SignedRequest
from hybrid_dex.defaults.roles import Role
from hybrid_dex.errors import FormatError, SignatureError
from hybrid_dex.interfaces.auth import Principal, Scope
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.signing.api_request import SOCKET_METHOD, SOCKET_TARGET
from hybrid_dex.wire import KeyLoginOp, parse_hex, problem
from reference_app.access import BEARER, BY_MARKET, FRESH, KEY, forbidden, unauthenticated
from reference_app.limits import CHARGES, peer
from reference_app.problems import ProblemError
from reference_app.services import PRINCIPAL, Services
from reference_app.weights import route_weight

__all__ = ["DEFAULT_WINDOW_MS", "KEY_SIGNATURE_BYTES", "authorizer", "key_login"]

DEFAULT_WINDOW_MS: Final = 5_000
KEY_SIGNATURE_BYTES: Final = (32, 64)
"""HMAC-SHA256, Ed25519."""

AnyRequest = Request[Any, Any, Any]
_MARK: Final = "bearer "
_ACTION: Final = "hd-action"
_KEY_HEADERS: Final = ("hd-key", "hd-timestamp", "hd-window", "hd-signature")
_MAX_DIGITS: Final = 15
_MAX_ID: Final = 64


def authorizer(
    services: Services,
) -> Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], Awaitable[None]]:
    """Return the guard."""

    async def authorize(
        connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
    ) -> None:
        if not isinstance(handler, HTTPRouteHandler) or not isinstance(connection, Request):
            return
        weight, charges = route_weight(handler), connection.scope["state"][CHARGES]
        if weight > 1:
            await services.limiter.request(peer(connection.scope), weight - 1)
        alternatives = handler.resolve_security()
        if not alternatives:
            return
        principal, scheme = await _principal(connection, services)
        wanted = next((one for one in alternatives if scheme in one), None)
        if wanted is None or Scope.TRADE not in wanted[scheme]:
            charges.append(await services.limiter.account(principal.account, weight))
        try:
            if wanted is None:
                raise forbidden("a key may not do this; log in with the account's wallet")
            await _check_names(services, principal, wanted[scheme])
            if FRESH in wanted:
                await _check_action(connection, services, principal)
        except ProblemError as error:
            if _administers(connection, alternatives):
                path = connection.scope["raw_path"].decode("latin-1")  # as it was sent
                asked = f"{connection.method} {path}"
                name, why = handler.handler_name, error.problem.detail
                await services.identity.refusals.note(principal, name, asked, why)
            raise
        connection.scope["state"][PRINCIPAL] = principal

    return authorize


def _administers(request: AnyRequest, alternatives: Sequence[Mapping[str, Sequence[str]]]) -> bool:
    """Return whether a request would change what only a role may."""
    names = {name for one in alternatives for wanted in one.values() for name in wanted}
    return request.method != "GET" and not names.isdisjoint(Role)


async def _principal(request: AnyRequest, services: Services) -> tuple[Principal, str]:
    """Return who asks, and by which scheme. Raises `ProblemError`."""
    tokens = request.headers.getall("authorization", [])
    if any(name in request.headers for name in _KEY_HEADERS):
        if tokens:
            detail = "an access token and a key's signature: which of them asks?"
            raise unauthenticated(detail, "one of the two")
        return await _by_key(request, services), KEY
    if len(tokens) != 1 or not tokens[0].lower().startswith(_MARK):
        raise unauthenticated("no access token was sent", "Authorization: Bearer and one token")
    return await services.principal(tokens[0][len(_MARK) :].strip()), BEARER


async def _by_key(request: AnyRequest, services: Services) -> Principal:
    """Return whose key signed the request. Raises `ProblemError`."""
    key_id, timestamp, window, signature = (_one(request, name) for name in _KEY_HEADERS)
    query = request.scope["query_string"]
    target = request.scope["raw_path"] + (b"?" + query if query else b"")
    try:
        signed = SignedRequest(
            key_id=(key_id or "")[:_MAX_ID],
            timestamp_ms=_milliseconds("hd-timestamp", timestamp),
            window_ms=DEFAULT_WINDOW_MS if window is None else _milliseconds("hd-window", window),
            signature=parse_hex("hd-signature", signature or "", KEY_SIGNATURE_BYTES),
            method=str(request.method),
            target=target.decode("latin-1"),
            body=await request.body(),
            address=peer(request.scope),
        )
        return await services.identity.keys.authenticate(signed)
    except FormatError as error:
        raise unauthenticated(f"key: {error.reason}", error.valid, error.field) from error


async def key_login(services: Services, message: KeyLoginOp, address: str) -> Principal:
    """Return who a key logs a connection in for. Raises `ProblemError`."""
    try:
        signed = SignedRequest(
            key_id=message.key,
            timestamp_ms=message.timestamp_ms,
            window_ms=message.window_ms,
            signature=parse_hex("signature", message.signature, KEY_SIGNATURE_BYTES),
            method=SOCKET_METHOD,
            target=SOCKET_TARGET,
            body=b"",
            address=address,
        )
        return await services.identity.keys.authenticate(signed)
    except FormatError as error:
        raise unauthenticated(f"key: {error.reason}", error.valid, error.field) from error


async def _check_names(services: Services, principal: Principal, names: list[str]) -> None:
    """Raise `ProblemError` unless the principal has every scope and role that is named."""
    if principal.markets is not None and BY_MARKET not in names:
        raise forbidden("a key of some markets may not ask for what concerns all of them")
    for name in names:
        if name in {scope.value for scope in Scope}:
            if name not in principal.scopes:
                raise forbidden(f"this needs the scope {name}")
        elif name != BY_MARKET:
            role = Role(name)
            found = await services.identity.roles.of(principal.account)
            if not found.includes(role):
                raise forbidden(f"this needs the role {role}")


async def _check_action(request: AnyRequest, services: Services, principal: Principal) -> None:
    """Spend the wallet's confirmation of this request. Raises `ProblemError`."""
    query = request.scope["query_string"]
    target = request.scope["raw_path"] + (b"?" + query if query else b"")
    token = _one(request, _ACTION)
    try:
        await services.identity.actions.spend(
            principal,
            token or "",
            method=str(request.method),
            target=target.decode("latin-1"),
            body=await request.body(),
        )
    except SignatureError as error:
        document = problem(
            RejectReason.FRESH_SIGNATURE_REQUIRED,
            f"action: {error.reason}",
            field=_ACTION,
            valid=error.valid,
        )
        raise ProblemError(document) from error


def _one(request: AnyRequest, name: str) -> str | None:
    """Return a header that may be sent once. Raises `ProblemError`."""
    values = request.headers.getall(name, [])
    if len(values) > 1:
        raise unauthenticated(f"{name} was sent more than once", "each header once", name)
    return values[0] if values else None


def _milliseconds(name: str, text: str | None) -> int:
    if text is None or not (text.isascii() and text.isdigit()) or len(text) > _MAX_DIGITS:
        raise FormatError(name, "missing, or not a time", "milliseconds, in digits")
    return int(text)
