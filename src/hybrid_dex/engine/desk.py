"""Desk: all that the engine holds, and the steps that several commands share.

The parts - ledger, orders, lanes, expiries, flight, one book a market - know nothing of each
other. What must happen to several of them together, such as an order's end, happens here once.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

from hybrid_dex.engine.lanes import Lanes
from hybrid_dex.engine.ledger import Ledger
from hybrid_dex.engine.orders import LiveOrder, Orders
from hybrid_dex.engine.settlement_flight import Flight
from hybrid_dex.engine.triggers import Expiries
from hybrid_dex.interfaces.book import Book
from hybrid_dex.model.events import (
    AccountFrozen,
    AccountUnfrozen,
    Event,
    FillMade,
    FillSettled,
    MarketListed,
    MarketStateChanged,
    OrderCanceled,
    OrderExpired,
)
from hybrid_dex.model.market import Asset, Market, MarketState, fee
from hybrid_dex.model.order import CancelReason, OrderStatus, Side
from hybrid_dex.model.units import (
    AccountId,
    Amount,
    AssetId,
    MarketId,
    Quantity,
    Sequence,
    TimestampNs,
)

__all__ = ["BookFactory", "Desk", "Venue"]

BookFactory: TypeAlias = Callable[[Market], Book]

# Its integers are computed here, and giving each its unit's name again would cost a call each.
_order_canceled: Final[Callable[..., OrderCanceled]] = OrderCanceled

_BUY: Final = Side.BUY


class Venue:
    """One market: its terms, its state and its book."""

    __slots__ = ("base_id", "book", "market", "quote_id", "state", "tick_size", "worst_fee_ppm")

    def __init__(self, market: Market, book: Book, state: MarketState) -> None:
        self.market = market
        self.book = book
        self.state = state
        self.base_id = market.base.id
        self.quote_id = market.quote.id
        self.tick_size = market.tick_size
        self.worst_fee_ppm: int = max(market.maker_fee_ppm, market.taker_fee_ppm)

    def hold(self, side: Side, price: int, quantity: int) -> int:
        """Return what an open quantity must hold: for a buyer the worst-case fee as well.

        A function of the order's terms and open quantity alone: whatever a fill needed less than
        this shrinks by is released with the fill, so no rounding can pile up.
        """
        if side is _BUY:
            notional = price * quantity * self.tick_size
            return notional + fee(notional, self.worst_fee_ppm)
        return quantity * self.market.lot_size

    def hold_asset(self, side: Side) -> AssetId:
        """Return the asset in which this side's hold stands."""
        return self.quote_id if side is _BUY else self.base_id


class Desk:
    """The whole state. `sequence` and `at_ns` are those of the command that is being applied."""

    __slots__ = (
        "assets",
        "at_ns",
        "chain_position",
        "emit",
        "events",
        "expiries",
        "flight",
        "frozen",
        "lanes",
        "ledger",
        "make_book",
        "orders",
        "sequence",
        "venues",
    )

    def __init__(self, make_book: BookFactory) -> None:
        self.make_book = make_book
        self.sequence = Sequence(0)
        self.at_ns = TimestampNs(0)
        self.chain_position = 0
        self.venues: dict[MarketId, Venue] = {}
        self.assets: dict[AssetId, Asset] = {}
        self.ledger = Ledger()
        self.orders = Orders()
        self.lanes = Lanes()
        self.expiries = Expiries(self.orders.live)
        self.flight = Flight()
        self.frozen: dict[AccountId, None] = {}
        self.events: list[Event] = []
        self.emit = self.events.append

    def list_market(self, market: Market, state: MarketState) -> Venue:
        """Open a venue with an empty book."""
        venue = self.venues[market.id] = Venue(market, self.make_book(market), state)
        self.assets[market.base.id] = market.base
        self.assets[market.quote.id] = market.quote
        return venue

    def release(self, venue: Venue, order: LiveOrder, open_left: int) -> None:
        """Lower an order's open quantity to this and release exactly what that frees."""
        side, price = order.side, order.price
        freed = venue.hold(side, price, order.open) - venue.hold(side, price, open_left)
        self.ledger.hold(order.account, venue.hold_asset(side), -freed)
        order.open = open_left

    def leave_book(self, venue: Venue, order: LiveOrder) -> None:
        """An order is off its book: it is no longer live, and its lane is free."""
        self.orders.leave(order)
        if order.authorization is not None:
            self.lanes.free(order.account, venue.market, order.authorization.nonce)

    def end(self, venue: Venue, order: LiveOrder, status: OrderStatus) -> None:
        """An order that is on no book ended: release its hold and remember it."""
        if order.open:
            held = venue.hold(order.side, order.price, order.open)
            self.ledger.hold(order.account, venue.hold_asset(order.side), -held)
            order.open = 0
        order.status = status
        self.orders.remember(order, self.at_ns)

    def end_canceled(self, venue: Venue, order: LiveOrder, reason: CancelReason) -> None:
        """Cancel an order that is on no book."""
        open_then = order.open
        self.end(venue, order, OrderStatus.CANCELED)
        self.emit(
            _order_canceled(
                order.order_id,
                order.account,
                order.market,
                reason,
                open_then,
                order.filled,
                order.client_order_id,
            )
        )

    def cancel(self, order: LiveOrder, reason: CancelReason) -> None:
        """Cancel a live order."""
        venue = self.venues[order.market]
        venue.book.remove(order.order_id)
        self.leave_book(venue, order)
        self.end_canceled(venue, order, reason)

    def expire(self) -> None:
        """End every order whose time has come, by time and then by id."""
        while (order_id := self.expiries.due(self.at_ns)) is not None:
            order = self.orders.live[order_id]
            venue = self.venues[order.market]
            venue.book.remove(order_id)
            self.leave_book(venue, order)
            open_then = order.open
            self.end(venue, order, OrderStatus.EXPIRED)
            self.emit(
                OrderExpired(
                    order_id,
                    order.account,
                    order.market,
                    Quantity(open_then),
                    Quantity(order.filled),
                    order.client_order_id,
                )
            )

    def cover(self, account: AccountId, asset: AssetId) -> None:
        """When available funds are below zero, cancel orders, newest first, then freeze."""
        entry = self.ledger.find(account, asset)
        if entry is None or entry.available >= 0:
            return
        for order in reversed(self.orders.live_of(account)):
            if self.venues[order.market].hold_asset(order.side) == asset:
                self.cancel(order, CancelReason.UNCOVERED)
                if entry.available >= 0:
                    return
        self.frozen[account] = None
        self.emit(AccountFrozen(account, asset, Amount(-entry.available)))

    def thaw(self) -> None:
        """Unfreeze the accounts that this command's events made whole."""
        for event in tuple(self.events):
            match event:
                case FillMade() | FillSettled():
                    self._thaw(event.maker)
                    self._thaw(event.taker)
                case MarketListed() | MarketStateChanged():
                    pass
                case _:
                    self._thaw(event.account)

    def _thaw(self, account: AccountId | None) -> None:
        if account is None:
            return
        if account in self.frozen and not self.ledger.is_short(account):
            del self.frozen[account]
            self.emit(AccountUnfrozen(account))
