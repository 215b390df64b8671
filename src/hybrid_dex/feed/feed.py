"""Everything that an exchange publishes, from one stream of events.

Pure: a gateway hands each `EventBatch` in and gets back what to send, to the public by market and
to traders by account. It decides nothing about who is connected.
"""

from collections.abc import Iterator
from typing import Protocol

import attrs

from hybrid_dex.errors import SequenceError
from hybrid_dex.feed.book_feed import BookFeed, crosses_after
from hybrid_dex.feed.execution_feed import ExecutionFeed
from hybrid_dex.feed.fill_feed import FillFeed, trades
from hybrid_dex.interfaces.book import Resting
from hybrid_dex.model.events import EventBatch, MarketListed, fresh_events
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


@attrs.frozen(kw_only=True)
class Publication:
    """What one command makes known.

    Attributes:
        sequence: the command.
        books: for the public, at most one a market.
        trades: for the public.
        executions: each for its account.
        fills: each for its account.
        accounts: whose orders, funds or fills the command concerned, in order.
    """

    sequence: Sequence
    books: tuple[BookUpdate, ...]
    trades: tuple[Trade, ...]
    executions: tuple[ExecutionReport, ...]
    fills: tuple[FillReport, ...]
    accounts: tuple[AccountId, ...] = ()


class Feed:
    """Books, trades, execution reports and fill reports of all markets.

    An empty feed follows an exchange from its first command; `of` begins at a later one.
    """

    def __init__(self) -> None:
        self._sequence = Sequence(0)
        self._books: dict[MarketId, BookFeed] = {}
        self._executions = ExecutionFeed()
        self._fills = FillFeed()

    @classmethod
    def of(cls, source: FeedSource) -> "Feed":
        """Return a feed that begins with the state of an engine. O(open orders)."""
        feed = cls()
        sequence = feed._sequence = source.sequence
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
        return self._books.get(market)

    def apply(self, batch: EventBatch) -> Publication:
        """Take one command's events; a batch at or below `sequence` publishes nothing.

        Raises:
            SequenceError: a batch is missing before this one; begin anew with `of`.
        """
        if batch.sequence <= self._sequence:
            return Publication(
                sequence=batch.sequence, books=(), trades=(), executions=(), fills=()
            )
        if batch.sequence != self._sequence + 1:
            raise SequenceError(
                f"the feed has applied command {self._sequence} and was given {batch.sequence}"
            )
        previous, self._sequence = self._sequence, batch.sequence
        for event in batch.events:
            if isinstance(event, MarketListed) and event.market.id not in self._books:
                self._books[event.market.id] = BookFeed(event.market.id, sequence=previous)
        updates = [book.apply(batch) for book in self._books.values()]
        fills = self._fills.apply(batch)
        return Publication(
            sequence=batch.sequence,
            books=tuple(update for update in updates if update is not None),
            trades=trades(batch),
            executions=self._executions.apply(batch),
            fills=fills,
            accounts=_concerned(batch, fills),
        )


def _concerned(batch: EventBatch, fills: tuple[FillReport, ...]) -> tuple[AccountId, ...]:
    """Return the accounts that a command's events name, and those of its fills."""
    found: dict[AccountId, None] = {}
    for event in fresh_events(batch):
        account = getattr(event, "account", None)
        if account is not None:
            found[account] = None
    for fill in fills:
        found[fill.account] = None
    return tuple(found)
