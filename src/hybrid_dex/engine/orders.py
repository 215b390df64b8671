"""Orders: the live ones, and the memory of those that ended.

Live orders are exactly those that rest on a book or wait for a trigger. One that ends stays known while it is among
the last 10,000 of its account and less than 15 minutes old, so that a late cancel learns what
became of it and a repeated client order id gets its first answer again.
"""

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import chain
from operator import attrgetter
from typing import Final

import msgspec

from hybrid_dex.engine.conditions import Conditions
from hybrid_dex.engine.queue import Queue
from hybrid_dex.errors import InvariantError
from hybrid_dex.model.commands import PlaceOrder
from hybrid_dex.model.events import Event, OrderAccepted, OrderRejected
from hybrid_dex.model.order import OrderStatus, OrderType, SelfTradeMode, Side, TimeInForce
from hybrid_dex.model.settlement import OrderTerms
from hybrid_dex.model.signed_order import Authorization
from hybrid_dex.model.table import Table
from hybrid_dex.model.units import (
    MAX_TIMESTAMP_NS,
    AccountId,
    ClientOrderId,
    MarketId,
    OrderId,
    Price,
    Quantity,
    TimestampNs,
)
from hybrid_dex.model.views import OrderView

__all__ = ["ENDED_KEPT", "ENDED_KEPT_NS", "Ended", "LiveOrder", "Named", "Orders"]

ENDED_KEPT: Final = 10_000
"""How many ended orders of an account are remembered."""
ENDED_KEPT_NS: Final = 15 * 60 * 1_000_000_000
"""For how long."""
_NEW: Final = OrderStatus.NEW
_NEVER_NS: Final = MAX_TIMESTAMP_NS + 1
# Its integers are those of the order, and giving each its unit's name again would cost a call each.
_order_accepted: Final[Callable[..., OrderAccepted]] = OrderAccepted
_order_view: Final[Callable[..., OrderView]] = OrderView


