"""Listing: the configured markets at a start, and what settlement says of one that is listed later.

A configured market that is listed already may not have changed. Before a market enters the journal
while the exchange is open, settlement is asked: what stands in the journal is there for ever.
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

__all__ = ["list_markets", "refuse_listing"]


async def list_markets(
    view: ExchangeView,
    markets: Iterable[Market],
    execute: Callable[[Command], Awaitable[EventBatch]],
) -> None:
    """List each market that is not listed.

    Raises:
        ConfigurationError: one is listed with other terms, or can not be listed.
    """
    for market in markets:
        listed = view.market(market.id)
        if listed is None:
            batch = await execute(ListMarket(market=market))
            for event in batch.events:
                if isinstance(event, CommandRejected):
                    raise ConfigurationError(f"market {market.id}: {event.detail}")
        elif listed != market:
            raise ConfigurationError(
                f"market {market.id} is listed as {listed} and configured as {market}: its "
                "terms never change; restore the configuration or list another market"
            )


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
