"""Settlement is asked before a market is journaled, and told before it gets a fill of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import attrs
import msgspec
import pytest

from hybrid_dex.defaults.memory_journal import MemoryJournal
from hybrid_dex.errors import ConfigurationError, FormatError, RefusedError
from hybrid_dex.exchange import Exchange
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.interfaces.settlement import ListingSettlement
from hybrid_dex.model.commands import Command, ListMarket
from hybrid_dex.model.events import CommandRejected, MarketListed
from hybrid_dex.model.frame import GENESIS_HASH
from hybrid_dex.model.market import Market
from hybrid_dex.model.order import Side
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.settlement import MatchedFill
from hybrid_dex.model.units import MarketId
from hybrid_dex.settlement.local import LocalSettlement
from tests.exchange_fixtures import ALICE, BOB, MARKET, fund, order, until

NEW = attrs.evolve(MARKET, id=MarketId("ETH-USDC-2"), number=1)
REFUSAL = Refusal(RejectReason.NOT_LISTED_ON_CHAIN, "number", "there is no such market")


class Asked(LocalSettlement):
    """Notes in which order it hears of markets and fills."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []
        self.refusal: Refusal | None = None
        self.asking = asyncio.Event()
        self.asking.set()

    async def open(self, markets: Sequence[Market]) -> None:
        self.heard += [f"opened with {market.id}" for market in markets]
        await super().open(markets)

    async def refuse_listing(self, market: Market) -> Refusal | None:  # type: ignore[override] # it refuses some
        self.heard.append(f"asked about {market.id}")
        await self.asking.wait()
        return self.refusal

    def listed(self, market: Market) -> None:
        self.heard.append(f"{market.id} is listed")

    async def submit(
        self, fills: Sequence[MatchedFill], journal_hash: bytes = GENESIS_HASH
    ) -> None:
        self.heard += [f"a fill of {fill.market}" for fill in fills]
        await super().submit(fills, journal_hash)


class Fixed:
    """A settlement that knows what it was opened with, and takes nothing else."""

    requires_signature = False
    pause_reason = halt_reason = ""
    capacity = None

    async def open(self, markets: Sequence[Market]) -> None:
        self.closed = asyncio.Event()

    async def close(self) -> None:
        self.closed.set()

    def reached(self, sequence: int) -> None:
        pass

    async def watch_vouchers(self, vouchers: object) -> None:
        pass

    async def compare(self, statement: object) -> None:
        pass

    async def updates(self) -> AsyncIterator[Command]:
        await self.closed.wait()
        return
        yield


async def test_a_market_is_asked_about_journaled_told_and_then_filled() -> None:
    """After a restart it is among those that settlement is opened with."""
    journal, settlement = MemoryJournal(), Asked()
    async with Exchange([MARKET], journal=journal, settlement=settlement) as exchange:
        await fund(exchange)
        assert (await exchange.execute(ListMarket(market=NEW))).events == (MarketListed(NEW),)
        for rests_or_takes in (order(BOB, Side.SELL), order(ALICE, Side.BUY)):
            await exchange.place(msgspec.structs.replace(rests_or_takes, market=NEW.id))
        await until(lambda: len(settlement.heard) == 5)
        assert settlement.heard == [
            *2 * [f"opened with {MARKET.id}"],  # on trial, before it is journaled, and to stay
            f"asked about {NEW.id}",
            f"{NEW.id} is listed",
            f"a fill of {NEW.id}",
        ]
    again = Asked()
    async with Exchange([MARKET], journal=journal, settlement=again) as exchange:
        assert again.heard[:2] == [f"opened with {MARKET.id}", f"opened with {NEW.id}"]
        assert exchange.markets == (MARKET, NEW)