class LiveOrder(msgspec.Struct, gc=False, array_like=True):
    """An order and what became of it so far.

    Attributes:
        quantity: the total in lots, lowered by reductions on request.
        signed_quantity: the total as placed or replaced, which settlement needs.
        open: LeavesQty; ``quantity - open`` counts as used: filled or decremented.
        status: while live, only `NEW` is stored; see `current_status`.
        due_ns: when it expires, by GTD or signature, whichever is first.
        conditions: what it has beyond a plain order.
    """

    order_id: OrderId
    account: AccountId
    market: MarketId
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    post_only: bool
    self_trade: SelfTradeMode
    price: Price
    quantity: int
    signed_quantity: int
    open: int
    filled: int
    status: OrderStatus
    accepted_at_ns: TimestampNs
    expires_at_ns: TimestampNs | None
    due_ns: int | None
    client_order_id: ClientOrderId | None
    authorization: Authorization | None
    cached_terms: OrderTerms | None = None
    conditions: Conditions | None = None

    def alive(self) -> int:
        """Return how many lots could trade: an exit of a bracket sleeps until its entry filled."""
        return self.open if self.conditions is None else self.open - self.conditions.asleep

    def shown(self) -> int:
        """Return how many lots the book shows while it rests."""
        extra = self.conditions
        return self.open if extra is None else self.open - extra.reserve - extra.asleep

    def settles_whole(self) -> bool:
        """Whether a fill of all that is open is all that was signed: no other settles of a FOK."""
        return self.authorization is None or self.open == self.signed_quantity

    def slices_left(self) -> int:
        """Return how many slices it will still show once the displayed one is taken."""
        extra = self.conditions
        if extra is None or not extra.reserve:
            return 0
        return -(-extra.reserve // extra.slice(extra.reserve))

    def current_status(self) -> OrderStatus:
        """Return OrdStatus (FIX 39)."""
        if self.status is OrderStatus.NEW and self.filled:
            return OrderStatus.PARTIALLY_FILLED
        return self.status

    def terms(self) -> OrderTerms:
        """Return what settlement needs, as it stands now."""
        terms = self.cached_terms
        if terms is None:
            terms = self.cached_terms = OrderTerms(
                self.order_id,
                self.account,
                self.side,
                self.price,
                Quantity(self.signed_quantity),
                self.post_only,
                self.time_in_force,
                self.authorization,
            )
        return terms

    def accepted(self) -> OrderAccepted:
        """Return the event that tells of the order with its terms as they stand."""
        extra = self.conditions
        plain = _order_accepted(
            self.order_id,
            self.account,
            self.market,
            self.side,
            self.order_type,
            self.time_in_force,
            self.price,
            self.quantity,
            self.post_only,
            self.self_trade,
            self.expires_at_ns,
            self.client_order_id,
            self.authorization,
        )
        if extra is None:
            return plain
        return msgspec.structs.replace(
            plain,
            trigger_price=extra.trigger_price,
            waiting=extra.waiting,
            display_quantity=extra.display_quantity,
            quote_budget=extra.quote_budget,
            linked_to=extra.other or None,
        )

    def view(self) -> OrderView:
        """Return the order as its trader sees it."""
        signed, extra = self.authorization, self.conditions
        plain = _order_view(
            self.order_id,
            self.account,
            self.market,
            self.side,
            self.order_type,
            self.time_in_force,
            self.post_only,
            self.self_trade,
            self.price,
            self.quantity,
            self.open,
            self.filled,
            self.current_status() if self.filled else self.status,
            self.accepted_at_ns,
            self.expires_at_ns,
            self.client_order_id,
            b"" if signed is None else signed.order_hash,
            None if signed is None else signed.nonce,
        )
        if extra is None:
            return plain
        return msgspec.structs.replace(
            plain,
            trigger_price=extra.trigger_price,
            waiting=extra.waiting,
            display_quantity=extra.display_quantity,
            quote_budget=extra.quote_budget,
            linked_to=extra.other or None,
            asleep=Quantity(min(extra.asleep, self.open)),  # nothing of one that ended
        )


class Named(msgspec.Struct, gc=False, array_like=True):
    """A client order id's order, how it was asked for, and the answer.

    Attributes:
        order_id: the order.
        command: what was asked.
        answer: the events of that command.
    """

    order_id: OrderId
    command: PlaceOrder
    answer: tuple[Event, ...]

    def entered(self) -> list[OrderAccepted | OrderRejected]:
        """Return what the answer says of each order that was asked for with it, itself among them."""
        return [one for one in self.answer if isinstance(one, OrderAccepted | OrderRejected)]


class Ended(msgspec.Struct, gc=False, array_like=True):
    """An order that ended, and when."""

    at_ns: TimestampNs
    order: LiveOrder


class Orders:
    """All known orders by id, live ones by account, ended ones by account, and client order ids."""

    __slots__ = (
        "_aging",
        "_ended_of",
        "_live_of",
        "_names",
        "_newest",
        "known",
        "live_total",
        "next_aged_ns",
    )

    def __init__(self) -> None:
        # The live ones and those that ended and are remembered.
        self.known: Table[LiveOrder] = Table()
        # The greatest id that was known, so that a greater one is new.
        self._newest = -1
        self.live_total = 0
        self._live_of: dict[AccountId, dict[OrderId, LiveOrder]] = {}
        self._ended_of: dict[AccountId, Queue[Ended]] = {}
        # One row an account that has ended orders: not later than when its oldest ended.
        self._aging: list[tuple[int, AccountId]] = []
        self._names: dict[AccountId, dict[ClientOrderId, Named]] = {}
        # When the first of `_aging` is too old: the engine compares it once a command.
        self.next_aged_ns = _NEVER_NS

    # ------------------------------------------------------------------- looks

    def find(self, order_id: OrderId) -> LiveOrder | None:
        """Return a live or remembered order."""
        return self.known.find(order_id)

    def live(self, order_id: OrderId) -> LiveOrder | None:
        """Return a live order."""
        order = self.find(order_id)
        if order is None or order_id not in self._live_of.get(order.account, ()):
            return None
        return order

    def resting(self, order_id: OrderId) -> LiveOrder:
        """Return an order that a book offers, and which must be live."""
        order = self.known.find(order_id)
        if order is None or order.status is not _NEW:
            raise InvariantError(f"the book offers order {order_id}, which is not live")
        return order

    def all_live(self) -> list[LiveOrder]:
        """Return all live orders, oldest first. O(n log n)."""
        rows = (order for orders in self._live_of.values() for order in orders.values())
        return sorted(rows, key=attrgetter("order_id"))

    def named(self, account: AccountId, name: ClientOrderId) -> Named | None:
        """Return what a client order id stands for."""
        names = self._names.get(account)
        return None if names is None else names.get(name)

    def signed_as(self, account: AccountId, order_hash: bytes) -> LiveOrder | None:
        """Return a live order by its signed hash, or else the newest one that ended so."""
        live = self._live_of.get(account, {}).values()
        ended = (row.order for row in reversed(self._ended_of.get(account, ())))
        return next(
            (
                order
                for order in chain(live, ended)
                if order.authorization is not None and order.authorization.order_hash == order_hash
            ),
            None,
        )

    def live_count(self, account: AccountId) -> int:
        """Return how many orders of the account rest or wait. O(1)."""
        orders = self._live_of.get(account)
        return 0 if orders is None else len(orders)

    def live_of(self, account: AccountId) -> list[LiveOrder]:
        """Return an account's live orders, oldest first; a replaced one is as old as its id."""
        orders = self._live_of.get(account)
        return [] if orders is None else [order for _, order in sorted(orders.items())]

    def ended(self) -> list[Ended]:
        """Return the remembered orders, by account and then in the order in which they ended."""
        return [row for _, rows in sorted(self._ended_of.items()) for row in rows]

    def names(self) -> list[Named]:
        """Return everything that has a client order id, by order."""
        rows = (named for names in self._names.values() for named in names.values())
        return sorted(rows, key=lambda named: named.order_id)

    # ----------------------------------------------------------------- changes

    def rest(self, order: LiveOrder) -> None:
        """An order is now on its book, or waits to be."""
        order_id, known = order.order_id, self.known
        if self._newest < order_id < known.next_turn:
            self._newest = order_id
            known.young[order_id] = order
        else:
            self._know(order)
        self.live_total += 1
        orders = self._live_of.get(order.account)
        if orders is None:
            orders = self._live_of[order.account] = {}
        orders[order_id] = order

    def leave(self, order: LiveOrder) -> None:
        """An order is no longer on its book, and waits no longer."""
        order_id, account = order.order_id, order.account
        self.live_total -= 1
        orders = self._live_of[account]
        del orders[order_id]
        if not orders:
            del self._live_of[account]

    def name(self, named: Named) -> None:
        """Remember a client order id with its first answer."""
        name = named.command.client_order_id
        if name is not None:
            self._names.setdefault(named.command.account, {})[name] = named

    def remember(self, order: LiveOrder, at_ns: TimestampNs) -> None:
        """Keep an ended order; the account's oldest goes when there are too many."""
        order_id, known = order.order_id, self.known
        if self._newest < order_id < known.next_turn:
            self._newest = order_id
            known.young[order_id] = order
        elif order_id not in known.young:
            self._know(order)
        rows = self._ended_of.get(order.account)
        if rows is None:
            rows = self._ended_of[order.account] = Queue()
            heappush(self._aging, (at_ns, order.account))
            self.next_aged_ns = self._aging[0][0] + ENDED_KEPT_NS
        rows.append(Ended(at_ns, order))
        if len(rows) > ENDED_KEPT:
            self._forget(rows.popleft().order)

    def age(self, at_ns: int) -> None:
        """Forget what ended too long before this time: nothing before `next_aged_ns`."""
        aging, oldest = self._aging, at_ns - ENDED_KEPT_NS
        while aging and aging[0][0] <= oldest:
            account = heappop(aging)[1]
            rows = self._ended_of[account]
            while rows and rows.first.at_ns <= oldest:
                self._forget(rows.popleft().order)
            if rows:
                heappush(aging, (rows.first.at_ns, account))
            else:
                del self._ended_of[account]
        self.next_aged_ns = aging[0][0] + ENDED_KEPT_NS if aging else _NEVER_NS

    def _know(self, order: LiveOrder) -> None:
        """Put an order among those that are known, if it is not."""
        order_id = order.order_id
        if order_id in self.known:
            return
        self.known[order_id] = order
        self._newest = max(self._newest, order_id)

    def _forget(self, order: LiveOrder) -> None:
        """Drop an ended order, and the client order id that stands for it."""
        self.known.pop(order.order_id)
        name = order.client_order_id
        names = self._names.get(order.account)
        if name is None or names is None:
            return
        named = names.get(name)
        if named is not None and named.order_id == order.order_id:
            del names[name]
            if not names:
                del self._names[order.account]
