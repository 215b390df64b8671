"""What engine and contract promise each other holds on a real chain: vouchers, receipts, sessions.

The operator's signature is checked by the contract, the budgets by both, and the books agree after.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from hybrid_dex.defaults.file_journal import FileJournal
from hybrid_dex.exchange import Exchange
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.events import OrderRejected
from hybrid_dex.model.order import OrderStatus, Side
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.vouchers import SignedCancelReceipt, SignedVoucher
from hybrid_dex.signing import LocalSigner
from tests.chain.attackers import Attacker, exchange_call
from tests.chain.harness import Trader, World, key
from tests.chain.test_exchange import assert_books_agree, exchange

ETH, USDC = 10**18, 10**6


def done(hand: Attacker, name: str, *arguments: Any) -> bool:
    """Call the contract; return whether it took it."""
    hand.refresh()
    sent, rpc = hand.call(name, *arguments), hand.world.anvil.rpc
    while (receipt := rpc("eth_getTransactionReceipt", sent)) is None:
        hand.world.anvil.mine()
    return bool(int(receipt["status"], 16))


def left_on_chain(world: World, account: str, session: str) -> tuple[int, int]:
    """What the contract says is left of a session's budgets."""
    data = "0x" + exchange_call("sessionOf", account, session, world.market.number).hex()
    call = {"to": world.deployment.contract, "data": data}
    words = bytes.fromhex(world.anvil.rpc("eth_call", call, "latest")[2:])
    return int.from_bytes(words[:32], "big"), int.from_bytes(words[32:64], "big")


def spoken_up_to(world: World) -> int:
    """Up to which group's sequence the contract's last batch spoke."""
    call = {"to": world.deployment.contract, "data": "0x" + exchange_call("batchState").hex()}
    return int(world.anvil.rpc("eth_call", call, "latest")[2 + 128 : 2 + 192], 16)


def redeem(signed: SignedVoucher, token: str | None) -> tuple[tuple[Any, ...], bytes]:
    """The arguments of `withdrawWithVoucher`."""
    voucher = signed.voucher
    return (
        voucher.account,
        token,
        voucher.amount,
        voucher.recipient,
        voucher.salt,
        voucher.deadline_s,
        voucher.min_batch,
    ), signed.signature


async def settled(world: World, running: Exchange) -> None:
    await world.until(lambda: not list(running.view.unsettled()))


async def trade(world: World, running: Exchange, sell: Any, buy: Any) -> None:
    """Two orders that meet."""
    for order in (sell, buy):
        answer = await running.place(order)
        assert not isinstance(answer, Refusal), answer
        assert not isinstance(answer.events[0], OrderRejected), answer.events
    assert list(running.view.unsettled())


async def test_a_voucher_pays_settled_funds_at_once_and_the_books_agree(
    world: World, tmp_path: Path
) -> None:
    """Not before they are final; what is not redeemed comes back after the deadline is final."""
    alice = await world.trader(1, quote=10_000 * USDC)
    bob = await world.trader(2, base=ETH)
    quote = world.market.quote
    hand = Attacker.of(world, 2)
    async with exchange(world, FileJournal(tmp_path / "journal")) as running:
        await world.until(partial(funded_both, running, world, alice, bob))
        expiry_s = world.anvil.now_s() + 86_400
        await trade(
            world,
            running,
            bob.order(world.market, Side.SELL, 250_000, 4_000, expiry_s=expiry_s),
            alice.order(world.market, Side.BUY, 250_000, 4_000, expiry_s=expiry_s),
        )
        early = await running.issue_voucher(bob.account, quote.id, 500 * USDC)
        assert isinstance(early, Refusal)
        assert early.reason is RejectReason.UNSETTLED_FUNDS
        await settled(world, running)

        for nobody in (world.deployment.contract, "0x" + 40 * "0", bob.account.lower()):
            refused = await running.issue_voucher(bob.account, quote.id, 1, nobody)
            assert isinstance(refused, Refusal)
            assert (refused.reason, refused.field) == (RejectReason.INVALID_VOUCHER, "recipient")
        paid = await running.issue_voucher(bob.account, quote.id, 500 * USDC)
        assert isinstance(paid, SignedVoucher), paid
        assert paid.voucher.min_batch >= 1
        deadline_s = world.anvil.now_s() + 300
        left = await running.issue_voucher(bob.account, quote.id, 7 * USDC, deadline_s=deadline_s)
        assert isinstance(left, SignedVoucher), left
        assert await running.open_vouchers(bob.account) == (paid, left)
        await assert_books_agree(world, running, [alice, bob])

        assert done(hand, "withdrawWithVoucher", *redeem(paid, quote.token))
        assert not done(hand, "withdrawWithVoucher", *redeem(paid, quote.token))
        await world.until(lambda: running.view.vouchers(bob.account) == (left.voucher,))
        await assert_books_agree(world, running, [alice, bob])
        before = running.view.balance(bob.account, quote.id).available

        world.anvil.rpc("evm_increaseTime", 400)
        world.anvil.mine()
        assert not done(hand, "withdrawWithVoucher", *redeem(left, quote.token))
        await world.until(lambda: not running.view.vouchers())
        assert running.view.balance(bob.account, quote.id).available == before + 7 * USDC
        await assert_books_agree(world, running, [alice, bob])


