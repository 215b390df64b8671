"""A market is listed while the exchange runs: it trades and settles, and nothing contradicts the chain."""

from __future__ import annotations

import multiprocessing
import signal
from functools import partial
from pathlib import Path

import attrs
import pytest
from web3 import Web3

from hybrid_dex.defaults.file_journal import FileJournal
from hybrid_dex.errors import ConfigurationError, RefusedError
from hybrid_dex.exchange import Exchange, ExchangeOptions
from hybrid_dex.model.commands import ListMarket, RaiseFloor, RevokeLane
from hybrid_dex.model.events import EventBatch, MarketListed
from hybrid_dex.model.market import Asset, Market, MarketState
from hybrid_dex.model.order import Side
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import AssetId, MarketId
from hybrid_dex.settlement.deployment import Deployer
from hybrid_dex.settlement.evm import EvmSettlement
from hybrid_dex.settlement.evm.contract import ExchangeContract
from hybrid_dex.settlement.evm.node import Node
from hybrid_dex.settlement.grants import Grants
from hybrid_dex.signing import LocalSigner
from tests.chain.harness import OWNER_KEY, Trader, World, as_owner, key
from tests.chain.listing_process import Run, SigningAuth, list_and_die

ETH, USDC, SOL = 10**18, 10**6, 10**9
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.chain.listing_process"])

NEW = Market.spot("SOL-USDC", number=7, base_decimals=9, quote_decimals=6, tick="0.01", lot="0.001")


def exchange(
    world: World, folder: Path, settlement: EvmSettlement, configured: tuple[Market, ...] = ()
) -> Exchange:
    """An exchange that is configured with the two markets of the deployment, whatever was listed."""
    return Exchange(
        configured or world.deployment.markets,
        journal=FileJournal(folder / "journal"),
        settlement=settlement,
        auth=SigningAuth(world.domain),
        clock=world.clock,
        options=ExchangeOptions(audit_s=0.001),
    )


async def list_on_chain(world: World, market: Market) -> Market:
    """List a market as the lister; its quote is the token that the exchange has."""
    usdc = world.market.quote
    deployer = Deployer(rpc_url=world.anvil.url, key=OWNER_KEY)
    try:
        quote = usdc if market.quote.id == usdc.id else market.quote
        return await deployer.list_market(
            world.deployment.contract, attrs.evolve(market, quote=quote)
        )
    finally:
        await deployer.close()


async def bring(world: World, trader: Trader, asset: Asset, amount: int) -> None:
    """Mint and deposit."""
    deployer = Deployer(rpc_url=world.anvil.url, key=OWNER_KEY)
    await deployer.mint(asset, trader.account, amount)
    await deployer.close()
    await trader.vault.deposit(asset, amount)


async def all_is_final(world: World, settlement: EvmSettlement) -> None:
    """Return once the newest block of now is final and was read."""
    height = world.anvil.height()
    await world.until(lambda: settlement.health().final_block >= height)


def has(running: Exchange, trader: Trader, asset: Asset, amount: int) -> bool:
    """Whether the engine says so."""
    return running.view.balance(trader.account, asset.id).total == amount


async def trade(world: World, running: Exchange, market: Market, *sides: Trader) -> None:
    """The second buys ten lots from the first, and that becomes final."""
    seller, buyer = sides
    expiry_s = world.anvil.now_s() + 86_400
    for trader, side in ((seller, Side.SELL), (buyer, Side.BUY)):
        order = trader.order(market, side, 2_000, 10, expiry_s=expiry_s)
        assert isinstance(await running.place(order), EventBatch)
    assert len(list(running.view.unsettled())) == 1
    await world.until(lambda: not list(running.view.unsettled()))


