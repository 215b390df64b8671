"""The composition root: settings to services, services to an app.

`compose` chooses the backends, `create_app` puts them behind routes. The app opens the exchange
when it starts and closes it, after its sockets, when it ends.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final, get_args

from litestar import Litestar, Request, Response, Router
from litestar.connection import ASGIConnection
from litestar.di import Provide
from litestar.enums import HttpMethod
from litestar.exceptions import NotFoundException
from litestar.handlers import BaseRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components
from litestar.routes import HTTPRoute

from hybrid_dex.defaults.admin_actions import AdminActions
from hybrid_dex.defaults.sql_records import SqlRecords
from hybrid_dex.defaults.system_clock import SystemClock
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.wire import MAX_MESSAGE_BYTES, MessageError
from reference_app.access import SCHEMES
from reference_app.admin_channel import AdminChannel
from reference_app.administration import Administration
from reference_app.authorizing import authorizer
from reference_app.counters import Counters
from reference_app.engines import domain_of, make_bus, make_engine, opened_engine
from reference_app.hub import Hub
from reference_app.identity import make_identity
from reference_app.limits import guarded
from reference_app.order_route import straight
from reference_app.pages import load_pages
from reference_app.problems import EXCEPTION_HANDLERS
from reference_app.rates import Limiter
from reference_app.reads import Reads
from reference_app.routes import (
    account_routes,
    action_routes,
    admin_action_routes,
    admin_routes,
    auth_routes,
    batch_routes,
    demo_routes,
    history_routes,
    key_routes,
    market_routes,
    order_routes,
    page_routes,
    receipt_routes,
    role_routes,
    stream,
    system_routes,
    ticker_routes,
)
from reference_app.services import Services, provide_principal
from reference_app.settings import Settings

__all__ = ["compose", "create_app", "opened"]

_NOT_QUERY: Final = frozenset({"services", "principal", "request"})
_ALLOWED: Final = "allowed"


def compose(settings: Settings, *, owns_process: bool = False) -> Services:
    """Return the services that the settings ask for; nothing is opened yet.

    Args:
        settings: all of them.
        owns_process: this process lives for the exchange, so its memory may be managed for it.

    Raises:
        ConfigurationError: a setting can not be used.
    """
    domain = domain_of(settings)
    clock, counters = SystemClock(), Counters()
    verifier = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="verify")
    bus = make_bus(settings)
    nonces = None if bus is None else bus.nonces()
    identity = make_identity(settings, clock, domain, verifier, nonces, counters=counters)
    records = SqlRecords(settings.records_url, upgrades=settings.upgrade_records)
    exchange = make_engine(
        settings,
        auth=identity.auth,
        records=records,
        clock=clock,
        bus=bus,
        owns_process=owns_process,
    )
    return Services(
        settings=settings,
        exchange=exchange,
        auth=identity.auth,
        identity=identity,
        records=records,
        domain=domain,
        settles_on_chain=bool(settings.chain.rpc_urls),
        clock=clock,
        limiter=Limiter(
            settings.limits,
            None if bus is None else bus.rates(),
            counters,
            exchange=settings.name,
        ),
        bus=bus,
        hub=Hub(exchange, records, now_ns=clock.now_ns, counters=counters),
        verifier=verifier,
        administration=Administration(
            exchange=exchange,
            actions=AdminActions(
                database=identity.database, clock=clock, life_s=settings.admin.proposal_life_s
            ),
        ),
        read=Reads(counters=counters),
        counters=counters,
    )


@asynccontextmanager
async def opened(services: Services) -> AsyncIterator[None]:
    """Open the exchange and what follows it; close them in order.

    Raises:
        HybridDexError: the exchange can not start; the message says what to do.
    """
    engine = opened_engine(services.settings, services.exchange, services.records, services.bus)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(services.identity)
        await services.administration.prepare()
        await stack.enter_async_context(engine)
        services.hub.begin()
        following = asyncio.create_task(services.hub.run(), name="sockets' feed")
        watching = asyncio.create_task(AdminChannel(services).run(), name="channel admin")
        try:
            await services.exchange.caught_up()
            yield
        finally:
            services.hub.close()
            following.cancel()
            watching.cancel()
            await asyncio.gather(following, watching, return_exceptions=True)
            services.verifier.shutdown(wait=False)


def create_app(services: Services, *, opens: bool = True) -> Litestar:
    """Return the app over the services.

    Args:
        services: what the routes use.
        opens: whether starting the app opens the services; otherwise its caller did.
    """

    async def provide_services() -> Services:
        return services

    @asynccontextmanager
    async def running(_app: Litestar) -> AsyncIterator[None]:
        async with opened(services):
            yield

    has_wallet = bool(services.settings.demo_wallet_key)
    app = Litestar(
        route_handlers=[
            auth_routes,
            key_routes,
            action_routes,
            market_routes,
            order_routes,
            batch_routes,
            receipt_routes,
            account_routes,
            role_routes,
            admin_routes,
            admin_action_routes,
            history_routes,
            ticker_routes,
            system_routes,
            stream,
            page_routes(load_pages(demo=has_wallet)),
            *([demo_routes] if has_wallet else ()),
        ],
        dependencies={
            "services": Provide(provide_services),
            "principal": Provide(provide_principal),
        },
        exception_handlers=EXCEPTION_HANDLERS,
        guards=[authorizer(services)],
        before_request=_check_query,
        lifespan=[running] if opens else [],
        openapi_config=OpenAPIConfig(
            title=services.settings.name,
            version="1",
            use_handler_docstrings=True,
            description=(
                "Decimals are strings, times integer milliseconds; every refusal is a problem "
                "document (RFC 9457). The socket is at /ws; /asyncapi.json describes it."
            ),
            components=Components(security_schemes=SCHEMES),
            render_plugins=[JsonRenderPlugin()],
            openapi_router=Router(
                "/schema", route_handlers=[], guards=[_nothing_here], include_in_schema=False
            ),
        ),
        request_max_body_size=MAX_MESSAGE_BYTES,
        logging_config=None,
    )
    app.state[_ALLOWED] = {
        route.path_format: ", ".join(sorted(_allowed(route.methods)))
        for route in app.routes
        if isinstance(route, HTTPRoute)
    }
    handler = straight(app.asgi_handler, services)
    app.asgi_handler = guarded(handler, services.limiter, MAX_MESSAGE_BYTES)
    return app


def _allowed(methods: Iterable[str]) -> set[str]:
    """Return what an address takes: where that is GET, HEAD too."""
    allowed = set(methods)
    return allowed | {HttpMethod.HEAD} if HttpMethod.GET in allowed else allowed


def _nothing_here(
    _connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler
) -> None:
    """Close the framework's own pages of the document: they load scripts from elsewhere."""
    raise NotFoundException


