"""API keys of whoever asks, and confirmations by its wallet, which making a key needs.

A key acts long after the login that made it has ended, so a stolen access token must not be enough to
make one.
"""

from typing import Any, Final

from litestar import Request, Router, delete, get, post
from litestar.params import FromPath

from hybrid_dex.defaults.api_keys import ApiKey, KeyKind, NewKey
from hybrid_dex.errors import FormatError, SignatureError
from hybrid_dex.interfaces.auth import Scope
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.wire import (
    ActionAnswer,
    ActionRequest,
    ActionTokenAnswer,
    ApiKeyAnswer,
    ApiKeyMessage,
    ApiKeyRequest,
    ApiKeysAnswer,
    ConfirmRequest,
    RevokedAnswer,
    ScopeWord,
    hex_text,
    parse_hex,
    problem,
    signature_bytes,
)
from reference_app.access import MANAGE, requires_fresh_signature
from reference_app.problems import ProblemError, read_body
from reference_app.services import Caller, Services, TheServices

__all__ = ["action_routes", "key_routes"]

AnyRequest = Request[Any, Any, Any]
_PUBLIC_KEY_BYTES: Final = (32,)
_SCOPES: Final[tuple[ScopeWord, ...]] = ("read", "trade")


@post("/", opt={"body": ApiKeyRequest}, security=requires_fresh_signature(MANAGE))
async def make_key(request: AnyRequest, services: TheServices, principal: Caller) -> ApiKeyAnswer:
    """Make a key; the secret of an HMAC key is shown this once."""
    wanted = _wanted(await read_body(request, ApiKeyRequest), services)
    try:
        key, secret = await services.identity.keys.create(principal.account, wanted)
    except FormatError as error:
        raise _refused(error) from error
    return ApiKeyAnswer(key=_message(key), secret=None if secret is None else hex_text(secret))


@get("/", security=MANAGE)
async def list_keys(services: TheServices, principal: Caller) -> ApiKeysAnswer:
    """List the account's keys, oldest first, those that have expired too."""
    found = await services.identity.keys.of(principal.account)
    return ApiKeysAnswer(keys=[_message(key) for key in found])


@delete("/{key_id:str}", status_code=200, security=MANAGE)
async def delete_key(
    services: TheServices, principal: Caller, key_id: FromPath[str]
) -> RevokedAnswer:
    """Delete a key of the account; it is void at once."""
    if not await services.identity.keys.delete(principal.account, key_id):
        raise ProblemError(problem(RejectReason.NOT_FOUND, "you have no such key"))
    return RevokedAnswer(revoked=1)


@post("/", status_code=200, opt={"body": ActionRequest}, security=MANAGE)
async def begin_action(
    request: AnyRequest, services: TheServices, principal: Caller
) -> ActionAnswer:
    """Get the message with which the account's wallet confirms one request."""
    body = await read_body(request, ActionRequest)
    try:
        message, expires_at_ms = await services.identity.actions.begin(
            principal, body.method, body.target, body.body_sha256
        )
    except FormatError as error:
        raise _refused(error) from error
    return ActionAnswer(message=message, expires_at_ms=expires_at_ms)


@post("/confirm", status_code=200, opt={"body": ConfirmRequest}, security=MANAGE)
async def confirm_action(
    request: AnyRequest, services: TheServices, principal: Caller
) -> ActionTokenAnswer:
    """Exchange the signed message for the token that goes with the request, once."""
    body = await read_body(request, ConfirmRequest)
    try:
        action = await services.identity.actions.confirm(
            principal, body.message, signature_bytes(body.signature)
        )
    except SignatureError as error:
        document = problem(
            RejectReason.LOGIN_REFUSED,
            f"{error.field}: {error.reason}",
            field=error.field,
            valid=error.valid,
        )
        raise ProblemError(document) from error
    return ActionTokenAnswer(action_token=action.token, expires_at_ms=action.expires_at_ms)


def _wanted(body: ApiKeyRequest, services: Services) -> NewKey:
    """Return the key that is asked for. Raises `ProblemError` and `FormatError`."""
    markets = None if body.markets is None else [services.market(one).id for one in body.markets]
    return NewKey(
        name=body.name,
        kind=KeyKind(body.kind),
        scopes=frozenset(Scope(scope) for scope in body.scopes),
        markets=None if markets is None else tuple(markets),
        networks=tuple(body.networks),
        expires_at_ms=body.expires_at_ms,
        public_key=(
            None
            if body.public_key is None
            else parse_hex("public_key", body.public_key, _PUBLIC_KEY_BYTES)
        ),
    )


def _message(key: ApiKey) -> ApiKeyMessage:
    return ApiKeyMessage(
        id=key.id,
        name=key.name,
        kind=key.kind.value,
        scopes=[word for word in _SCOPES if word in key.scopes],
        markets=None if key.markets is None else sorted(key.markets),
        networks=list(key.networks),
        created_at_ms=key.created_at_ms,
        expires_at_ms=key.expires_at_ms,
        used_at_ms=key.used_at_ms or None,
    )


def _refused(error: FormatError) -> ProblemError:
    return ProblemError(
        problem(
            RejectReason.INVALID_MESSAGE,
            f"{error.field}: {error.reason}",
            field=error.field,
            valid=error.valid,
        )
    )


key_routes = Router(
    "/auth/api-keys", route_handlers=[make_key, list_keys, delete_key], tags=["auth"]
)
action_routes = Router(
    "/auth/actions", route_handlers=[begin_action, confirm_action], tags=["auth"]
)
