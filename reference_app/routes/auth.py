"""Login: Sign-In with Ethereum, access tokens and rotating refresh tokens, open sessions."""

from typing import Any

from litestar import Request, Router, delete, get, post
from litestar.params import FromPath

from hybrid_dex.errors import FormatError, SignatureError
from hybrid_dex.interfaces.auth import LoginClient
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import AccountId
from hybrid_dex.signing.login_message import LoginMessage
from hybrid_dex.wire import (
    LoginRequest,
    NonceAnswer,
    RefreshRequest,
    RevokedAnswer,
    RevokeRequest,
    SessionAnswer,
    SessionsAnswer,
    login_signature,
    problem,
    session_answer,
    session_message,
)
from reference_app.access import MANAGE
from reference_app.limits import peer
from reference_app.problems import ProblemError, read_body
from reference_app.services import Caller, TheServices

__all__ = ["auth_routes"]

AnyRequest = Request[Any, Any, Any]


def _refused(error: FormatError) -> ProblemError:
    detail = f"{error.field}: {error.reason}"
    return ProblemError(
        problem(RejectReason.LOGIN_REFUSED, detail, field=error.field, valid=error.valid)
    )


@post("/nonce", status_code=200)
async def issue_nonce(services: TheServices) -> NonceAnswer:
    """Get a nonce for one login message."""
    return NonceAnswer(nonce=await services.auth.issue_nonce())


@post("/login", status_code=200, opt={"body": LoginRequest})
async def login(request: AnyRequest, services: TheServices) -> SessionAnswer:
    """Open a session with a signed EIP-4361 message."""
    body = await read_body(request, LoginRequest)
    client = LoginClient(
        address=peer(request.scope), user_agent=request.headers.get("user-agent", "")
    )
    try:
        # What may fail comes first: what the wallet signed is good once.
        account = AccountId(LoginMessage.parse(body.message).address)
        role = await services.identity.roles.of(account)
        session = await services.auth.login(body.message, login_signature(body), client)
    except FormatError as error:
        raise _refused(error) from error
    return session_answer(session, role.value)


@post("/refresh", status_code=200, opt={"body": RefreshRequest})
async def refresh(request: AnyRequest, services: TheServices) -> SessionAnswer:
    """Exchange a refresh token for a new session, once."""
    body = await read_body(request, RefreshRequest)
    try:
        # What may fail comes first: the token is good once, and its repeat would end the session.
        account = services.identity.auth.account_of(body.refresh_token)
        role = await services.identity.roles.of(account)
        session = await services.auth.refresh(body.refresh_token)
    except FormatError as error:
        raise _refused(error) from error
    return session_answer(session, role.value)


@post("/logout", status_code=204, security=MANAGE)
async def logout(services: TheServices, principal: Caller) -> None:
    """End the session; its tokens are void at once."""
    await services.auth.logout(principal)


@post("/revoke", status_code=204, opt={"body": RevokeRequest})
async def revoke_token(request: AnyRequest, services: TheServices) -> None:
    """Void an access token alone; whoever has it may. Its session stays open."""
    body = await read_body(request, RevokeRequest)
    try:
        await services.identity.auth.revoke_token(body.token)
    except SignatureError as error:
        raise _refused(error) from error


@get("/sessions", security=MANAGE)
async def list_sessions(services: TheServices, principal: Caller) -> SessionsAnswer:
    """List the account's open logins, oldest first."""
    found = await services.auth.sessions(principal.account)
    return SessionsAnswer(sessions=[session_message(one, principal.session_id) for one in found])


@delete("/sessions", status_code=200, security=MANAGE)
async def revoke_other_sessions(services: TheServices, principal: Caller) -> RevokedAnswer:
    """End every login of the account but this one; their tokens are void at once."""
    others = [
        one.id
        for one in await services.auth.sessions(principal.account)
        if one.id != principal.session_id
    ]
    ended = [await services.auth.revoke(principal.account, one) for one in others]
    return RevokedAnswer(revoked=sum(ended))


@delete("/sessions/{session_id:str}", status_code=200, security=MANAGE)
async def revoke_session(
    services: TheServices, principal: Caller, session_id: FromPath[str]
) -> RevokedAnswer:
    """End one login of the account; its tokens are void at once."""
    if not await services.auth.revoke(principal.account, session_id):
        raise ProblemError(problem(RejectReason.NOT_FOUND, "you have no such session"))
    return RevokedAnswer(revoked=1)


auth_routes = Router(
    "/auth",
    route_handlers=[
        issue_nonce,
        login,
        refresh,
        logout,
        revoke_token,
        list_sessions,
        revoke_other_sessions,
        revoke_session,
    ],
    tags=["auth"],
)
