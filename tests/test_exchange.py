"""The shell acknowledges what is durable and applied, once and in order, whatever fails below."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from collections.abc import Sequence as Items
from pathlib import Path

import attrs
import msgspec
import pytest

from hybrid_dex.defaults.file_journal import FileJournal
from hybrid_dex.defaults.memory_journal import MemoryJournal
from hybrid_dex.defaults.memory_snapshots import MemorySnapshots
from hybrid_dex.defaults.standard_risk import RiskLimits, StandardRisk
from hybrid_dex.defaults.trusted_auth import TrustedAuth
from hybrid_dex.engine.engine import Engine
from hybrid_dex.errors import (
    ConfigurationError,
    FormatError,
    JournalFullError,
    UnavailableError,
    VersionMismatchError,
)
from hybrid_dex.exchange import Exchange, ExchangeOptions
from hybrid_dex.interfaces.journal import JournalCapabilities
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.commands import (
    AdvanceTime,
    Command,
    ConfirmSettlement,
    Deposit,
    ListMarket,
    PlaceOrder,
    SetMarketState,
)
from hybrid_dex.model.events import (
    CommandRejected,
    Deposited,
    FillMade,
    OrderAccepted,
    OrderExpired,
    OrderRejected,
    OrderReplaced,
)
from hybrid_dex.model.frame import FrameKind, decode_frame
from hybrid_dex.model.market import Market, MarketState
from hybrid_dex.model.order import Side, TimeInForce
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.signed_order import Authorization, Nonce, SignedOrder
from hybrid_dex.model.units import Amount, MarketId, Price, Quantity, TimestampNs
from hybrid_dex.settlement.local import LocalSettlement
from tests.exchange_fixtures import (
    ALICE,
    BOB,
    ETH,
    MARKET,
    RICH,
    USDC,
    FakeClock,
    FaultyJournal,
    events_of,
    fund,
    order,
    until,
)
from tests.tiers import count

SUBMISSIONS = count(fast=10, full=200)


class TestCommands:
    async def test_two_orders_meet_and_settle(self) -> None:
        """The five lines of the introduction, asynchronously, down to finality."""
        async with Exchange([MARKET]) as exchange:
            await fund(exchange)
            resting = await exchange.place(order(BOB, Side.SELL))
            assert isinstance(events_of(resting)[0], OrderAccepted)
            fill = events_of(await exchange.place(order(ALICE, Side.BUY)))[1]
            assert isinstance(fill, FillMade)
            assert exchange.view.balance(ALICE, ETH).available == 100 * MARKET.lot_size
            await until(lambda: not list(exchange.view.unsettled()))
            assert exchange.view.settlement_stage(fill.fill_id) is None  # final

    async def test_an_opening_auction_settles_and_survives_a_restart(self) -> None:
        """Fills at one price for all are final like any other, and the journal gives them again."""
        journal = MemoryJournal()
        async with Exchange([MARKET], journal=journal) as exchange:
            await fund(exchange)
            auction, opened = MarketState.AUCTION_OPEN, MarketState.OPEN
            await exchange.execute(SetMarketState(market=MARKET.id, state=auction))
            await exchange.place(order(BOB, Side.SELL))
            await exchange.place(order(ALICE, Side.BUY))
            answer = await exchange.execute(SetMarketState(market=MARKET.id, state=opened))
            assert [type(event).__name__ for event in answer.events] == [
                "MarketStateChanged", "MarketUncrossed", "FillMade",
            ]  # fmt: skip
            await until(lambda: not list(exchange.view.unsettled()))
            balance = exchange.view.balance(ALICE, ETH)
        async with Exchange([MARKET], journal=journal) as exchange:
            assert exchange.view.balance(ALICE, ETH) == balance
            assert exchange.view.market_state(MARKET.id) is opened

    async def test_sequence_numbers_have_no_gap_and_answers_are_the_callers_own(self) -> None:
        async with Exchange([MARKET]) as exchange:
            answers = await asyncio.gather(
                *(exchange.deposit(ALICE, USDC, Amount(amount)) for amount in range(1, 2_001))
            )
            assert [answer.sequence for answer in answers] == list(range(2, 2_002))
            for amount, answer in enumerate(answers, start=1):
                assert isinstance(answer.events[0], Deposited)
                assert answer.events[0].amount == amount

    async def test_waiting_commands_share_frames(self) -> None:
        journal = MemoryJournal()
        async with Exchange([MARKET], journal=journal) as exchange:
            before = await journal.head()
            await asyncio.gather(*(exchange.deposit(ALICE, USDC, RICH) for _ in range(1_000)))
            assert await journal.head() - before <= 3

    async def test_a_frame_never_exceeds_the_journals_limit(self, tmp_path: Path) -> None:
        """What does not fit goes into the next one, in order; what never fits is refused alone."""
        journal = _small_frames()
        async with Exchange([MARKET], journal=journal) as exchange:
            answers = await asyncio.gather(
                *(exchange.deposit(ALICE, USDC, Amount(n)) for n in range(1, 101)),
            )
            assert [answer.sequence for answer in answers] == list(range(2, 102))
            frames = [raw async for _, raw in journal.read(0)]
            assert max(map(len, frames)) <= 1_000
            with pytest.raises(JournalFullError, match="1000 bytes; this command needs"):
                await exchange.place(order(ALICE, Side.BUY, name="x" * 2_000))
            assert (await exchange.deposit(ALICE, USDC, Amount(1))).sequence == 102

    async def test_cancel_reduce_replace_withdraw(self) -> None:
        async with Exchange([MARKET]) as exchange:
            await fund(exchange)
            placed = events_of(await exchange.place(order(BOB, Side.SELL, name="one")))[0]
            assert isinstance(placed, OrderAccepted)
            await exchange.reduce(BOB, placed.order_id, order(BOB, Side.SELL, quantity=40).quantity)
            view = exchange.view.order(placed.order_id)
            assert view is not None
            assert view.open == 60
            await exchange.cancel(BOB, client_order_id=placed.client_order_id)
            assert exchange.view.open_order_count(BOB) == 0
            await exchange.place(order(BOB, Side.SELL))
            await exchange.cancel_all(BOB, MARKET.id, Side.SELL)
            assert exchange.view.open_order_count(BOB) == 0
            await exchange.withdraw(BOB, ETH, RICH)
            assert exchange.view.balance(BOB, ETH).available == 0

    async def test_place_many_answers_each_in_turn(self) -> None:
        async with Exchange([MARKET]) as exchange:
            await fund(exchange)
            answers = await exchange.place_many(
                [order(BOB, Side.SELL), order(ALICE, Side.SELL), order(ALICE, Side.BUY)]
            )
            kinds = [type(events_of(answer)[0]) for answer in answers]
            assert kinds == [OrderAccepted, OrderRejected, OrderAccepted]

    async def test_a_closed_exchange_takes_nothing(self) -> None:
        exchange = Exchange([MARKET])
        with pytest.raises(UnavailableError, match="not open"):
            await exchange.deposit(ALICE, USDC, RICH)
        async with exchange:
            assert exchange.health().ready
        with pytest.raises(UnavailableError, match="not open"):
            await exchange.deposit(ALICE, USDC, RICH)
        assert not exchange.health().ready

    async def test_too_many_waiting_commands_are_refused(self) -> None:
        options = ExchangeOptions(max_waiting=10)
        async with Exchange([MARKET], options=options) as exchange:
            outcomes = await asyncio.gather(
                *(exchange.deposit(ALICE, USDC, Amount(1)) for _ in range(15)),
                return_exceptions=True,
            )
            refused = [one for one in outcomes if isinstance(one, UnavailableError)]
            assert len(refused) == 5
            assert exchange.view.balance(ALICE, USDC).available == 10

    async def test_orders_that_do_not_fit_together_do_not_enter_in_part(self) -> None:
        options = ExchangeOptions(max_waiting=3)
        async with Exchange([MARKET], options=options) as exchange:
            await fund(exchange)
            with pytest.raises(UnavailableError, match="no more than 3"):
                await exchange.place_many([order(BOB, Side.SELL)] * 4)
            assert exchange.view.open_orders(BOB) == ()
            malformed = msgspec.structs.replace(order(BOB, Side.SELL), price=1.0)
            with pytest.raises(FormatError):
                await exchange.place_many([order(BOB, Side.SELL), malformed])
            assert exchange.view.open_orders(BOB) == ()
            answers = await exchange.place_many([order(BOB, Side.SELL)] * 3)
            assert len(exchange.view.open_orders(BOB)) == len(answers) == 3


def _small_frames() -> FaultyJournal:
    class SmallFrames(FaultyJournal):
        @property
        def capabilities(self) -> JournalCapabilities:
            return attrs.evolve(self.inner.capabilities, max_frame_bytes=1_000)

    return SmallFrames()


class TestExactlyOnce:
    async def test_parallel_identical_submits_are_one_order(self) -> None:
        """A13: fifty at once, many times; each caller gets the same answer."""
        async with Exchange([MARKET]) as exchange:
            await fund(exchange)
            follower = exchange.subscribe()
            for number in range(SUBMISSIONS):
                command = order(
                    BOB, Side.SELL, price=300_000 + number, quantity=1, name=f"n{number}"
                )
                answers = await asyncio.gather(*(exchange.place(command) for _ in range(50)))
                accepted = {events_of(answer)[0] for answer in answers}
                assert len(accepted) == 1
                await exchange.cancel_all(BOB) if number % 50 == 49 else None
            seen = [event for batch in follower.take() for event in batch.events]
            assert sum(isinstance(event, OrderAccepted) for event in seen) == SUBMISSIONS

    async def test_a_retry_after_a_restart_is_answered_not_doubled(self) -> None:
        journal = MemoryJournal()
        command = order(BOB, Side.SELL, name="mine")
        async with Exchange([MARKET], journal=journal) as exchange:
            await fund(exchange)
            first = events_of(await exchange.place(command))
        async with Exchange([MARKET], journal=journal) as exchange:
            assert events_of(await exchange.place(command)) == first
            assert exchange.view.open_order_count(BOB) == 1

    async def test_a_repeated_answer_is_not_published_nor_settled_again(self) -> None:
        async with Exchange([MARKET]) as exchange:
            await fund(exchange)
            await exchange.place(order(BOB, Side.SELL))
            command = order(ALICE, Side.BUY, name="taker")
            first = events_of(await exchange.place(command))
            assert any(isinstance(event, FillMade) for event in first)
            await until(lambda: not list(exchange.view.unsettled()))
            follower = exchange.subscribe()
            assert events_of(await exchange.place(command)) == first
            assert [batch.events for batch in follower.take()] == [()]


class TestRestart:
    async def test_a_restart_has_the_same_state_and_a_new_epoch(self, tmp_path: Path) -> None:
        async with Exchange([MARKET], journal=FileJournal(tmp_path)) as exchange:
            await fund(exchange)
            await exchange.place(order(BOB, Side.SELL))
            await exchange.place(order(ALICE, Side.BUY, quantity=30))
            await until(lambda: not list(exchange.view.unsettled()))
            before, epoch = exchange.view.state_hash(), exchange.health().epoch
        async with Exchange([MARKET], journal=FileJournal(tmp_path)) as exchange:
            assert exchange.view.state_hash() == before
            assert exchange.health().epoch == epoch + 1

    async def test_an_epoch_frame_names_the_versions(self) -> None:
        journal = MemoryJournal()
        async with Exchange([MARKET], journal=journal):
            pass
        raw = await journal.read_at(1)
        assert raw is not None
        frame = decode_frame(raw)
        assert (frame.kind, frame.epoch) == (FrameKind.EPOCH, 1)
        assert "engine" in frame.note

    async def test_other_versions_are_refused_in_one_line(self) -> None:
        """And a clean shutdown's snapshot is how they change."""
        journal, snapshots = MemoryJournal(), MemorySnapshots()
        async with Exchange([MARKET], journal=journal, snapshots=snapshots) as exchange:
            await fund(exchange)
            state = exchange.view.balance(ALICE, USDC)
        other = _OtherRisk()
        with pytest.raises(VersionMismatchError, match="start and close the exchange with the old"):
            async with Exchange([MARKET], journal=journal, risk=other):
                pass
        for _ in range(2):
            async with Exchange(
                [MARKET], journal=journal, snapshots=snapshots, risk=other
            ) as exchange:
                assert exchange.view.balance(ALICE, USDC) == state
                await exchange.deposit(BOB, ETH, Amount(1))

    async def test_other_limits_start_from_the_snapshot_of_a_clean_close(self) -> None:
        """As the refusal of other versions says, also when a rule is added or dropped."""
        journal, snapshots = MemoryJournal(), MemorySnapshots()
        for limits in (RiskLimits(), RiskLimits(daily_volume=None, refuse_self_trade=True), None):
            risk = StandardRisk(limits)
            async with Exchange(
                [MARKET], journal=journal, snapshots=snapshots, risk=risk
            ) as exchange:
                await fund(exchange)
                await exchange.place(order(BOB, Side.SELL))
                await exchange.place(order(ALICE, Side.BUY))

    async def test_a_market_with_other_terms_is_refused(self) -> None:
        journal = MemoryJournal()
        async with Exchange([MARKET], journal=journal):
            pass
        changed = attrs.evolve(MARKET, lot_size=MARKET.lot_size * 2)
        with pytest.raises(
            ConfigurationError, match=r"ETH-USDC is listed as .* terms never change"
        ):
            async with Exchange([changed], journal=journal):
                pass
        async with Exchange([MARKET], journal=journal) as exchange:
            assert exchange.markets == (MARKET,)

    async def test_a_market_that_the_engine_refuses_is_refused(self) -> None:
        """One asset has one number of decimals."""
        twin = Market.spot("BTC-USDC", base_decimals=8, quote_decimals=8, tick="0.01", lot="0.0001")
        with pytest.raises(ConfigurationError, match="market BTC-USDC: USDC is known as"):
            async with Exchange([MARKET, twin]):
                pass

    async def test_optimised_python_is_refused(self) -> None:
        script = (
            "import asyncio\n"
            "from hybrid_dex.exchange import Exchange\n"
            "asyncio.run(Exchange([]).open())\n"
        )
        command = [sys.executable, "-O", "-c", script]
        done = await asyncio.to_thread(
            subprocess.run, command, capture_output=True, text=True, check=False
        )
        assert done.returncode == 1
        assert "python -O removes the assertions" in done.stderr

    async def test_two_exchanges_can_not_share_a_journal(self) -> None:
        journal = MemoryJournal()
        async with Exchange([MARKET], journal=journal) as first:
            with pytest.raises(UnavailableError, match="another exchange"):
                await Exchange([MARKET], journal=journal).open()
            await fund(first)


