"""A stream may break at any time: nothing is lost, nothing is done twice, and what is unknown is said."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import attrs
import grpc
import msgspec
import pytest
from grpc_bench import ALICE, BOB, ETH, LOCAL, MARKET, gateway, order, recipe, serving
from hybrid_dex_grpc import GrpcLink
from hybrid_dex_grpc import engine_pb2 as pb
from hybrid_dex_grpc.channel import EngineChannel
from hybrid_dex_grpc.codec import Outcome
from hybrid_dex_grpc.credentials import target_of
from hybrid_dex_grpc.dispatch import Dispatch

import hybrid_dex as dex
from hybrid_dex.exchange.batching import answers_of


async def until(condition: object) -> None:
    """Wait for what will come; the test's own limit ends what does not."""
    assert callable(condition)
    while not condition():
        await asyncio.sleep(0.01)


class Held:
    """An exchange whose answers to orders wait until they are let go."""

    def __init__(self, exchange: dex.Exchange) -> None:
        self.exchange = exchange
        self.gate = asyncio.Event()
        self.entered = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self.exchange, name)

    async def place_many(
        self, orders: list[dex.PlaceOrder], **more: object
    ) -> list[dex.EventBatch | dex.Refusal]:
        answers = await self.exchange.place_many(orders, **more)
        self.entered += 1
        await self.gate.wait()
        return answers

    async def place_ladders(
        self, ladders: list[list[dex.PlaceOrder]], **more: object
    ) -> list[dex.EventBatch | dex.Refusal]:
        answers = await self.exchange.place_ladders(ladders, **more)
        self.entered += 1
        await self.gate.wait()
        return answers

    async def cancel_all(self, account: dex.AccountId, *_: object) -> dex.EventBatch:
        answer = await self.exchange.cancel_all(account)
        self.entered += 1
        await self.gate.wait()
        return answer


@pytest.fixture
def held(exchange: dex.Exchange) -> Held:
    return Held(exchange)


async def test_an_order_with_an_id_is_sent_again_and_entered_once(held: Held) -> None:
    """The engine entered it, and its answer was lost with the stream."""
    async with AsyncExitStack() as stack:
        async with serving(held) as address:  # type: ignore[arg-type] # as an exchange
            engine = await stack.enter_async_context(gateway(address))
            placing = asyncio.ensure_future(engine.place(order(BOB, dex.Side.SELL, name="once")))
            await until(lambda: held.entered == 1)
        await until(lambda: not engine.health().ready)
        held.gate.set()
        async with serving(held, address=address):  # type: ignore[arg-type] # as an exchange
            answer = await placing
            assert isinstance(answer, dex.EventBatch)
            assert held.entered == 2
            assert engine.view.open_order_count(BOB) == 1


async def test_a_second_answer_that_says_not_now_tells_nothing_of_the_first(held: Held) -> None:
    """The order is there, and was wanted no longer when it was sent again."""
    until_ns = time.time_ns() + 3_000_000_000
    async with AsyncExitStack() as stack:
        async with serving(held) as address:  # type: ignore[arg-type] # as an exchange
            engine = await stack.enter_async_context(gateway(address))
            asked = order(BOB, dex.Side.SELL, name="once")
            placing = asyncio.ensure_future(engine.place(asked, not_after_ns=until_ns))
            await until(lambda: held.entered == 1)
        await until(lambda: not engine.health().ready and time.time_ns() > until_ns)
        held.gate.set()
        async with serving(held, address=address):  # type: ignore[arg-type] # as an exchange
            with pytest.raises(dex.UnknownOutcomeError, match="sent before"):
                await placing
            assert engine.view.open_order_count(BOB) == 1


