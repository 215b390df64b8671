"""Listings: markets that are listed while settlement runs.

A market is asked about before the exchange journals it, as of a final block: a reorganisation can
not take its listing back. Once it is journaled its fills can be batched at once, but its tokens and
its number get their names between two looks, when no fact is half read: every fact has one name.

Nothing is stored: after a restart the exchange names all of its markets at the start.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

from web3 import Web3

from hybrid_dex.errors import SettlementError
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.market import Asset, Market
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import AssetId
from hybrid_dex.settlement.evm.contract import ExchangeContract
from hybrid_dex.settlement.evm.pipeline import Pipeline
from hybrid_dex.settlement.ledger import token_names
from hybrid_dex.settlement.reconciliation import Block

__all__ = ["Listings", "unavailable"]

_ASKED_S: Final = 15
"""Who waits for the answer may keep others waiting, so a node that hangs is not waited out."""


def unavailable(reason: str) -> Refusal:
    """Return the refusal of every market, while the chain can not be asked."""
    return Refusal(RejectReason.LISTING_UNAVAILABLE, "", f"no market is taken now: {reason}")


class Listings:
    """What is listed beside what the settlement was opened with.

    Args:
        contract: where terms are read, and facts get their names.
        pipeline: where fills are batched, and facts are remembered.
        touched: called when what the contract owes must be compared anew.
    """

    def __init__(
        self, contract: ExchangeContract, pipeline: Pipeline, touched: Callable[[], None]
    ) -> None:
        self._contract = contract
        self._pipeline = pipeline
        self._touched = touched
        self._waiting: list[Market] = []
        self._untold = False

    def has_told(self, assets: Iterable[AssetId]) -> bool:
        """Whether all that happened to some assets is told; of one listed just now it may not be."""
        if self._untold or self._waiting:
            return False
        return self._pipeline.ledger.known.issuperset(assets)

    def add(self, market: Market) -> None:
        """Take a market that is listed by now. A repeat changes nothing."""
        if market.id not in self._pipeline.markets:
            self._pipeline.list_market(market)
            self._waiting.append(market)

    async def name(self, head: Block) -> None:
        """Name what was listed since the last look; call it between two looks.

        Raises:
            SettlementError: the node does not answer; what is not named yet is named next time.
        """
        while self._waiting:
            market = self._waiting[0]
            found = await self._contract.market(market.number, head.number)
            # From here on nothing is asked: a market is named in all places, or in none.
            self._contract.name(market)
            self._pipeline.name(market, closing=found is not None and found.closing)
            self._touched()
            self._untold = True
            del self._waiting[0]

    def told(self) -> None:
        """A whole look is over since the last `name`, and what it found out is stored."""
        self._untold = False

    async def refuse(self, market: Market, final: Block) -> Refusal | None:
        """Return why fills of a market could not settle, by what is final on chain."""
        try:
            async with asyncio.timeout(_ASKED_S):
                return await self._refuse(market, final)
        except SettlementError as error:
            return unavailable(str(error))
        except TimeoutError:
            return unavailable(f"the node did not answer all questions within {_ASKED_S} s")

    async def _refuse(self, market: Market, final: Block) -> Refusal | None:
        for place, asset in (("base", market.base), ("quote", market.quote)):
            refusal = await self._refuse_asset(place, asset, final)
            if refusal is not None:
                return refusal
        return await self._refuse_terms(market, final)

    async def _refuse_asset(self, place: str, asset: Asset, final: Block) -> Refusal | None:
        field, token = f"{place}.token", asset.token
        if token is None or not Web3.is_checksum_address(token):
            detail = f"{asset.id} settles on chain: its token's address, as its checksum spells it"
            return Refusal(RejectReason.LISTED_OTHERWISE_ON_CHAIN, field, detail)
        known = token_names(*self._pipeline.markets.values()).get(token, asset.id)
        if known != asset.id:
            detail = f"{token} is {known} here, and can not be {asset.id} too"
            return Refusal(RejectReason.LISTED_OTHERWISE_ON_CHAIN, field, detail)
        if not await self._contract.lists(token, final.number):
            detail = (
                f"the contract does not list {token} as of block {final.number}, the newest that is "
                "final: listAsset, and wait until that is final"
            )
            return Refusal(RejectReason.NOT_LISTED_ON_CHAIN, field, detail)
        decimals = await self._contract.decimals(token, final.number)
        if decimals != asset.decimals:
            says = "does not say its decimals" if decimals is None else f"has {decimals} decimals"
            detail = f"{token} {says}, and {asset.id} would have {asset.decimals}"
            return Refusal(RejectReason.LISTED_OTHERWISE_ON_CHAIN, f"{place}.decimals", detail)
        return None

    async def _refuse_terms(self, market: Market, final: Block) -> Refusal | None:
        found = await self._contract.market(market.number, final.number)
        if found is None:
            detail = (
                f"the contract has no market {market.number} as of block {final.number}, the newest "
                "that is final: listMarket, and wait until that is final"
            )
            return Refusal(RejectReason.NOT_LISTED_ON_CHAIN, "number", detail)
        for field, wanted, there in (
            ("base.token", market.base.token, found.base),
            ("quote.token", market.quote.token, found.quote),
            ("lot_size", market.lot_size, found.lot_size),
            ("tick_size", market.tick_size, found.tick_size),
        ):
            if wanted != there:
                detail = (
                    f"market {market.number} has {there} on chain, and would have {wanted} here"
                )
                return Refusal(RejectReason.LISTED_OTHERWISE_ON_CHAIN, field, detail)
        latest = await self._contract.market(market.number, "latest")
        if latest is None:
            raise SettlementError("the node's newest block lacks a market that is final")
        if latest.closing:
            detail = f"market {market.number} is closing on chain: reopenMarket first"
            return Refusal(RejectReason.NOT_LISTED_ON_CHAIN, "number", detail)
        return None