class _OtherRisk(StandardRisk):
    @property
    def version(self) -> str:
        return "another rule 2"


class TestTime:
    async def test_time_never_steps_back(self) -> None:
        """A12: an hour back, an hour on, a year on; no expiry on the way back."""
        clock = FakeClock()
        hour, year = 3_600 * 10**9, 31_536_000 * 10**9
        async with Exchange([MARKET], clock=clock) as exchange:
            await fund(exchange)
            start = clock.at_ns
            gtd = PlaceOrder(
                account=BOB,
                market=MARKET.id,
                side=Side.SELL,
                price=order(BOB, Side.SELL).price,
                quantity=order(BOB, Side.SELL).quantity,
                time_in_force=TimeInForce.GTD,
                expires_at_ns=TimestampNs(start + 2 * hour),
            )
            await exchange.place(gtd)
            clock.at_ns = start - hour
            assert (await exchange.deposit(ALICE, USDC, Amount(1))).at_ns == start
            assert exchange.view.open_order_count(BOB) == 1
            clock.at_ns = start + hour
            assert (await exchange.deposit(ALICE, USDC, Amount(1))).at_ns == start + hour
            assert exchange.view.open_order_count(BOB) == 1
            clock.at_ns = start + year
            jumped = await exchange.deposit(ALICE, USDC, Amount(1))
            assert jumped.at_ns == start + year
            assert exchange.view.open_order_count(BOB) == 0
            clock.at_ns = start
            later = await exchange.deposit(ALICE, USDC, Amount(1))
            assert (later.at_ns, later.sequence) == (start + year, jumped.sequence + 1)

    async def test_time_does_not_step_back_over_a_restart(self) -> None:
        journal, clock = MemoryJournal(), FakeClock()
        async with Exchange([MARKET], journal=journal, clock=clock) as exchange:
            await fund(exchange)
        start, clock.at_ns = clock.at_ns, clock.at_ns - 10**12
        async with Exchange([MARKET], journal=journal, clock=clock) as exchange:
            assert (await exchange.deposit(ALICE, USDC, Amount(1))).at_ns == start

    async def test_what_is_due_expires_without_any_other_command(self) -> None:
        clock = FakeClock()
        async with Exchange([MARKET], clock=clock) as exchange:
            await fund(exchange)
            gtd = PlaceOrder(
                account=BOB,
                market=MARKET.id,
                side=Side.SELL,
                price=order(BOB, Side.SELL).price,
                quantity=order(BOB, Side.SELL).quantity,
                time_in_force=TimeInForce.GTD,
                expires_at_ns=TimestampNs(clock.at_ns + 10**9),
            )
            await exchange.place(gtd)
            follower = exchange.subscribe()
            clock.at_ns += 10**9
            batch = await anext(follower)
            assert isinstance(batch.events[0], OrderExpired)


