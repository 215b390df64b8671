"""Orders of every signature kind trade and settle on a real chain; grants are spent and taken back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from hybrid_dex.defaults.file_journal import FileJournal
from hybrid_dex.defaults.trusted_auth import TrustedAuth
from hybrid_dex.errors import FormatError, SettlementError
from hybrid_dex.exchange import Exchange
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.events import EventBatch, OrderAccepted
from hybrid_dex.model.order import Side, TimeInForce
from hybrid_dex.model.signed_order import Authorization, Nonce, SignatureKind, SignedOrder
from hybrid_dex.model.units import FeePpm, Price, Quantity
from hybrid_dex.settlement.batching import BatchLimits, draft_batch, group_fills
from hybrid_dex.settlement.grants import Grants
from hybrid_dex.signing import (
    Domain,
    LocalSigner,
    ProvenTrees,
    authorize,
    authorize_tree,
    order_digest,
)
from tests.chain.harness import Trader, World, key

ETH, USDC = 10**18, 10**6
DAY_S = 86_400
BOT = LocalSigner(b"\x77" * 32)


class SigningAuth(TrustedAuth):
    """Orders by their signature; people as they say."""

    def __init__(self, domain: Domain) -> None:
        super().__init__()
        self._domain = domain

    async def verify_many(self, orders: Sequence[SignedOrder]) -> list[Authorization | Refusal]:
        """Recover each tree's signer once, also where it comes whole and without proofs."""
        if orders[0].signature_kind is SignatureKind.BULK and not orders[0].proof:
            return list(authorize_tree(orders, self._domain))
        trees = ProvenTrees()
        return [authorize(order, self._domain, trees) for order in orders]


def exchange(world: World, folder: Path) -> Exchange:
    """An exchange that settles on the test's chain."""
    return Exchange(
        world.deployment.markets,
        journal=FileJournal(folder / "journal"),
        settlement=world.settlement(),
        auth=SigningAuth(world.domain),
        clock=world.clock,
    )


def grants(world: World, number: int) -> Grants:
    """The door of the trader with this number."""
    return Grants(
        rpc_url=world.anvil.url, contract=world.deployment.contract, key=key(100 + number)
    )


def unsigned(
    world: World, trader: Trader, side: Side, price: int, lots: int, *, lane: int, **changes: object
) -> SignedOrder:
    """An order's terms."""
    order = SignedOrder(
        trader=trader.account,
        market=world.market,
        side=side,
        price=Price(price),
        quantity=Quantity(lots),
        max_fee_ppm=FeePpm(1_000),
        expiry_s=world.anvil.now_s() + DAY_S,
        nonce=Nonce(1, 0, lane),
        signature=b"",
    )
    return msgspec.structs.replace(order, **changes)


def accepted(batch: EventBatch | Refusal) -> bool:
    """Whether an order entered."""
    return isinstance(batch, EventBatch) and any(
        isinstance(event, OrderAccepted) for event in batch.events
    )


def most_gas(world: World) -> int:
    """What the largest transaction so far cost."""
    used = 0
    for number in range(world.anvil.height() + 1):
        for receipt in world.anvil.rpc("eth_getBlockReceipts", hex(number)):
            if receipt["to"] and receipt["to"].lower() == world.deployment.contract.lower():
                used = max(used, int(receipt["gasUsed"], 16))
    return used


async def assert_books_agree(world: World, running: Exchange, traders: Sequence[Trader]) -> None:
    """By account and asset, the vault holds what the engine's ledger says."""
    for asset in (world.market.base, world.market.quote):
        for trader in traders:
            there = (await trader.vault.balance(asset, trader.account)).balance
            assert running.view.balance(trader.account, asset.id).on_chain == there


