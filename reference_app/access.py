"""Access: who may call a route, declared beside it, decided here, and shown in the document.

A route's ``security`` says all: none for a public one, or one of the values below. They are security
requirements of OpenAPI 3.1, whose list of names beside a scheme says which scope or role it takes, so
what is decided and what is documented can not differ. A key is let in only where its scheme is
named, and a key of some markets only where the route looks at markets itself (`BY_MARKET`).
"""

from collections.abc import Iterable
from typing import Final, TypeAlias

from litestar.openapi.spec import Reference, SecurityScheme

from hybrid_dex.defaults.roles import Role
from hybrid_dex.exchange import ExchangeView
from hybrid_dex.interfaces.auth import Principal, Scope
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.batch_request import BatchRequest, SignedReplacement
from hybrid_dex.model.commands import CancelOrder, PlaceOrder, ReduceOrder, ReplaceOrder
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.signed_order import SignatureKind, SignedOrder
from hybrid_dex.model.units import MarketId
from hybrid_dex.wire import problem
from reference_app.problems import ProblemError, refuse

__all__ = [
    "BEARER",
    "BY_MARKET",
    "FRESH",
    "KEY",
    "MANAGE",
    "READ",
    "READ_BY_MARKET",
    "SCHEMES",
    "TRADE",
    "TRADE_BY_MARKET",
    "WITHDRAW",
    "check_market",
    "check_requests",
    "check_scope",
    "forbidden",
    "requires",
    "requires_fresh_signature",
    "unauthenticated",
]

Requirement: TypeAlias = list[dict[str, list[str]]]

BEARER: Final = "bearer"
KEY: Final = "api_key"
FRESH: Final = "fresh_signature"
BY_MARKET: Final = "by_market"

READ: Final[Requirement] = [{BEARER: [Scope.READ]}, {KEY: [Scope.READ]}]
"""See what is the account's own."""
READ_BY_MARKET: Final[Requirement] = [{BEARER: [Scope.READ]}, {KEY: [Scope.READ, BY_MARKET]}]
"""The same, on a route that calls `check_market`."""
TRADE: Final[Requirement] = [{BEARER: [Scope.TRADE]}, {KEY: [Scope.TRADE]}]
"""Change the account's orders."""
TRADE_BY_MARKET: Final[Requirement] = [{BEARER: [Scope.TRADE]}, {KEY: [Scope.TRADE, BY_MARKET]}]
"""The same, on a route that calls `check_requests`, or `check_market` for all orders at once."""
WITHDRAW: Final[Requirement] = [{BEARER: [Scope.WITHDRAW]}]
"""Ask for money. Never by a key."""
MANAGE: Final[Requirement] = [{BEARER: [Scope.MANAGE]}]
"""Sessions and keys. Never by a key."""

SCHEMES: Final[dict[str, SecurityScheme | Reference]] = {
    BEARER: SecurityScheme(
        type="http",
        scheme="bearer",
        bearer_format="JWT",
        description="The access token of a login. The names beside it are a scope or a role.",
    ),
    KEY: SecurityScheme(
        type="apiKey",
        name="HD-Key",
        security_scheme_in="header",
        description=(
            "The id of an API key, with HD-Timestamp (Unix milliseconds), HD-Window (milliseconds, "
            "5000 when left out) and HD-Signature (0x-hex) over the request. The names beside it "
            "are a scope, and by_market where a key of some markets is let in."
        ),
    ),
    FRESH: SecurityScheme(
        type="apiKey",
        name="HD-Action",
        security_scheme_in="header",
        description=(
            "A token that the account's wallet got by signing for exactly this request: "
            "POST /auth/actions, sign the message, POST /auth/actions/confirm."
        ),
    ),
}
"""The schemes, as the document describes them."""


def requires(role: Role) -> Requirement:
    """Return the requirement of a login whose account has the role, or a higher one."""
    return [{BEARER: [role.value]}]


def requires_fresh_signature(requirement: Requirement) -> Requirement:
    """Return the requirement with, besides, a signature that the wallet made for this one request."""
    return [alternative | {FRESH: []} for alternative in requirement]


def unauthenticated(detail: str, valid: str, field: str = "authorization") -> ProblemError:
    """Return the refusal of a request that says not, or not credibly, who asks."""
    return ProblemError(
        problem(RejectReason.UNAUTHENTICATED, detail, field=field, valid=valid),
        {"www-authenticate": "Bearer"},
    )


def forbidden(detail: str, field: str = "") -> ProblemError:
    """Return the refusal of what this principal may not do."""
    return refuse(Refusal(RejectReason.FORBIDDEN, field, detail))


def check_scope(principal: Principal, scope: Scope) -> None:
    """Raise `ProblemError` unless the principal has the scope."""
    if scope not in principal.scopes:
        raise forbidden(f"this needs the scope {scope}")


def check_market(principal: Principal, market: MarketId | None) -> None:
    """Raise `ProblemError` unless the principal may act in the market; ``None`` stands for all."""
    if principal.markets is None or market in principal.markets:
        return
    if market is None:
        raise forbidden("this key is for some markets only; name one of them", "market")
    raise forbidden(f"this key is not for {market}", "market")


def check_requests(
    principal: Principal, requests: Iterable[BatchRequest], view: ExchangeView
) -> None:
    """Raise `ProblemError` unless the principal may ask for all of it.

    Whoever has logged in may: what settles is decided by each order's own signature. A key acts in its
    markets, hands in nothing unsigned, and an HMAC key only leaves of a tree that the trader signed.
    What is no order of the account is left to the engine, which does not know it either: a key learns
    nothing of others' orders.
    """
    if not principal.key_id:
        return
    for request in requests:
        market = _market_of(request, principal, view)
        if market is not None:
            check_market(principal, market)
        match request:
            case SignedOrder():
                _check_signed(principal, request)
            case SignedReplacement():
                _check_signed(principal, request.terms)
            case PlaceOrder() | ReplaceOrder():
                raise forbidden("a key places nothing unsigned: sign the order", "signature")
            case CancelOrder() | ReduceOrder():
                pass


def _check_signed(principal: Principal, order: SignedOrder) -> None:
    if not principal.places_wallet_orders and order.signature_kind is not SignatureKind.BULK:
        raise forbidden("an HMAC key places only leaves of a signed tree", "signature_kind")


def _market_of(request: BatchRequest, principal: Principal, view: ExchangeView) -> MarketId | None:
    """Return the market that a request is about; ``None`` when it names no order of the account."""
    match request:
        case SignedOrder():
            return request.market.id
        case SignedReplacement():
            return request.terms.market.id
        case PlaceOrder():
            return request.market
        case CancelOrder(client_order_id=str(name), order_id=None):
            found = view.order_by_client_id(principal.account, name)
        case _:
            found = None if request.order_id is None else view.order(request.order_id)
    return None if found is None or found.account != principal.account else found.market
