"""Roles: who may do what beside trading, given and taken by admins, and the log of all that."""

from typing import Annotated, Any

from litestar import Request, Router, get, put
from litestar.params import FromPath, QueryParameter

from hybrid_dex.defaults.roles import Role
from hybrid_dex.errors import FormatError
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import AccountId
from hybrid_dex.signing.address import parse_address
from hybrid_dex.wire import (
    AuditAnswer,
    AuditMessage,
    RoleMessage,
    RoleRequest,
    RolesAnswer,
    problem,
)
from reference_app.access import requires, requires_fresh_signature
from reference_app.problems import ProblemError, read_body
from reference_app.routes.parameters import Limit
from reference_app.services import Caller, TheServices

__all__ = ["role_routes"]

AnyRequest = Request[Any, Any, Any]
BeforeId = Annotated[
    int | None, QueryParameter(ge=1, le=2**53 - 1, description="entries with smaller ids")
]


@get("/roles", security=requires(Role.ADMIN))
async def list_roles(services: TheServices) -> RolesAnswer:
    """List every account with a role above trader."""
    return RolesAnswer(
        roles=[
            RoleMessage(
                account=grant.account,
                role=grant.role.value,
                granted_at_ms=grant.granted_at_ms,
                granted_by=grant.granted_by,
            )
            for grant in await services.identity.roles.all()
        ]
    )


@put(
    "/roles/{account:str}",
    status_code=204,
    opt={"body": RoleRequest},
    security=requires_fresh_signature(requires(Role.ADMIN)),
)
async def set_role(
    request: AnyRequest, services: TheServices, principal: Caller, account: FromPath[str]
) -> None:
    """Give an account a role in place of the one it has; trader takes it away. Counts at once."""
    body = await read_body(request, RoleRequest)
    try:
        parse_address(account)
        await services.identity.roles.grant(AccountId(account), Role(body.role), principal.account)
    except FormatError as error:
        document = problem(
            RejectReason.INVALID_MESSAGE,
            f"{error.field}: {error.reason}",
            field=error.field,
            valid=error.valid,
        )
        raise ProblemError(document) from error


@get("/audit", security=requires(Role.SUPPORT))
async def list_audit(
    services: TheServices, before: BeforeId = None, limit: Limit = 100
) -> AuditAnswer:
    """List what was changed by whom, newest first."""
    found = await services.identity.roles.audit(before=before, limit=limit)
    return AuditAnswer(
        entries=[
            AuditMessage(
                id=entry.id,
                at_ms=entry.at_ms,
                actor=entry.actor,
                action=entry.action,
                subject=entry.subject,
                detail=entry.detail,
                request=entry.request,
                reason=entry.reason,
                before=entry.before,
                after=entry.after,
                outcome=entry.outcome,
            )
            for entry in found
        ]
    )


role_routes = Router("/admin", route_handlers=[list_roles, set_role, list_audit], tags=["admin"])
