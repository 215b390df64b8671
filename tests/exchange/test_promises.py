"""A voucher is journaled before it is signed and signed again while open; a receipt tells the truth."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from functools import partial

import msgspec
import pytest

from hybrid_dex.defaults.memory_journal import MemoryJournal
from hybrid_dex.defaults.trusted_auth import TrustedAuth
from hybrid_dex.errors import ConfigurationError, RefusedError, SettlementError, UnavailableError
from hybrid_dex.exchange import Exchange, ExchangeOptions
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.commands import (
    Command,
    Deposit,
    ExpireVoucher,
    IssueVoucher,
    PlaceOrder,
    RedeemVoucher,
    ReplaceOrder,
)
from hybrid_dex.model.events import (
    EventBatch,
    OrderAccepted,
    OrderRejected,
    VoucherExpired,
    VoucherRedeemed,
)
from hybrid_dex.model.order import OrderStatus, OrderType, Side
from hybrid_dex.model.reasons import RejectReason as Reason
from hybrid_dex.model.signed_order import Authorization, Nonce, SignatureKind
from hybrid_dex.model.units import AccountId, last_group
from hybrid_dex.model.vouchers import CancelReceipt, SignedCancelReceipt, SignedVoucher, Voucher
from hybrid_dex.settlement.local import LocalSettlement
from tests.exchange_fixtures import ALICE, BOB, ETH, MARKET, USDC, FakeClock, order

CAROL = AccountId("carol")
DEADLINE_S = 1_800_000_000 + 3_600


class Vault(LocalSettlement):
    """Says what a test tells it, as a chain would; signs, and remembers what it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.facts: asyncio.Queue[Command] = asyncio.Queue()
        self.halted = self.paused = ""
        self.fails = False
        self.watched: list[Voucher] = []
        self.signed: list[Voucher | CancelReceipt] = []
        self.sequence_when_signed = 0
        self.exchange: Exchange | None = None
        self.facts.put_nowait(Deposit(account=ALICE, asset=USDC, amount=10_000, position=1))
        self.facts.put_nowait(Deposit(account=BOB, asset=ETH, amount=10**18, position=2))

    @property
    def requires_signature(self) -> bool:
        return True

    @property
    def pause_reason(self) -> str:
        return self.paused

    @property
    def halt_reason(self) -> str:
        return self.halted

    async def updates(self) -> AsyncIterator[Command]:
        while True:
            yield await self.facts.get()

    async def watch_vouchers(self, vouchers: Sequence[Voucher]) -> None:
        self.watched.extend(vouchers)

    def refuse_voucher(self, asset: str, recipient: str) -> Refusal | None:
        bad = recipient == "nowhere"
        return Refusal(Reason.INVALID_VOUCHER, "recipient", "somewhere") if bad else None

    async def sign_voucher(self, voucher: Voucher) -> bytes:
        if self.fails:
            raise SettlementError("the key is away")
        assert self.exchange is not None
        assert voucher in self.exchange.view.vouchers(), "signed before it was journaled"
        self.signed.append(voucher)
        return b"v" + voucher.salt.to_bytes(32, "big")

    async def sign_cancel_receipt(self, receipt: CancelReceipt) -> bytes:
        self.signed.append(receipt)
        return b"r"


class AnyAuth(TrustedAuth):
    """Not `TrustedAuth` itself, which a chain refuses."""


def make(
    vault: Vault, journal: MemoryJournal | None = None, clock: FakeClock | None = None
) -> Exchange:
    vault.exchange = Exchange(
        [MARKET],
        journal=journal,
        settlement=vault,
        auth=AnyAuth(),
        clock=FakeClock() if clock is None else clock,
        options=ExchangeOptions(snapshot_process=False),
    )
    return vault.exchange


async def funded(exchange: Exchange) -> None:
    """Wait for the two deposits; the market was listed before."""
    while exchange.view.sequence < 3:
        await asyncio.sleep(0)


def signed(counter: int, *, revision: int = 0, account: AccountId = BOB) -> Authorization:
    nonce = Nonce(counter, revision, 1).packed
    expiry_s = 1_800_000_000 + 1_000
    return Authorization(
        account, SignatureKind.WALLET, 5_000, expiry_s, nonce, b"h" * 32, b"s" * 64
    )


