"""The exchange itself: what it is, its clock, its health, and the document of its API."""

from hmac import compare_digest
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import msgspec
from litestar import MediaType, Request, Response, Router, get
from litestar.exceptions import NotFoundException

from hybrid_dex.model.market import Asset
from hybrid_dex.wire import (
    DomainMessage,
    InfoAnswer,
    LoginTerms,
    MarketStatusMessage,
    StatusAnswer,
    TimeAnswer,
    asset_message,
    to_ms,
    word,
)
from reference_app.access import unauthenticated
from reference_app.asyncapi import socket_document
from reference_app.metrics import CONTENT_TYPE_LATEST, metrics_text
from reference_app.openapi import document, page
from reference_app.overview import accepting
from reference_app.services import TheServices

__all__ = ["HealthAnswer", "LivenessAnswer", "system_routes"]

AnyRequest = Request[Any, Any, Any]
_STYLE: Final = Path(__file__).parents[1] / "openapi.css"
_UNAVAILABLE: Final = 503
_OK: Final = 200


class LivenessAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The process answers."""

    alive: bool = True


class HealthAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """How the exchange is.

    Attributes:
        ready: whether an order sent now would be taken.
        sequence: the last applied command.
        journal_ok: whether the journal takes commands.
        halted: why nothing is taken until a restart, or an empty string.
        settlement_ok: whether settlement takes fills.
        settlement_waiting: groups of fills that wait for settlement.
        records_ok: whether the records follow.
        records_lag: commands that the records are behind.
    """

    ready: bool
    sequence: int
    journal_ok: bool
    halted: str
    settlement_ok: bool
    settlement_waiting: int
    records_ok: bool
    records_lag: int


@get("/info")
async def get_info(services: TheServices) -> InfoAnswer:
    """Get what a client must know before it logs in or signs."""
    settings, domain = services.settings, services.domain
    assets: dict[str, Asset] = {}
    for market in services.exchange.view.markets():
        for asset in (market.base, market.quote):
            assets[asset.id] = asset
    origin = settings.auth.origins[0]
    fields = domain.typed_data_fields()
    return InfoAnswer(
        name=settings.name,
        version=version("hybrid-dex"),
        requires_signature=services.settles_on_chain,
        login=LoginTerms(
            domain=origin.partition("://")[2],
            uri=origin,
            chain_id=domain.chain_id,
            statement=settings.auth.statement or None,
        ),
        assets=[asset_message(assets[name]) for name in sorted(assets)],
        chain_id=domain.chain_id if services.settles_on_chain else None,
        contract=domain.verifying_contract if services.settles_on_chain else None,
        domain=DomainMessage(
            name=str(fields["name"]),
            version=str(fields["version"]),
            chain_id=domain.chain_id,
            verifying_contract=domain.verifying_contract,
        ),
    )


@get("/time")
async def get_time(services: TheServices) -> TimeAnswer:
    """Get the server's clock."""
    return TimeAnswer(time_ms=to_ms(services.clock.now_ns()))


@get("/status")
async def get_status(services: TheServices) -> StatusAnswer:
    """Get whether orders are taken, what each market serves, and how far lists of the past are."""
    health, view = services.exchange.health(), services.exchange.view
    return StatusAnswer(
        accepting=accepting(services),
        time_ms=to_ms(services.clock.now_ns()),
        sequence=health.sequence,
        records_ok=health.records_ok,
        records_lag=health.records_lag,
        markets=[
            MarketStatusMessage(market=market.id, state=word(view.market_state(market.id)))
            for market in view.markets()
        ],
    )


@get("/health/live")
async def get_liveness() -> LivenessAnswer:
    """Tell that the process answers."""
    return LivenessAnswer()


@get("/health/ready")
async def get_readiness(services: TheServices) -> Response[HealthAnswer]:
    """Tell whether an order would be taken: 200 when it would, otherwise 503."""
    health = services.exchange.health()
    answer = HealthAnswer(
        ready=health.ready and health.settlement_ok,
        sequence=health.sequence,
        journal_ok=health.journal_ok,
        halted=health.halted,
        settlement_ok=health.settlement_ok,
        settlement_waiting=health.settlement_waiting,
        records_ok=health.records_ok,
        records_lag=health.records_lag,
    )
    return Response(answer, status_code=_OK if answer.ready else _UNAVAILABLE)


@get("/openapi.json", media_type=MediaType.JSON, include_in_schema=False)
async def get_document(request: AnyRequest) -> bytes:
    """Return the OpenAPI document."""
    return document(request.app)


@get("/asyncapi.json", media_type=MediaType.JSON, include_in_schema=False)
async def get_socket_document(services: TheServices) -> bytes:
    """Return the AsyncAPI document of the socket."""
    scheme, _, host = services.settings.auth.origins[0].partition("://")
    return socket_document(services.settings.name, host, secure=scheme == "https")


@get("/metrics", include_in_schema=False)
async def get_metrics(request: AnyRequest, services: TheServices) -> Response[bytes]:
    """Return all figures for Prometheus, to whoever has the token of the settings."""
    token = services.settings.admin.metrics_token
    if not token:
        raise NotFoundException
    given = request.headers.getall("authorization", [])
    wanted = f"Bearer {token}".encode()
    if len(given) != 1 or not compare_digest(given[0].encode(), wanted):
        raise unauthenticated("no token for the metrics", "Authorization: Bearer and that token")
    return Response(metrics_text(services), headers={"content-type": CONTENT_TYPE_LATEST})


@get("/openapi", media_type=MediaType.HTML, include_in_schema=False)
async def get_page(request: AnyRequest) -> str:
    """Return the OpenAPI document as a page without scripts."""
    return page(document(request.app))


@get("/openapi.css", media_type=MediaType.CSS, include_in_schema=False)
async def get_style() -> str:
    """Return the page's style."""
    return _STYLE.read_text("utf-8")


system_routes = Router(
    "/",
    route_handlers=[
        get_info,
        get_time,
        get_status,
        get_liveness,
        get_readiness,
        get_document,
        get_socket_document,
        get_metrics,
        get_page,
        get_style,
    ],
    tags=["system"],
)
