"""A market that breaks an invariant is halted while all others go on, and stays so for every replay."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from hybrid_dex.defaults.file_journal import FileJournal
from hybrid_dex.defaults.memory_journal import MemoryJournal
from hybrid_dex.defaults.memory_snapshots import MemorySnapshots
from hybrid_dex.defaults.sorted_book import SortedBook
from hybrid_dex.errors import FencedError, InvariantError, UnknownOutcomeError
from hybrid_dex.exchange import Exchange, ExchangeOptions
from hybrid_dex.interfaces.book import Allocation, Book, Incoming
from hybrid_dex.interfaces.journal import Journal
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.interfaces.snapshots import Snapshots
from hybrid_dex.model.commands import AdvanceTime, PlaceOrder, SetMarketState
from hybrid_dex.model.events import EventBatch, OrderAccepted, OrderRejected
from hybrid_dex.model.frame import FrameKind, decode_frame, isolations_of
from hybrid_dex.model.market import Market, MarketState
from hybrid_dex.model.order import Side
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import MAX_PRICE, AccountId, Amount, AssetId, OrderId, Price, Quantity
from tests.exchange_fixtures import MARKET, RICH, FaultyJournal, failing
from tests.tiers import count

OTHER = Market.spot("SOL-USDC", base_decimals=18, quote_decimals=6, tick="0.01", lot="0.0001")
ALICE, BOB = AccountId("alice"), AccountId("bob")
CAROL, DAVE = AccountId("carol"), AccountId("dave")
HISTORIES = count(fast=4, full=100)


class LyingBook(SortedBook):
    """Of one market: honest for so many looks, then it offers an order that it does not have."""

    version = "honest 1"
    honest_for = 1

    # Always to be looked at: the engine asks for a match where the best price crosses.
    best_bid = property(lambda _: MAX_PRICE, lambda _, price: None)
    best_ask = property(lambda _: 1, lambda _, price: None)

    def __init__(self, market: Market) -> None:
        super().__init__(market)
        self.looks = self.honest_for if market.id == MARKET.id else -1

    def match(self, incoming: Incoming) -> Iterator[Allocation]:
        self.looks -= 1
        if self.looks:
            return super().match(incoming)
        return iter([Allocation(OrderId(1), BOB, incoming.price, incoming.open, incoming.open)])


class HonestBook(SortedBook):
    """The same one, repaired."""

    version = "honest 1"


def exchange_on(
    journal: Journal,
    book: type[Book] = LyingBook,
    *,
    snapshots: Snapshots | None = None,
    in_flight: int = 4,
    frame: int = 512,
) -> Exchange:
    return Exchange(
        [MARKET, OTHER],
        journal=journal,
        book=book,
        snapshots=snapshots,
        options=ExchangeOptions(
            max_in_flight=in_flight, max_frame_commands=frame, snapshot_process=False
        ),
    )


def place(
    account: str, market: Market, side: Side, quantity: int = 3, price: int = 90
) -> PlaceOrder:
    return PlaceOrder(
        account=AccountId(account),
        market=market.id,
        side=side,
        price=Price(price),
        quantity=Quantity(quantity),
    )


async def fund_all(exchange: Exchange) -> None:
    for account in (ALICE, BOB, CAROL, DAVE):
        for asset in ("USDC", "ETH", "SOL"):
            await exchange.deposit(account, AssetId(asset), RICH)


def of_other(exchange: Exchange) -> tuple[object, ...]:
    """What Carol and Dave, who trade nowhere else, and their market have, settled or not."""
    view = exchange.view
    funds = [view.balance(who, AssetId(one)) for who in (CAROL, DAVE) for one in ("USDC", "SOL")]
    return (
        [(row.account, row.side, row.price, row.quantity) for row in view.resting(OTHER.id)],
        [(one.available, one.held) for one in funds],
        view.market_state(OTHER.id),
    )


def is_internal(answer: EventBatch | Refusal) -> bool:
    assert isinstance(answer, EventBatch)
    last = answer.events[-1]
    return isinstance(last, OrderRejected) and last.reason is RejectReason.INTERNAL


async def frames_of(journal: Journal) -> list[bytes]:
    return [raw async for _, raw in journal.read(0)]


async def refill(frames: list[bytes]) -> MemoryJournal:
    journal = MemoryJournal()
    await journal.open()
    for position, raw in enumerate(frames):
        await journal.append(position, raw)
    await journal.close()
    return journal


async def test_other_markets_lose_no_command_and_come_to_the_same_state(
    seed: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Among hundreds of commands in flight; on disk and in memory, in large and small frames."""
    caplog.set_level(logging.CRITICAL)
    for number in range(HISTORIES):
        rng = random.Random(f"{seed}:{number}")
        orders = [
            place(
                rng.choice((CAROL, DAVE)),
                OTHER,
                rng.choice((Side.BUY, Side.SELL)),
                rng.randrange(1, 9),
                rng.randrange(85, 96),
            )
            for _ in range(120)
        ]
        mixed: list[PlaceOrder] = list(orders)
        for _ in range(20):
            mixed.insert(rng.randrange(len(mixed)), place(ALICE, MARKET, Side.BUY))
        journal = FileJournal(tmp_path / f"{number}") if number % 2 else MemoryJournal()
        book = type("Book", (LyingBook,), {"honest_for": rng.randrange(1, 20)})
        frame, in_flight = rng.choice((1, 7, 512)), rng.choice((1, 4))
        async with exchange_on(journal, book, frame=frame, in_flight=in_flight) as exchange:
            await fund_all(exchange)
            answers = await asyncio.gather(*(exchange.place(one) for one in mixed))
            assert sum(map(is_internal, answers)) == 1
            assert exchange.view.market_state(MARKET.id) is MarketState.HALTED
            assert exchange.health().ready
            found, state_hash = of_other(exchange), exchange.view.state_hash()
            sequence = exchange.view.sequence
            accepted = [
                one
                for command, answer in zip(mixed, answers, strict=True)
                if command.market == OTHER.id and isinstance(answer, EventBatch)
                for one in answer.events
                if isinstance(one, OrderAccepted)
            ]
            assert len(accepted) == len(orders)
        async with exchange_on(MemoryJournal(), HonestBook) as exchange:
            await fund_all(exchange)
            await asyncio.gather(*(exchange.place(one) for one in orders))
            assert of_other(exchange) == found, number
        async with exchange_on(journal, book) as exchange:
            assert exchange.view.sequence >= sequence
            if exchange.view.sequence == sequence:
                assert exchange.view.state_hash() == state_hash
            assert of_other(exchange) == found
            assert exchange.view.isolated() == (MARKET.id,)
    told = [record for record in caplog.records if "market ETH-USDC is halted" in record.message]
    assert len(told) >= HISTORIES


