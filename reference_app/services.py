"""What the routes stand on, in one value that the composition root makes and tests can replace."""

from concurrent.futures import Executor
from typing import Any, Final, TypeAlias

import attrs
from litestar import Request
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from hybrid_dex.errors import SignatureError
from hybrid_dex.exchange import Bus, EngineClient
from hybrid_dex.interfaces.auth import Auth, Principal
from hybrid_dex.interfaces.clock import Clock
from hybrid_dex.interfaces.history import History
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.market import Asset, Market
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.signing.domain import Domain
from reference_app.access import unauthenticated
from reference_app.administration import Administration
from reference_app.counters import Counters
from reference_app.hub import Hub
from reference_app.identity import Identity
from reference_app.problems import refuse
from reference_app.rates import Limiter
from reference_app.reads import Reads
from reference_app.settings import Settings
from reference_app.watchers import Watchers

__all__ = ["PRINCIPAL", "Caller", "Services", "TheServices", "provide_principal"]

PRINCIPAL: Final = "principal"
"""Under which name the guard leaves who asks."""


@attrs.frozen(kw_only=True)
class Services:
    """Everything that a route may use.

    Attributes:
        settings: what the operator decided.
        exchange: the engine, here or in another process; opened and closed with the app.
        auth: who verifies people.
        identity: what is known of them; opened and closed with the app.
        records: history; the exchange projects into it and opens it.
        domain: what orders are signed for.
        settles_on_chain: whether a chain stands behind ``domain``.
        clock: server time.
        limiter: rates.
        bus: what this and other gateways share; ``None`` when there are none.
        hub: what sockets hear.
        verifier: the threads on which many signatures are checked, beside the event loop.
        administration: does what operators and admins ask for.
        watchers: who hears the channel `admin`.
        read: asks the records, unless they failed just now.
        counters: how often limits were met.
    """

    settings: Settings
    exchange: EngineClient
    auth: Auth
    identity: Identity
    records: History
    domain: Domain
    settles_on_chain: bool
    clock: Clock
    limiter: Limiter
    bus: Bus | None
    hub: Hub
    verifier: Executor
    administration: Administration
    watchers: Watchers = attrs.field(factory=Watchers)
    read: Reads = attrs.field(factory=Reads)
    counters: Counters = attrs.field(factory=Counters)

    def market(self, market_id: str) -> Market:
        """Return a market. Raises `ProblemError` when there is none."""
        market = self.exchange.view.market(market_id)  # type: ignore[arg-type] # found only when it is one
        if market is None:
            raise refuse(
                Refusal(RejectReason.UNKNOWN_MARKET, "market", f"there is no market {market_id!r}")
            )
        return market

    def asset(self, symbol: str) -> Asset:
        """Return an asset that a market trades. Raises `ProblemError` when there is none."""
        for asset in self.exchange.view.assets():
            if asset.id == symbol:
                return asset
        raise refuse(Refusal(RejectReason.UNKNOWN_ASSET, "asset", f"there is no asset {symbol!r}"))

    async def principal(self, token: str) -> Principal:
        """Return who a token speaks for. Raises `ProblemError`."""
        try:
            return await self.auth.authenticate(token)
        except SignatureError as error:
            raise unauthenticated(f"token: {error.reason}", error.valid) from error

    async def key(self, principal: Principal, address: str) -> Principal:
        """Return the principal of a key that may still act from there. Raises `ProblemError`."""
        try:
            await self.identity.keys.still_good(principal, address)
        except SignatureError as error:
            raise unauthenticated(f"key: {error.reason}", error.valid, "key") from error
        return principal


TheServices: TypeAlias = NamedDependency[SkipValidation[Services]]
"""What a route takes to get the services."""
Caller: TypeAlias = NamedDependency[SkipValidation[Principal]]
"""What a route takes to get who asks; without a valid token the route is not reached."""


async def provide_principal(request: Request[Any, Any, Any]) -> Principal:
    """Return who sends a request, as the guard found; only a route that is guarded may ask."""
    found = request.scope["state"].get(PRINCIPAL)
    assert isinstance(found, Principal), "a route asks who calls it and declares no `security`"
    return found
