"""Everything that an exchange publishes, from one stream of events.

Pure: a gateway hands each `EventBatch` in and gets back what to send, to the public by market and
to traders by account. It decides nothing about who is connected.
"""

from collections.abc import Iterable, Iterator
from typing import Protocol

import msgspec

from hybrid_dex.errors import SequenceError
from hybrid_dex.feed.book_feed import BookFeed, crosses_after
from hybrid_dex.feed.execution_feed import ExecutionFeed, entry_report
from hybrid_dex.feed.fill_feed import FillFeed, trade
from hybrid_dex.interfaces.book import Resting
from hybrid_dex.model.events import (
    EventBatch,
    FillMade,
    MarketListed,
    MemberAnswered,
    OrderAccepted,
    fresh_events,
)
from hybrid_dex.model.market import Market, MarketState
from hybrid_dex.model.reports import BookUpdate, ExecutionReport, FillReport, Trade
from hybrid_dex.model.settlement import MatchedFill, SettlementStage
from hybrid_dex.model.units import AccountId, FillId, MarketId, Sequence, TimestampNs
from hybrid_dex.model.views import OrderView

__all__ = ["Feed", "FeedSource", "Publication"]


class FeedSource(Protocol):
    """The engine's views that a feed begins with."""

    @property
    def sequence(self) -> Sequence:
        """The last command that was applied."""
        ...

    @property
    def at_ns(self) -> TimestampNs:
        """That command's time."""
        ...

    def markets(self) -> tuple[Market, ...]:
        """Return all listed markets."""
        ...

    def market_state(self, market: MarketId, /) -> MarketState:
        """Return a market's state."""
        ...

    def resting(self, market: MarketId, /) -> Iterator[Resting]:
        """Yield the orders of a book."""
        ...

    def accounts(self) -> tuple[AccountId, ...]:
        """Return all accounts."""
        ...

    def open_orders(self, account: AccountId, /) -> tuple[OrderView, ...]:
        """Return the open orders of an account."""
        ...

    def unsettled(self) -> Iterator[MatchedFill]:
        """Yield the fills in flight."""
        ...

    def settlement_stage(self, fill_id: FillId, /) -> SettlementStage | None:
        """Return how far a fill has come."""
        ...