async def test_the_journal_records_what_broke_before_anybody_hears_of_it() -> None:
    """The answer, and all that was applied after it, wait until the record is durable."""
    journal = FaultyJournal()
    exchange = exchange_on(journal, in_flight=1)
    async with exchange:
        await fund_all(exchange)
        heard = exchange.subscribe()
        answer = await exchange.place(place(ALICE, MARKET, Side.BUY))
        assert is_internal(answer)
        assert isinstance(answer, EventBatch)
        assert [batch.sequence for batch in heard.take()] == [answer.sequence]
    frames = [decode_frame(raw) for raw in await frames_of(journal)]
    (record,) = [frame for frame in frames if frame.kind is FrameKind.ISOLATION]
    assert isolations_of(record) == [(answer.sequence, MARKET.id)]
    exchange = exchange_on(journal, in_flight=1)
    assert len([f for f in frames if f.kind is FrameKind.ISOLATION]) == 1
    async with exchange:
        assert exchange.view.isolated() == (MARKET.id,)
    frames = [decode_frame(raw) for raw in await frames_of(journal)]
    assert len([frame for frame in frames if frame.kind is FrameKind.ISOLATION]) == 1


async def test_without_its_record_nothing_is_acknowledged_and_a_restart_records_it() -> None:
    """The writer loses the journal between the two."""
    journal = FaultyJournal()
    async with exchange_on(journal) as exchange:
        await fund_all(exchange)
        journal.steps = [lambda append: append(), failing(FencedError(7))]
        with pytest.raises(UnknownOutcomeError, match="can not be recorded"):
            await exchange.place(place(ALICE, MARKET, Side.BUY))
        assert "can not be recorded" in exchange.health().halted
    async with exchange_on(journal) as exchange:
        assert exchange.view.isolated() == (MARKET.id,)
        assert is_accepted(await exchange.place(place(CAROL, OTHER, Side.BUY)))
        state_hash = exchange.view.state_hash()
    frames = [decode_frame(raw) for raw in await frames_of(journal)]
    kinds = [frame.kind for frame in frames]
    assert kinds[kinds.index(FrameKind.ISOLATION) - 1] is FrameKind.EPOCH
    async with exchange_on(journal, HonestBook) as exchange:
        assert exchange.view.state_hash() == state_hash


