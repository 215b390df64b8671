"""Listing: the configured markets, listed when they are not yet, and refused when they changed."""

from collections.abc import Awaitable, Callable, Iterable

from hybrid_dex.errors import ConfigurationError
from hybrid_dex.exchange.view import ExchangeView
from hybrid_dex.model.commands import Command, ListMarket
from hybrid_dex.model.events import CommandRejected, EventBatch
from hybrid_dex.model.market import Market

__all__ = ["list_markets"]


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