class Publication(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What one command makes known.

    Attributes:
        sequence: the command.
        at_ns: its time.
        books: for the public, at most one a market.
        trades: for the public.
        reports: each for its account; of an order that entered, its acceptance stands for the report.
        fills: each for its account.
        accounts: whose orders, funds or fills the command concerned, in order.
    """

    sequence: Sequence
    at_ns: TimestampNs
    books: tuple[BookUpdate, ...] = ()
    trades: tuple[Trade, ...] = ()
    reports: tuple[ExecutionReport | OrderAccepted, ...] = ()
    fills: tuple[FillReport, ...] = ()
    accounts: tuple[AccountId, ...] = ()

    @property
    def executions(self) -> tuple[ExecutionReport, ...]:
        """The execution reports, in the order in which it happened; made anew each time."""
        return tuple(map(self._report, self.reports))

    def executions_of(self, account: AccountId) -> Iterator[ExecutionReport]:
        """Yield an account's execution reports, as `executions`."""
        return (self._report(one) for one in self.reports if one.account == account)

    def _report(self, one: ExecutionReport | OrderAccepted) -> ExecutionReport:
        if isinstance(one, OrderAccepted):
            return entry_report(one, self.sequence, self.at_ns)
        return one


class Feed:
    """Books, trades, execution reports and fill reports of all markets.

    An empty feed follows an exchange from its first command; `of` begins at a later one.
    """

    def __init__(self) -> None:
        self._sequence = Sequence(0)
        self._at_ns = TimestampNs(0)
        self._books: dict[MarketId, BookFeed] = {}
        self._touched: dict[MarketId, BookFeed] = {}
        self._executions = ExecutionFeed()
        self._fills = FillFeed()

    @classmethod
    def of(cls, source: FeedSource) -> "Feed":
        """Return a feed that begins with the state of an engine. O(open orders)."""
        feed = cls()
        sequence = feed._sequence = source.sequence
        feed._at_ns = source.at_ns
        feed._books = {
            market.id: BookFeed(
                market.id,
                source.resting(market.id),
                sequence=sequence,
                at_ns=source.at_ns,
                may_cross=crosses_after(source.market_state(market.id), crossed=True),
            )
            for market in source.markets()
        }
        orders = (order for account in source.accounts() for order in source.open_orders(account))
        feed._executions = ExecutionFeed(orders, sequence=sequence)
        unsettled = (
            (fill, source.settlement_stage(fill.fill_id) or SettlementStage.MATCHED)
            for fill in source.unsettled()
        )
        feed._fills = FillFeed(unsettled, sequence=sequence)
        return feed

    @property
    def sequence(self) -> Sequence:
        """The last command that was applied."""
        return self._sequence

    def book(self, market: MarketId) -> BookFeed | None:
        """Return a market's book, for a snapshot."""
        book = self._books.get(market)
        if book is not None:
            book.advance(self._sequence, self._at_ns)
        return book

    def apply(self, batch: EventBatch) -> Publication:
        """Take one command's events; a batch at or below `sequence` publishes nothing.

        Raises:
            SequenceError: a batch is missing before this one; begin anew with `of`.
        """
        return self.apply_many((batch,))[0]

    def apply_many(self, batches: Iterable[EventBatch]) -> list[Publication]:
        """Take what commands in a row did, one publication each; at least one.

        How books changed stands in the last of them: one delta a market for all of these commands.

        Raises:
            SequenceError: as `apply`.
        """
        told = [self._apply(batch) for batch in batches]
        books = tuple(filter(None, map(self._take_changes, self._touched.values())))
        self._touched.clear()
        if books:
            told[-1] = msgspec.structs.replace(told[-1], books=books)
        return told

    def _take_changes(self, book: BookFeed) -> BookUpdate | None:
        book.advance(self._sequence, self._at_ns)
        return book.take_changes()

    def _apply(self, batch: EventBatch) -> Publication:
        sequence, at_ns = batch.sequence, batch.at_ns
        if not self._advance(sequence, at_ns):
            return Publication(sequence=sequence, at_ns=at_ns)
        trades: list[Trade] = []
        reports: list[ExecutionReport | OrderAccepted] = []
        fills: list[FillReport] = []
        accounts: dict[AccountId, None] = {}
        near: MarketId | None = None
        its_book: BookFeed | None = None
        for event in fresh_events(batch):
            if type(event) is OrderAccepted:
                reports.append(event)
                self._executions.enter(event)
                accounts[event.account] = None
                if event.market != near:  # those of one command are of one market, mostly
                    near, its_book = event.market, self._book_of(event.market)
                if its_book is not None:
                    its_book.enter(event)
                continue
            if type(event) is MemberAnswered:
                accounts[event.account] = None
                continue
            if isinstance(event, MarketListed) and event.market.id not in self._books:
                self._books[event.market.id] = BookFeed(
                    event.market.id, sequence=Sequence(sequence - 1)
                )
            market = getattr(event, "market", None)
            if isinstance(market, str) and (book := self._book_of(MarketId(market))) is not None:
                book.take(event)
            reports += self._executions.reports(event, batch)
            if isinstance(event, FillMade):
                trades.append(trade(event, at_ns))
            fills += self._fills.reports(event, at_ns)
            account = getattr(event, "account", None)
            if account is not None:
                accounts[account] = None
        for fill in fills:
            accounts[fill.account] = None
        return Publication(
            sequence=sequence,
            at_ns=at_ns,
            trades=tuple(trades),
            reports=tuple(reports),
            fills=tuple(fills),
            accounts=tuple(accounts),
        )

    def _advance(self, sequence: Sequence, at_ns: TimestampNs) -> bool:
        """Go on to the next command; return whether it was not applied already."""
        if sequence <= self._sequence:
            return False
        if sequence != self._sequence + 1:
            raise SequenceError(
                f"the feed has applied command {self._sequence} and was given {sequence}"
            )
        self._sequence, self._at_ns = sequence, at_ns
        return True

    def _book_of(self, market: MarketId) -> BookFeed | None:
        """Return the book that an event is about; it is asked for its changes later."""
        book = self._touched.get(market)
        if book is None:
            book = self._books.get(market)
            if book is not None:
                self._touched[market] = book
        return book