async def test_what_settlement_refuses_is_not_journaled() -> None:
    """The caller hears its reason, and the same market may be listed once there is none."""
    settlement = Asked()
    async with Exchange([MARKET], settlement=settlement) as exchange:
        before = exchange.view.sequence
        settlement.refusal = REFUSAL
        with pytest.raises(RefusedError) as refused:
            await exchange.execute(ListMarket(market=NEW))
        assert (refused.value.code, refused.value.field) == (REFUSAL.reason, REFUSAL.field)
        assert refused.value.detail == REFUSAL.detail
        assert (exchange.view.sequence, exchange.markets) == (before, (MARKET,))
        with pytest.raises(FormatError):
            await exchange.execute(ListMarket(market="ETH-USDC"))  # type: ignore[arg-type] # refused
        settlement.refusal = None
        await exchange.execute(ListMarket(market=NEW))
        assert exchange.markets == (MARKET, NEW)


async def test_markets_are_listed_one_after_the_other() -> None:
    """So that settlement is asked about the second one when it has heard of the first."""
    settlement = Asked()
    settlement.asking.clear()
    async with Exchange([MARKET], settlement=settlement) as exchange:
        third = attrs.evolve(NEW, id=MarketId("ETH-USDC-3"), number=2)
        asked = [
            asyncio.ensure_future(exchange.execute(ListMarket(market=market)))
            for market in (NEW, third)
        ]
        await until(lambda: len(settlement.heard) == 3)
        settlement.asking.set()
        await asyncio.gather(*asked)
        assert settlement.heard[2:] == [
            f"asked about {NEW.id}",
            f"{NEW.id} is listed",
            f"asked about {third.id}",
            f"{third.id} is listed",
        ]


async def test_what_the_engine_refuses_is_not_told_to_settlement() -> None:
    """Settlement may take it; another market has its name."""
    settlement = Asked()
    async with Exchange([MARKET], settlement=settlement) as exchange:
        batch = await exchange.execute(ListMarket(market=attrs.evolve(MARKET, lot_size=1)))
        (event,) = batch.events
        assert isinstance(event, CommandRejected)
        assert settlement.heard[-1] == f"asked about {MARKET.id}"


async def test_a_settlement_that_takes_none_has_its_markets_from_the_configuration() -> None:
    """As one of another's making may be."""
    settlement = Fixed()
    assert not isinstance(settlement, ListingSettlement)
    exchange = Exchange([MARKET], settlement=settlement)  # type: ignore[arg-type] # all that is asked of it
    async with exchange:
        with pytest.raises(RefusedError, match="add it to the configuration") as refused:
            await exchange.execute(ListMarket(market=NEW))
        assert refused.value.code == RejectReason.LISTING_UNAVAILABLE
        assert exchange.markets == (MARKET,)


async def test_what_settlement_does_not_open_with_is_not_journaled() -> None:
    """A wrong entry of the configuration can be corrected; one that is right is there for good."""
    journal = MemoryJournal()
    async with Exchange([MARKET], journal=journal):
        pass

    class Picky(LocalSettlement):
        async def open(self, markets: Sequence[Market]) -> None:
            if any(market.lot_size == 7 for market in markets):
                raise ConfigurationError("the contract has another lot")
            await super().open(markets)

    wrong = attrs.evolve(NEW, lot_size=7)
    with pytest.raises(ConfigurationError, match="another lot"):
        await Exchange([MARKET, wrong], journal=journal, settlement=Picky()).open()
    async with Exchange([MARKET, NEW], journal=journal, settlement=Picky()) as exchange:
        assert exchange.markets == (MARKET, NEW)


async def test_two_configured_markets_name_one_asset_alike() -> None:
    """Nothing is asked of settlement: two tokens of one name would be mixed up there."""
    base = attrs.evolve(NEW.base, decimals=NEW.base.decimals + 1)
    settlement = Asked()
    exchange = Exchange([NEW, attrs.evolve(MARKET, base=base)], settlement=settlement)
    with pytest.raises(ConfigurationError, match="is known as"):
        await exchange.open()
    assert (settlement.heard, exchange.view.markets()) == ([], ())
