"""The whole path: signed orders, the engine, the journal, the chain, and back; the books agree."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from hybrid_dex.defaults.file_journal import FileJournal
from hybrid_dex.defaults.trusted_auth import TrustedAuth
from hybrid_dex.exchange import Exchange
from hybrid_dex.interfaces.journal import Journal
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.order import Side, TimeInForce
from hybrid_dex.model.settlement import SettlementStage
from hybrid_dex.model.signed_order import Authorization, SignedOrder
from hybrid_dex.signing import Domain, authorize, keccak256, parse_address
from tests.chain.harness import Trader, World
from tests.tiers import count

ETH, USDC = 10**18, 10**6
ORDERS = count(fast=60, full=600)


class SigningAuth(TrustedAuth):
    """Orders by their signature; people as they say."""

    def __init__(self, domain: Domain) -> None:
        super().__init__()
        self._domain = domain

    async def verify_many(self, orders: Sequence[SignedOrder]) -> list[Authorization | Refusal]:
        """Recover each signer."""
        return [authorize(order, self._domain) for order in orders]


def exchange(world: World, journal: Journal) -> Exchange:
    """An exchange that settles on the test's chain."""
    return Exchange(
        world.deployment.markets,
        journal=journal,
        settlement=world.settlement(),
        auth=SigningAuth(world.domain),
        clock=world.clock,
    )


def funded(world: World, running: Exchange, traders: list[Trader]) -> bool:
    """Whether the engine knows of everybody's deposits."""
    quote = world.market.quote.id
    return all(running.view.balance(trader.account, quote).total for trader in traders)


async def assert_books_agree(world: World, open_exchange: Exchange, traders: list[Trader]) -> None:
    """By account and asset, the vault holds what the engine's ledger says, fees included."""
    view = open_exchange.view
    for asset in (world.market.base, world.market.quote):
        for trader in traders:
            there = (await trader.vault.balance(asset, trader.account)).balance
            assert view.balance(trader.account, asset.id).on_chain == there
        assert view.liabilities(asset.id) == await traders[0].vault.liabilities(asset)


async def test_random_trading_settles_and_the_books_agree(
    world: World, tmp_path: Path, rng: random.Random
) -> None:
    """Four traders, both sides, all times in force; stopped and started in the middle."""
    traders = [await world.trader(n, base=50 * ETH, quote=200_000 * USDC) for n in range(4)]
    expiry_s = world.anvil.now_s() + 86_400
    lanes = 0
    for _ in range(2):
        async with exchange(world, FileJournal(tmp_path / "journal")) as running:
            await world.until(partial(funded, world, running, traders))
            for _ in range(ORDERS // 2):
                lanes += 1
                order = rng.choice(traders).order(
                    world.market,
                    rng.choice((Side.BUY, Side.SELL)),
                    250_000 + rng.randrange(-5, 6),
                    rng.randrange(1, 2_000),
                    lane=lanes,
                    time_in_force=rng.choice(
                        (TimeInForce.GTC, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK)
                    ),
                    expiry_s=expiry_s,
                )
                await running.place(order)
    async with exchange(world, FileJournal(tmp_path / "journal")) as running:
        await world.until(lambda: not list(running.view.unsettled()))
        await assert_books_agree(world, running, traders)
        assert running.view.fees(world.market.quote.id) > 0


def ledger_slot(world: World, account: str, token: str, amount: int) -> str:
    """Where the contract keeps an account's ledger word of a token, found by what is in it."""
    for slot in range(32):
        inner = keccak256(bytes(12) + parse_address(token) + slot.to_bytes(32, "big"))
        place = "0x" + keccak256(bytes(12) + parse_address(account) + inner).hex()
        word = int(
            world.anvil.rpc("eth_getStorageAt", world.deployment.contract, place, "latest"), 16
        )
        if word & (1 << 112) - 1 == amount:
            return place
    raise AssertionError("the ledger is not where it was")


async def test_a_reversed_fill_leaves_the_books_in_agreement(world: World, tmp_path: Path) -> None:
    """A fill that the contract skips is undone in the engine, and its culprit's order is gone."""
    alice = await world.trader(1, quote=10_000 * USDC)
    bob = await world.trader(2, base=ETH)
    eth = world.market.base
    assert eth.token is not None
    # The vault forgets bob's ether for a while: no user or operator can do that, a test can.
    place = ledger_slot(world, bob.account, eth.token, ETH)
    word = world.anvil.rpc("eth_getStorageAt", world.deployment.contract, place, "latest")
    async with exchange(world, FileJournal(tmp_path / "journal")) as running:
        await world.until(lambda: bool(running.view.balance(bob.account, eth.id).total))
        world.anvil.rpc("anvil_setStorageAt", world.deployment.contract, place, "0x" + "0" * 64)
        expiry_s = world.anvil.now_s() + 86_400
        sell = bob.order(world.market, Side.SELL, 250_000, 6_000, expiry_s=expiry_s)
        buy = alice.order(world.market, Side.BUY, 250_000, 5_000, expiry_s=expiry_s)
        await running.place(sell)
        await running.place(buy)
        (fill,) = list(running.view.unsettled())
        await world.until(lambda: not list(running.view.unsettled()))
        assert running.view.settlement_stage(fill.fill_id) in {SettlementStage.FAILED, None}
        assert not running.view.open_orders(bob.account)
        world.anvil.rpc("anvil_setStorageAt", world.deployment.contract, place, word)
        assert (await bob.vault.balance(eth)).balance == ETH
        await assert_books_agree(world, running, [alice, bob])
