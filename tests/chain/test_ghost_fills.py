"""Nothing a trader does on chain after the match undoes it before it had the time to settle.

Each attack that others have suffered is one case: its transactions come into the block before the
batch, or into the same block in front of it, paid to be there.
"""

from __future__ import annotations

from functools import partial

import msgspec
import pytest

from hybrid_dex.defaults.memory_journal import MemoryJournal
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.commands import ConfirmSettlement
from hybrid_dex.model.order import Side
from hybrid_dex.model.settlement import MatchedFill, SettlementStage
from hybrid_dex.model.signed_order import SignatureKind, SignedOrder
from hybrid_dex.model.units import Amount
from hybrid_dex.model.vouchers import SignedVoucher
from hybrid_dex.signing import LocalSigner, order_digest
from tests.chain.attackers import (
    LAST_COUNTER,
    OWNER_ATTACKS,
    TRADER_ATTACKS,
    Attacker,
    Script,
    become_contract,
    by_hand,
    crowd,
    leave,
    let_expire,
    redeem,
)
from tests.chain.attackers_wallets import CHANGEABLE, Wallet, order_tuple
from tests.chain.harness import DELAYS, Server, Trader, World, key, terms
from tests.chain.test_exchange import assert_books_agree, exchange
from tests.tiers import Tier, current

ETH, USDC = 10**18, 10**6
PLACES = ("same block",) if current() is Tier.FAST else ("same block", "block before")


async def settle_in_front_of(
    world: World, server: Server, fills: list[MatchedFill], *attackers: Attacker
) -> None:
    """See that the attackers' transactions came first, and that the fills settled all the same."""
    stages = server.reader
    await world.until(partial(stages.all_at, fills, SettlementStage.FINAL))
    assert not stages.failures
    (batch,) = batches_of(server, fills)
    for sent in (sent for attacker in attackers for sent in attacker.sent):
        assert place(world, sent) < place(world, batch)


def batches_of(server: Server, fills: list[MatchedFill]) -> set[str]:
    """The transactions that made these fills final."""
    wanted = {fill.fill_id for fill in fills}
    return {
        command.transaction
        for command in server.reader.commands
        if isinstance(command, ConfirmSettlement)
        and command.stage is SettlementStage.FINAL
        and wanted & set(command.fills)
    }


def place(world: World, transaction: str) -> tuple[int, int]:
    """Block and index of a transaction."""
    receipt = world.anvil.rpc("eth_getTransactionReceipt", transaction)
    assert receipt is not None, f"{transaction} is in no block"
    return int(receipt["blockNumber"], 16), int(receipt["transactionIndex"], 16)


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize("attack", TRADER_ATTACKS)
async def test_a_match_before_an_attack_settles(world: World, attack: str, where: str) -> None:
    """The seller attacks after the match; the fill settles, and the buyer has what he bought."""
    alice = await world.trader(1, quote=10_000 * USDC)
    bob = await world.trader(2, base=ETH)
    fills = world.trade(alice, bob, lots=10_000, expiry_s=world.anvil.now_s() + 300)
    mallory = Attacker.of(world, 2)
    async with Server(world, world.settlement()) as server:
        with by_hand(world.anvil):
            if where == "same block":
                await server.settlement.submit(fills)
                await world.until(
                    partial(server.reader.all_at, fills, SettlementStage.SUBMITTED), mine=False
                )
                TRADER_ATTACKS[attack](mallory)
            else:
                TRADER_ATTACKS[attack](mallory)
                world.anvil.mine()
                await server.settlement.submit(fills)
            await settle_in_front_of(world, server, fills, mallory)
    bought = await alice.vault.balance(world.market.base)
    assert bought.tradeable == 10_000 * world.market.lot_size


def sold_to(world: World, alice: Trader, order: SignedOrder) -> list[MatchedFill]:
    """Alice buys all that an order sells."""
    sell = terms(order, world.domain, 1_000_000 + world.sequence)
    return world.match(world.terms(alice, Side.BUY, 250_100, 10_000), (sell, 10_000))


async def settle_against(
    world: World, server: Server, fills: list[MatchedFill], hand: Attacker, attack: Script
) -> None:
    """Send the batch, attack in front of it, and see it settle."""
    with by_hand(world.anvil):
        await server.settlement.submit(fills)
        await world.until(
            partial(server.reader.all_at, fills, SettlementStage.SUBMITTED), mine=False
        )
        hand.sent.clear()
        attack(hand)
        await settle_in_front_of(world, server, fills, hand)


async def test_a_match_before_a_key_is_revoked_settles(world: World) -> None:
    """Delegate revoke: neither the session key nor its budget can be taken away in time."""
    alice = await world.trader(1, quote=10_000 * USDC)
    bob = await world.trader(2, base=ETH)
    hand, delegate = Attacker.of(world, 2), LocalSigner(key(77))
    expiry_s = world.anvil.now_s() + 300
    market = world.market.number
    hand.call("grantSession", delegate.address, market, 0, 10_000, expiry_s)

    def turn(hand: Attacker) -> None:
        hand.call("revokeSession", delegate.address, market)
        let_expire(hand)

    order = bob.order(world.market, Side.SELL, 250_000, 10_000, expiry_s=expiry_s)
    fills = sold_to(world, alice, delegate.sign_session_order(order, world.domain))
    async with Server(world, world.settlement()) as server:
        await settle_against(world, server, fills, hand, turn)


