"""One bad group of fifty: the others settle, and it is reversed and shown failed, with its reason.

The engine never matches what would fail. So each kind of failure is put in between the exchange
and its settlement, as a bug of the operator's would: the group is replaced by one that is signed
and bad in exactly one way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs
import msgspec
import pytest

from hybrid_dex.defaults.memory_journal import MemoryJournal
from hybrid_dex.defaults.standard_risk import RiskLimits, StandardRisk
from hybrid_dex.exchange import Exchange
from hybrid_dex.model.events import FillSettled
from hybrid_dex.model.frame import GENESIS_HASH
from hybrid_dex.model.market import Market
from hybrid_dex.model.order import Side, TimeInForce
from hybrid_dex.model.settlement import MatchedFill, OrderTerms, SettlementStage
from hybrid_dex.model.signed_order import Nonce, SignatureKind, SignedOrder
from hybrid_dex.model.units import FeePpm, MarketId, OrderId, Price, Quantity
from hybrid_dex.settlement.evm import EvmSettlement
from hybrid_dex.signing import LocalSigner, authorize
from tests.chain.attackers import Attacker, by_hand, crowd
from tests.chain.harness import DELAYS, Trader, World, key
from tests.chain.test_exchange import SigningAuth, assert_books_agree
from tests.tiers import Tier, current

ETH, USDC = 10**18, 10**6
GROUPS, BAD, LOTS, PRICE = 50, 17, 10, 250_000
STALE, CANCELED = 60, 61
"""Lanes of bob's: one that moved on, one that is canceled."""
GRANTED, UNKNOWN = LocalSigner(key(501)), LocalSigner(key(502))


@attrs.define
class Scene:
    """Who trades, and what the bad group is made from."""

    world: World
    alice: Trader
    bob: Trader
    poor: Trader
    huge: Market

    def maker(
        self, fill: MatchedFill, *, trader: Trader | None = None, **terms: object
    ) -> OrderTerms:
        """A resting order in place of the fill's own, by bob unless told."""
        return self._terms(trader or self.bob, Side.SELL, fill.maker.order_id, terms)

    def taker(self, fill: MatchedFill, **terms: object) -> OrderTerms:
        """An aggressor in place of the fill's own."""
        return self._terms(self.alice, Side.BUY, fill.taker.order_id, terms)

    def _terms(
        self, trader: Trader, side: Side, order_id: OrderId, changes: dict[str, object]
    ) -> OrderTerms:
        signer = changes.pop("signer", trader.signer)
        assert isinstance(signer, LocalSigner)
        order = SignedOrder(
            trader=trader.account,
            market=self.world.market,
            side=side,
            price=Price(PRICE),
            quantity=Quantity(LOTS),
            max_fee_ppm=FeePpm(1_000),
            expiry_s=self.world.anvil.now_s() + 86_400,
            nonce=Nonce(500, 0, 59),
            signature=b"",
        )
        order = msgspec.structs.replace(order, **changes)  # type: ignore[arg-type] # each of its own type
        if order.signature_kind is SignatureKind.SESSION:
            order = signer.sign_session_order(order, trader.domain)
        elif order.signature_kind is SignatureKind.WALLET:
            order = signer.sign_order(order, trader.domain)
        return OrderTerms(
            order_id=order_id,
            account=order.trader,
            side=order.side,
            price=order.price,
            quantity=order.quantity,
            post_only=order.post_only,
            time_in_force=order.time_in_force,
            authorization=authorize(order, trader.domain),
        )


Spoil = Callable[[Scene, MatchedFill], MatchedFill]
_replace = msgspec.structs.replace


def _signature(scene: Scene, fill: MatchedFill) -> MatchedFill:
    signed = fill.maker.authorization
    assert signed is not None
    bad = _replace(signed, signature=signed.signature[:31] + b"\x55" + signed.signature[32:])
    return _replace(fill, maker=_replace(fill.maker, authorization=bad))