class ChainSettlement(LocalSettlement):
    """Needs signatures, as a chain does, and tells the exchange of two deposits."""

    @property
    def requires_signature(self) -> bool:
        return True

    async def updates(self) -> AsyncIterator[Command]:
        yield Deposit(account=ALICE, asset=USDC, amount=RICH, position=1)
        yield Deposit(account=BOB, asset=ETH, amount=RICH, position=2)
        await asyncio.Event().wait()


class VouchingAuth(TrustedAuth):
    """An auth of another name, which gives every order a signature of the right length."""

    async def verify_many(self, orders: Items[SignedOrder]) -> list[Authorization | Refusal]:
        verdicts = await super().verify_many(orders)
        return [
            msgspec.structs.replace(one, order_hash=b"h" * 32, signature=b"s" * 64)
            for one in verdicts
            if isinstance(one, Authorization)
        ]


class TestOnAChain:
    async def test_an_auth_that_verifies_nothing_is_refused(self) -> None:
        """In one line, before anything is opened; the same where it is the default."""
        for auth in (TrustedAuth(), None):
            exchange = Exchange([MARKET], settlement=ChainSettlement(), auth=auth)
            with pytest.raises(ConfigurationError, match="TrustedAuth verifies no signature"):
                await exchange.open()
            assert exchange.view.sequence == 0

    async def test_a_journal_of_unsigned_orders_is_not_replayed_there(self) -> None:
        """Each would be refused now: another state than the one that was acknowledged."""
        journal = MemoryJournal()
        async with Exchange([MARKET], journal=journal) as exchange:
            await fund(exchange)
            await exchange.place(order(BOB, Side.SELL))
        exchange = Exchange(
            [MARKET], journal=journal, settlement=ChainSettlement(), auth=VouchingAuth()
        )
        with pytest.raises(VersionMismatchError, match="signed orders only"):
            await exchange.open()

    async def test_only_the_chain_tells_of_funds(self) -> None:
        """What the settlement says is booked; the same from a caller is refused, with no trace."""
        settlement = ChainSettlement()
        async with Exchange([MARKET], settlement=settlement, auth=VouchingAuth()) as exchange:
            await until(lambda: exchange.view.chain_position == 2)
            before = exchange.view.state_hash()
            for call in (
                lambda: exchange.deposit(ALICE, USDC, Amount(1)),
                lambda: exchange.withdraw(ALICE, USDC, Amount(1)),
                lambda: exchange.execute(ConfirmSettlement(fills=(), stage=4, batch=1)),
            ):
                with pytest.raises(ConfigurationError, match="comes from the chain alone"):
                    await call()
            assert exchange.view.state_hash() == before
            assert exchange.view.balance(ALICE, USDC).available == RICH
            assert isinstance(events_of(await exchange.place(signed()))[0], OrderAccepted)

    async def test_a_replacement_signed_for_another_order_is_refused(self) -> None:
        """The engine keeps side and market, so a signature over others would fail on chain."""
        other = attrs.evolve(MARKET, id=MarketId("ETH-USDC-2"), number=1)
        async with Exchange(
            [MARKET, other], settlement=ChainSettlement(), auth=VouchingAuth()
        ) as exchange:
            await until(lambda: exchange.view.chain_position == 2)
            accepted = events_of(await exchange.place(signed()))[0]
            assert isinstance(accepted, OrderAccepted)
            again = signed(nonce=Nonce(1, 1), price=Price(260_000))
            for order_id, terms, reason in (
                (accepted.order_id, {"side": Side.BUY}, RejectReason.REPLACEMENT_TERMS),
                (accepted.order_id, {"market": other}, RejectReason.REPLACEMENT_TERMS),
                (accepted.order_id, {"trader": ALICE}, RejectReason.UNKNOWN_ORDER),
                (accepted.order_id + 256, {}, RejectReason.UNKNOWN_ORDER),
            ):
                refused = await exchange.replace(order_id, msgspec.structs.replace(again, **terms))
                assert isinstance(refused, Refusal)
                assert refused.reason is reason
            (replaced,) = events_of(await exchange.replace(accepted.order_id, again))
            assert isinstance(replaced, OrderReplaced)


