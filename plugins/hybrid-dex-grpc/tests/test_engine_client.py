"""A gateway can not tell a remote engine from one in its own process, but for what it may not do."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import attrs
import msgspec
import pytest
from grpc_bench import (
    ALICE,
    BOB,
    ETH,
    LOCAL,
    MARKET,
    USDC,
    at_rest,
    gateway,
    order,
    recipe,
    serving,
)
from hybrid_dex_grpc import GrpcLink
from hybrid_dex_grpc import engine_pb2 as pb
from hybrid_dex_grpc.client import GrpcEngine

import hybrid_dex as dex
from reference_app.app import compose, opened
from reference_app.settings import ChainSettings, LinkSettings
from reference_app.tests.stack import settings


def events_of(answer: object) -> list[str]:
    assert isinstance(answer, dex.EventBatch)
    return [type(event).__name__ for event in answer.events]


class TestOrderEntry:
    async def test_an_answer_is_durable_and_to_be_seen(
        self, exchange: dex.Exchange, engine: GrpcEngine
    ) -> None:
        answer = await engine.place(order(BOB, dex.Side.SELL, name="first"))
        assert isinstance(answer, dex.EventBatch)
        assert engine.view.sequence >= answer.sequence
        assert exchange.view.sequence >= answer.sequence
        (resting,) = engine.view.open_orders(BOB)
        assert resting == exchange.view.open_orders(BOB)[0]
        again = await engine.place(order(BOB, dex.Side.SELL, name="first"))
        assert isinstance(again, dex.EventBatch)
        assert again.events == answer.events

    async def test_every_request_is_answered_as_the_exchange_does(
        self, exchange: dex.Exchange, engine: GrpcEngine
    ) -> None:
        sold = await engine.place_many(
            [order(BOB, dex.Side.SELL, quantity=100, name=f"ask {at}") for at in range(3)]
        )
        assert [events_of(answer) for answer in sold] == [["OrderAccepted"]] * 3
        first, second, third = (one.order_id for one in engine.view.open_orders(BOB))
        assert "OrderReduced" in events_of(await engine.reduce(BOB, first, dex.Quantity(1)))
        terms = dex.ReplaceOrder(
            account=BOB, order_id=first, price=dex.Price(260_000), quantity=dex.Quantity(50)
        )
        assert "OrderReplaced" in events_of(await engine.replace(first, terms))
        assert "OrderReplaced" in events_of(
            await engine.replace(first, terms, expected_filled=dex.Quantity(0))
        )
        assert "OrderCanceled" in events_of(await engine.cancel(BOB, order_id=second))
        named = dex.ClientOrderId("ask 2")
        assert "OrderCanceled" in events_of(await engine.cancel(BOB, client_order_id=named))
        assert "CancelRejected" in events_of(await engine.cancel(BOB, order_id=third))
        bought = await engine.place(order(ALICE, dex.Side.BUY, price=270_000, quantity=20))
        assert "FillMade" in events_of(bought)
        members = [order(ALICE, dex.Side.BUY, price=1_000), dex.CancelOrder(account=ALICE)]
        answers = await engine.place_batch(ALICE, members)
        assert [events_of(answer) for answer in answers] == [["OrderAccepted"], ["CancelRejected"]]
        ladder = [order(ALICE, dex.Side.BUY, price=at, name=f"bid {at}") for at in (900, 901)]
        entered = await engine.place_ladders([ladder, ladder])
        accepted = ["MemberAnswered", "OrderAccepted"] * 2
        assert [events_of(answer) for answer in entered] == [accepted, accepted]
        assert engine.view.open_order_count(ALICE) == 3
        canceled = await engine.cancel_all(ALICE, MARKET.id, dex.Side.BUY)
        assert "OrderCanceled" in events_of(canceled)
        assert "CancelScheduled" in events_of(await engine.schedule_cancel(BOB, 60_000))
        assert "CancelScheduled" in events_of(await engine.heartbeat(BOB))
        wish = await engine.set_cancel_on_disconnect(BOB, enabled=True)
        assert "CancelOnDisconnectChanged" in events_of(wish)
        await at_rest(engine, exchange)
        assert engine.view.state_hash() == exchange.view.state_hash()
        assert await engine.place_many([]) == []
        assert await engine.place_batch(ALICE, []) == []
        assert await engine.place_ladders([]) == []

    async def test_refusals_and_malformed_requests(self, engine: GrpcEngine) -> None:
        unlisted = dex.PlaceOrder(
            account=BOB,
            market=dex.MarketId("SOL-USDC"),
            side=dex.Side.SELL,
            price=dex.Price(1),
            quantity=dex.Quantity(1),
        )
        assert events_of(await engine.place(unlisted)) == ["OrderRejected"]
        with pytest.raises(dex.FormatError) as refusal:
            await engine.cancel_all(dex.AccountId(""))
        assert refusal.value.field == "account"
        with pytest.raises(dex.FormatError):
            await engine.place_batch(ALICE, [dex.CancelOrder(account=BOB)])
        answer = await engine.open_vouchers(ALICE)
        assert answer == ()
        refused = await engine.issue_voucher(ALICE, USDC, dex.Amount(1))
        assert isinstance(refused, dex.Refusal)
        with pytest.raises(dex.ConfigurationError):
            await engine.receipts()
        unknown = await engine.cancel_receipt(dex.OrderId(12345))
        assert isinstance(unknown, dex.Refusal)

    async def test_a_timeout_that_no_message_holds_is_refused_as_by_the_exchange(
        self, exchange: dex.Exchange, engine: GrpcEngine
    ) -> None:
        for timeout_ms in (-1, 2**64):
            here = await exchange.schedule_cancel(BOB, timeout_ms)
            there = await engine.schedule_cancel(BOB, timeout_ms)
            assert here.events == there.events

    async def test_what_comes_too_late_is_refused_by_the_engines_clock(
        self, engine: GrpcEngine
    ) -> None:
        late, soon = dex.TimestampNs(1), dex.TimestampNs(2**62)
        mine = order(BOB, dex.Side.SELL)
        answers = await engine.place_many([mine, mine, mine], not_after_ns=[soon, late, None])
        assert [isinstance(one, dex.Refusal) for one in answers] == [False, True, False]
        for longest_ago in (0, -1):
            until = dex.TimestampNs(longest_ago)
            assert isinstance(await engine.place(mine, not_after_ns=until), dex.Refusal)
        (resting, _) = engine.view.open_orders(BOB)
        terms = dex.ReplaceOrder(
            account=BOB, order_id=resting.order_id, price=resting.price, quantity=resting.quantity
        )
        for past in (late, dex.TimestampNs(-1)):
            assert isinstance(
                await engine.replace(resting.order_id, terms, not_after_ns=past), dex.Refusal
            )
        beyond = dex.TimestampNs(2**64)
        assert isinstance(
            await engine.replace(resting.order_id, terms, not_after_ns=beyond), dex.EventBatch
        )
        (member,) = await engine.place_batch(BOB, [mine], not_after_ns=late)
        assert isinstance(member, dex.Refusal)
        pasts = [late, dex.TimestampNs(0), dex.TimestampNs(-1)]
        ladders = await engine.place_ladders([[mine]] * 3, not_after_ns=pasts)
        assert all(isinstance(one, dex.Refusal) for one in ladders)
        with pytest.raises(dex.RefusedError) as refusal:
            await engine.reduce(BOB, resting.order_id, dex.Quantity(1), not_after_ns=late)
        assert isinstance(member, dex.Refusal)
        assert refusal.value.code == member.reason
        assert engine.view.open_order_count(BOB) == 2

    async def test_linked_orders(self, exchange: dex.Exchange, engine: GrpcEngine) -> None:
        take_profit = msgspec.structs.replace(order(BOB, dex.Side.SELL, price=300_000))
        stop = msgspec.structs.replace(
            order(BOB, dex.Side.SELL, price=200_000),
            order_type=dex.OrderType.STOP_LIMIT,
            trigger_price=dex.Price(200_000),
        )
        answer = await engine.place_linked(take_profit, stop)
        assert answer == exchange.subscribe(exchange.view.sequence - 1).take()[0]
        assert isinstance(answer, dex.EventBatch)
        late = await engine.place_linked(take_profit, stop, not_after_ns=dex.TimestampNs(1))
        assert isinstance(late, dex.Refusal)

    async def test_all_ladders_of_a_call_are_one_message(self, exchange: dex.Exchange) -> None:
        """Where a second one could not wait."""
        few = dex.LinkOptions(plaintext=True, answer_s=60, max_waiting=1)
        async with serving(exchange) as address, gateway(address, few) as engine:
            ladders = [[order(BOB, dex.Side.SELL, quantity=1)] * 8 for _ in range(12)]
            answers = await engine.place_ladders(ladders)
            sequences = [one.sequence for one in answers if isinstance(one, dex.EventBatch)]
            assert len(sequences) == 12
            assert sequences == sorted(set(sequences))
            assert engine.view.open_order_count(BOB) == 96

    async def test_a_ladder_of_two_accounts_is_refused_as_by_the_exchange(
        self, exchange: dex.Exchange, engine: GrpcEngine
    ) -> None:
        both = [order(BOB, dex.Side.SELL), order(ALICE, dex.Side.BUY)]
        (here,) = await exchange.place_ladders([both])
        (there,) = await engine.place_ladders([both])
        assert events_of(there) == events_of(here) == ["CommandRejected"]

    async def test_a_request_of_a_newer_gateway_is_refused(self, engine: GrpcEngine) -> None:
        """An engine that does not know one says so, and does nothing else in its place."""
        unknown = pb.Request.FromString(bytes([99 << 3 & 0x7F | 0x82, 99 >> 4, 0]))  # field 99
        assert unknown.WhichOneof("what") is None
        with pytest.raises(dex.UnavailableError, match="older than this gateway"):
            await engine._ask(unknown)

    async def test_many_at_once_are_each_answered(self, engine: GrpcEngine) -> None:
        orders = [order(BOB, dex.Side.SELL, quantity=1, name=f"one {at}") for at in range(90)]
        answers = await asyncio.gather(*(engine.place(one) for one in orders))
        sequences = [answer.sequence for answer in answers if isinstance(answer, dex.EventBatch)]
        assert len(set(sequences)) == 90
        assert engine.view.open_order_count(BOB) == 90

    async def test_orders_of_two_gateways_meet(self, exchange: dex.Exchange, address: str) -> None:
        async with gateway(address) as one, gateway(address) as other:
            await one.place(order(BOB, dex.Side.SELL))
            bought = await other.place(order(ALICE, dex.Side.BUY))
            assert isinstance(bought, dex.EventBatch)
            async with one.subscribe(bought.sequence - 1) as events:
                assert await anext(events) == bought
            await at_rest(exchange, one, other)
            assert one.view.balance(ALICE, ETH).available == 10**16
            assert one.view.state_hash() == other.view.state_hash() == exchange.view.state_hash()


class TestReading:
    async def test_events_follow_without_a_gap(
        self, exchange: dex.Exchange, engine: GrpcEngine
    ) -> None:
        before = engine.view.sequence
        async with engine.subscribe(before) as events:
            for _ in range(5):
                await engine.place(order(BOB, dex.Side.SELL))
            seen = [await anext(events) for _ in range(5)]
        assert seen == exchange.subscribe(before).take()
        assert engine.markets == exchange.markets

    async def test_health_is_the_engines(self, exchange: dex.Exchange, engine: GrpcEngine) -> None:
        health = engine.health()
        assert health.ready
        assert health.sequence == engine.view.sequence == exchange.view.sequence
        assert health.epoch == exchange.health().epoch

    async def test_a_gateway_begins_at_a_snapshot(self) -> None:
        journal, snapshots = dex.MemoryJournal(), dex.MemorySnapshots()
        async with dex.Exchange([MARKET], journal=journal, snapshots=snapshots) as exchange:
            await exchange.deposit(BOB, ETH, dex.Amount(10**30))
            for at in range(50):
                await exchange.place(order(BOB, dex.Side.SELL, price=250_000 + at))
        snapshot = await snapshots.latest()
        assert snapshot is not None
        async with dex.Exchange([MARKET], journal=journal, snapshots=snapshots) as exchange:
            await journal.trim(snapshot.position)
            await exchange.place(order(BOB, dex.Side.SELL))
            async with serving(exchange) as address, gateway(address) as engine:
                assert engine.view.state_hash() == exchange.view.state_hash()

    async def test_whoever_subscribes_first_hears_what_is_caught_up_with(self) -> None:
        """So a gateway that was restarted remembers what a client missed meanwhile."""
        journal, snapshots = dex.MemoryJournal(), dex.MemorySnapshots()
        async with dex.Exchange([MARKET], journal=journal, snapshots=snapshots) as exchange:
            await exchange.deposit(BOB, ETH, dex.Amount(10**30))
        async with dex.Exchange([MARKET], journal=journal, snapshots=snapshots) as exchange:
            before = exchange.view.sequence
            for _ in range(20):
                await exchange.place(order(BOB, dex.Side.SELL))
            async with serving(exchange) as address:
                engine = GrpcLink().connect(
                    address,
                    LOCAL,
                    replica=dex.Replica(recipe()),
                    auth=dex.TrustedAuth(),
                    requires_signature=False,
                )
                async with engine:
                    assert engine.view.sequence == before
                    assert not engine.health().ready
                    with pytest.raises(dex.UnavailableError, match="not caught up"):
                        await engine.heartbeat(BOB)
                    events = engine.subscribe(before)
                    await engine.caught_up()
                    assert events.take() == exchange.subscribe(before).take()
                    assert engine.health().ready


class TestTerms:
    async def test_other_limits_are_refused_at_the_start(self, address: str) -> None:
        risk = dex.StandardRisk(dex.RiskLimits(open_orders=7))
        with pytest.raises(dex.ConfigurationError, match="same program and risk"):
            async with gateway(address, replica=dex.Replica(recipe(risk))):
                pass

    async def test_other_settlement_is_refused_at_the_start(self, address: str) -> None:
        with pytest.raises(dex.ConfigurationError, match="same chain settings"):
            async with gateway(address, signed=True):
                pass

    async def test_another_chain_or_contract_is_refused_at_the_start(self, tmp_path: Path) -> None:
        """By the app's settings: the engine would refuse whatever is signed for what they name."""
        socket = f"grpc://unix:{tmp_path / 'engine.sock'}"
        listening = LinkSettings(listen=socket, plaintext=True)
        contract = ChainSettings(contract="0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2")
        ours = compose(settings(tmp_path / "engine", link=listening, chain=contract))
        async with opened(ours):
            for chain, refusal in (
                (attrs.evolve(contract, name="base"), "chain 31337, .*gateway for chain 8453"),
                (ChainSettings(), "0xC02a.*gateway for chain 31337, no contract"),
                (contract, ""),
            ):
                elsewhere = settings(tmp_path / "gateway")
                link, auth = LinkSettings(plaintext=True), attrs.evolve(elsewhere.auth, shared=True)
                services = compose(
                    attrs.evolve(elsewhere, engine=socket, link=link, auth=auth, chain=chain)
                )
                async with AsyncExitStack() as stack:
                    if refusal:
                        refused = pytest.raises(dex.ConfigurationError, match=refusal)
                        stack.enter_context(refused)
                    await stack.enter_async_context(opened(services))
                services.verifier.shutdown()

    async def test_an_engine_takes_no_more_than_may_wait(self, exchange: dex.Exchange) -> None:
        few = dex.LinkOptions(plaintext=True, answer_s=60, max_waiting=2)
        async with serving(exchange) as address, gateway(address, few) as engine:
            orders = [order(BOB, dex.Side.SELL, quantity=1) for _ in range(20)]
            answers = await asyncio.gather(
                *(engine.place(one) for one in orders), return_exceptions=True
            )
            refused = [one for one in answers if isinstance(one, dex.UnavailableError)]
            assert len(refused) == 18
            assert "as many as may" in str(refused[0])
            assert engine.view.open_order_count(BOB) == 2

    async def test_a_message_is_bounded(self, exchange: dex.Exchange) -> None:
        async with serving(exchange, LOCAL) as address:
            small = dex.LinkOptions(plaintext=True, answer_s=60, max_message_bytes=8_192)
            async with gateway(address, small) as engine:
                with pytest.raises(dex.UnavailableError, match="at most 4096 bytes"):
                    await engine.place_many([order(BOB, dex.Side.SELL)] * 100)
                with pytest.raises(dex.UnavailableError, match="at most 4096 bytes"):
                    await engine.place_ladders([[order(BOB, dex.Side.SELL)] * 8] * 13)
                assert engine.view.open_order_count(BOB) == 0
