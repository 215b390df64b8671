"""Hub: events to sockets. One follower of the exchange, one frame of each message, many readers.

The hub never waits for a reader: it hands messages to each connection's outbox, which bounds
itself. What it told last is kept for a while, so that who comes back resumes where it was cut off.
When the hub itself falls behind the exchange, it begins anew from the engine's state and gives every
book a new snapshot; connections that hear private channels or trades are ended, since one may be
lost, and read their orders or the trades after they have connected again.

What a channel tells of a command stands in `channel_messages`.
"""

import asyncio
import logging
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable
from collections.abc import Sequence as Items
from typing import Final, Protocol, TypeAlias

from hybrid_dex.exchange import EngineClient, SlowFollowerError, Subscription
from hybrid_dex.feed import BookFeed, Feed, Publication
from hybrid_dex.interfaces.history import History
from hybrid_dex.model.events import EventBatch, OrderAccepted
from hybrid_dex.model.market import Market
from hybrid_dex.model.reports import BookUpdate, ExecutionReport, FillReport
from hybrid_dex.model.units import AccountId, AssetId, MarketId, Sequence
from hybrid_dex.model.views import Balance, Top
from hybrid_dex.wire import (
    HeartbeatMessage,
    balances_message,
    book_message,
    book_top_message,
    to_ms,
    with_checksum,
)
from hybrid_dex.wire.markets import CHECKSUM_LEVELS
from reference_app.channel_messages import TELLERS, message_frame
from reference_app.counters import Counters
from reference_app.metering import Meter
from reference_app.prices import PRICE_CHANNELS, Prices
from reference_app.rates import network
from reference_app.settings import LimitSettings

__all__ = ["PUBLIC", "Hub", "Listener"]

_log: Final = logging.getLogger(__name__)
_BATCHES_A_TURN: Final = 256
_ANSWERED_FIRST: Final = 2
"""Turns of the loop that those who wait for an answer get before others are told."""

PUBLIC: Final = frozenset({"book", "book_top", "trades", "heartbeat", *PRICE_CHANNELS})
"""The channels that need no login."""