async def _check_query(request: Request[Any, Any, Any]) -> Response[None] | None:
    """Refuse unknown and repeated parameters, which would answer something else than was asked.

    Integers are digits: the framework would also take ``1e3`` and ``1.0`` for one, and the text
    ``null`` for none given. Which methods an
    address takes is answered here, since the framework forgets those that were added later.
    """
    if request.method == HttpMethod.OPTIONS:
        allowed = request.app.state[_ALLOWED].get(request.scope["path_template"], "OPTIONS")
        return Response(None, status_code=204, headers={"allow": allowed})
    known = request.route_handler.parsed_fn_signature.parameters
    seen = set[str]()
    for name, text in request.query_params.multi_items():
        if name not in known or name in _NOT_QUERY or name in request.path_params:
            shown = name[:64]
            raise MessageError(
                RejectReason.UNKNOWN_FIELD, shown, "there is no such parameter", "documented ones"
            )
        if name in seen:
            raise MessageError(RejectReason.INVALID_MESSAGE, name, "given twice", "each once")
        kinds = get_args(known[name].annotation) or (known[name].annotation,)
        if int in kinds and not (text.isascii() and text.isdigit()):
            raise MessageError(RejectReason.INVALID_MESSAGE, name, "not an integer", "digits")
        if str not in kinds and text.lower() == "null":
            raise MessageError(
                RejectReason.INVALID_MESSAGE, name, "null", "a value, or leave it out"
            )
        seen.add(name)
    return None