def _of_maker(**changes: object) -> Spoil:
    return lambda scene, fill: _replace(fill, maker=scene.maker(fill, **dict(changes)))


def _of_taker(**changes: object) -> Spoil:
    return lambda scene, fill: _replace(fill, taker=scene.taker(fill, **dict(changes)))


def _expiry(scene: Scene, fill: MatchedFill) -> MatchedFill:
    long_ago = scene.world.anvil.now_s() - DELAYS.window_max_s - 100
    return _replace(fill, maker=scene.maker(fill, expiry_s=long_ago))


def _market(scene: Scene, fill: MatchedFill) -> MatchedFill:
    closed = scene.world.deployment.markets[1]
    return _in(scene, fill, closed)


def _amount(scene: Scene, fill: MatchedFill) -> MatchedFill:
    return _in(scene, fill, scene.huge, quantity=Quantity(10**10))


def _in(scene: Scene, fill: MatchedFill, market: Market, **changes: object) -> MatchedFill:
    maker = scene.maker(fill, market=market, **changes)
    taker = scene.taker(fill, market=market)
    return _replace(fill, market=market.id, maker=maker, taker=taker)


def _self_trade(scene: Scene, fill: MatchedFill) -> MatchedFill:
    return _replace(fill, maker=scene.maker(fill, trader=scene.alice))


def _funds(scene: Scene, fill: MatchedFill) -> MatchedFill:
    return _replace(fill, maker=scene.maker(fill, trader=scene.poor))


KINDS: dict[int, tuple[str, Spoil]] = {
    1: ("signature", _signature),
    2: ("expiry", _expiry),
    3: ("floor", _of_maker(nonce=Nonce(3, 0, 58))),
    4: ("fee", lambda scene, fill: _replace(fill, maker_fee_ppm=FeePpm(2_000))),
    5: ("market closed", _market),
    6: ("lane moved on", _of_maker(nonce=Nonce(50, 0, STALE))),
    7: ("canceled", _of_maker(nonce=Nonce(50, 0, CANCELED))),
    8: ("amount", _amount),
    9: ("lots", lambda scene, fill: _replace(fill, quantity=Quantity(LOTS + 1))),
    10: ("self-trade", _self_trade),
    11: ("same side", _of_maker(side=Side.BUY)),
    12: ("post-only", _of_taker(post_only=True)),
    13: ("takes only", _of_maker(time_in_force=TimeInForce.IOC)),
    14: ("price", _of_maker(price=Price(PRICE + 1))),
    15: ("rebate", lambda scene, fill: _replace(fill, maker_fee_ppm=FeePpm(-900))),
    16: ("funds", _funds),
    17: ("fill or kill", _of_taker(time_in_force=TimeInForce.FOK, quantity=Quantity(LOTS + 1))),
    18: ("session", _of_maker(signature_kind=SignatureKind.SESSION, signer=UNKNOWN)),
    19: ("session budget", _of_maker(signature_kind=SignatureKind.SESSION, signer=GRANTED)),
    20: ("approval", _of_maker(signature_kind=SignatureKind.APPROVED)),
}
"""By the contract's skip code; docs/explanation/settlement.md says what each means."""
TRIED = list(KINDS) if current() is not Tier.FAST else [8, 16, 17]


class Saboteur(EvmSettlement):
    """A settlement that gets one group wrong."""

    scene: Scene
    spoil: Spoil | None = None
    spoiled: MatchedFill | None = None

    async def open(self, markets: Sequence[Market]) -> None:
        """Know one market more than the exchange does."""
        await super().open([*markets, self.scene.huge])

    async def submit(
        self, fills: Sequence[MatchedFill], journal_hash: bytes = GENESIS_HASH
    ) -> None:
        """Replace what is to be spoiled, once."""
        if self.spoil is not None and fills[0].maker.authorization is not None:
            nonce = Nonce.unpack(fills[0].maker.authorization.nonce)
            if nonce.lane == BAD:
                self.spoiled = fills[0]
                fills = [self.spoil(self.scene, fills[0])]
        await super().submit(fills, journal_hash)