async def test_ladders_whose_orders_have_ids_are_sent_again_and_entered_once(held: Held) -> None:
    """All of a call together; one order without an id leaves the outcome of all unknown."""
    named = [
        [order(BOB, dex.Side.SELL, name=f"{ladder} {rung}") for rung in range(3)]
        for ladder in range(2)
    ]
    async with AsyncExitStack() as stack:
        async with serving(held) as address:  # type: ignore[arg-type] # as an exchange
            engine = await stack.enter_async_context(gateway(address))
            placing = asyncio.ensure_future(engine.place_ladders(named))
            nameless = [*named, [order(BOB, dex.Side.SELL)]]
            unknown = asyncio.ensure_future(engine.place_ladders(nameless))
            await until(lambda: held.entered == 2)
        await until(lambda: not engine.health().ready)
        with pytest.raises(dex.UnknownOutcomeError, match="may have been done"):
            await unknown
        held.gate.set()
        async with serving(held, address=address):  # type: ignore[arg-type] # as an exchange
            for answer in await placing:
                assert isinstance(answer, dex.EventBatch)
                assert answer.sequence <= engine.view.sequence
                assert [len(rung.events) for rung in answers_of(answer, 3)] == [1, 1, 1]
            assert held.entered == 3
            assert engine.view.open_order_count(BOB) == 7