def funded_both(running: Exchange, world: World, alice: Trader, bob: Trader) -> bool:
    view, market = running.view, world.market
    has_quote = view.balance(alice.account, market.quote.id).total
    return bool(has_quote and view.balance(bob.account, market.base.id).total)


async def test_a_receipt_makes_a_cancel_on_chain_immediate(world: World, tmp_path: Path) -> None:
    """Once a batch speaks for the cancel: one is sent for it, though nothing is there to settle."""
    alice = await world.trader(1, quote=10_000 * USDC)
    bob = await world.trader(2, base=ETH)
    hand = Attacker.of(world, 2)
    async with exchange(world, FileJournal(tmp_path / "journal")) as running:
        await world.until(partial(funded_both, running, world, alice, bob))
        expiry_s = world.anvil.now_s() + 86_400
        order = bob.order(world.market, Side.SELL, 260_000, 100, lane=5, expiry_s=expiry_s)
        placed = await running.place(order)
        assert not isinstance(placed, Refusal)
        order_id = placed.events[0].order_id
        canceled = await running.cancel(bob.account, order_id)
        signed = await running.cancel_receipt(order_id, canceled)
        assert isinstance(signed, SignedCancelReceipt), signed
        receipt = signed.receipt
        number = world.market.number
        words = (receipt.trader, number, receipt.nonce, receipt.filled, receipt.sequence)
        assert not done(hand, "cancelWithReceipt", words, signed.signature)
        await world.until(lambda: spoken_up_to(world) >= receipt.sequence)
        assert done(hand, "cancelWithReceipt", words, signed.signature)
        await trade(
            world,
            running,
            bob.order(world.market, Side.SELL, 250_000, 100, expiry_s=expiry_s),
            alice.order(world.market, Side.BUY, 250_000, 100, expiry_s=expiry_s),
        )
        await settled(world, running)
        await assert_books_agree(world, running, [alice, bob])


async def test_a_session_key_spends_its_grant_alike_in_engine_and_contract(
    world: World, tmp_path: Path
) -> None:
    """What the engine says is left is what the contract says is left, once all is final."""
    alice = await world.trader(1, quote=10_000 * USDC)
    bob = await world.trader(2, base=ETH)
    market, session = world.market, LocalSigner(key(900))
    hand = Attacker.of(world, 1)
    async with exchange(world, FileJournal(tmp_path / "journal")) as running:
        await world.until(partial(funded_both, running, world, alice, bob))
        end_s = world.anvil.now_s() + 86_400
        by_key = partial(signed_by, session, alice, world, expiry_s=end_s)
        refused = await running.place(by_key(250_000, 1_000))
        assert not isinstance(refused, Refusal)
        assert refused.events[0].reason is RejectReason.SESSION_UNKNOWN

        assert done(hand, "grantSession", session.address, market.number, 500 * USDC, 50_000, end_s)
        await world.until(lambda: bool(running.view.sessions(alice.account)))
        sell = bob.order(market, Side.SELL, 249_900, 1_000, expiry_s=end_s)
        await trade(world, running, sell, by_key(250_000, 1_000))
        await settled(world, running)
        (mirror,) = running.view.sessions(alice.account)
        assert (mirror.buy_budget, mirror.sell_budget) == left_on_chain(
            world, alice.account, session.address
        )
        assert 500 * USDC - mirror.buy_budget == 249_900_000 + 249_900_000 * 500 // 10**6
        await assert_books_agree(world, running, [alice, bob])

        too_much = await running.place(by_key(250_000, 1_001))
        assert not isinstance(too_much, Refusal)
        assert too_much.events[0].reason is RejectReason.SESSION_BUDGET
        resting = await running.place(by_key(240_000, 500))
        assert not isinstance(resting, Refusal)
        order_id = resting.events[0].order_id
        assert done(hand, "revokeSession", session.address, market.number)
        await world.until(
            lambda: running.view.order(order_id).status is OrderStatus.CANCELED, mine=False
        )
        after = await running.place(by_key(240_000, 500))
        assert not isinstance(after, Refusal)
        assert after.events[0].reason is RejectReason.SESSION_REVOKED


def signed_by(
    session: LocalSigner, trader: Trader, world: World, price: int, lots: int, *, expiry_s: int
) -> Any:
    """A buy of the trader, signed by its session key."""
    order = trader.order(world.market, Side.BUY, price, lots, expiry_s=expiry_s)
    return session.sign_session_order(order, world.domain)
