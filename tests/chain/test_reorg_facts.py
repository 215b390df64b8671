"""What users said about keys, approvals and vouchers in blocks that went away, through the exchange."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import attrs
import msgspec

from hybrid_dex.defaults.memory_journal import MemoryJournal
from hybrid_dex.exchange import Exchange
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.events import EventBatch, FillMade
from hybrid_dex.model.order import Side
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.signed_order import SignatureKind, SignedOrder
from hybrid_dex.model.units import Amount
from hybrid_dex.model.vouchers import SignedCancelReceipt, SignedVoucher
from hybrid_dex.settlement.evm import EvmSettlement
from hybrid_dex.settlement.health import SettlementState
from hybrid_dex.signing import LocalSigner, order_digest
from tests.chain.attackers import Attacker, by_hand, crowd, redeem
from tests.chain.forks import Fork
from tests.chain.harness import Trader, World, key
from tests.chain.test_exchange import SigningAuth, assert_books_agree

ETH, USDC = 10**18, 10**6
DELEGATE = LocalSigner(key(601))
CONFIRMATIONS = 6


@attrs.define
class Stage:
    """An open exchange with a buyer and a seller, on a chain that is mined by hand."""

    world: World
    running: Exchange
    settlement: EvmSettlement
    alice: Trader
    bob: Trader
    hand: Attacker

    async def mine(self, fork: Fork, blocks: int = 1) -> None:
        """Mine what is in the pool, and more blocks; wait until they are followed."""
        for _ in range(blocks):
            fork.mine()
        await self.followed()

    async def followed(self) -> None:
        """Wait until settlement read the newest block, and the engine heard what is final."""
        health, final = self.settlement.health, self.world.anvil.height() - CONFIRMATIONS
        await self.world.until(
            lambda: health().final_block >= final and not health().undelivered, mine=False
        )

    def sell(self, lots: int = 10) -> SignedOrder:
        """Bob's order, not signed in a particular way yet."""
        return self.bob.order(
            self.world.market,
            Side.SELL,
            250_000,
            lots,
            expiry_s=self.world.anvil.now_s() + 3_600,
        )

    async def trades(self, order: SignedOrder) -> bool:
        """Place it, have alice buy it; say whether they were matched."""
        bought = order.quantity
        now_s = self.world.anvil.now_s()
        buy = self.alice.order(self.world.market, Side.BUY, 250_000, bought, expiry_s=now_s + 3_600)
        answers = await self.running.place_many([order, buy])
        matched = any(
            isinstance(event, FillMade)
            for answer in answers
            if isinstance(answer, EventBatch)
            for event in answer.events
        )
        if not matched:
            await self.running.cancel_all(self.alice.account)
        return matched


@asynccontextmanager
async def stage_on(world: World, **options: int) -> AsyncIterator[Stage]:
    """Open an exchange that knows of both deposits; see in the end that the books agree."""
    alice, bob = crowd(world, (1, 2), base=2 * ETH, quote=900_000 * USDC)
    settlement = world.settlement(**({"confirmations": CONFIRMATIONS} | options))
    exchange = Exchange(
        world.deployment.markets,
        journal=MemoryJournal(),
        settlement=settlement,
        auth=SigningAuth(world.domain),
        clock=world.clock,
    )
    with by_hand(world.anvil):
        async with exchange as running:
            quote = world.market.quote.id
            await world.until(lambda: bool(running.view.balance(bob.account, quote).total))
            yield Stage(world, running, settlement, alice, bob, Attacker.of(world, 2))


async def agree(stage: Stage) -> None:
    """Everything settles, and the vault holds what the ledger says."""
    view, world = stage.running.view, stage.world
    await world.until(lambda: not list(view.unsettled()))
    height = world.anvil.height()
    await world.until(lambda: stage.settlement.health().final_block >= height)
    await stage.followed()
    await assert_books_agree(world, stage.running, [stage.alice, stage.bob])


async def test_a_grant_and_an_approval_that_are_lost_never_counted(world: World) -> None:
    """Neither is worth anything before it is final, nor afterwards if it never was."""
    async with stage_on(world) as stage:
        fork = Fork.here(world)
        bare = msgspec.structs.replace(
            stage.sell(), signature=b"", signature_kind=SignatureKind.APPROVED
        )
        end_s = world.anvil.now_s() + 86_400
        stage.hand.call("grantSession", DELEGATE.address, world.market.number, 10**12, 10**6, end_s)
        stage.hand.call("approveOrder", order_digest(bare, world.domain))
        await stage.mine(fork, CONFIRMATIONS - 1)
        assert not await stage.trades(bare)
        fork.rewind()
        await stage.mine(fork, 2 * CONFIRMATIONS)
        assert not stage.running.view.sessions(stage.bob.account)
        assert not await stage.trades(bare)
        session = DELEGATE.sign_session_order(stage.sell(), world.domain)
        assert not await stage.trades(session)
        await agree(stage)


