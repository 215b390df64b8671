"""A replica has the engine's state, views and events, or says that it does not."""

from __future__ import annotations

import asyncio

import attrs
import pytest

from hybrid_dex.defaults.memory_journal import MemoryJournal
from hybrid_dex.defaults.memory_snapshots import MemorySnapshots
from hybrid_dex.defaults.sorted_book import SortedBook
from hybrid_dex.defaults.standard_risk import RiskLimits, StandardRisk
from hybrid_dex.errors import JournalError, UnavailableError, VersionMismatchError
from hybrid_dex.exchange import (
    EngineRecipe,
    Exchange,
    ExchangeOptions,
    Replica,
    SlowFollowerError,
    StaleReplicaError,
)
from hybrid_dex.interfaces.book import Book
from hybrid_dex.model.order import Side
from hybrid_dex.model.units import Amount, Sequence
from tests.exchange.test_isolation import HonestBook, LyingBook, exchange_on, fund_all, place
from tests.exchange_fixtures import ALICE, BOB, ETH, MARKET, USDC, fund, order


def recipe(book: type[Book] = SortedBook, limits: RiskLimits | None = None) -> EngineRecipe:
    risk = StandardRisk() if limits is None else StandardRisk(limits)
    return EngineRecipe(book=book, risk=risk, requires_signature=False)


async def catch_up(replica: Replica, exchange: Exchange) -> None:
    """Begin where the exchange says, and apply all that it has."""
    known = replica.position or None
    checkpoint = await exchange.checkpoint(known)
    replica.begin(checkpoint)
    async for position, raw in exchange.records(replica.position):
        replica.feed(position, raw)
        if position >= checkpoint.head:
            return


async def trade(exchange: Exchange, times: int = 3) -> None:
    for _ in range(times):
        await exchange.place(order(BOB, Side.SELL))
        await exchange.place(order(ALICE, Side.BUY, quantity=50))


class TestState:
    async def test_it_is_the_engines(self) -> None:
        async with Exchange([MARKET]) as exchange:
            await fund(exchange)
            await trade(exchange)
            replica = Replica(recipe())
            await catch_up(replica, exchange)
            assert replica.view.state_hash() == exchange.view.state_hash()
            assert replica.view.balance(ALICE, ETH) == exchange.view.balance(ALICE, ETH)
            assert replica.epoch == exchange.health().epoch
            assert replica.position == exchange.health().position

    async def test_it_begins_at_a_snapshot(self) -> None:
        journal, snapshots = MemoryJournal(), MemorySnapshots()
        async with Exchange([MARKET], journal=journal, snapshots=snapshots) as exchange:
            await fund(exchange)
            await trade(exchange)
        async with Exchange([MARKET], journal=journal, snapshots=snapshots) as exchange:
            await trade(exchange)
            checkpoint = await exchange.checkpoint()
            assert checkpoint.snapshot is not None
            replica = Replica(recipe())
            await catch_up(replica, exchange)
            assert replica.view.state_hash() == exchange.view.state_hash()
            assert (await exchange.checkpoint(replica.position)).snapshot is None, "no need"
            with pytest.raises(SlowFollowerError):
                replica.subscribe(after=1)

    async def test_a_trimmed_journal_needs_the_snapshot(self) -> None:
        journal, snapshots = MemoryJournal(), MemorySnapshots()
        replica = Replica(recipe())
        async with Exchange([MARKET], journal=journal, snapshots=snapshots) as exchange:
            await fund(exchange)
            await catch_up(replica, exchange)
            follower = replica.subscribe()
            await trade(exchange)
        snapshot = await snapshots.latest()
        assert snapshot is not None
        async with Exchange([MARKET], journal=journal, snapshots=snapshots) as exchange:
            await exchange.deposit(ALICE, USDC, Amount(1))
            await journal.trim(snapshot.position)
            await catch_up(replica, exchange)
            assert replica.view.state_hash() == exchange.view.state_hash()
            with pytest.raises(SlowFollowerError, match="is not known here"):
                await anext(follower)

    async def test_its_view_is_one_object_for_good(self) -> None:
        async with Exchange([MARKET]) as exchange:
            replica = Replica(recipe())
            view = replica.view
            await catch_up(replica, exchange)
            before, follower = view.state_hash(), replica.subscribe()
            replica.restart()
            assert replica.position == 0
            assert view.state_hash() == before, "nobody reads of an empty exchange meanwhile"
            reached = asyncio.ensure_future(replica.reached(view.sequence))
            await asyncio.sleep(0)
            assert not reached.done()
            await catch_up(replica, exchange)
            await reached
            assert follower.take() == [], "it went on from what was told"
            assert replica.view is view
            assert view.sequence == exchange.view.sequence


