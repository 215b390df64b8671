"""A gateway misses no record, whatever becomes of the bus."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from hybrid_dex_redis import RedisBus
from redis_bench import ALICE, ETH, MARKET, Reader, Server, deposit, until

import hybrid_dex as dex
from tests.tiers import count

RESTARTS = count(fast=2, full=20)


async def test_records_come_over_the_bus(exchange: dex.Exchange, bus: RedisBus) -> None:
    async with bus.publishing(exchange):
        await deposit(exchange, 20)
        relay = bus.relay(exchange)
        async with Reader(relay).reading() as reader:
            while not relay.from_bus:
                await deposit(exchange, 5)
                await asyncio.sleep(0.05)
            await deposit(exchange, 20)
            await until(lambda: reader.replica.view.sequence == exchange.view.sequence)
            assert reader.has_no_gap
            assert reader.replica.view.state_hash() == exchange.view.state_hash()
            assert relay.from_bus >= 20


async def test_a_server_that_is_killed_again_and_again_costs_no_record(
    exchange: dex.Exchange, bus: RedisBus, server: Server, figure: Callable[[str], None]
) -> None:
    relays = [bus.relay(exchange), bus.relay(exchange)]
    async with (
        bus.publishing(exchange),
        Reader(relays[0]).reading() as first,
        Reader(relays[1]).reading() as second,
    ):
        for _ in range(RESTARTS):
            over_bus = [relay.from_bus for relay in relays]
            while any(r.from_bus == before for r, before in zip(relays, over_bus, strict=True)):
                await deposit(exchange, 3)
                await asyncio.sleep(0.05)
            server.kill()
            await deposit(exchange, 30)
            for reader in (first, second):
                await until(lambda r=reader: r.replica.view.sequence == exchange.view.sequence)
            await server.start()
        await deposit(exchange, 10)
        for reader in (first, second):
            await until(lambda r=reader: r.replica.view.sequence == exchange.view.sequence)
            assert reader.has_no_gap
            assert reader.replica.view.state_hash() == exchange.view.state_hash()
        figure(
            f"{RESTARTS} kill -9 of Redis, {len(first.positions)} records to 2 readers: 0 missing "
            f"({relays[0].from_bus} over the bus, {relays[0].from_engine} from the engine)"
        )


async def test_a_stream_that_lost_its_end_or_middle_is_made_up_for(
    exchange: dex.Exchange, bus: RedisBus
) -> None:
    """The bus answers, and has not what comes next: a trimmed stream, a publisher that is gone."""
    relay = bus.relay(exchange)
    async with Reader(relay).reading() as reader:
        async with bus.publishing(exchange):
            while not relay.from_bus:
                await deposit(exchange, 3)
                await asyncio.sleep(0.05)
        await deposit(exchange, 7)  # nobody publishes these
        await until(lambda: reader.replica.view.sequence == exchange.view.sequence)
        assert reader.has_no_gap


async def test_a_publisher_goes_on_where_the_stream_ends(
    exchange: dex.Exchange, bus: RedisBus
) -> None:
    for _ in range(3):
        async with bus.publishing(exchange):
            await deposit(exchange, 10)
            head = exchange.health().position
            while (await ids_of(bus))[-1:] != [head]:
                await asyncio.sleep(0.02)
    assert await ids_of(bus) == list(range(1, exchange.health().position + 1))


async def test_a_stream_of_another_journal_is_removed(
    exchange: dex.Exchange, bus: RedisBus
) -> None:
    async with dex.Exchange([MARKET]) as other, bus.publishing(other):
        await deposit(other, 50)
        while (await ids_of(bus))[-1:] != [other.health().position]:
            await asyncio.sleep(0.02)
    await deposit(exchange, 5)
    async with bus.publishing(exchange):
        while await ids_of(bus) != list(range(1, exchange.health().position + 1)):
            await asyncio.sleep(0.02)
        async with Reader(bus.relay(exchange)).reading() as reader:
            await exchange.deposit(ALICE, ETH, dex.Amount(1))
            await until(lambda: reader.replica.view.sequence == exchange.view.sequence)


async def test_a_stream_of_another_journal_is_not_read_before_it_is_removed(
    exchange: dex.Exchange, bus: RedisBus
) -> None:
    """Redis came back with an old dump, and the engine has yet to look."""
    async with dex.Exchange([MARKET]) as other, bus.publishing(other):
        await deposit(other, 50)
        while (await ids_of(bus))[-1:] != [other.health().position]:
            await asyncio.sleep(0.02)
    relay = bus.relay(exchange)
    async with Reader(relay).reading() as reader:
        for _ in range(20):
            await deposit(exchange, 1)
        await until(lambda: reader.replica.view.sequence == exchange.view.sequence)
        assert relay.from_bus == 0
        async with bus.publishing(exchange):
            while not relay.from_bus:
                await deposit(exchange, 3)
                await asyncio.sleep(0.05)
        assert reader.has_no_gap


class Restored:
    """An engine's records, until another one is in its place."""

    def __init__(self, exchange: dex.Exchange) -> None:
        self.exchange = exchange

    async def checkpoint(self, after: int | None = None) -> dex.Checkpoint:
        return await self.exchange.checkpoint(after)

    def records(self, after: int) -> AsyncIterator[tuple[int, bytes]]:
        return self.exchange.records(after)