def offer(counter: int, quantity: int = 100, *, revision: int = 0) -> PlaceOrder:
    return msgspec.structs.replace(
        order(BOB, Side.SELL, quantity=quantity),
        authorization=signed(counter, revision=revision),
    )


class TestVouchers:
    async def test_a_voucher_is_journaled_watched_and_signed(self) -> None:
        """To the account itself, for as long as the options say, unless said otherwise."""
        vault = Vault()
        async with make(vault) as exchange:
            await funded(exchange)
            answer = await exchange.issue_voucher(ALICE, USDC, 4_000)
            voucher = Voucher(
                account=ALICE,
                asset=USDC,
                amount=4_000,
                recipient=ALICE,
                salt=4,
                deadline_s=DEADLINE_S,
            )
            assert answer == SignedVoucher(
                voucher=voucher, signature=b"v" + (4).to_bytes(32, "big")
            )
            assert exchange.view.balance(ALICE, USDC).available == 6_000
            while not vault.watched:
                await asyncio.sleep(0)
            assert vault.watched == [voucher]
            other = await exchange.issue_voucher(ALICE, USDC, 1, "elsewhere", DEADLINE_S + 7)
            assert isinstance(other, SignedVoucher)
            assert (other.voucher.recipient, other.voucher.deadline_s) == (
                "elsewhere",
                DEADLINE_S + 7,
            )
            assert await exchange.open_vouchers(ALICE) == (answer, other)
            assert await exchange.open_vouchers(BOB) == ()

    async def test_the_same_salt_again_is_the_same_voucher(self) -> None:
        """One debit, however often it is asked for: at once, later, after a crash of the signer."""
        journal, vault, salt = MemoryJournal(), Vault(), 2**40 + 1
        async with make(vault, journal) as exchange:
            await funded(exchange)
            ask = partial(exchange.issue_voucher, ALICE, USDC, 4_000, salt=salt)
            first, second = await asyncio.gather(ask(), ask())
            assert isinstance(first, SignedVoucher)
            assert first == second == await ask()
            assert exchange.view.balance(ALICE, USDC).available == 6_000
            for other in (
                await exchange.issue_voucher(ALICE, USDC, 4_001, salt=salt),
                await exchange.issue_voucher(ALICE, USDC, 4_000, BOB, salt=salt),
                await exchange.issue_voucher(ALICE, USDC, 4_000, None, DEADLINE_S + 1, salt=salt),
            ):
                assert isinstance(other, Refusal)
                assert (other.reason, other.field) == (Reason.INVALID_VOUCHER, "salt")
            vault.fails = True
            with pytest.raises(SettlementError, match="the key is away"):
                await exchange.issue_voucher(ALICE, USDC, 1_000, salt=salt + 1)
        again = Vault()
        async with make(again, journal) as exchange:
            assert await exchange.issue_voucher(ALICE, USDC, 4_000, salt=salt) == first
            late = await exchange.issue_voucher(ALICE, USDC, 1_000, salt=salt + 1)
            assert isinstance(late, SignedVoucher)
            assert exchange.view.balance(ALICE, USDC).available == 5_000
            paid = RedeemVoucher(account=ALICE, asset=USDC, amount=4_000, salt=salt, position=3)
            again.facts.put_nowait(paid)
            while exchange.view.vouchers(ALICE) != (late.voucher,):
                await asyncio.sleep(0)
            over = await exchange.issue_voucher(ALICE, USDC, 4_000, salt=salt)
            assert isinstance(over, Refusal)
            assert exchange.view.balance(ALICE, USDC).available == 5_000

    async def test_a_refused_voucher_sets_nothing_aside_and_is_not_signed(self) -> None:
        """By the engine, or because it could never be signed."""
        vault = Vault()
        async with make(vault) as exchange:
            await funded(exchange)
            sequence = exchange.view.sequence
            answer = await exchange.issue_voucher(ALICE, USDC, 1, "nowhere")
            assert answer == Refusal(Reason.INVALID_VOUCHER, "recipient", "somewhere")
            assert exchange.view.sequence == sequence
            answer = await exchange.issue_voucher(ALICE, USDC, 10_001)
            assert isinstance(answer, Refusal)
            assert (answer.reason, answer.field) == (Reason.INSUFFICIENT_FUNDS, "amount")
            assert vault.signed == []

    async def test_nothing_is_released_in_an_alarm(self) -> None:
        """Neither a new voucher nor one that is open; afterwards it is, the same."""
        vault = Vault()
        async with make(vault) as exchange:
            await funded(exchange)
            before = await exchange.issue_voucher(ALICE, USDC, 1)
            vault.halted = "a final block is gone"
            refusal = Refusal(Reason.WITHDRAWALS_HALTED, "", "a final block is gone")
            sequence = exchange.view.sequence
            assert await exchange.issue_voucher(ALICE, USDC, 1) == refusal
            assert await exchange.open_vouchers(ALICE) == refusal
            assert await exchange.open_vouchers(BOB) == ()
            assert exchange.view.sequence == sequence
            vault.halted = ""
            assert await exchange.open_vouchers(ALICE) == (before,)

    async def test_a_voucher_whose_signing_failed_is_open_after_a_crash(self) -> None:
        """The debit is durable; the next process watches it, and signs it when asked."""
        journal, vault = MemoryJournal(), Vault()
        async with make(vault, journal) as exchange:
            await funded(exchange)
            vault.fails = True
            with pytest.raises(SettlementError, match="the key is away"):
                await exchange.issue_voucher(ALICE, USDC, 4_000)
        again = Vault()
        async with make(again, journal) as exchange:
            (answer,) = await exchange.open_vouchers(ALICE)
            while not again.watched:
                await asyncio.sleep(0)
            assert again.watched == [answer.voucher]
            assert answer.voucher.amount == 4_000

    async def test_the_chain_ends_a_voucher(self) -> None:
        """Paid, or no longer payable; each frees or takes the funds once."""
        vault = Vault()
        async with make(vault) as exchange:
            await funded(exchange)
            follower = exchange.subscribe()
            first = await exchange.issue_voucher(ALICE, USDC, 4_000)
            second = await exchange.issue_voucher(ALICE, USDC, 500)
            assert isinstance(first, SignedVoucher)
            assert isinstance(second, SignedVoucher)
            paid = RedeemVoucher(
                account=ALICE, asset=USDC, amount=4_000, salt=first.voucher.salt, position=3
            )
            over = ExpireVoucher(account=ALICE, asset=USDC, salt=second.voucher.salt)
            for fact in (paid, over, over, paid):
                vault.facts.put_nowait(fact)
            kinds = [type((await anext(follower)).events[0]) for _ in range(4)]
            assert kinds[2:] == [VoucherRedeemed, VoucherExpired]
            await anext(follower)
            await anext(follower)
            balance = exchange.view.balance(ALICE, USDC)
            assert (balance.available, balance.vouchers, balance.on_chain) == (6_000, 0, 6_000)

    async def test_vouchers_and_the_chains_facts_have_one_door_each(self) -> None:
        """A journaled voucher that nobody signs, or a fact that nobody saw, is refused."""
        async with make(Vault()) as exchange:
            issue = IssueVoucher(
                account=ALICE, asset=USDC, amount=1, recipient=ALICE, deadline_s=DEADLINE_S
            )
            with pytest.raises(ConfigurationError, match="call issue_voucher"):
                await exchange.execute(issue)
            with pytest.raises(ConfigurationError, match="comes from the chain alone"):
                await exchange.execute(ExpireVoucher(account=ALICE, asset=USDC, salt=1))

    async def test_without_a_chain_there_are_no_vouchers(self) -> None:
        """Said before anything is journaled; receipts are not needed either."""
        async with Exchange([MARKET]) as exchange:
            await exchange.deposit(ALICE, USDC, 10)
            sequence = exchange.view.sequence
            answer = await exchange.issue_voucher(ALICE, USDC, 1)
            assert isinstance(answer, Refusal)
            assert (answer.reason, exchange.view.sequence) == (Reason.WITHDRAWALS_HALTED, sequence)
            assert "withdraw instead" in answer.detail
        with pytest.raises(UnavailableError):
            await exchange.open_vouchers(ALICE)


