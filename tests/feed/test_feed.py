"""The feed against the engine: over random histories the replica is the engine's book."""

import random

import msgspec
import pytest

from hybrid_dex.defaults.sorted_book import SortedBook
from hybrid_dex.defaults.standard_risk import RiskLimits, StandardRisk
from hybrid_dex.engine.engine import Engine
from hybrid_dex.errors import SequenceError
from hybrid_dex.feed import BookFeed, Feed, Publication
from hybrid_dex.model.commands import (
    AdvanceTime,
    CancelAll,
    CancelOrder,
    Command,
    ConfirmSettlement,
    Deposit,
    ListMarket,
    PlaceOrder,
    ReduceOrder,
    ReplaceOrder,
)
from hybrid_dex.model.events import EventBatch
from hybrid_dex.model.market import Market
from hybrid_dex.model.order import OrderType, SelfTradeMode, Side, TimeInForce
from hybrid_dex.model.reports import BookUpdate, ExecType
from hybrid_dex.model.settlement import SettlementStage
from hybrid_dex.model.units import (
    AccountId,
    Amount,
    AssetId,
    ClientOrderId,
    MarketId,
    OrderId,
    Price,
    Quantity,
    Sequence,
    TimestampNs,
)
from hybrid_dex.model.views import Level
from tests.tiers import count

MARKETS = [
    Market.spot("ETH-USDC", base_decimals=18, quote_decimals=6, tick="0.01", lot="0.0001"),
    Market.spot("BTC-USDC", base_decimals=8, quote_decimals=6, tick="0.1", lot="0.00001"),
]
ACCOUNTS = [AccountId(name) for name in ("alice", "bob", "carol")]
COMMANDS = count(fast=1_500, full=40_000)