async def test_every_kind_settles_against_every_other(world: World, tmp_path: Path) -> None:
    """A ladder of eight, a session key, an approved hash and a wallet, in one book.

    The builder's bound of the gas is above what it cost.
    """
    maker = await world.trader(1, base=20 * ETH)
    taker = await world.trader(2, quote=100_000 * USDC)
    market = world.market
    approved = unsigned(
        world, maker, Side.SELL, 250_900, 1_000, lane=30, signature_kind=SignatureKind.APPROVED
    )
    async with grants(world, 2) as of_taker, grants(world, 1) as of_maker:
        ends_s = world.anvil.now_s() + 7 * DAY_S
        await of_taker.grant(BOT.address, market, buy="30000", sell="0", expires_at_s=ends_s)
        await of_maker.approve(order_digest(approved, world.domain))
        assert await of_maker.is_approved(order_digest(approved, world.domain))
        async with exchange(world, tmp_path) as running:
            view = running.view
            await world.until(
                lambda: (
                    bool(view.balance(maker.account, market.base.id).total)
                    and bool(view.balance(taker.account, market.quote.id).total)
                )
            )
            ladder = maker.signer.sign_bulk(
                [
                    unsigned(world, maker, Side.SELL, 250_000 + step, 1_000, lane=step + 1)
                    for step in range(8)
                ],
                world.domain,
            )
            by_wallet = maker.signer.sign_order(
                unsigned(world, maker, Side.SELL, 250_800, 1_000, lane=20), world.domain
            )
            for batch in await running.place_many([*ladder, by_wallet]):
                assert accepted(batch)

            async def place(order: SignedOrder) -> bool:
                return accepted(await running.place(order))

            entered = False
            while not entered:  # until the approval is final
                world.anvil.mine()
                await world.until(lambda: True, mine=False)
                entered = await place(approved)
            by_bot = BOT.sign_session_order(
                unsigned(
                    world, taker, Side.BUY, 251_000, 10_000, lane=0, time_in_force=TimeInForce.IOC
                ),
                world.domain,
            )
            assert await place(by_bot)
            fills = list(view.unsettled())
            assert len(fills) == 10
            assert {
                fill.taker.authorization.kind for fill in fills if fill.taker.authorization
            } == {SignatureKind.SESSION}
            await world.until(lambda: not list(view.unsettled()))
            assert view.balance(taker.account, market.base.id).total == 10_000 * market.lot_size
            await assert_books_agree(world, running, [maker, taker])
            spent = sum(
                market.notional(fill.price, fill.quantity) + fill.taker_fee for fill in fills
            )
            draft, _ = draft_batch(group_fills(fills), BatchLimits())
            assert 0.4 * draft.gas < most_gas(world) < draft.gas
            left = await of_taker.session(BOT.address, market)
            assert left.buy_budget == 30_000 * USDC - spent
            assert left.usable


async def test_the_fills_of_a_ladder_settle(world: World, tmp_path: Path) -> None:
    """It came without proofs, and the contract wants them: the exchange made them from its rungs."""
    maker = await world.trader(1, base=20 * ETH)
    taker = await world.trader(2, quote=100_000 * USDC)
    market = world.market
    async with exchange(world, tmp_path) as running:
        view = running.view
        await world.until(
            lambda: (
                bool(view.balance(maker.account, market.base.id).total)
                and bool(view.balance(taker.account, market.quote.id).total)
            )
        )
        for trader, side, size in ((maker, Side.SELL, 5), (taker, Side.BUY, 3)):
            plain = [
                unsigned(world, trader, side, 250_000 + step, 1_000, lane=step + 1)
                for step in range(size)
            ]
            tree = trader.signer.sign_bulk(plain, world.domain)
            ladder = [msgspec.structs.replace(order, proof=()) for order in tree]
            (answer,) = await running.place_ladders([ladder])
            assert accepted(answer)
        fills = list(view.unsettled())
        assert len(fills) == 3
        assert {
            len(fill.maker.authorization.proof) for fill in fills if fill.maker.authorization
        } == {3}
        assert {
            len(fill.taker.authorization.proof) for fill in fills if fill.taker.authorization
        } == {2}
        await world.until(lambda: not list(view.unsettled()))
        assert view.balance(taker.account, market.base.id).total == 3_000 * market.lot_size
        await assert_books_agree(world, running, [maker, taker])


async def test_a_grant_is_topped_up_read_and_revoked(world: World) -> None:
    """Budgets add up; what the contract refuses is told; a wrong hash or key is not sent."""
    await world.trader(3)
    market = world.market
    ends_s = world.anvil.now_s() + DAY_S
    async with grants(world, 3) as door:
        none = await door.session(BOT.address, market)
        assert (none.expires_at_s, none.usable) == (0, False)
        await door.grant(BOT.address, market, buy="100.5", sell="2", expires_at_s=ends_s)
        await door.grant(BOT.address, market, buy="0", sell="0.5", expires_at_s=ends_s)
        left = await door.session(BOT.address, market, account=door.address)
        assert (left.buy_budget, left.sell_budget) == (100_500_000, 25_000)
        assert (left.expires_at_s, left.revoked_at_s, left.usable) == (ends_s, 0, True)
        with pytest.raises(SettlementError):
            await door.grant(BOT.address, market, buy="1", sell="0", expires_at_s=ends_s - 1)
        with pytest.raises(SettlementError):
            await door.grant(door.address, market, buy="1", sell="0", expires_at_s=ends_s)
        await door.revoke(BOT.address, market)
        assert (await door.session(BOT.address, market)).revoked_at_s
        order_hash = b"\x05" * 32
        await door.approve(order_hash)
        await door.revoke_approval(order_hash)
        with pytest.raises(SettlementError):
            await door.approve(order_hash)
        with pytest.raises(FormatError, match="32 bytes"):
            await door.approve(b"")
        with pytest.raises(FormatError, match="key"):
            await door.revoke("bot", market)