async def test_a_journal_that_ends_before_what_was_read_is_noticed(
    exchange: dex.Exchange, bus: RedisBus
) -> None:
    """A backup of the engine was restored, while the bus is what is read."""
    source = Restored(exchange)
    relay = bus.relay(source)
    reader = Reader(relay)
    reading = asyncio.create_task(reader.read())
    async with bus.publishing(exchange):
        while not relay.from_bus:
            await deposit(exchange, 3)
            await asyncio.sleep(0.05)
    async with dex.Exchange([MARKET]) as shorter, bus.publishing(shorter):
        source.exchange = shorter
        with pytest.raises(dex.UnavailableError, match="ends at record 2"):
            await reading


async def test_records_of_a_trimmed_journal_come_over_the_bus(bus: RedisBus) -> None:
    """What the journal has no more is never there, where the bus ends before it and where it is empty."""
    journal, snapshots = dex.MemoryJournal(), dex.MemorySnapshots()

    async def publish(exchange: dex.Exchange) -> None:
        async with bus.publishing(exchange), asyncio.timeout(60):
            while (await ids_of(bus))[-1:] != [exchange.health().position]:
                await deposit(exchange, 1)  # what was before it began may be left out
                await asyncio.sleep(0.05)
        found = await ids_of(bus)
        assert found == list(range(found[0], found[-1] + 1))

    for empties in (False, False, True):
        if empties:
            await bus._redis.delete(bus._stream)
        async with dex.Exchange([MARKET], journal=journal, snapshots=snapshots) as exchange:
            await deposit(exchange, 1)
            await publish(exchange)
            await deposit(exchange, 5)  # nobody publishes these
        snapshot = await snapshots.latest()
        assert snapshot is not None
        await journal.trim(snapshot.position)


async def test_the_stream_is_bounded(exchange: dex.Exchange, server: Server) -> None:
    async with RedisBus(server.address, "test", kept=100) as bus, bus.publishing(exchange):
        for _ in range(60):
            await asyncio.gather(*(deposit(exchange, 1) for _ in range(5)))
        await deposit(exchange, 300)
        while (await ids_of(bus))[-1:] != [exchange.health().position]:
            await asyncio.sleep(0.02)
        assert len(await ids_of(bus)) < 300


async def ids_of(bus: RedisBus) -> list[int]:
    entries = await bus._redis.xrange(bus._stream)
    return [int(id_.partition(b"-")[0]) for id_, _ in entries]


class TestServer:
    async def test_one_that_is_away_or_no_address_is_refused(self) -> None:
        with pytest.raises(dex.UnavailableError, match="can not be reached"):
            async with RedisBus("redis://127.0.0.1:1/0", "test"):
                pass
        for address in ("http://127.0.0.1", "redis://127.0.0.1:port/0"):
            with pytest.raises(dex.ConfigurationError):
                RedisBus(address, "test")
        with pytest.raises(dex.ConfigurationError, match="'timeout'"):
            async with RedisBus("redis://127.0.0.1:1/0?timeout=3", "test"):
                pass
        with pytest.raises(dex.ConfigurationError, match="can not name keys"):
            RedisBus("redis://127.0.0.1", "two words")

    async def test_a_password_is_never_said(self) -> None:
        for address in (
            "user:secret@127.0.0.1:1/0",
            "127.0.0.1:1/0?password=secret",
            "127.0.0.1:1/0?password=my@secret",
            "user:secret?db=1@127.0.0.1:1/0",
            "user:secret/more@127.0.0.1:1/0",
        ):
            with pytest.raises((dex.UnavailableError, dex.ConfigurationError)) as refusal:
                async with RedisBus(f"redis://{address}", "test"):
                    pass
            assert "secret" not in str(refusal.value)

    async def test_it_is_found_by_its_scheme(self, bus: RedisBus) -> None:
        from hybrid_dex.plugins import load

        assert load("bus", "redis") is load("bus", "rediss") is RedisBus
        assert bus.rates().startswith("async+redis://")
