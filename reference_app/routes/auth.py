"""Login: Sign-In with Ethereum, access tokens and rotating refresh tokens."""

from typing import Any

from litestar import Request, Router, post

from hybrid_dex.errors import FormatError
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.wire import (
    LoginRequest,
    NonceAnswer,
    RefreshRequest,
    SessionAnswer,
    login_signature,
    problem,
    session_answer,
)
from reference_app.problems import ProblemError, read_body
from reference_app.routes.parameters import BEARER
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
    try:
        return session_answer(await services.auth.login(body.message, login_signature(body)))
    except FormatError as error:
        raise _refused(error) from error


@post("/refresh", status_code=200, opt={"body": RefreshRequest})
async def refresh(request: AnyRequest, services: TheServices) -> SessionAnswer:
    """Exchange a refresh token for a new session, once."""
    body = await read_body(request, RefreshRequest)
    try:
        return session_answer(await services.auth.refresh(body.refresh_token))
    except FormatError as error:
        raise _refused(error) from error


@post("/logout", status_code=204, security=BEARER)
async def logout(services: TheServices, principal: Caller) -> None:
    """End the session; its tokens are void at once."""
    await services.auth.logout(principal)


auth_routes = Router("/auth", route_handlers=[issue_nonce, login, refresh, logout], tags=["auth"])