async def assert_books_agree(
    world: World, running: Exchange, settlement: EvmSettlement, *traders: Trader
) -> None:
    """Vault and engine have the same, by account and asset, and the settlement found that, too."""
    for asset in running.view.assets():
        for trader in traders:
            there = (await trader.vault.balance(asset)).balance
            assert running.view.balance(trader.account, asset.id).on_chain == there
        assert running.view.liabilities(asset.id) == await traders[0].vault.liabilities(asset)
    height = world.anvil.height()
    await world.until(lambda: settlement.health().audited_block >= height)
    assert settlement.health().alarm == ""


async def test_a_market_of_known_assets_trades_and_settles_without_a_restart(
    world: World, tmp_path: Path
) -> None:
    """And after a restart, though the configuration does not have it."""
    eth, usdc = world.market.base, world.market.quote
    alice = await world.trader(1, base=ETH, quote=100 * USDC)
    bob = await world.trader(2, quote=100 * USDC)
    terms = Market.spot(
        "ETH-USDC2", number=9, base_decimals=18, quote_decimals=6, tick="0.01", lot="0.001"
    )
    settlement = world.settlement()
    async with exchange(world, tmp_path, settlement) as running:
        market = await list_on_chain(world, attrs.evolve(terms, base=eth, quote=usdc))
        await world.until(partial(has, running, bob, usdc, 100 * USDC))
        await all_is_final(world, settlement)
        listed = await running.execute(ListMarket(market=market))
        assert listed.events == (MarketListed(market),)
        await trade(world, running, market, alice, bob)
        await assert_books_agree(world, running, settlement, alice, bob)
    settlement = world.settlement()
    async with exchange(world, tmp_path, settlement) as running:
        assert running.view.market(market.id) == market
        await world.until(lambda: not settlement.pause_reason)
        await trade(world, running, market, alice, bob)
        await assert_books_agree(world, running, settlement, alice, bob)