async def test_a_revocation_that_is_lost_still_stops_the_engine(world: World) -> None:
    """It counts at once, and for good: only a later grant brings the key back, to trade and settle."""
    market = world.market.number
    async with stage_on(world) as stage:
        start = Fork.here(world)
        bare = msgspec.structs.replace(
            stage.sell(), signature=b"", signature_kind=SignatureKind.APPROVED
        )
        end_s = world.anvil.now_s() + 86_400
        stage.hand.call("grantSession", DELEGATE.address, market, 10**12, 1_000, end_s)
        stage.hand.call("approveOrder", order_digest(bare, world.domain))
        await stage.mine(start, 2 * CONFIRMATIONS)
        assert await stage.trades(DELEGATE.sign_session_order(stage.sell(), world.domain))
        fork = Fork.here(world)
        stage.hand.call("revokeSession", DELEGATE.address, market)
        stage.hand.call("revokeApproval", order_digest(bare, world.domain))
        fork.mine()
        await world.until(
            lambda: stage.running.view.sessions(stage.bob.account)[0].revoked, mine=False
        )
        fork.rewind()
        stage.hand.refresh()
        await stage.mine(fork, 2 * CONFIRMATIONS)
        assert not await stage.trades(DELEGATE.sign_session_order(stage.sell(), world.domain))
        assert not await stage.trades(bare)
        stage.hand.call("grantSession", DELEGATE.address, market, 10**12, 100, end_s)
        await stage.mine(fork, 2 * CONFIRMATIONS)
        assert not await stage.trades(DELEGATE.sign_session_order(stage.sell(101), world.domain))
        assert await stage.trades(DELEGATE.sign_session_order(stage.sell(100), world.domain))
        await agree(stage)


async def test_a_voucher_that_was_paid_in_a_lost_block_is_paid_once(world: World) -> None:
    """Its funds stay aside through the reorganisation; the receipt's cancel can come again, too."""
    async with stage_on(world) as stage:
        view, base = stage.running.view, world.market.base.id
        voucher = await stage.running.issue_voucher(stage.bob.account, base, Amount(ETH))
        assert isinstance(voucher, SignedVoucher)
        placed = await stage.running.place(stage.sell())
        assert isinstance(placed, EventBatch)
        (order,) = view.open_orders(stage.bob.account)
        canceled = await stage.running.cancel(stage.bob.account, order.order_id)
        assert isinstance(canceled, EventBatch)
        receipt = await stage.running.cancel_receipt(order.order_id, canceled)
        assert isinstance(receipt, SignedCancelReceipt)
        assert await stage.trades(msgspec.structs.replace(stage.sell()))
        await stage.world.until(lambda: not list(view.unsettled()))
        fork = Fork.here(world)
        for again in (False, True):
            redeem(stage.hand, voucher)
            stage.hand.call(
                "cancelWithReceipt",
                (
                    receipt.receipt.trader,
                    world.market.number,
                    receipt.receipt.nonce,
                    receipt.receipt.filled,
                    receipt.receipt.sequence,
                ),
                receipt.signature,
            )
            await stage.mine(fork, 3)
            assert len(view.vouchers(stage.bob.account)) == 1
            if not again:
                fork.rewind()
                stage.hand.refresh()
                await stage.mine(fork)
        await stage.mine(fork, CONFIRMATIONS)
        assert not view.vouchers(stage.bob.account)
        await agree(stage)
    paid = world.anvil.rpc("eth_getTransactionReceipt", stage.hand.sent[-2])
    assert paid["status"] == "0x1"


async def test_below_finality_nothing_leaves_any_more(world: World) -> None:
    """What the ledger rests on may be gone: no voucher is signed, nothing is matched, health says so."""
    async with stage_on(world, confirmations=2) as stage:
        fork = Fork.here(world)
        stage.hand.token(world.market.base, "approve", stage.hand.account.address, 1)
        await stage.mine(fork, 8)
        fork.rewind()
        for _ in range(9):
            fork.mine(3)
        await world.until(
            lambda: stage.settlement.health().state is SettlementState.HALTED, mine=False
        )
        assert "was final" in stage.settlement.health().alarm
        refused = await stage.running.issue_voucher(
            stage.bob.account, world.market.base.id, Amount(1)
        )
        assert isinstance(refused, Refusal)
        assert refused.reason is RejectReason.WITHDRAWALS_HALTED
        assert not await stage.trades(stage.sell())