class History:
    """An engine that runs random commands, stamped as the shell would."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        risk = StandardRisk(
            limits=RiskLimits(open_orders=None, order_notional=None, daily_volume=None)
        )
        self.engine = Engine(book=SortedBook, risk=risk)

    def run(self, command: Command) -> EventBatch:
        """Apply the next command."""
        stamped = msgspec.structs.replace(
            command,
            sequence=Sequence(self.engine.sequence + 1),
            at_ns=TimestampNs(self.engine.at_ns + self.rng.randint(0, 1_000_000)),
        )
        events = self.engine.apply(stamped)
        return EventBatch(stamped.sequence, stamped.at_ns, events)

    def opening(self) -> list[Command]:
        """Markets, and more money than random orders can spend."""
        return [
            *(ListMarket(market=market) for market in MARKETS),
            *(
                Deposit(account=account, asset=AssetId(asset), amount=Amount(10**30))
                for account in ACCOUNTS
                for asset in ("ETH", "BTC", "USDC")
            ),
        ]

    def any_order(self) -> tuple[AccountId, OrderId]:
        """A live order, or an id that never was."""
        account = self.rng.choice(ACCOUNTS)
        orders = self.engine.open_orders(account)
        return account, self.rng.choice(orders).order_id if orders else OrderId(1)

    def command(self) -> Command:
        """One of everything that can change a book."""
        rng = self.rng
        kind = rng.random()
        account, order_id = self.any_order()
        price, quantity = Price(rng.randint(95, 105)), Quantity(rng.randint(1, 20))
        if kind < 0.6:
            return self.place(price, quantity)
        if kind < 0.7:
            return CancelOrder(account=account, order_id=order_id)
        if kind < 0.78:
            return ReduceOrder(account=account, order_id=order_id, by=Quantity(rng.randint(1, 9)))
        if kind < 0.9:
            return ReplaceOrder(
                account=account,
                order_id=order_id,
                price=price,
                quantity=quantity,
                post_only=rng.random() < 0.2,
                self_trade=rng.choice(list(SelfTradeMode)),
            )
        if kind < 0.92:
            market = rng.choice([None, MARKETS[0].id])
            return CancelAll(account=account, market=market, side=rng.choice([None, Side.BUY]))
        unsettled = tuple(fill.fill_id for fill in self.engine.unsettled())
        if kind < 0.97 and unsettled:
            stage = rng.choice([SettlementStage.SUBMITTED, SettlementStage.FINAL])
            return ConfirmSettlement(fills=unsettled[:5], stage=stage, batch=1, transaction="0x1")
        return AdvanceTime()

    def place(self, price: Price, quantity: Quantity) -> PlaceOrder:
        """An order of any kind; now and then one that was sent before."""
        rng = self.rng
        order_type = OrderType.MARKET if rng.random() < 0.1 else OrderType.LIMIT
        time_in_force = rng.choice([TimeInForce.GTC] * 4 + list(TimeInForce))
        if order_type is OrderType.MARKET:
            time_in_force = TimeInForce.IOC
        repeat = rng.random() < 0.1
        rules = random.Random(7) if repeat else rng
        expires = TimestampNs(self.engine.at_ns + rng.randint(1, 20_000_000))
        return PlaceOrder(
            account=ACCOUNTS[0] if repeat else rng.choice(ACCOUNTS),
            market=rules.choice(MARKETS).id,
            side=rules.choice(list(Side)),
            price=Price(100) if repeat else price,
            quantity=Quantity(7) if repeat else quantity,
            order_type=OrderType.LIMIT if repeat else order_type,
            time_in_force=TimeInForce.GTC if repeat else time_in_force,
            post_only=not repeat and rng.random() < 0.1,
            self_trade=SelfTradeMode.CANCEL_RESTING if repeat else rng.choice(list(SelfTradeMode)),
            expires_at_ns=expires if not repeat and time_in_force is TimeInForce.GTD else None,
            client_order_id=ClientOrderId("again") if repeat else None,
        )


class Follower:
    """Level 2 kept by deltas alone, as strict as a client."""

    def __init__(self, snapshot: BookUpdate) -> None:
        self.sequence = snapshot.sequence
        self.chained: Sequence | None = None
        self.levels = [
            {level.price: level.quantity for level in side}
            for side in (snapshot.bids, snapshot.asks)
        ]

    def take(self, delta: BookUpdate) -> None:
        """Apply a delta that follows exactly."""
        assert delta.previous is not None
        assert delta.previous <= self.sequence < delta.sequence
        assert self.chained in {None, delta.previous}
        self.sequence = self.chained = delta.sequence
        for levels, changes in zip(self.levels, (delta.bids, delta.asks), strict=True):
            for level in changes:
                assert levels.get(level.price, 0) != level.quantity, "a level that did not change"
                if level.quantity:
                    levels[level.price] = level.quantity
                else:
                    del levels[level.price]

    def matches(self, bids: tuple[Level, ...], asks: tuple[Level, ...]) -> bool:
        """Whether it holds exactly these levels."""
        return self.levels == [
            {level.price: level.quantity for level in side} for side in (bids, asks)
        ]


def check_orders(history: History, publication: Publication) -> None:
    """The last report on each order is the order as the engine shows it."""
    last = {
        report.order_id: report
        for report in publication.executions
        if report.exec_type not in {ExecType.REJECTED, ExecType.CANCEL_REJECTED}
    }
    for order_id, report in last.items():
        assert order_id is not None
        view = history.engine.order(order_id)
        assert view is not None
        ended = report.exec_type in {ExecType.CANCELED, ExecType.EXPIRED}
        assert (report.status, report.filled) == (view.status, view.filled)
        assert report.open == (0 if ended else view.open)
        assert (report.quantity, report.price) == (view.quantity, view.price)


def test_the_replica_is_the_engines_book_after_every_command(rng: random.Random) -> None:
    """Depth, chain of deltas and reports agree; so does a feed that begins in the middle."""
    history, feed = History(rng), Feed()
    followers: dict[MarketId, Follower] = {}
    late: Feed | None = None
    changes = 0
    commands = [*history.opening(), *(None for _ in range(COMMANDS))]
    for number, command in enumerate(commands):
        batch = history.run(command or history.command())
        publication = feed.apply(batch)
        if late is not None:
            assert unchained(late.apply(batch)) == unchained(publication)
        for update in publication.books:
            followers[update.market].take(update)
            changes += len(update.bids) + len(update.asks)
        for market in history.engine.markets():
            book = feed.book(market.id)
            assert isinstance(book, BookFeed)
            depth = history.engine.depth(market.id, 1_000)
            assert book.depth() == depth
            follower = followers.setdefault(market.id, Follower(book.snapshot()))
            assert follower.matches(depth.bids, depth.asks)
        check_orders(history, publication)
        if number == len(commands) // 2:
            late = Feed.of(history.engine)
    assert feed.sequence == history.engine.sequence
    assert changes > len(commands) // 4, "the history hardly moved a book"


def test_commands_in_a_row_are_told_as_they_are_one_by_one(rng: random.Random) -> None:
    """However they are grouped: the same reports, and one delta a market that leads to the same book."""
    history, alone, together = History(rng), Feed(), Feed()
    followers: dict[MarketId, Follower] = {}
    commands = [*history.opening(), *(None for _ in range(COMMANDS // 2))]
    deltas = 0
    while commands:
        size = rng.choice([1, 1, 2, 7, 60])
        row = [history.run(command or history.command()) for command in commands[:size]]
        del commands[:size]
        expected = [alone.apply(batch) for batch in row]
        told = together.apply_many(row)
        for one, other in zip(told, expected, strict=True):
            assert told[-1] is one or not one.books
            assert one == msgspec.structs.replace(other, books=one.books)
        assert len({update.market for update in told[-1].books}) == len(told[-1].books)
        for update in told[-1].books:
            if (
                update.market in followers
            ):  # of one that was listed in this row there was no book to follow
                followers[update.market].take(update)
                deltas += 1
        for market in history.engine.markets():
            book = together.book(market.id)
            assert book is not None
            follower = followers.setdefault(market.id, Follower(book.snapshot()))
            depth = history.engine.depth(market.id, 1_000)
            assert follower.matches(depth.bids, depth.asks)
            assert (book.depth(), book.sequence) == (depth, history.engine.sequence)
    assert deltas > COMMANDS // 100, "the history hardly moved a book"


def test_reports_are_those_of_an_account(rng: random.Random) -> None:
    history, feed = History(rng), Feed()
    for command in [*history.opening(), *(history.command() for _ in range(200))]:
        publication = feed.apply(history.run(command))
        for account in ACCOUNTS:
            own = [report for report in publication.executions if report.account == account]
            assert list(publication.executions_of(account)) == own


def unchained(publication: Publication) -> tuple[object, ...]:
    """A publication without `previous`: a late feed's first deltas follow its own beginning."""
    books = [msgspec.structs.replace(update, previous=None) for update in publication.books]
    stages = [(fill.fill_id, fill.account, fill.stage) for fill in publication.fills]
    return (books, publication.trades, publication.executions, stages)


def test_a_missing_batch_is_noticed(rng: random.Random) -> None:
    """A feed that would lie refuses; a batch that it has already publishes nothing."""
    history, feed = History(rng), Feed()
    first, second, third = (history.run(AdvanceTime()) for _ in range(3))
    feed.apply(first)
    assert feed.apply(first).books == ()
    with pytest.raises(SequenceError):
        feed.apply(third)
    feed.apply(second)
    feed.apply(third)
    assert feed.sequence == 3