async def test_the_record_decides_and_not_whether_it_breaks_again() -> None:
    """A repaired book replays to the same state; one that breaks where none did is not believed."""
    journal = MemoryJournal()
    async with exchange_on(journal) as exchange:
        await fund_all(exchange)
        assert is_internal(await exchange.place(place(ALICE, MARKET, Side.BUY)))
        await exchange.place(place(CAROL, OTHER, Side.BUY))
        state_hash = exchange.view.state_hash()
    async with exchange_on(journal, HonestBook) as exchange:
        assert exchange.view.state_hash() == state_hash
        await exchange.execute(SetMarketState(market=MARKET.id, state=MarketState.OPEN))
        assert is_accepted(await exchange.place(place(ALICE, MARKET, Side.BUY)))
        state_hash = exchange.view.state_hash()
    async with exchange_on(journal, HonestBook) as exchange:
        assert exchange.view.state_hash() == state_hash
        await exchange.execute(AdvanceTime())
    with pytest.raises(InvariantError, match="did not when it was written"):
        await exchange_on(journal, type("Late", (LyingBook,), {"honest_for": 1})).open()


def is_accepted(answer: EventBatch | Refusal) -> bool:
    assert isinstance(answer, EventBatch)
    return isinstance(answer.events[-1], OrderAccepted)


async def test_snapshots_and_records_follow_an_isolated_market() -> None:
    """A snapshot behind it restores the same state, and goes on the same way."""
    journal, snapshots = MemoryJournal(), MemorySnapshots()
    async with exchange_on(journal, snapshots=snapshots) as exchange:
        await fund_all(exchange)
        assert is_internal(await exchange.place(place(ALICE, MARKET, Side.BUY)))
        state_hash = exchange.view.state_hash()
    snapshot = await snapshots.latest()
    assert snapshot is not None
    assert snapshot.state_hash == state_hash
    async with exchange_on(journal, snapshots=snapshots) as exchange:
        assert exchange.view.isolated() == (MARKET.id,)
        await exchange.execute(AdvanceTime())
        state_hash = exchange.view.state_hash()
    async with exchange_on(await refill(await frames_of(journal))) as exchange:
        assert exchange.view.state_hash() == state_hash


async def test_what_is_withdrawn_meanwhile_needs_no_broken_book() -> None:
    """The funds behind the halted market's orders come back with a cancel."""
    book = type("Book", (LyingBook,), {"honest_for": 3})
    async with exchange_on(MemoryJournal(), book) as exchange:
        await fund_all(exchange)
        for _ in range(2):
            await exchange.place(place(ALICE, MARKET, Side.BUY))
        assert is_internal(await exchange.place(place(ALICE, MARKET, Side.BUY)))
        assert exchange.view.open_order_count(ALICE) == 2
        await exchange.cancel_all(ALICE)
        assert exchange.view.balance(ALICE, AssetId("USDC")).available == RICH
        await exchange.withdraw(ALICE, AssetId("USDC"), Amount(RICH))
