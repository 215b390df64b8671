"""Whatever an engine lets honest traders match settles: no fill of theirs is ever skipped.

Two markets share their quote token. Lanes are used again and again, in both; orders are replaced
before and after they traded, by every time in force; accounts rest here and take there, so orders
change their role and with it their fee rate; small batches cut the queue in many places.
"""

from __future__ import annotations

import random

import attrs
import msgspec

from hybrid_dex.defaults.standard_risk import RiskLimits, StandardRisk
from hybrid_dex.exchange import Exchange
from hybrid_dex.model.events import Event, FillMade, FillSettled, OrderReplaced
from hybrid_dex.model.market import Market
from hybrid_dex.model.order import SelfTradeMode, Side, TimeInForce
from hybrid_dex.model.settlement import SettlementStage
from hybrid_dex.model.signed_order import SignedOrder
from hybrid_dex.model.units import OrderId, Quantity
from hybrid_dex.settlement.batching import BatchLimits
from hybrid_dex.settlement.deployment import Deployer
from tests.chain.harness import OWNER_KEY, Trader, World
from tests.chain.test_exchange import SigningAuth
from tests.tiers import count

ETH, BTC, USDC = 10**18, 10**8, 10**6
STEPS = count(fast=150, full=2_000)
MIDDLE = {"ETH-USDC": 250_000, "BTC-USDC": 600_000}
WORDS = (TimeInForce.GTC,) * 4 + (TimeInForce.IOC, TimeInForce.FOK)


async def rich(world: World, number: int) -> Trader:
    """A trader with funds in all three assets."""
    trader = await world.trader(number, base=500 * ETH, quote=5_000_000 * USDC)
    asset = world.deployment.markets[1].base
    deployer = Deployer(rpc_url=world.anvil.url, key=OWNER_KEY)
    await deployer.mint(asset, trader.vault.address, 100 * BTC)
    await deployer.close()
    await trader.vault.deposit(asset, 100 * BTC)
    return trader


@attrs.define
class Crowd:
    """Traders that do anything they may, each with four lanes that it uses by turns."""

    world: World
    running: Exchange
    traders: list[Trader]
    rng: random.Random
    expiry_s: int

    def _terms(self, trader: Trader, market: Market, side: Side, **nonce: int) -> SignedOrder:
        rng = self.rng
        order = trader.order(
            market,
            side,
            MIDDLE[market.id] + rng.randrange(-4, 5),
            rng.choice((1, 7, rng.randrange(1, 3_000))),
            time_in_force=rng.choice(WORDS),
            expiry_s=self.expiry_s,
            **nonce,
        )
        return msgspec.structs.replace(order, self_trade=rng.choice(tuple(SelfTradeMode)))

    async def step(self) -> None:
        """Place, replace, reduce or cancel."""
        rng = self.rng
        trader = rng.choice(self.traders)
        mine = self.running.view.open_orders(trader.account)
        if not mine or rng.random() < 0.6:
            market = rng.choice(self.world.deployment.markets)
            side = rng.choice((Side.BUY, Side.SELL))
            await self.running.place(self._terms(trader, market, side, lane=rng.randrange(4)))
            return
        order = rng.choice(mine)
        if rng.random() < 0.1:
            await self.running.cancel(trader.account, order.order_id)
        elif rng.random() < 0.1:
            await self.running.reduce(trader.account, order.order_id, Quantity(1))
        else:
            await self._replace(trader, order.order_id)

    async def _replace(self, trader: Trader, order_id: OrderId) -> None:
        order = self.running.view.order(order_id)
        assert order is not None
        assert order.nonce is not None
        market = self.running.view.market(order.market)
        assert market is not None
        revision = (order.nonce >> 16 & 0xFF) + 1
        if revision > 255:
            return
        terms = self._terms(
            trader,
            market,
            order.side,
            counter=order.nonce >> 24,
            revision=revision,
            lane=order.nonce & 0xFFFF,
        )
        await self.running.replace(order_id, terms)


async def test_every_fill_of_honest_traders_settles(world: World, rng: random.Random) -> None:
    """Hundreds of commands, and not one failure; the vault then holds what the ledger says."""
    traders = [await rich(world, number) for number in range(4)]
    exchange = Exchange(
        world.deployment.markets,
        settlement=world.settlement(limits=BatchLimits(orders=rng.choice((4, 16, 128)))),
        auth=SigningAuth(world.domain),
        risk=StandardRisk(RiskLimits(order_notional=None, open_orders=None, daily_volume=None)),
        clock=world.clock,
    )
    async with exchange as running:
        view, told = running.view, running.subscribe()
        assets = [*{a.id: a for m in world.deployment.markets for a in (m.base, m.quote)}.values()]
        await world.until(
            lambda: all(view.balance(t.account, a.id).total for t in traders for a in assets)
        )
        crowd = Crowd(world, running, traders, rng, world.anvil.now_s() + 86_400)
        events: list[Event] = []
        for _ in range(STEPS):
            await crowd.step()
            events += [event for batch in told.take() for event in batch.events]
        await world.until(lambda: not list(view.unsettled()))
        events += [event for batch in told.take() for event in batch.events]
        failed = [
            event
            for event in events
            if isinstance(event, FillSettled) and event.stage is SettlementStage.FAILED
        ]
        assert not failed
        assert sum(isinstance(event, FillMade) for event in events) > STEPS // 30
        assert any(isinstance(event, OrderReplaced) for event in events)
        for trader in traders:
            for asset in assets:
                there = (await trader.vault.balance(asset, trader.account)).balance
                assert view.balance(trader.account, asset.id).on_chain == there