class Listener(Protocol):
    """A connection, as the hub sees it. No method may block or raise."""

    def offer(self, frame: bytes) -> None:
        """Queue a message that must arrive."""
        ...

    def offer_book(self, market: MarketId, frame: bytes) -> None:
        """Queue a delta; a slow reader may get a snapshot in its place."""
        ...

    def offer_newest(self, key: str, frame: bytes) -> None:
        """Queue a message in place of one of the same key that still waits."""
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
        records: where candles and tickers begin.
        now_ns: the clock that heartbeats tell, and by which tickers end.
        history: how many commands that told something are kept for who resumes.
        heartbeat_s: time between two heartbeats.
        counters: how many connections were refused.

    Attributes:
        prices: candles and tickers.
        meter: how much happens.
    """

    def __init__(
        self,
        exchange: EngineClient,
        records: History,
        *,
        now_ns: Callable[[], int],
        history: int = 4_096,
        heartbeat_s: float = 5.0,
        counters: Counters | None = None,
    ) -> None:
        self._counters = Counters() if counters is None else counters
        self._exchange = exchange
        self.prices = Prices(exchange, records, now_ns)
        self.meter = Meter(now_ns)
        self._now_ns = now_ns
        self._heartbeat_s = heartbeat_s
        self._feed = Feed()
        self._subscription: Subscription | None = None
        self._markets: dict[str, defaultdict[MarketId, dict[Listener, None]]] = {
            channel: defaultdict(dict) for channel in ("book", "book_top", "trades")
        }
        self._accounts: dict[str, defaultdict[AccountId, _Wanted]] = {
            channel: defaultdict(dict) for channel in ("orders", "fills", "balances", "settlements")
        }
        self._beats: dict[Listener, None] = {}
        self._listeners: dict[Listener, str] = {}
        self._addresses: Counter[str] = Counter()
        self._snapshots: dict[MarketId, tuple[BookFeed, Sequence, bytes]] = {}
        self._history: deque[Publication] = deque(maxlen=history)
        self._since = Sequence(0)
        self._tops: dict[MarketId, Top] = {}
        self._balances: dict[AccountId, dict[AssetId, Balance]] = {}

    def begin(self) -> None:
        """Take the engine's state and follow from there; nothing can happen between the two."""
        view = self._exchange.view
        self._feed = Feed.of(view)
        self._history.clear()
        self._since = self._feed.sequence
        self._tops.clear()
        self._balances.clear()
        self._subscription = self._exchange.subscribe(after=view.sequence)
        self.prices.begin()

    async def run(self) -> None:
        """Tell what happens until the exchange closes."""
        if self._subscription is None:
            self.begin()
        beating = asyncio.create_task(self._beat())
        prices = asyncio.create_task(self.prices.run(), name="sockets' prices")
        try:
            while True:
                try:
                    await self._follow()
                    return
                except SlowFollowerError as error:
                    _log.warning("sockets begin anew: %s", error)
                    self._restart()
        finally:
            beating.cancel()
            prices.cancel()
            await asyncio.gather(prices, return_exceptions=True)

    # ------------------------------------------------------------------------- connections

    def connect(self, listener: Listener, address: str, limits: LimitSettings) -> bool:
        """Count a connection; return whether there may be one more, of this address and in all."""
        counted, addresses = network(address), self._addresses
        if (
            len(self._listeners) >= limits.connections
            or addresses[counted] >= limits.connections_per_address
        ):
            self._counters.sockets_refused += 1
            return False
        self._listeners[listener] = counted
        addresses[counted] += 1
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

    # ---------------------------------------------------------------------------- channels

    @property
    def sequence(self) -> Sequence:
        """The last command that was told."""
        return self._feed.sequence

    def remembers(self, after: int) -> bool:
        """Return whether all that came after a command can still be told."""
        return self._since <= after <= self._feed.sequence

    def snapshot(self, market: Market) -> bytes:
        """Return a book as it stands, as a message that the next delta follows.

        It is made once for all who ask between two commands: a long book takes milliseconds.
        """
        book = self._feed.book(market.id)
        assert book is not None, "a listed market has a book"
        made = self._snapshots.get(market.id)
        if made is None or made[0] is not book or made[1] != book.sequence:
            snapshot = book.snapshot()
            frame = message_frame(with_checksum(book_message(snapshot, market), snapshot, market))
            made = self._snapshots[market.id] = (book, book.sequence, frame)
        return made[2]

    def hear(
        self,
        channel: str,
        listener: Listener,
        *,
        account: AccountId | None = None,
        market: MarketId | None = None,
        after: int | None = None,
    ) -> None:
        """Tell a channel from now on: after what was told since a command, or after how it stands."""
        if channel in PRICE_CHANNELS and market is not None:
            self.prices.hear(channel, market, listener)
            return
        if channel == "heartbeat":
            self._beats[listener] = None
        elif market is not None and channel in self._markets:
            self._markets[channel][market][listener] = None
        elif account is not None:
            self._accounts[channel][account].setdefault(listener, set()).add(market)
        self._begin_with(channel, listener, account, market, after)

    def forget(
        self,
        channel: str,
        listener: Listener,
        *,
        account: AccountId | None = None,
        market: MarketId | None = None,
    ) -> None:
        """Tell a channel no longer."""
        if channel in PRICE_CHANNELS and market is not None:
            self.prices.forget(channel, market, listener)
        elif channel == "heartbeat":
            self._beats.pop(listener, None)
        elif market is not None and channel in self._markets:
            self._markets[channel][market].pop(listener, None)
        elif account is not None:
            told = self._accounts[channel]
            chosen = told[account].get(listener, set())
            chosen.discard(market)
            if not chosen:
                told[account].pop(listener, None)
            if not told[account]:
                del told[account]
                if channel == "balances":
                    self._balances.pop(account, None)

    def _begin_with(
        self,
        channel: str,
        listener: Listener,
        account: AccountId | None,
        market: MarketId | None,
        after: int | None,
    ) -> None:
        """Tell what a channel begins with: what was missed, or else a snapshot where there is one."""
        if channel == "balances" and account is not None:
            # What others were told may be older than what this one begins with: the next is whole.
            self._balances.pop(account, None)
            listener.offer(self._balances_frame(self._exchange.view.balances(account)))
        elif channel == "book_top" and market is not None:
            book = self._feed.book(market)
            known = self._exchange.view.market(market)
            if book is not None and known is not None:
                self._tops[market] = _top(book)
                listener.offer_newest(f"book_top {market}", self._top_frame(book, known))
        elif after is None:
            if channel == "book" and market is not None:
                listener.resnapshot(market)
        elif (tell := TELLERS.get(channel)) is not None:  # a heartbeat has missed nothing
            for publication in self._history:
                if publication.sequence > after:
                    for frame in tell(self._exchange.view, publication, account, market):
                        listener.offer(frame)

    # ----------------------------------------------------------------------------- telling

    async def _follow(self) -> None:
        subscription = self._subscription
        assert subscription is not None, "run begins first"
        async for batch in subscription:
            # What comes meanwhile is told after its own turns.
            waiting = [batch, *subscription.take()]
            for _ in range(_ANSWERED_FIRST):
                await asyncio.sleep(0)
            for start in range(0, len(waiting), _BATCHES_A_TURN):
                if start:
                    await asyncio.sleep(0)
                self.tell(waiting[start : start + _BATCHES_A_TURN])

    def tell(self, batches: Iterable[EventBatch]) -> None:
        """Tell what commands did, in order; of each book, one delta for all of them."""
        told = self._feed.apply_many(batches)
        self.meter.take(told)
        self._keep(told)
        any_account = any(self._accounts.values())
        for publication in told:
            if publication.trades:
                self._tell_trades(publication)
            if any_account:
                self._tell_accounts("orders", publication, publication.reports)
                self._tell_accounts("fills", publication, publication.fills)
                self._tell_accounts("settlements", publication, publication.fills)
                self._tell_balances(publication)
        for update in told[-1].books:
            self.prices.touch(update.market)
            self._tell_book(update)
            self._tell_top(update.market)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._heartbeat_s)
            now_ms = to_ms(self._now_ns())
            frame = message_frame(HeartbeatMessage(sequence=self._feed.sequence, time_ms=now_ms))
            for listener in list(self._beats):
                listener.offer(frame)

    def _restart(self) -> None:
        self.begin()
        told: dict[Listener, None] = {}
        for readers in self._markets["trades"].values():
            told |= readers
        for kind in self._accounts.values():
            for wanted in kind.values():
                told |= dict.fromkeys(wanted)
        for listener in told:
            listener.lost()
        for market, listeners in self._markets["book"].items():
            for listener in listeners:
                listener.resnapshot(market)
        for market in self._markets["book_top"]:
            self._tell_top(market)

    def _keep(self, told: list[Publication]) -> None:
        """Remember what was told, for who resumes."""
        history = self._history
        for publication in told:
            if publication.books or publication.reports or publication.fills or publication.trades:
                if len(history) == history.maxlen:
                    self._since = history[0].sequence
                history.append(publication)

    def _tell_trades(self, publication: Publication) -> None:
        self.prices.take(publication)
        for market in {trade.market for trade in publication.trades}:
            if readers := self._markets["trades"].get(market):
                for frame in TELLERS["trades"](self._exchange.view, publication, None, market):
                    _offer(readers, frame)

    def _tell_book(self, update: BookUpdate) -> None:
        """Tell a delta, with the checksum of the book as it is after it."""
        listeners, book = self._markets["book"].get(update.market), self._feed.book(update.market)
        market = self._exchange.view.market(update.market)
        if listeners and book is not None and market is not None:
            message = book_message(update, market)
            frame = message_frame(with_checksum(message, book.depth(CHECKSUM_LEVELS), market))
            for listener in listeners:
                listener.offer_book(update.market, frame)

    def _tell_top(self, market: MarketId) -> None:
        """Tell the top of a book when it is another one."""
        listeners, book = self._markets["book_top"].get(market), self._feed.book(market)
        known = self._exchange.view.market(market)
        if not listeners or book is None or known is None:
            self._tops.pop(market, None)
            return
        top = _top(book)
        if self._tops.get(market) == top:
            return
        self._tops[market] = top
        frame = self._top_frame(book, known)
        for listener in listeners:
            listener.offer_newest(f"book_top {market}", frame)

    def _tell_accounts(
        self,
        channel: str,
        publication: Publication,
        reports: Items[OrderAccepted | ExecutionReport | FillReport],
    ) -> None:
        """Tell private messages, each encoded once, to who wants that market."""
        told = self._accounts[channel]
        for account in dict.fromkeys(report.account for report in reports) if told else ():
            for listener, chosen in told.get(account, {}).items():
                markets: tuple[MarketId | None, ...] = (None,) if None in chosen else tuple(chosen)
                for market in markets:
                    for frame in TELLERS[channel](
                        self._exchange.view, publication, account, market
                    ):
                        listener.offer(frame)

    def _tell_balances(self, publication: Publication) -> None:
        told = self._accounts["balances"]
        for account in publication.accounts if told else ():
            if listeners := told.get(account):
                known = self._balances.get(account, {})
                now = {one.asset: one for one in self._exchange.view.balances(account)}
                changed = [one for one in now.values() if known.get(one.asset) != one]
                self._balances[account] = now
                if changed:
                    _offer(listeners, self._balances_frame(changed))

    # ---------------------------------------------------------------------------- messages

    def _top_frame(self, book: BookFeed, market: Market) -> bytes:
        at_ns = book.snapshot(0).at_ns
        return message_frame(
            book_top_message(_top(book), market, sequence=book.sequence, at_ns=at_ns)
        )

    def _balances_frame(self, balances: Iterable[Balance]) -> bytes:
        view = self._exchange.view
        assets = {asset.id: asset for asset in view.assets()}
        rows = [(balance, assets[balance.asset]) for balance in balances]
        return message_frame(balances_message(rows, sequence=view.sequence, at_ns=view.at_ns))


def _top(book: BookFeed) -> Top:
    depth = book.depth(1)
    return Top(depth.bids[0] if depth.bids else None, depth.asks[0] if depth.asks else None)


def _offer(listeners: Iterable[Listener], frame: bytes) -> None:
    for listener in listeners:
        listener.offer(frame)