async def scene_of(world: World) -> Scene:
    """Two who trade and one who has nothing; a floor, a canceled lane, a grant, a closed market."""
    alice, bob = crowd(world, (1, 2), base=3 * ETH, quote=900_000 * USDC)
    (poor,) = crowd(world, (3,), base=0, quote=0)
    market = world.market
    huge = attrs.evolve(market, id=MarketId("HUGE-USDC"), number=77, lot_size=3 * 10**26)
    hand, owner = Attacker.of(world, 2), Attacker.owner(world)
    end_s = world.anvil.now_s() + 86_400
    with by_hand(world.anvil):
        hand.call("cancelUpTo", market.quote.token, 5)
        hand.call("cancel", market.number, 100 << 24 | CANCELED)
        hand.call("grantSession", GRANTED.address, market.number, 0, LOTS - 1, end_s)
        owner.call("closeMarket", world.deployment.markets[1].number)
        owner.call(
            "listMarket",
            huge.number,
            market.base.token,
            market.quote.token,
            huge.lot_size,
            huge.tick_size,
        )
        world.anvil.mine()
    world.anvil.rpc("evm_increaseTime", DELAYS.window_max_s + 10)
    world.anvil.mine(3)
    alice.counter = bob.counter = 100
    return Scene(world, alice, bob, poor, huge)


@pytest.mark.parametrize("reason", TRIED, ids=[KINDS[reason][0] for reason in TRIED])
async def test_one_bad_group_of_fifty_fails_alone(world: World, reason: int) -> None:
    """49 fills become final; the other is reversed on both sides, and everybody is told why."""
    scene = await scene_of(world)
    settlement = Saboteur(world.options(batch_age_s=30.0), clock=world.clock)
    world.settlements.append(settlement)
    settlement.scene = scene
    exchange = Exchange(
        world.deployment.markets,
        journal=MemoryJournal(),
        settlement=settlement,
        auth=SigningAuth(world.domain),
        risk=StandardRisk(RiskLimits(open_orders=None)),
        clock=world.clock,
    )
    with by_hand(world.anvil):
        async with exchange as running:
            view, base = running.view, world.market.base.id
            await world.until(lambda: bool(view.balance(scene.bob.account, base).total))
            await trade(scene, running, [STALE])
            world.anvil.rpc("evm_increaseTime", 40)
            await world.until(lambda: not list(view.unsettled()))
            settlement.spoil = KINDS[reason][1]
            told = running.subscribe()
            await trade(scene, running, range(1, 1 + GROUPS))
            world.anvil.rpc("evm_increaseTime", 40)
            await world.until(lambda: not list(view.unsettled()))
            await world.until(lambda: not settlement.health().undelivered)
            events = [
                event
                for batch in told.take()
                for event in batch.events
                if isinstance(event, FillSettled)
            ]
            await assert_books_agree(world, running, [scene.alice, scene.bob, scene.poor])
    final = [event for event in events if event.stage is SettlementStage.FINAL]
    (failed,) = [event for event in events if event.stage is SettlementStage.FAILED]
    assert settlement.spoiled is not None
    assert (failed.fill_id, failed.reason) == (settlement.spoiled.fill_id, reason)
    assert len(final) == GROUPS - 1
    assert len({event.batch for event in (*final, failed)}) == 1
    bought = await scene.alice.vault.balance(world.market.base, scene.alice.account)
    assert bought.balance == 3 * ETH + GROUPS * LOTS * world.market.lot_size


async def trade(scene: Scene, running: Exchange, lanes: Sequence[int]) -> None:
    """Match one pair of orders in each lane."""
    expiry_s = scene.world.anvil.now_s() + 86_400
    await running.place_many(
        [
            trader.order(scene.world.market, side, PRICE, LOTS, lane=lane, expiry_s=expiry_s)
            for lane in lanes
            for trader, side in ((scene.bob, Side.SELL), (scene.alice, Side.BUY))
        ]
    )