async def test_a_match_before_an_approval_is_revoked_settles(world: World) -> None:
    """Delegate revoke, for orders that nobody signed."""
    alice = await world.trader(1, quote=10_000 * USDC)
    bob = await world.trader(2, base=ETH)
    hand, expiry_s = Attacker.of(world, 2), world.anvil.now_s() + 300
    order = msgspec.structs.replace(
        bob.order(world.market, Side.SELL, 250_000, 10_000, expiry_s=expiry_s),
        signature=b"",
        signature_kind=SignatureKind.APPROVED,
    )
    digest = order_digest(order, world.domain)
    hand.call("approveOrder", digest)
    async with Server(world, world.settlement()) as server:
        fills = sold_to(world, alice, order)
        await settle_against(
            world, server, fills, hand, lambda hand: hand.call("revokeApproval", digest)
        )


async def test_a_wallet_that_was_gone_before_the_match_settles(world: World) -> None:
    """Self-destructed wallet: it funded, approved and vanished in one transaction."""
    alice = await world.trader(1, quote=10_000 * USDC)
    bob = await world.trader(2)
    wallet = Wallet.of(Attacker.of(world, 2))
    order = wallet.approved(
        bob.order(world.market, Side.SELL, 250_000, 10_000, expiry_s=world.anvil.now_s() + 300)
    )
    wallet.deploy(ETH, order=order, runtime=None)
    assert wallet.code() == "0x"
    async with Server(world, world.settlement()) as server:
        fills = sold_to(world, alice, order)
        await settle_against(world, server, fills, wallet.maker, become_contract)


async def test_a_wallet_that_changes_its_mind_settles(world: World) -> None:
    """Wallet flip (ERC-1271): it called the signature valid once, and never again."""
    alice = await world.trader(1, quote=10_000 * USDC)
    bob = await world.trader(2)
    maker = Attacker.of(world, 2)
    wallet = Wallet.of(maker)
    order = wallet.approved(
        bob.order(world.market, Side.SELL, 250_000, 10_000, expiry_s=world.anvil.now_s() + 300)
    )
    wallet.deploy(ETH, order=None, runtime=CHANGEABLE)
    maker.call("approveOrderBySignature", order_tuple(order), b"\x01")
    async with Server(world, world.settlement()) as server:
        fills = sold_to(world, alice, order)
        await settle_against(
            world, server, fills, maker, lambda hand: hand.send(wallet.address, "0x00000001")
        )


async def test_a_voucher_takes_nothing_that_was_matched(world: World) -> None:
    """Voucher drain: no more is signed than was free, and it is paid in front of the batch."""
    alice = await world.trader(1, quote=10_000 * USDC)
    bob = await world.trader(2, base=2 * ETH)
    hand, base = Attacker.of(world, 2), world.market.base
    expiry_s = world.anvil.now_s() + 86_400
    with by_hand(world.anvil):
        async with exchange(world, MemoryJournal()) as running:
            await world.until(lambda: bool(running.view.balance(bob.account, base.id).total))
            sell = bob.order(world.market, Side.SELL, 250_000, 10_000, expiry_s=expiry_s)
            buy = alice.order(world.market, Side.BUY, 250_000, 10_000, expiry_s=expiry_s)
            await running.place_many([sell, buy])
            assert isinstance(
                await running.issue_voucher(bob.account, base.id, Amount(ETH + 1)), Refusal
            )
            signed = await running.issue_voucher(bob.account, base.id, Amount(ETH))
            assert isinstance(signed, SignedVoucher)
            (fill,) = running.view.unsettled()
            stage = partial(running.view.settlement_stage, fill.fill_id)
            await world.until(lambda: stage() is SettlementStage.SUBMITTED, mine=False)
            redeem(hand, signed)
            redeem(hand, signed)  # and once more, which is refused
            await world.until(lambda: not list(running.view.unsettled()))
            assert stage() in {SettlementStage.FINAL, None}
            await world.until(lambda: not running.view.vouchers(bob.account))
            await assert_books_agree(world, running, [alice, bob])
    assert await bob.vault.wallet_balance(base) == ETH
    first, second = (world.anvil.rpc("eth_getTransactionReceipt", each) for each in hand.sent)
    assert (first["status"], second["status"]) == ("0x1", "0x0")