def signed(**terms: object) -> SignedOrder:
    """An order of Bob's that rests, as `VouchingAuth` takes it."""
    given: dict[str, object] = {
        "trader": BOB,
        "market": MARKET,
        "side": Side.SELL,
        "price": Price(250_000),
        "quantity": Quantity(100),
        "max_fee_ppm": 1_000,
        "expiry_s": int(time.time()) + 3_600,
        "nonce": Nonce(1),
        "signature": b"",
    }
    return SignedOrder(**(given | terms))


async def test_a_malformed_command_leaves_no_trace(tmp_path: Path) -> None:
    """It is neither journaled nor applied nor left unanswered, and the next start finds a journal."""
    malformed = (
        msgspec.structs.replace(order(BOB, Side.SELL), post_only=1),
        msgspec.structs.replace(order(BOB, Side.SELL), price=object()),
        msgspec.structs.replace(order(BOB, Side.SELL), market=[]),
        "not a command",
    )
    async with Exchange([MARKET], journal=FileJournal(tmp_path)) as exchange:
        await fund(exchange)
        before = exchange.view.state_hash()
        for command in malformed:
            with pytest.raises(FormatError):
                await exchange.execute(command)
            with pytest.raises(FormatError):
                await exchange.place(command)
            with pytest.raises(FormatError):
                await exchange.place_many([command])
        assert exchange.view.state_hash() == before
        assert exchange.health().ready
    async with Exchange([MARKET], journal=FileJournal(tmp_path)) as exchange:
        assert exchange.view.state_hash() == before


async def test_any_command_can_be_executed() -> None:
    """`execute` takes any command."""
    async with Exchange([MARKET]) as exchange:
        assert (await exchange.execute(AdvanceTime())).events == ()
        assert (await exchange.execute(ListMarket(market=MARKET))).events == ()
        other = attrs.evolve(MARKET, lot_size=1)
        refused = await exchange.execute(ListMarket(market=other))
        assert isinstance(refused.events[0], CommandRejected)
        assert refused.events[0].reason is RejectReason.MARKET_EXISTS
        assert isinstance(exchange.view, Engine)
