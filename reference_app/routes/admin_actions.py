"""What operators and admins do: at once, or proposed by one admin and confirmed by another.

Each request is confirmed by the wallet for exactly what it says, and kept under an id of the asker's.
"""

from typing import Annotated, Any, Final, Literal

from litestar import Request, Router, get, post
from litestar.params import FromPath, QueryParameter

from hybrid_dex.defaults.admin_actions import ActionState
from hybrid_dex.defaults.roles import Role
from hybrid_dex.defaults.sql_values import is_id
from hybrid_dex.errors import FormatError
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.wire import (
    ActionMessage,
    ActionsAnswer,
    AdminActionRequest,
    AdminProposalRequest,
    CancelActionRequest,
    ConfirmActionRequest,
)
from reference_app.access import requires, requires_fresh_signature
from reference_app.administration import action_message
from reference_app.problems import read_body, refuse
from reference_app.routes.admin_examples import ACTIONS, CANCELING, CONFIRMATION, PROPOSALS
from reference_app.routes.parameters import Limit
from reference_app.services import Caller, TheServices

__all__ = ["admin_action_routes"]

AnyRequest = Request[Any, Any, Any]
_SEPARATOR: Final = "."
StateQuery = Annotated[
    Literal["proposed", "running", "done", "refused", "canceled", "expired", "unknown"] | None,
    QueryParameter(description="actions that are so now"),
]
BeforeAction = Annotated[
    str | None, QueryParameter(max_length=96, description="the `next` of the page before")
]


@post(
    "/actions",
    status_code=200,
    opt={"body": AdminActionRequest, "examples": ACTIONS},
    security=requires_fresh_signature(requires(Role.OPERATOR)),
)
async def do_action(request: AnyRequest, services: TheServices, principal: Caller) -> ActionMessage:
    """Do an action at once, under an id of the asker's; a repeat answers what came of the first."""
    body = await read_body(request, AdminActionRequest)
    return await services.administration.act(principal, body)


@post(
    "/proposals",
    status_code=200,
    opt={"body": AdminProposalRequest, "examples": PROPOSALS},
    security=requires_fresh_signature(requires(Role.ADMIN)),
)
async def propose_action(
    request: AnyRequest, services: TheServices, principal: Caller
) -> ActionMessage:
    """Propose an action that takes two admins; another one confirms it before it expires."""
    body = await read_body(request, AdminProposalRequest)
    return await services.administration.propose(principal, body)


@post(
    "/actions/{action_id:str}/confirm",
    status_code=200,
    opt={"body": ConfirmActionRequest, "examples": CONFIRMATION},
    security=requires_fresh_signature(requires(Role.ADMIN)),
)
async def confirm_action(
    request: AnyRequest, services: TheServices, principal: Caller, action_id: FromPath[str]
) -> ActionMessage:
    """Confirm what another admin proposed, as it was read; it is done at once."""
    body = await read_body(request, ConfirmActionRequest)
    return await services.administration.confirm(principal, action_id, body.digest)


@post(
    "/actions/{action_id:str}/cancel",
    status_code=200,
    opt={"body": CancelActionRequest, "examples": CANCELING},
    security=requires_fresh_signature(requires(Role.ADMIN)),
)
async def cancel_action(
    request: AnyRequest, services: TheServices, principal: Caller, action_id: FromPath[str]
) -> ActionMessage:
    """Take a proposal back, one's own or another's, as long as it waits."""
    body = await read_body(request, CancelActionRequest)
    return await services.administration.cancel(principal, action_id, body.reason)


@get("/actions", security=requires(Role.SUPPORT))
async def list_actions(
    services: TheServices,
    status: StateQuery = None,
    before: BeforeAction = None,
    limit: Limit = 100,
) -> ActionsAnswer:
    """List actions and proposals, newest first, with what came of each."""
    found = await services.administration.actions.page(
        states=None if status is None else [ActionState(status)], before=_key(before), limit=limit
    )
    last = found[-1] if len(found) == limit else None
    return ActionsAnswer(
        actions=[action_message(action) for action in found],
        next=None if last is None else f"{last.created_at_ms}{_SEPARATOR}{last.id}",
    )


@get("/actions/{action_id:str}", security=requires(Role.SUPPORT))
async def get_action(services: TheServices, action_id: FromPath[str]) -> ActionMessage:
    """Get an action or proposal, with what came of it."""
    found = await services.administration.actions.get(action_id)
    if found is None:
        raise refuse(Refusal(RejectReason.NOT_FOUND, "action_id", "there is no such action"))
    return action_message(found)


def _key(text: str | None) -> tuple[int, str] | None:
    """Return the key of a page's end. Raises `FormatError`."""
    if text is None:
        return None
    at_ms, _, id_ = text.partition(_SEPARATOR)
    is_time = at_ms.isascii() and at_ms.isdigit() and len(at_ms) < 16  # noqa: PLR2004 # of milliseconds
    if not (is_time and id_ and is_id(id_)):
        raise FormatError("before", "not a cursor", "the `next` of an earlier page")
    return int(at_ms), id_


admin_action_routes = Router(
    "/admin",
    route_handlers=[
        do_action,
        propose_action,
        confirm_action,
        cancel_action,
        list_actions,
        get_action,
    ],
    tags=["admin"],
)
