"""Listing: the configured markets at a start, and what settlement says of one that is listed later.

A configured market that is listed already may not have changed. What enters the journal is there
for ever, so settlement is asked before: at a start it is opened with the new markets, on trial;
while the exchange is open it is asked about each.
"""

from collections.abc import Awaitable, Callable, Iterable

from hybrid_dex.errors import ConfigurationError
from hybrid_dex.exchange.view import ExchangeView
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.interfaces.settlement import ListingSettlement, Settlement
from hybrid_dex.model.commands import Command, ListMarket
from hybrid_dex.model.events import CommandRejected, EventBatch
from hybrid_dex.model.market import Market
from hybrid_dex.model.reasons import RejectReason

__all__ = ["list_markets", "refuse_listing", "unlisted"]


def unlisted(view: ExchangeView, markets: Iterable[Market]) -> tuple[Market, ...]:
    """Return the configured markets that are not listed yet.

    Raises:
        ConfigurationError: one is listed with other terms, or has an asset that is another's name.
    """
    assets = {asset.id: asset for asset in view.assets()}
    found = []
    for market in markets:
        listed = view.market(market.id)
        if listed is None:
            found.append(market)
        elif listed != market:
            raise ConfigurationError(
                f"market {market.id} is listed as {listed} and configured as {market}: its "
                "terms never change; restore the configuration or list another market"
            )
        for asset in (market.base, market.quote):
            known = assets.setdefault(asset.id, asset)
            if known != asset:
                raise ConfigurationError(
                    f"market {market.id}: {asset.id} is known as {known} and configured as {asset}"
                )
    return tuple(found)


async def list_markets(
    markets: Iterable[Market], execute: Callable[[Command], Awaitable[EventBatch]]
) -> None:
    """List markets that are not listed yet, and that settlement can take.

    Raises:
        ConfigurationError: one can not be listed.
    """
    for market in markets:
        batch = await execute(ListMarket(market=market))
        for event in batch.events:
            if isinstance(event, CommandRejected):
                raise ConfigurationError(f"market {market.id}: {event.detail}")


async def refuse_listing(settlement: Settlement, market: Market) -> Refusal | None:
    """Return why an open settlement can not take a market."""
    taking: object = settlement
    if isinstance(taking, ListingSettlement):
        return await taking.refuse_listing(market)
    return Refusal(
        RejectReason.LISTING_UNAVAILABLE,
        "",
        "this settlement takes markets at its start only: add it to the configuration and restart",
    )