async def test_a_session_has_its_budget_once(world: World) -> None:
    """Budget drain: what one order of a key may use up is not there for its others."""
    alice = await world.trader(1, quote=10_000 * USDC)
    bob = await world.trader(2, base=3 * ETH)
    hand, delegate = Attacker.of(world, 2), LocalSigner(key(77))
    expiry_s = world.anvil.now_s() + 86_400
    hand.call("grantSession", delegate.address, world.market.number, 0, 10_000, expiry_s)
    async with exchange(world, MemoryJournal()) as running:
        await world.until(lambda: bool(running.view.sessions(bob.account)))
        for lane in range(3):
            sell = bob.order(world.market, Side.SELL, 250_000, 4_000, lane=lane, expiry_s=expiry_s)
            await running.place(delegate.sign_session_order(sell, world.domain))
        assert len(running.view.open_orders(bob.account)) == 2
        buy = alice.order(world.market, Side.BUY, 250_000, 8_000, expiry_s=expiry_s)
        await running.place(buy)
        fills = list(running.view.unsettled())
        assert len(fills) == 2
        await world.until(lambda: not list(running.view.unsettled()))
        await assert_books_agree(world, running, [alice, bob])
        assert running.view.balance(alice.account, world.market.base.id).total == 8_000 * 10**14


@pytest.mark.parametrize("attack", OWNER_ATTACKS)
async def test_a_match_before_the_owner_turns_settles(world: World, attack: str) -> None:
    """What the owner may do waits, too."""
    alice = await world.trader(1, quote=10_000 * USDC)
    bob = await world.trader(2, base=ETH)
    fills = world.trade(alice, bob, lots=10_000)
    owner = Attacker.owner(world)
    async with Server(world, world.settlement()) as server:
        with by_hand(world.anvil):
            await server.settlement.submit(fills)
            await world.until(
                partial(server.reader.all_at, fills, SettlementStage.SUBMITTED), mine=False
            )
            OWNER_ATTACKS[attack](owner)
            await settle_in_front_of(world, server, fills, owner)


async def test_the_gas_of_a_batch_can_not_be_driven_past_its_limit(world: World) -> None:
    """Every party makes its own words as dear to read as it can, in front of each batch.

    The gas limit is set when the batch is signed. What traders may add afterwards fits in, or else
    they could let one batch after another run out of gas: requests are made and taken back at will.
    """
    buyers = crowd(world, range(1, 25), base=ETH, quote=10_000 * USDC)
    sellers = crowd(world, range(25, 49), base=ETH, quote=10_000 * USDC)
    async with Server(world, world.settlement()) as server:
        for turn in range(2):  # by the first, every word that the second reads is there already
            every = [
                fill
                for buyer, seller in zip(buyers, sellers, strict=True)
                for fill in world.trade(buyer, seller, lots=10, lane=3)
            ]
            with by_hand(world.anvil):
                for fill in every:
                    await server.settlement.submit([fill])
                await world.until(
                    partial(server.reader.all_at, every, SettlementStage.SUBMITTED), mine=False
                )
                mob = [Attacker.of(world, number) for number in range(1, 49)]
                for attacker in mob if turn else ():
                    attacker.call("cancelUpTo", world.market.quote.token, 1_000, gas=150_000)
                    attacker.call(
                        "cancel", world.market.number, LAST_COUNTER << 24 | 3, gas=150_000
                    )
                    leave(attacker)
                await settle_in_front_of(world, server, every, *mob)
        (batch,) = batches_of(server, every)
        assert place(world, batch)[0] == place(world, mob[0].sent[0])[0]


async def test_after_the_request_is_covered_a_late_match_fails(world: World) -> None:
    """What an engine matched in spite of a covered withdrawal is skipped, for want of funds."""
    alice = await world.trader(1, quote=10_000 * USDC)
    bob = await world.trader(2, base=ETH)
    await bob.vault.request_withdrawal(world.market.base, ETH)
    async with Server(world, world.settlement()) as server:
        world.anvil.rpc("evm_increaseTime", DELAYS.watch_lag_s + 10)
        world.anvil.mine()
        await world.until(lambda: server.settlement.health().batch > 0)
        fills = world.trade(alice, bob, lots=10_000)
        await server.settlement.submit(fills)
        await world.until(partial(server.reader.all_at, fills, SettlementStage.FAILED))
        assert server.reader.failures[fills[0].fill_id].culprit == fills[0].maker.order_id


async def test_no_batch_covers_a_request_that_the_engine_was_not_told_of(world: World) -> None:
    """While nobody takes the update, time passes and batches settle, but the request waits."""
    alice = await world.trader(1, quote=10_000 * USDC)
    bob = await world.trader(2, base=ETH)
    await bob.vault.request_withdrawal(world.market.base, ETH)
    settlement = world.settlement()
    await settlement.open(world.deployment.markets)
    await world.until(lambda: settlement.health().undelivered > 0, mine=False)
    world.anvil.rpc("evm_increaseTime", DELAYS.watch_lag_s + 10)
    world.anvil.mine()
    for count in (1, 2):
        await settlement.submit(world.trade(alice, bob, lots=10))
        await world.until(lambda least=count: settlement.health().batch >= least)  # type: ignore[misc]
    pending = await bob.vault.pending_withdrawal(world.market.base)
    assert pending is not None
    assert not pending.effective
    await settlement.close()