@pytest.mark.parametrize("why", ["too late", "an older engine"])
async def test_a_second_answer_that_refuses_ladders_tells_nothing_of_the_first(
    held: Held, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are there; then they were wanted no longer, or came to an engine that knows no ladders."""

    async def refuse(*_: object) -> list[Outcome]:
        raise dex.FormatError("what", "is None", "one of the requests of engine.proto")

    until_ns = dex.TimestampNs(time.time_ns() + 3_000_000_000)
    ladder = [order(BOB, dex.Side.SELL, name="once")]
    async with AsyncExitStack() as stack:
        async with serving(held) as address:  # type: ignore[arg-type] # as an exchange
            engine = await stack.enter_async_context(gateway(address))
            latest = [until_ns if why == "too late" else None]
            asked = engine.place_ladders([ladder], not_after_ns=latest)
            placing = asyncio.ensure_future(asked)
            await until(lambda: held.entered == 1)
        await until(lambda: not engine.health().ready)
        if why == "too late":
            await until(lambda: time.time_ns() > until_ns)
        else:
            monkeypatch.setattr(Dispatch, "_ladders", refuse)
        held.gate.set()
        async with serving(held, address=address):  # type: ignore[arg-type] # as an exchange
            with pytest.raises(dex.UnknownOutcomeError, match="sent before"):
                await placing
            assert engine.view.open_order_count(BOB) == 1


async def test_the_outcome_of_anything_else_is_unknown(held: Held) -> None:
    async with AsyncExitStack() as stack:
        async with serving(held) as address:  # type: ignore[arg-type] # as an exchange
            engine = await stack.enter_async_context(gateway(address))
            placing = asyncio.ensure_future(engine.place(order(BOB, dex.Side.SELL)))
            canceling = asyncio.ensure_future(engine.cancel_all(BOB))
            await until(lambda: held.entered == 2)
        for waiting in (placing, canceling):
            with pytest.raises(dex.UnknownOutcomeError, match="may have been done"):
                await waiting
        assert held.exchange.view.sequence > engine.view.sequence - 1
        with pytest.raises(dex.UnavailableError, match="can not be reached"):
            await engine.cancel_all(BOB)
        held.gate.set()


async def test_no_answer_in_time_is_an_unknown_outcome(held: Held) -> None:
    hasty = dex.LinkOptions(plaintext=True, answer_s=0.2)
    async with serving(held) as address, gateway(address, hasty) as engine:  # type: ignore[arg-type] # as above
        with pytest.raises(dex.UnknownOutcomeError, match=r"within 0\.2 s"):
            await engine.place(order(BOB, dex.Side.SELL, name="slow"))
        held.gate.set()
        assert held.exchange.view.open_order_count(BOB) == 1


class Wordy(Held):
    """As above, and what it answers takes many bytes."""

    async def cancel_all(self, account: dex.AccountId, *_: object) -> dex.EventBatch:
        answer = await self.exchange.cancel_all(account)
        self.entered += 1
        await self.gate.wait()
        return msgspec.structs.replace(answer, events=answer.events * 2_000)


NARROW = attrs.evolve(LOCAL, max_message_bytes=1024 * 1024)


@pytest.mark.parametrize(("at_once", "orders"), [(40, 1), (1, 40)])
async def test_answers_that_take_more_than_a_message_come_in_several(
    exchange: dex.Exchange, at_once: int, orders: int
) -> None:
    """Many that are ready at once, and one that is too large alone; the stream does not break."""
    wordy = Wordy(exchange)
    async with serving(wordy, NARROW) as address, gateway(address, NARROW) as engine:  # type: ignore[arg-type] # as an exchange
        names = [dex.AccountId(f"trader {at}") for at in range(at_once)]
        for name in names:
            await exchange.deposit(name, ETH, dex.Amount(10**30))
            await exchange.place_many([order(name, dex.Side.SELL)] * orders)
        asked = [asyncio.ensure_future(engine.cancel_all(name)) for name in names]
        await until(lambda: wordy.entered == at_once)
        wordy.gate.set()
        for name, answer in zip(names, await asyncio.gather(*asked), strict=True):
            assert len(answer.events) == 2_000 * orders
            assert engine.view.open_order_count(name) == 0
        assert engine.health().ready


async def test_a_refusal_does_not_wait_for_a_replica_that_begins_anew(
    exchange: dex.Exchange,
) -> None:
    """It is no command, so there is nothing that could be seen."""
    replica = dex.Replica(recipe())
    hasty = dex.LinkOptions(plaintext=True, answer_s=0.5)
    async with serving(exchange) as address, gateway(address, hasty, replica=replica) as engine:
        replica.restart()
        mine = order(BOB, dex.Side.SELL)
        late = await engine.place(mine, not_after_ns=dex.TimestampNs(1))
        assert isinstance(late, dex.Refusal)


async def test_reads_go_on_and_events_have_no_gap(exchange: dex.Exchange) -> None:
    """While the engine can not be reached, what happens there is seen afterwards, in order."""
    async with AsyncExitStack() as stack:
        async with serving(exchange) as address:
            engine = await stack.enter_async_context(gateway(address))
            await engine.place(order(BOB, dex.Side.SELL))
            before = engine.view.sequence
            events = engine.subscribe(before)
        await until(lambda: not engine.health().ready)
        assert engine.view.open_order_count(BOB) == 1
        for _ in range(20):
            await exchange.place(order(BOB, dex.Side.SELL))
        assert engine.view.sequence == before
        async with serving(exchange, address=address):
            seen = [await anext(events) for _ in range(20)]
            assert seen == exchange.subscribe(before).take()
            await until(lambda: engine.health().ready)
            await engine.place(order(BOB, dex.Side.SELL))


async def test_an_engine_that_restarts_is_followed_on() -> None:
    journal, address = dex.MemoryJournal(), ""
    async with AsyncExitStack() as stack:
        async with (
            dex.Exchange([MARKET], journal=journal) as exchange,
            serving(exchange) as address,
        ):
            engine = await stack.enter_async_context(gateway(address))
            await engine.heartbeat(BOB)
            epoch = engine.health().epoch
            events = engine.subscribe(engine.view.sequence)
        async with (
            dex.Exchange([MARKET], journal=journal) as exchange,
            serving(exchange, address=address),
        ):
            await until(lambda: engine.health().epoch > epoch and engine.health().ready)
            answer = await engine.heartbeat(BOB)
            assert await anext(events) == answer
            assert engine.view.state_hash() == exchange.view.state_hash()


@pytest.mark.parametrize(("commands", "reason"), [(5, "does not continue"), (0, "lost its end")])
async def test_an_engine_with_another_journal_is_not_followed(commands: int, reason: str) -> None:
    """A longer one, and one that ends before what is known here, as when a backup is restored."""
    async with AsyncExitStack() as stack:
        async with dex.Exchange([MARKET]) as exchange, serving(exchange) as address:
            engine = await stack.enter_async_context(gateway(address))
            await engine.heartbeat(BOB)
        async with dex.Exchange([MARKET]) as other:
            for _ in range(commands):
                await other.heartbeat(ALICE)
            async with serving(other, address=address):
                await until(lambda: reason in engine.health().halted)
                with pytest.raises(dex.UnavailableError, match="restart the gateway"):
                    await engine.heartbeat(BOB)


class Trimming:
    """An exchange whose journal is trimmed between the first checkpoint and its records."""

    def __init__(self, exchange: dex.Exchange, journal: dex.MemoryJournal, upto: int) -> None:
        self.exchange, self.journal, self.upto = exchange, journal, upto

    def __getattr__(self, name: str) -> object:
        return getattr(self.exchange, name)

    async def checkpoint(self, after: int | None = None) -> dex.Checkpoint:
        found = await self.exchange.checkpoint(after)
        if not self.upto:
            return found
        upto, self.upto = self.upto, 0
        await self.journal.trim(upto)
        return attrs.evolve(found, snapshot=None, epoch=0)


async def test_records_that_are_trimmed_meanwhile_are_made_up_for_by_a_checkpoint() -> None:
    journal, snapshots = dex.MemoryJournal(), dex.MemorySnapshots()
    async with dex.Exchange([MARKET], journal=journal, snapshots=snapshots) as exchange:
        await exchange.heartbeat(BOB)
    snapshot = await snapshots.latest()
    assert snapshot is not None
    async with dex.Exchange([MARKET], journal=journal, snapshots=snapshots) as exchange:
        trimming = Trimming(exchange, journal, snapshot.position)
        async with serving(trimming) as address, gateway(address) as engine:  # type: ignore[arg-type] # as an exchange
            await engine.heartbeat(BOB)
            assert engine.view.state_hash() == exchange.view.state_hash()


class Spoilt:
    """A bus that has something else where the next record should be."""

    def relay(self, source: dex.RecordSource) -> dex.RecordSource:
        self.source = source
        return self

    async def checkpoint(self, after: int | None = None) -> dex.Checkpoint:
        return await self.source.checkpoint(after)

    async def records(self, after: int) -> AsyncIterator[tuple[int, bytes]]:
        async for position, raw in self.source.records(after):
            yield position, raw if position < 3 else b"no record"


async def test_what_the_bus_has_and_the_engine_has_not_is_taken_from_the_engine(
    exchange: dex.Exchange,
) -> None:
    async with serving(exchange) as address:
        engine = GrpcLink().connect(
            address,
            LOCAL,
            replica=dex.Replica(recipe()),
            auth=dex.TrustedAuth(),
            requires_signature=False,
            bus=Spoilt(),  # type: ignore[arg-type] # what is used of one
        )
        async with engine, asyncio.timeout(60):
            await engine.caught_up()
            await engine.heartbeat(BOB)
            assert engine.view.state_hash() == exchange.view.state_hash()


async def test_a_replica_is_kept_with_the_smallest_messages_that_are_wanted() -> None:
    """Its checkpoint and its records, each larger than one."""
    journal, snapshots = dex.MemoryJournal(), dex.MemorySnapshots()
    many = [order(BOB, dex.Side.SELL, quantity=1, name=f"{at:064}") for at in range(90)]
    async with dex.Exchange([MARKET], journal=journal, snapshots=snapshots) as exchange:
        await exchange.deposit(BOB, ETH, dex.Amount(10**30))
        await exchange.place_many(many)
    small = attrs.evolve(LOCAL, max_message_bytes=4 * 1024)
    async with (
        dex.Exchange([MARKET], journal=journal, snapshots=snapshots) as exchange,
        serving(exchange, small) as address,
        gateway(address, small) as engine,
    ):
        await exchange.cancel_all(BOB)
        await exchange.place_many(many)
        async with asyncio.timeout(60):
            await engine._replica.reached(exchange.view.sequence)
        assert engine.view.state_hash() == exchange.view.state_hash()


class TestPresence:
    async def test_a_gateway_that_is_gone_disconnects_its_accounts(
        self, exchange: dex.Exchange
    ) -> None:
        async with serving(exchange) as address, gateway(address) as staying:
            async with gateway(address) as leaving:
                for account in (ALICE, BOB):
                    await leaving.set_cancel_on_disconnect(account, enabled=True)
                await leaving.place(order(BOB, dex.Side.SELL))
                await leaving.place(order(ALICE, dex.Side.BUY, price=1_000))
                leaving.connection(BOB)
                leaving.connection(ALICE)
                staying.connection(ALICE)
                await leaving.heartbeat(BOB)  # behind the connections on the same stream
                await staying.heartbeat(BOB)
            await until(lambda: not staying.view.open_orders(BOB))
            assert staying.view.open_order_count(ALICE) == 1

    async def test_the_last_connection_that_ends_cancels(self, exchange: dex.Exchange) -> None:
        async with serving(exchange) as address, gateway(address) as engine:
            await engine.set_cancel_on_disconnect(BOB, enabled=True)
            await engine.place(order(BOB, dex.Side.SELL))
            with engine.connection(BOB):
                with engine.connection(BOB):
                    await engine.heartbeat(BOB)
                await engine.heartbeat(BOB)
                assert engine.view.open_order_count(BOB) == 1
            await until(lambda: not engine.view.open_orders(BOB))


class TestEvents:
    async def test_events_that_take_more_than_a_message_come_in_several(
        self, exchange: dex.Exchange
    ) -> None:
        """Many that wait, and with the smallest messages each of them alone."""
        before = exchange.view.sequence
        members = [dex.CancelOrder(account=BOB, order_id=dex.OrderId(1))] * 100
        for _ in range(120):
            await exchange.place_batch(BOB, members)
        expected = exchange.subscribe(before).take()
        for most in (1024 * 1024, 16 * 1024):
            options = attrs.evolve(LOCAL, max_message_bytes=most)
            async with serving(exchange, options) as address:
                channel = EngineChannel(target_of(address), options)
                call = channel.follow_events(pb.FollowEventsRequest(after=before))
                found: list[bytes] = []
                part = b""
                while len(found) < len(expected):
                    message = await call.read()
                    found += message.batches
                    part += message.part
                    if message.last:
                        found.append(part)
                        part = b""
                assert [msgspec.json.decode(one, type=dex.EventBatch) for one in found] == expected
                call.cancel()
                await channel.close()

    async def test_whoever_keeps_no_replica_follows_from_a_sequence(
        self, exchange: dex.Exchange, address: str
    ) -> None:
        channel = EngineChannel(target_of(address), LOCAL)
        await exchange.place(order(BOB, dex.Side.SELL, name="seen"))
        call = channel.follow_events(pb.FollowEventsRequest(after=2))
        message = await call.read()
        assert len(message.batches) == exchange.view.sequence - 2
        call.cancel()
        late = channel.follow_events(pb.FollowEventsRequest(after=10_000))
        with pytest.raises(grpc.RpcError) as refusal:
            await late.read()
        assert refusal.value.code() is grpc.StatusCode.OUT_OF_RANGE
        by = pb.ClientOrderId(account=BOB, client_order_id="seen")
        found = await channel.get_order(pb.GetOrderRequest(client=by))
        order_view = msgspec.json.decode(found.order, type=dex.OrderView)
        assert order_view == exchange.view.open_orders(BOB)[0]
        with pytest.raises(grpc.RpcError) as missing:
            await channel.get_order(pb.GetOrderRequest(order_id=1))
        assert missing.value.code() is grpc.StatusCode.NOT_FOUND
        await channel.close()
