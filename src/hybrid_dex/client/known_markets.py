"""The markets of an exchange as last read; one that was listed since is learned when it is named."""

from hybrid_dex.client.errors import UnreachableError
from hybrid_dex.client.rest import Rest
from hybrid_dex.errors import RefusedError, UnknownOutcomeError
from hybrid_dex.model.market import Market
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import MarketId
from hybrid_dex.wire import to_market

__all__ = ["KnownMarkets"]


class KnownMarkets:
    """Markets by id, the same for all parts of one client.

    Args:
        rest: reads them.
    """

    def __init__(self, rest: Rest) -> None:
        self._rest = rest
        self.by_id: dict[MarketId, Market] = {}
        """Always the same dictionary, which grows."""

    def __contains__(self, market: str) -> bool:
        return market in self.by_id

    def get(self, market: str) -> Market:
        """Return one market. Raises `RefusedError` when none of that name is known."""
        found = self.by_id.get(MarketId(market))
        if found is None:
            known = ", ".join(self.by_id) or "none"
            raise RefusedError(
                RejectReason.UNKNOWN_MARKET.value, "market", f"no {market}; there are: {known}"
            )
        return found

    async def read(self) -> None:
        """Read all of them.

        Raises:
            RefusedError, UnreachableError: they can not be read now.
        """
        try:
            listed = await self._rest.markets()
        except UnknownOutcomeError as error:  # nothing is in doubt: it was only to be read
            raise UnreachableError(f"the markets can not be read: {error}") from error
        self.by_id.update({market.id: market for market in map(to_market, listed)})

    async def find(self, market: str) -> Market:
        """Return one market; when none of that name is known, all are read again first.

        Raises:
            RefusedError: there is none of that name; or as `read`.
            UnreachableError: as `read`.
        """
        if market not in self:
            await self.read()
        return self.get(market)