class TestEvents:
    async def test_followers_see_every_command_once(self) -> None:
        async with Exchange([MARKET]) as exchange:
            replica = Replica(recipe())
            follower = replica.subscribe()
            await fund(exchange)
            await catch_up(replica, exchange)
            await trade(exchange)
            await catch_up(replica, exchange)
            theirs = exchange.subscribe(after=0).take()
            assert follower.take() == theirs
            assert replica.subscribe(after=2).take() == theirs[2:]

    async def test_a_record_twice_is_passed_over_and_a_missing_one_told(self) -> None:
        async with Exchange([MARKET]) as exchange:
            await fund(exchange)
            replica = Replica(recipe())
            await catch_up(replica, exchange)
            records = [(position, raw) async for position, raw in exchange._journal.read(0)]
            for position, raw in records:
                replica.feed(position, raw)
            before = replica.view.sequence
            with pytest.raises(StaleReplicaError, match="is missing before"):
                replica.feed(replica.position + 2, records[-1][1])
            assert replica.view.sequence == before

    async def test_a_record_of_another_journal_is_refused(self) -> None:
        replica = Replica(recipe())
        async with Exchange([MARKET]) as exchange, Exchange([MARKET]) as other:
            await catch_up(replica, exchange)
            await other.deposit(ALICE, USDC, Amount(1))
            _, last = [record async for record in other._journal.read(replica.position)][-1]
            with pytest.raises(JournalError, match="does not continue"):
                replica.feed(replica.position + 1, last)

    async def test_a_journal_that_ends_before_what_is_applied_is_refused(self) -> None:
        replica = Replica(recipe())
        async with Exchange([MARKET]) as exchange, Exchange([MARKET]) as other:
            await fund(exchange)
            await catch_up(replica, exchange)
            for restarts in (False, True):
                if restarts:
                    replica.restart()
                with pytest.raises(JournalError, match="it lost its end, or is another one"):
                    replica.begin(await other.checkpoint(replica.position))

    async def test_whoever_waits_for_a_command_hears_of_it(self) -> None:
        replica = Replica(recipe())
        async with Exchange([MARKET]) as exchange:
            await fund(exchange)
            later = asyncio.ensure_future(replica.reached(exchange.view.sequence))
            never = asyncio.ensure_future(replica.reached(exchange.view.sequence + 1))
            await asyncio.sleep(0)
            await catch_up(replica, exchange)
            await later
            await replica.reached(Sequence(1))
            replica.close("the gateway ends")
            with pytest.raises(UnavailableError, match="the gateway ends"):
                await never
            with pytest.raises(UnavailableError):
                await replica.reached(exchange.view.sequence + 1)


async def test_other_versions_are_refused() -> None:
    async with Exchange([MARKET]) as exchange:
        replica = Replica(recipe(limits=RiskLimits(open_orders=7)))
        with pytest.raises(VersionMismatchError, match="give both the same"):
            replica.begin(await exchange.checkpoint())


async def beside_a_market_that_broke(exchange: Exchange) -> Replica:
    """A replica that was told of everything but the orders that broke the market."""
    await fund_all(exchange)
    replica = Replica(recipe(LyingBook))
    await catch_up(replica, exchange)
    for _ in range(3):
        await exchange.place(place("bob", MARKET, Side.SELL))
        await exchange.place(place("alice", MARKET, Side.BUY))
    return replica


async def test_a_broken_invariant_is_broken_alike() -> None:
    """The record that tells of it comes behind: the replica begins again, knowing it."""
    async with exchange_on(MemoryJournal()) as exchange:
        replica = await beside_a_market_that_broke(exchange)
        assert exchange.view.isolated() == (MARKET.id,)
        follower, told = replica.subscribe(), replica.view.sequence
        with pytest.raises(StaleReplicaError):
            await catch_up(replica, exchange)
        replica.restart()
        replica.begin(await exchange.checkpoint())
        assert replica.view.sequence >= told, "nobody reads of what was before"
        reached = asyncio.ensure_future(replica.reached(told))
        await catch_up(replica, exchange)
        await reached
        assert replica.view.isolated() == (MARKET.id,)
        assert replica.view.state_hash() == exchange.view.state_hash()
        assert follower.take() == exchange.subscribe(told).take(), "no gap, and nothing twice"


async def test_who_begins_while_a_replica_catches_up_hears_of_a_gap() -> None:
    """The view has a command half done by then, whose events are told otherwise later."""
    async with exchange_on(MemoryJournal()) as exchange:
        replica = await beside_a_market_that_broke(exchange)
        with pytest.raises(StaleReplicaError):
            await catch_up(replica, exchange)
        replica.restart()
        begun = replica.subscribe(replica.view.sequence)
        await catch_up(replica, exchange)
        assert replica.view.state_hash() == exchange.view.state_hash()
        with pytest.raises(SlowFollowerError):
            begun.take()
        afresh = replica.subscribe(replica.view.sequence)
        assert afresh.take() == []


async def test_a_journal_that_lost_its_end_is_noticed_while_a_replica_catches_up() -> None:
    """It has come as far as the shorter journal, and once it was further."""
    replica = Replica(recipe())
    async with Exchange([MARKET]) as exchange, Exchange([MARKET]) as other:
        await fund(exchange)
        await catch_up(replica, exchange)
        replica.restart()
        checkpoint = await exchange.checkpoint()
        replica.begin(attrs.evolve(checkpoint, snapshot=None))
        replica.feed(*await anext(aiter(exchange._journal.read(0))))
        with pytest.raises(JournalError, match="it lost its end, or is another one"):
            replica.begin(await other.checkpoint(replica.position))


async def test_what_was_told_and_is_not_so_is_a_gap() -> None:
    """The replica did not break what the engine broke, and hears of it from a later record."""
    async with exchange_on(MemoryJournal()) as exchange:
        await fund_all(exchange)
        replica = Replica(recipe(HonestBook))
        await catch_up(replica, exchange)
        follower = replica.subscribe()
        await exchange.place(place("bob", MARKET, Side.SELL))
        await exchange.place(place("alice", MARKET, Side.BUY))
        with pytest.raises(StaleReplicaError):
            await catch_up(replica, exchange)
        told = replica.view.sequence
        replica.restart()
        await catch_up(replica, exchange)
        assert replica.view.state_hash() == exchange.view.state_hash()
        assert replica.view.sequence >= told
        with pytest.raises(SlowFollowerError, match="is not known here"):
            follower.take()


async def test_a_closed_exchange_gives_nothing() -> None:
    exchange = Exchange([MARKET], options=ExchangeOptions())
    with pytest.raises(UnavailableError):
        await exchange.checkpoint()
    with pytest.raises(UnavailableError):
        exchange.records(0)
