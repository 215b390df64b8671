"""What a node that hangs, fails or contradicts itself says of a market lists nothing."""

from __future__ import annotations

import asyncio

import attrs
import pytest

from hybrid_dex.errors import SettlementError
from hybrid_dex.model.commands import Deposit, SetMarketState
from hybrid_dex.model.market import Market, MarketState
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import AccountId, Amount, AssetId
from hybrid_dex.settlement.evm import listings
from hybrid_dex.settlement.evm.contract import ChainMarket
from hybrid_dex.settlement.evm.listings import Listings
from hybrid_dex.settlement.evm.pipeline import Pipeline
from hybrid_dex.settlement.evm.store import StoredState
from hybrid_dex.settlement.facts import DepositSeen
from hybrid_dex.settlement.ledger import LedgerState
from hybrid_dex.settlement.reconciliation import Block

BASE, QUOTE = (
    "0x5FbDB2315678afecb367f032d93F642f64180aa3",
    "0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512",
)
MARKET = Market.spot(
    "SOL-USDC", number=7, base_decimals=9, quote_decimals=6, tick="0.01", lot="0.001",
    base_token=BASE, quote_token=QUOTE,
)  # fmt: skip
THERE = ChainMarket(
    base=BASE,
    quote=QUOTE,
    lot_size=MARKET.lot_size,
    tick_size=MARKET.tick_size,
    closing=False,
)
FINAL = Block(number=9, hash=b"9", parent=b"8", timestamp_s=90)


class Contract:
    """A contract that lists both tokens and, by block, a market."""

    def __init__(self) -> None:
        self.markets: dict[int | str, ChainMarket | None] = {9: THERE, "latest": THERE}
        self.says: dict[str, int | None] = {BASE: 9, QUOTE: 6}
        self.named: list[Market] = []
        self.error: SettlementError | None = None
        self.answers = asyncio.Event()
        self.answers.set()

    async def lists(self, token: str, block: int | str) -> bool:
        await self.answers.wait()
        return token in self.says

    async def decimals(self, token: str, block: int | str) -> int | None:
        return self.says[token]

    async def market(self, number: int, block: int | str) -> ChainMarket | None:
        if self.error is not None:
            raise self.error
        return self.markets[block]

    def name(self, market: Market) -> None:
        self.named.append(market)


def made() -> tuple[Listings, Contract, Pipeline]:
    """Listings of a settlement that was opened with no market."""
    nothing = StoredState(
        cursor=None,
        ledger=LedgerState(),
        batches=(),
        transactions=(),
        outbox=(),
        final_batch=None,
    )
    contract, pipeline = Contract(), Pipeline.resume(nothing, {}, 30)
    return Listings(contract, pipeline, lambda: None), contract, pipeline  # type: ignore[arg-type] # a fake


async def test_what_the_contract_has_is_not_refused() -> None:
    listing, contract, _ = made()
    assert await listing.refuse(MARKET, FINAL) is None
    contract.markets["latest"] = attrs.evolve(THERE, closing=True)
    refusal = await listing.refuse(MARKET, FINAL)
    assert refusal is not None
    assert (refusal.reason, refusal.field) == (RejectReason.NOT_LISTED_ON_CHAIN, "number")


async def test_a_token_that_does_not_say_its_decimals_is_refused() -> None:
    """ERC-20 lets it; here nobody could tell what an amount is."""
    listing, contract, _ = made()
    contract.says[QUOTE] = None
    refusal = await listing.refuse(MARKET, FINAL)
    assert refusal is not None
    reason = RejectReason.LISTED_OTHERWISE_ON_CHAIN
    assert (refusal.reason, refusal.field) == (reason, "quote.decimals")
    assert "does not say its decimals" in refusal.detail


async def test_a_node_that_hangs_fails_or_contradicts_itself_lists_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each is a reason to ask again later, and the words say which."""
    listing, contract, _ = made()
    contract.markets["latest"] = None
    details = [await listing.refuse(MARKET, FINAL)]
    contract.error = SettlementError("the node is away")
    details.append(await listing.refuse(MARKET, FINAL))
    monkeypatch.setattr(listings, "_ASKED_S", 0.001)
    contract.answers.clear()
    details.append(await listing.refuse(MARKET, FINAL))
    for refusal, words in zip(
        details, ("lacks a market", "the node is away", "did not answer"), strict=True
    ):
        assert refusal is not None
        assert (refusal.reason, refusal.field) == (RejectReason.LISTING_UNAVAILABLE, "")
        assert words in refusal.detail


async def test_a_listed_market_is_batched_at_once_and_named_with_the_next_look() -> None:
    """Until what it brings is told, nothing is compared; a failing node names nothing."""
    listing, contract, pipeline = made()
    token, sol = AssetId(BASE), AssetId("SOL")
    pipeline.see((DepositSeen(log=0, account=AccountId("a"), asset=token, amount=Amount(5)),), 9)
    pipeline.finalize(9)
    pipeline.finish_look(FINAL)
    assert not listing.has_told([sol]), "an asset that is applied, and of which nothing is told"
    listing.add(MARKET)
    listing.add(MARKET)
    assert (dict(pipeline.markets), listing.has_told([])) == ({MARKET.id: MARKET}, False)
    contract.error = SettlementError("the node is away")
    with pytest.raises(SettlementError):
        await listing.name(FINAL)
    assert (contract.named, pipeline.ledger.nameless) == ([], {BASE})
    contract.error = None
    contract.markets[9] = attrs.evolve(THERE, closing=True)
    await listing.name(FINAL)
    await listing.name(FINAL)
    assert contract.named == [MARKET]
    assert not listing.has_told([])
    pipeline.finish_look(FINAL)
    listing.told()
    assert listing.has_told([sol, AssetId("USDC")])
    halted, credited = (command for command, _ in pipeline.take_change().commands)
    assert halted == SetMarketState(market=MARKET.id, state=MarketState.HALTED)
    assert isinstance(credited, Deposit)
    assert (credited.asset, credited.amount) == (sol, 5)
    listing.add(MARKET)
    assert listing.has_told([sol]), "a repeat changes nothing"