@pytest.mark.slow
async def test_a_new_token_brings_along_what_was_deposited_before(
    world: World, tmp_path: Path
) -> None:
    """Final or not when it is listed; requests and revocations, too; and what comes later counts."""
    alice, bob = await world.trader(1), await world.trader(2, quote=100 * USDC)
    settlement = world.settlement(confirmations=12)
    async with exchange(world, tmp_path, settlement) as running:
        market = await list_on_chain(world, NEW)
        sol = market.base
        await bring(world, alice, sol, 5 * SOL)
        await alice.vault.request_withdrawal(sol, SOL)
        await alice.vault.cancel_lane(7, 8 << 24)
        await all_is_final(world, settlement)
        assert settlement.health().nameless == (sol.token,)
        before = world.anvil.height()
        await bring(world, alice, sol, 2 * SOL)
        await alice.vault.cancel_lane(7, 9 << 24)
        await alice.vault.cancel_up_to(sol, 3)
        height = world.anvil.height()
        await world.until(lambda: settlement.health().head_block >= height, mine=False)
        assert settlement.health().final_block <= before
        assert running.view.market(market.id) is None
        await running.execute(ListMarket(market=market))
        await world.until(partial(has, running, alice, sol, 5 * SOL), mine=False)
        await world.until(partial(has, running, alice, sol, 7 * SOL))
        balance = running.view.balance(alice.account, sol.id)
        assert (balance.total, balance.available) == (7 * SOL, 6 * SOL)
        assert settlement.health().nameless == ()
        await bring(world, alice, sol, SOL)
        await world.until(partial(has, running, alice, sol, 8 * SOL))
        alice.counter = 20
        await trade(world, running, market, alice, bob)
        assert has(running, bob, sol, SOL // 100)
        await assert_books_agree(world, running, settlement, alice, bob)
    settlement = world.settlement()
    async with exchange(world, tmp_path, settlement) as running:
        await world.until(lambda: not settlement.pause_reason)
        await trade(world, running, market, alice, bob)
        await assert_books_agree(world, running, settlement, alice, bob)


async def test_revocations_of_blocks_that_are_not_final_are_told_with_the_listing(
    world: World, tmp_path: Path
) -> None:
    """They count in the newest block, as those of any other token."""
    alice = await world.trader(1)
    settlement = world.settlement()
    await settlement.open(world.deployment.markets)
    market = await list_on_chain(world, NEW)
    await all_is_final(world, settlement)
    await alice.vault.cancel_lane(7, 9 << 24)
    await alice.vault.cancel_up_to(market.base, 3)
    height = world.anvil.height()
    await world.until(lambda: settlement.health().head_block >= height, mine=False)
    assert settlement.health().undelivered == 0
    settlement.listed(market)
    settlement.listed(market)
    await world.until(lambda: settlement.health().undelivered == 2, mine=False)
    updates = settlement.updates()
    told = [await anext(updates), await anext(updates)]
    await updates.aclose()
    await settlement.close()
    sol = market.base.id
    assert told == [
        RevokeLane(account=alice.account, asset=sol, lane=0, key=9 << 8),
        RaiseFloor(account=alice.account, asset=sol, floor=3),
    ]


async def test_a_key_that_was_granted_before_the_listing_counts_with_it(
    world: World, tmp_path: Path
) -> None:
    """One that was revoked by then does not, final or not; and all of it across a restart."""
    alice, session = await world.trader(1), [LocalSigner(key(800 + n)).address for n in range(3)]
    market = await list_on_chain(world, NEW)
    expires_at_s = world.anvil.now_s() + 86_400

    def door() -> Grants:
        return Grants(rpc_url=world.anvil.url, contract=world.deployment.contract, key=key(101))

    settlement = world.settlement(confirmations=12)
    async with door() as alices, exchange(world, tmp_path, settlement):
        for one in session:
            await alices.grant(one, market, buy="5", sell="2", expires_at_s=expires_at_s)
        await alices.grant(session[0], market, buy="1", sell="0", expires_at_s=expires_at_s)
        await alices.revoke(session[1], market)
        await all_is_final(world, settlement)
    settlement = world.settlement(confirmations=12)
    async with door() as alices, exchange(world, tmp_path, settlement) as running:
        await alices.revoke(session[2], market)
        height = world.anvil.height()
        await world.until(lambda: settlement.health().head_block >= height, mine=False)
        await running.execute(ListMarket(market=market))
        await world.until(lambda: bool(running.view.sessions(alice.account)), mine=False)
        await all_is_final(world, settlement)
        usable = [one for one in running.view.sessions(alice.account) if not one.revoked]
        assert [(one.key, one.market, one.buy_budget, one.sell_budget) for one in usable] == [
            (session[0], market.id, 6 * USDC, 2_000)
        ]


@pytest.mark.slow
async def test_a_deposit_that_is_reorganised_away_after_the_listing_is_not_credited(
    world: World, tmp_path: Path
) -> None:
    """It had a name by then; what came instead of it counts, and engine and vault agree."""
    alice = await world.trader(1)
    settlement = world.settlement(confirmations=12)
    async with exchange(world, tmp_path, settlement) as running:
        market = await list_on_chain(world, NEW)
        await all_is_final(world, settlement)
        before = world.anvil.rpc("evm_snapshot")
        await bring(world, alice, market.base, 5 * SOL)
        await alice.vault.request_withdrawal(market.base, SOL)
        height = world.anvil.height()
        await world.until(lambda: settlement.health().head_block >= height, mine=False)
        await running.execute(ListMarket(market=market))
        await world.until(lambda: not settlement.health().undelivered, mine=False)
        world.anvil.rpc("evm_revert", before)
        world.anvil.mine()
        await bring(world, alice, market.base, 3 * SOL)
        await world.until(partial(has, running, alice, market.base, 3 * SOL))
        assert running.view.balance(alice.account, market.base.id).available == 3 * SOL
        await assert_books_agree(world, running, settlement, alice)


OTHER = LocalSigner(key(900)).address


def renamed(market: Market, base: str) -> Market:
    """The same token under another name."""
    asset = attrs.evolve(market.base, id=AssetId(base))
    return attrs.evolve(market, id=MarketId(f"{base}-USDC"), base=asset)


async def test_what_differs_from_the_chain_is_refused_by_its_name(
    world: World, tmp_path: Path
) -> None:
    """Nothing is journaled of it, and settlement goes on."""
    settlement = world.settlement()
    async with exchange(world, tmp_path, settlement) as running:
        market = await list_on_chain(world, NEW)
        await all_is_final(world, settlement)
        evolve, base, quote = attrs.evolve, market.base, market.quote
        not_there, otherwise = (
            RejectReason.NOT_LISTED_ON_CHAIN,
            RejectReason.LISTED_OTHERWISE_ON_CHAIN,
        )
        cases = [
            (evolve(market, number=8), not_there, "number", "no market 8"),
            (evolve(market, base=evolve(base, token=OTHER)), not_there, "base.token", "listAsset"),
            (evolve(market, quote=evolve(quote, token=OTHER)), not_there, "quote.token", OTHER),
            (
                evolve(market, base=world.market.base),
                *(otherwise, "base.token", f"has {base.token} on chain"),
            ),
            (
                evolve(market, quote=world.market.base),
                *(otherwise, "quote.token", f"has {quote.token} on chain"),
            ),
            (evolve(market, lot_size=7), otherwise, "lot_size", "would have 7 here"),
            (evolve(market, tick_size=7), otherwise, "tick_size", "would have 7 here"),
            (
                evolve(market, base=evolve(base, decimals=18)),
                *(otherwise, "base.decimals", "has 9 decimals, and SOL would have 18"),
            ),
            (
                evolve(market, quote=evolve(quote, decimals=18)),
                *(otherwise, "quote.decimals", "has 6 decimals"),
            ),
            (evolve(market, base=evolve(base, token=None)), otherwise, "base.token", "address"),
            (
                evolve(market, base=evolve(base, token=str(base.token).lower())),
                *(otherwise, "base.token", "checksum"),
            ),
            (
                renamed(evolve(market, base=world.market.base), "WETH"),
                *(otherwise, "base.token", "is ETH here, and can not be WETH too"),
            ),
        ]
        for terms, reason, field, words in cases:
            with pytest.raises(RefusedError, match=words) as refused:
                await running.execute(ListMarket(market=terms))
            assert (refused.value.code, refused.value.field) == (reason, field)
        await as_owner(world, "closeMarket", 7)
        with pytest.raises(RefusedError, match="is closing on chain") as refused:
            await running.execute(ListMarket(market=market))
        assert refused.value.code == not_there
        await as_owner(world, "reopenMarket", 7)
        assert running.view.markets() == world.deployment.markets
        assert (await running.execute(ListMarket(market=market))).events == (MarketListed(market),)


async def test_a_listing_that_is_not_final_yet_is_refused(world: World, tmp_path: Path) -> None:
    """A reorganisation could take it back, and the market's fills would never settle."""
    settlement = world.settlement(confirmations=5)
    async with exchange(world, tmp_path, settlement) as running:
        await all_is_final(world, settlement)
        market = await list_on_chain(world, NEW)
        with pytest.raises(RefusedError, match="wait until that is final") as refused:
            await running.execute(ListMarket(market=market))
        assert refused.value.code == RejectReason.NOT_LISTED_ON_CHAIN
        await all_is_final(world, settlement)
        await running.execute(ListMarket(market=market))


async def test_a_wrong_market_in_the_configuration_never_enters_the_journal(
    world: World, tmp_path: Path
) -> None:
    """So it can be corrected: the exchange does not start with it, and starts without it."""
    async with exchange(world, tmp_path, world.settlement()):
        pass
    market = await list_on_chain(world, NEW)
    wrong = attrs.evolve(market, lot_size=7)
    for terms, words in ((wrong, "on chain it is"), (attrs.evolve(market, number=8), "number 8")):
        configured = (*world.deployment.markets, terms)
        with pytest.raises(ConfigurationError, match=words):
            await exchange(world, tmp_path, world.settlement(), configured).open()
    for configured in ((*world.deployment.markets, market), world.deployment.markets):
        async with exchange(world, tmp_path, world.settlement(), configured) as running:
            assert running.markets == (*world.deployment.markets, market)


async def test_no_market_is_taken_while_the_chain_is_not_seen(world: World) -> None:
    """A settlement that is not open, or has not read the chain, can not say that it would settle."""
    settlement = world.settlement()
    refusal = await settlement.refuse_listing(NEW)
    assert refusal is not None
    assert (refusal.reason, refusal.field) == (RejectReason.LISTING_UNAVAILABLE, "")
    assert "settlement is closed" in refusal.detail
    settlement.listed(NEW)


async def test_a_market_that_closed_right_after_the_question_is_halted(
    world: World, tmp_path: Path
) -> None:
    """Its closing was in the chain before it had a name here, so no fact would ever say it."""
    settlement = world.settlement()
    async with exchange(world, tmp_path, settlement) as running:
        market = await list_on_chain(world, NEW)
        await all_is_final(world, settlement)
        asked = settlement.refuse_listing

        async def closes_after(terms: Market) -> None:
            assert await asked(terms) is None
            await as_owner(world, "closeMarket", 7)
            height = world.anvil.height()
            await world.until(lambda: settlement.health().head_block >= height, mine=False)

        settlement.refuse_listing = closes_after  # type: ignore[assignment,method-assign] # what happens in between
        await running.execute(ListMarket(market=market))
        await world.until(
            lambda: running.view.market_state(market.id) is MarketState.HALTED, mine=False
        )


@pytest.mark.slow
@pytest.mark.parametrize("step", ["listed", "reserve", "broadcast"])
async def test_a_killed_exchange_goes_on_with_the_market(
    world: World, tmp_path: Path, step: str
) -> None:
    """Right after the listing, before the first batch, or after it: nothing is lost or doubled."""
    alice, bob = await world.trader(1), await world.trader(2, quote=100 * USDC)
    market = await list_on_chain(world, NEW)
    await bring(world, alice, market.base, 5 * SOL)
    world.anvil.mine(3)
    expiry_s = world.anvil.now_s() + 86_400
    run = Run(
        options=world.options(),
        journal=tmp_path / "journal",
        domain=world.domain,
        markets=world.deployment.markets,
        listed=market,
        orders=[
            alice.order(market, Side.SELL, 2_000, 10, expiry_s=expiry_s),
            bob.order(market, Side.BUY, 2_000, 10, expiry_s=expiry_s),
        ],
        step=step,
    )
    process = PROCESSES.Process(target=list_and_die, args=(run,))
    process.start()
    try:
        await world.until(lambda: process.exitcode is not None)
        assert process.exitcode == -signal.SIGKILL
    finally:
        process.kill()
        process.join()
        process.close()
    settlement = world.settlement()
    async with exchange(world, tmp_path, settlement) as running:
        assert running.view.market(market.id) == market
        await world.until(lambda: not settlement.pause_reason)
        await world.until(lambda: not list(running.view.unsettled()))
        traded = SOL // 100 if step != "listed" else 0
        await world.until(partial(has, running, alice, market.base, 5 * SOL - traded))
        await trade(world, running, market, alice, bob)
        assert has(running, bob, market.base, traded + SOL // 100)
        await assert_books_agree(world, running, settlement, alice, bob)


async def test_what_is_no_token_does_not_say_its_decimals(world: World) -> None:
    """Neither a contract that refuses the question nor an account without code is a failing node."""
    node = Node(world.options())
    contract = ExchangeContract(node, Web3.to_checksum_address(world.deployment.contract), ())
    try:
        usdc = str(world.market.quote.token)
        assert await contract.decimals(usdc, "latest") == 6
        for nothing in (world.deployment.contract, OTHER):
            assert await contract.decimals(nothing, "latest") is None
        assert [await contract.lists(one, "latest") for one in (usdc, OTHER)] == [True, False]
        assert await contract.market(99, "latest") is None
    finally:
        await node.close()
