"""Hub: events to sockets. One follower of the exchange, one encoding of each message, many readers.

The hub never waits for a reader: it hands messages to each connection's outbox, which bounds
itself. When the hub itself falls behind the exchange, it begins anew from the engine's state and
gives every book a new snapshot; connections that hear private channels or trades are ended, since
one may be lost, and read their orders or the trades after they have connected again.
"""

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Final, Protocol, TypeAlias

import msgspec

from hybrid_dex.exchange import EngineClient, SlowFollowerError, Subscription
from hybrid_dex.feed import BookFeed, Feed, Publication
from hybrid_dex.model.market import Market
from hybrid_dex.model.units import AccountId, MarketId, Sequence
from hybrid_dex.wire import book_message, encode, execution_message, fill_message, trade_message
from reference_app.settings import LimitSettings

__all__ = ["Hub", "Listener"]

_log: Final = logging.getLogger(__name__)
_BATCHES_A_TURN: Final = 256


class Listener(Protocol):
    """A connection, as the hub sees it. No method may block or raise."""

    def offer(self, message: str) -> None:
        """Queue a message that must arrive."""
        ...

    def offer_book(self, market: MarketId, message: str) -> None:
        """Queue a delta; a slow reader may get a snapshot in its place."""
        ...

    def resnapshot(self, market: MarketId) -> None:
        """Queue a snapshot of a book in place of the deltas that wait."""
        ...

    def lost(self) -> None:
        """Reports or trades may be missing: end the connection."""
        ...

    def going_away(self) -> None:
        """The exchange closes: end the connection."""
        ...


_Wanted: TypeAlias = dict[Listener, set[MarketId | None]]
"""Who hears an account, and of which markets; ``None`` is all of them."""


class Hub:
    """Follows the exchange and tells the listeners.

    Args:
        exchange: open before `run`.
    """

    def __init__(self, exchange: EngineClient) -> None:
        self._exchange = exchange
        self._feed = Feed()
        self._subscription: Subscription | None = None
        self._books: defaultdict[MarketId, dict[Listener, None]] = defaultdict(dict)
        self._trades: defaultdict[MarketId, dict[Listener, None]] = defaultdict(dict)
        self._orders: defaultdict[AccountId, _Wanted] = defaultdict(dict)
        self._fills: defaultdict[AccountId, _Wanted] = defaultdict(dict)
        self._listeners: dict[Listener, str] = {}
        self._addresses: Counter[str] = Counter()
        self._snapshots: dict[MarketId, tuple[BookFeed, Sequence, str]] = {}

    def begin(self) -> None:
        """Take the engine's state and follow from there; nothing can happen between the two."""
        view = self._exchange.view
        self._feed = Feed.of(view)
        self._subscription = self._exchange.subscribe(after=view.sequence)

    async def run(self) -> None:
        """Tell what happens until the exchange closes."""
        if self._subscription is None:
            self.begin()
        while True:
            try:
                await self._follow()
                return
            except SlowFollowerError as error:
                _log.warning("sockets begin anew: %s", error)
                self._restart()

    def connect(self, listener: Listener, address: str, limits: LimitSettings) -> bool:
        """Count a connection; return whether there may be one more, of this address and in all."""
        addresses = self._addresses
        if len(self._listeners) >= limits.connections:
            return False
        if addresses[address] >= limits.connections_per_address:
            return False
        self._listeners[listener] = address
        addresses[address] += 1
        return True

    def disconnect(self, listener: Listener) -> None:
        """Count a connection no longer. Safe to call twice."""
        address = self._listeners.pop(listener, None)
        if address is not None:
            self._addresses[address] -= 1
            if not self._addresses[address]:
                del self._addresses[address]

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """The connections, oldest first."""
        return tuple(self._listeners)

    @property
    def connections(self) -> int:
        """Open connections."""
        return len(self._listeners)

    def close(self) -> None:
        """End every connection: the exchange closes."""
        for listener in list(self._listeners):
            listener.going_away()

    async def _follow(self) -> None:
        subscription = self._subscription
        assert subscription is not None, "run begins first"
        async for batch in subscription:
            self._publish(self._feed.apply(batch))
            for turn, waiting in enumerate(subscription.take(), 1):
                self._publish(self._feed.apply(waiting))
                if turn % _BATCHES_A_TURN == 0:
                    await asyncio.sleep(0)

    def _restart(self) -> None:
        self.begin()
        told = {
            one: None
            for kind in (self._orders, self._fills, self._trades)
            for who in kind.values()
            for one in who
        }
        for listener in told:
            listener.lost()
        for market, listeners in self._books.items():
            for listener in listeners:
                listener.resnapshot(market)

    def snapshot(self, market: Market) -> str:
        """Return a book as it stands, as a message that the next delta follows.

        It is made once for all who ask between two commands: a long book takes milliseconds.
        """
        book = self._feed.book(market.id)
        assert book is not None, "a listed market has a book"
        made = self._snapshots.get(market.id)
        if made is None or made[0] is not book or made[1] != book.sequence:
            text = _text(book_message(book.snapshot(), market))
            made = self._snapshots[market.id] = (book, book.sequence, text)
        return made[2]

    def hear_book(self, market: MarketId, listener: Listener) -> None:
        """Send deltas from now on, after a first snapshot."""
        self._books[market][listener] = None
        listener.resnapshot(market)

    def hear_trades(self, market: MarketId, listener: Listener) -> None:
        """Send public trades from now on."""
        self._trades[market][listener] = None

    def hear_account(
        self, channel: str, account: AccountId, market: MarketId | None, listener: Listener
    ) -> None:
        """Send an account's ``orders`` or ``fills``, of one market or of all."""
        kind = self._orders if channel == "orders" else self._fills
        kind[account].setdefault(listener, set()).add(market)

    def forget_market(self, channel: str, market: MarketId, listener: Listener) -> None:
        """Send a public channel no longer."""
        (self._books if channel == "book" else self._trades)[market].pop(listener, None)

    def forget_account(
        self, channel: str, account: AccountId, market: MarketId | None, listener: Listener
    ) -> None:
        """Send a private channel no longer."""
        kind = self._orders if channel == "orders" else self._fills
        chosen = kind[account].get(listener, set())
        chosen.discard(market)
        if not chosen:
            kind[account].pop(listener, None)
        if not kind[account]:
            del kind[account]

    def _publish(self, publication: Publication) -> None:
        view = self._exchange.view
        for update in publication.books:
            listeners = self._books.get(update.market)
            market = view.market(update.market)
            if listeners and market is not None:
                text = _text(book_message(update, market))
                for listener in listeners:
                    listener.offer_book(update.market, text)
        for trade in publication.trades:
            readers = self._trades.get(trade.market)
            market = view.market(trade.market)
            if readers and market is not None:
                _offer(readers, _text(trade_message(trade, market)))
        for report in publication.executions:
            wanted = self._orders.get(report.account)
            if wanted:
                known = None if report.market is None else view.market(report.market)
                _offer(_only(wanted, report.market), _text(execution_message(report, known)))
        for fill in publication.fills:
            wanted = self._fills.get(fill.account)
            market = view.market(fill.market)
            if wanted and market is not None:
                _offer(_only(wanted, fill.market), _text(fill_message(fill, market)))


def _only(wanted: _Wanted, market: MarketId | None) -> list[Listener]:
    return [one for one, chosen in wanted.items() if None in chosen or market in chosen]


def _offer(listeners: Iterable[Listener], text: str) -> None:
    for listener in listeners:
        listener.offer(text)


def _text(message: msgspec.Struct) -> str:
    return encode(message).decode()