class TestReceipts:
    async def test_a_canceled_order_has_a_receipt(self) -> None:
        """As of its cancel, with what was filled by then; without the answer, as of now."""
        vault = Vault()
        async with make(vault) as exchange:
            await funded(exchange)
            placed = await exchange.place(offer(7))
            order_id = placed.events[0].order_id
            batch = await exchange.cancel(BOB, order_id)
            await exchange.place(offer(8))
            expected = CancelReceipt(
                trader=BOB,
                market=MARKET.id,
                nonce=Nonce(7, 0, 1).packed,
                filled=0,
                sequence=last_group(batch.sequence),
            )
            answer = await exchange.cancel_receipt(order_id, batch)
            assert (answer.receipt, answer.signature) == (expected, b"r")
            later = await exchange.cancel_receipt(order_id)
            assert later.receipt.sequence == last_group(batch.sequence + 1)

    async def test_what_a_command_did_is_not_taken_from_who_asks(self) -> None:
        """A gateway that lies could have the operator end fills that were matched already."""
        async with make(Vault()) as exchange:
            await funded(exchange)
            order_id = (await exchange.place(offer(7))).events[0].order_id
            batch = await exchange.cancel(BOB, order_id)
            (canceled,) = batch.events
            more = (msgspec.structs.replace(canceled, filled=99),)
            told = await exchange.cancel_receipt(
                order_id, EventBatch(batch.sequence, batch.at_ns, more)
            )
            assert told.receipt.filled == 0
            earlier = EventBatch(1, batch.at_ns, batch.events)
            told = await exchange.cancel_receipt(order_id, earlier)
            assert told.reason is Reason.NO_RECEIPT
            never = EventBatch(0, batch.at_ns, batch.events)
            told = await exchange.cancel_receipt(order_id, never)
            assert told.receipt.sequence == last_group(exchange.view.sequence)

    async def test_a_replaced_order_has_one_about_the_terms_before(self) -> None:
        """The new revision lives on."""
        vault = Vault()
        async with make(vault) as exchange:
            await funded(exchange)
            order_id = (await exchange.place(offer(7))).events[0].order_id
            terms = ReplaceOrder(
                account=BOB,
                order_id=order_id,
                price=MARKET.parse_price("2600"),
                quantity=100,
                authorization=signed(7, revision=3),
            )
            batch = await exchange.replace(order_id, terms)
            for answer in (
                await exchange.cancel_receipt(order_id, batch),
                await exchange.cancel_receipt(order_id),
            ):
                assert Nonce.unpack(answer.receipt.nonce) == Nonce(7, 2, 1)
                assert answer.receipt.sequence == last_group(batch.sequence)

    async def test_only_a_dead_signed_order_has_one(self) -> None:
        """Live, unknown, or ended by another command: refused, nothing is signed."""
        vault = Vault()
        async with make(vault) as exchange:
            await funded(exchange)
            placed = await exchange.place(offer(7))
            order_id = placed.events[0].order_id
            assert isinstance(placed.events[0], OrderAccepted)
            for answer, reason in (
                (await exchange.cancel_receipt(order_id), Reason.NO_RECEIPT),
                (await exchange.cancel_receipt(order_id, placed), Reason.NO_RECEIPT),
                (await exchange.cancel_receipt(999 << 8), Reason.UNKNOWN_ORDER),
            ):
                assert isinstance(answer, Refusal)
                assert answer.reason is reason
            assert vault.signed == []

    async def test_a_refused_order_has_none(self) -> None:
        """Its nonce is not used, and the one below it may be a live order's, or become one's."""
        vault = Vault()
        async with make(vault) as exchange:
            await funded(exchange)
            refused = await exchange.place(offer(7, revision=1, quantity=10**15))
            assert isinstance(refused.events[0], OrderRejected)
            await exchange.place(offer(7))
            for answer in (refused, await exchange.place(offer(7, revision=1))):
                assert isinstance(answer.events[0], OrderRejected)
                receipt = await exchange.cancel_receipt(answer.events[0].order_id)
                assert isinstance(receipt, Refusal)
                assert receipt.reason is Reason.NO_RECEIPT
            assert vault.signed == []

    async def test_the_exit_that_ended_has_none_while_the_other_lives(self) -> None:
        """Both have one lane, so the stop's receipt would end the take-profit on chain.

        Whatever its end was, and also by that command's answer; afterwards it has one as of now, since
        the other may have traded meanwhile.
        """
        vault = Vault()
        async with make(vault) as exchange:
            await funded(exchange)
            price = MARKET.parse_price
            take_profit = msgspec.structs.replace(
                offer(9),
                order_type=OrderType.TAKE_PROFIT_LIMIT,
                price=price("2600"),
                trigger_price=price("2550"),
            )
            stop = msgspec.structs.replace(
                offer(9, revision=1),
                order_type=OrderType.STOP_LIMIT,
                price=price("2000"),
                trigger_price=price("2100"),
            )
            entered = await exchange.place_linked(take_profit, stop)
            first, second = (event.order_id for event in entered.events)
            answer = await exchange.cancel_receipt(second)
            assert isinstance(answer, Refusal)
            assert f"order {first}" in answer.detail
            vault.facts.put_nowait(Deposit(account=ALICE, asset=USDC, amount=10**12, position=3))
            vault.facts.put_nowait(Deposit(account=CAROL, asset=ETH, amount=10**18, position=4))
            while exchange.view.sequence < 6:
                await asyncio.sleep(0)
            for account, side in ((CAROL, Side.SELL), (ALICE, Side.BUY)):  # the take-profit fires
                fired = await exchange.place(
                    msgspec.structs.replace(
                        order(account, side, price=price("2550"), quantity=10),
                        authorization=signed(1, account=account),
                    )
                )
            assert exchange.view.order(first).status is OrderStatus.NEW
            assert exchange.view.order(second).status is OrderStatus.CANCELED
            for batch in (None, fired):
                answer = await exchange.cancel_receipt(second, batch)
                assert isinstance(answer, Refusal)
                assert (answer.reason, answer.field) == (Reason.NO_RECEIPT, "order_id")
            assert vault.signed == []
            ended = await exchange.cancel(BOB, first)
            for batch in (None, fired):
                answer = await exchange.cancel_receipt(second, batch)
                assert isinstance(answer, SignedCancelReceipt)
                assert Nonce.unpack(answer.receipt.nonce) == Nonce(9, 1, 1)
                assert answer.receipt.sequence == last_group(ended.sequence)

    async def test_an_unsigned_order_has_none(self) -> None:
        """Nobody could settle it."""
        async with Exchange([MARKET]) as exchange:
            await exchange.deposit(BOB, ETH, 10**18)
            placed = await exchange.place(order(BOB, Side.SELL))
            order_id = placed.events[0].order_id
            batch = await exchange.cancel(BOB, order_id)
            answer = await exchange.cancel_receipt(order_id, batch)
            assert isinstance(answer, Refusal)
            assert answer.reason is Reason.NO_RECEIPT


class TestPause:
    async def test_no_door_leads_into_a_pause(self) -> None:
        """Placed, replaced or executed: refused; a cancel is served."""
        vault = Vault()
        async with make(vault) as exchange:
            await funded(exchange)
            order_id = (await exchange.place(offer(7))).events[0].order_id
            vault.paused = "the oldest fill waits"
            answer = await exchange.place(offer(8))
            assert answer == Refusal(Reason.SETTLEMENT_BACKLOG, "market", "the oldest fill waits")
            terms = ReplaceOrder(account=BOB, order_id=order_id, price=1, quantity=1)
            for command in (offer(8), terms):
                with pytest.raises(RefusedError) as refused:
                    await exchange.execute(command)
                assert refused.value.code == Reason.SETTLEMENT_BACKLOG
            await exchange.cancel(BOB, order_id)
            assert exchange.view.open_order_count(BOB) == 0
