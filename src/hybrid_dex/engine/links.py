"""Links: orders of which what becomes of one concerns another.

Two exits cancel each other (OCO), alone or behind an entry (bracket). They hold the funds of one:
the first holds for both, at the higher of their prices, the other follows it and holds nothing. Both
are open for the same quantity at any time, so whichever trades, what it needs is held.

Nothing here happens while an aggressor walks the book. Whoever was filled or ended is noted, and
when the aggressor is done it is seen to what follows. On chain the two share a lane and a counter
and so one filled amount; that one cancels the other, and the rest of this, is the engine's promise.
"""

from typing import Final

import msgspec

from hybrid_dex.engine import matching, terms
from hybrid_dex.engine.ahead import Ahead
from hybrid_dex.engine.conditions import Conditions
from hybrid_dex.engine.desk import Desk, Venue
from hybrid_dex.engine.icebergs import show
from hybrid_dex.engine.orders import LiveOrder, Named
from hybrid_dex.engine.standing import DeskStanding
from hybrid_dex.engine.trading import RESTS, Trading, name_taken, new_order, weigh
from hybrid_dex.interfaces.book import Incoming
from hybrid_dex.interfaces.risk import LedgerView, Refusal, Risk
from hybrid_dex.model.commands import PlaceLinked, PlaceOrder
from hybrid_dex.model.events import (
    Event,
    OrderAccepted,
    OrderActivated,
    OrderReduced,
    OrderRejected,
)
from hybrid_dex.model.market import MarketState
from hybrid_dex.model.order import CancelReason, OrderStatus, Side, TimeInForce
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import OrderId, Quantity, order_id

__all__ = ["Links"]

_AUCTION: Final = MarketState.AUCTION_OPEN
_BUY: Final = Side.BUY


class Links:
    """The command that links orders, and what follows from one to another.

    Args:
        desk: the state.
        risk: is asked about each order.
        view: what the risk may look at.
        trading: judges orders and lets them in.
    """

    __slots__ = ("_desk", "_risk", "_trading", "_view")

    def __init__(self, desk: Desk, risk: Risk, view: LedgerView, trading: Trading) -> None:
        self._desk = desk
        self._risk = risk
        self._view = view
        self._trading = trading

    # ------------------------------------------------------------------- place

    def place(self, command: PlaceLinked) -> tuple[Event, ...] | None:
        """Enter linked orders, all or none. Returns the first answer when it is asked again."""
        desk, orders = self._desk, command.orders
        known = [self._known(order) for order in orders]
        first = next((named for named in known if named is not None), None)
        if first is not None and self._repeats(first, known, orders):
            return first.answer
        begin = len(desk.events)
        culprit, refusal, named = self._judge(command)
        if refusal is None:
            self._enter(desk.venues[command.stop.market], command)
        else:
            self._refuse(orders, culprit, refusal, named=named)
        if named:
            answer = tuple(desk.events[begin:])
            for index, order in enumerate(orders):
                desk.orders.name(Named(order_id(desk.sequence, index), order, answer))
        return None

    def _known(self, order: PlaceOrder) -> Named | None:
        name = order.client_order_id
        return None if name is None else self._desk.orders.named(order.account, name)

    def _repeats(
        self, first: Named, known: list[Named | None], orders: tuple[PlaceOrder, ...]
    ) -> bool:
        """Whether these very orders, no fewer and no others, were linked by one command before."""
        entered = first.entered()
        return len(entered) == len(orders) and all(
            self._is_again(entered[index], order)
            if order.client_order_id is None
            else named is not None
            and (named.order_id, named.answer) == (entered[index].order_id, first.answer)
            and terms.same_content(named.command, order)
            for index, (named, order) in enumerate(zip(known, orders, strict=True))
        )

    def _is_again(self, told: OrderAccepted | OrderRejected, order: PlaceOrder) -> bool:
        """Whether an order without a client order id is the one that was told of, as far as that says."""
        if isinstance(told, OrderRejected):
            return told.client_order_id is None
        now = new_order(self._desk, order, OrderStatus.NEW).accepted()
        return told == msgspec.structs.replace(
            now, order_id=told.order_id, waiting=told.waiting, linked_to=told.linked_to
        )

    def _judge(self, command: PlaceLinked) -> tuple[int, Refusal | None, bool]:
        """Return which order is refused, why, and whether their client order ids are theirs."""
        orders = command.orders
        names = [one.client_order_id for one in orders if one.client_order_id is not None]
        for index, order in enumerate(orders):
            known = self._known(order)
            name = order.client_order_id
            if known is not None:
                return index, name_taken(known), False
            refusal = None if name is None else terms.check_name(name)
            if refusal is None and name is not None and names.count(name) > 1:
                refusal = Refusal(
                    RejectReason.DUPLICATE_CLIENT_ORDER_ID, "client_order_id", "one for each order"
                )
            if refusal is not None:
                return index, refusal, False
        detail = _misfit(command)
        if detail:
            refusal = Refusal(RejectReason.INVALID_LINK, "", detail)
            return 0, refusal, True
        venue = self._desk.venues.get(command.stop.market)
        if venue is None:
            detail = f"no market {command.stop.market}"
            return 0, Refusal(RejectReason.UNKNOWN_MARKET, "market", detail), True
        # All of them will be open at once, which is all that the risk is told of the ones before.
        ahead = Ahead(self._desk, self._view, command.stop.account)
        trading = Trading(
            self._desk,
            self._risk,
            ahead,
            requires_signature=self._trading.requires_signature,
            standing=DeskStanding(self._desk),
        )
        for index, order in enumerate(orders):
            refusal = _refuse_order(trading, venue, command, order)
            if refusal is not None:
                return index, refusal, True
            ahead.open_one()
        return 0, None, True

    def _refuse(
        self, orders: tuple[PlaceOrder, ...], culprit: int, refusal: Refusal, *, named: bool
    ) -> None:
        """Tell each that nothing entered, and one that it is why."""
        desk = self._desk
        detail = f"order {culprit} of those linked was refused: {refusal.reason.name}"
        other = Refusal(RejectReason.INVALID_LINK, "", detail)
        for index, order in enumerate(orders):
            desk.order_index = index
            name = order.client_order_id if named else None
            self._trading.reject(order, refusal if index == culprit else other, name=name)
        desk.order_index = 0

    def _enter(self, venue: Venue, command: PlaceLinked) -> None:
        desk, trading = self._desk, self._trading
        live: list[LiveOrder] = []
        for index, order in enumerate(command.orders):
            desk.order_index = index
            live.append(new_order(desk, order, OrderStatus.NEW))
        desk.order_index = 0
        *entries, leader, follower = live
        _link(leader, follower, entries[0] if entries else None)
        for one in live:
            trading.admit(venue, one)
        whole = True
        entry = command.entry
        if entry is None:
            self._begin(venue, leader)
            self._begin(venue, follower)
        else:
            for one in (leader, follower):
                _conditions(one).waiting = True
                desk.make_live(venue, one)
                desk.waiting[one.order_id] = one
        if leader.authorization is not None:
            nonce = leader.authorization.nonce
            desk.lanes.bind(leader.account, venue.market, nonce, leader.order_id)
        if entry is None:
            return
        if entry.time_in_force is TimeInForce.FOK:
            incoming = Incoming(entry.side, entry.price, entry.quantity)
            whole, _ = weigh(desk, venue, incoming, entry)
        if _conditions(entries[0]).waiting:
            desk.wait(venue, entries[0])
        else:
            trading.work(venue, entries[0], whole=whole)

    def _begin(self, venue: Venue, order: LiveOrder) -> None:
        """An exit without entry waits for its trigger, or rests."""
        if _conditions(order).waiting:
            self._desk.wait(venue, order)
        else:
            show(venue, order)
            self._desk.make_live(venue, order)

    # ----------------------------------------------------------------- follow

    def settle_all(self) -> None:
        """As `settle`, before something else of the command: whose fills are another group."""
        self.settle()
        self._desk.begin_group()

    def settle(self) -> None:
        """See to what follows from everything that was filled or ended since."""
        linked = self._desk.linked
        while linked:
            order = linked.pop(0)
            venue = self._desk.venues[order.market]
            if _conditions(order).exits is not None:
                self._follow_entry(venue, order)
            else:
                self._follow_exit(venue, order)

    def fire(self, venue: Venue, order: LiveOrder) -> None:
        """An exit's trigger was reached: it goes on alone."""
        conditions = _conditions(order)
        self._end_entry(venue, order)
        other = self._desk.orders.live(conditions.other)
        if other is None:
            return
        self._reserve(venue, other if conditions.follows else order, -1)
        conditions.shared_price, conditions.follows = 0, False
        _conditions(other).follows = True
        conditions.other = _conditions(other).other = OrderId(0)
        self._reserve(venue, order, 1)
        self._desk.cancel(other, CancelReason.LINKED)

    def _follow_exit(self, venue: Venue, order: LiveOrder) -> None:
        """An exit was filled, decremented, or ended."""
        desk, conditions = self._desk, _conditions(order)
        other = desk.orders.live(conditions.other)
        if desk.orders.live(order.order_id):
            self._end_entry(venue, order)
            if order.open == 0:
                # All that was alive of it was taken; the rest slept.
                desk.leave_book(venue, order)
                desk.end(venue, order, OrderStatus.FILLED)
            elif other is not None and other.open > order.open:
                self._lower(venue, other, other.open - order.open, linked=True)
            return
        if other is not None:
            desk.cancel(other, CancelReason.LINKED)
        entry = desk.orders.live(conditions.entry)
        if entry is not None:
            desk.cancel(entry, CancelReason.LINKED)

    def _end_entry(self, venue: Venue, order: LiveOrder) -> None:
        """An exit closes what the entry opened: the rest of that goes, and nothing sleeps."""
        entry = self._desk.orders.live(_conditions(order).entry)
        if entry is not None:
            self._desk.cancel(entry, CancelReason.LINKED)
            self._stay_asleep(venue, order)

    def _follow_entry(self, venue: Venue, entry: LiveOrder) -> None:
        """An entry was filled, or ended: its exits wake for what it filled."""
        desk, exits = self._desk, _conditions(entry).exits
        assert exits is not None, "only an entry is followed so"
        leader, follower = (desk.orders.live(each) for each in exits)
        if leader is None or follower is None:
            return
        asleep = _conditions(leader).asleep
        wakes = min(asleep, entry.filled - (leader.quantity - asleep))
        if wakes > 0 and not self._wake(venue, leader, follower, wakes):
            return
        if desk.orders.live(entry.order_id):
            return
        if entry.filled == 0:
            desk.cancel(leader, CancelReason.LINKED)
        else:
            self._stay_asleep(venue, leader)

    def _wake(self, venue: Venue, leader: LiveOrder, follower: LiveOrder, lots: int) -> bool:
        """So many lots more of both exits are alive; return whether they could be held."""
        desk = self._desk
        if leader.side is Side.SELL:
            needed = venue.hold(leader.side, leader.price, lots)
            if desk.ledger.available(leader.account, venue.base_id) < needed:
                desk.cancel(leader, CancelReason.UNCOVERED)
                return False
            desk.ledger.hold(leader.account, venue.base_id, needed)
        for order in (follower, leader):
            conditions = _conditions(order)
            woke, conditions.woken = conditions.woken, True
            conditions.asleep -= lots
            waits = conditions.trigger_price is not None
            desk.emit(
                OrderActivated(
                    order.order_id,
                    order.account,
                    order.market,
                    order.side,
                    order.price,
                    Quantity(order.open - conditions.asleep),
                    waits,
                )
            )
            if not waits:
                self._show(venue, order, lots)
            elif not woke:
                desk.watch(venue, order)
        return True

    def _show(self, venue: Venue, order: LiveOrder, lots: int) -> None:
        """So many lots more of an exit rest, behind who stands there; or it trades at once.

        What was alive of it before may have been taken since, by a later order of one batch. In
        an auction nothing trades yet, so the entry only goes where the two would meet.
        """
        desk, conditions = self._desk, _conditions(order)
        alive = order.open - conditions.asleep
        if alive > lots:
            venue.book.remove(order.order_id)
            show(venue, order)
            return
        incoming = Incoming(order.side, order.price, Quantity(alive))
        crosses = matching.refuse_crossing(venue, incoming) is not None
        if crosses and (venue.state is not _AUCTION or self._meets_entry(order)):
            self._end_entry(venue, order)
            self._stay_asleep(venue, order)
        desk.waiting.pop(order.order_id, None)
        conditions.waiting = False
        if not crosses:
            show(venue, order)
            return
        desk.leave_book(venue, order)
        desk.begin_group()
        self._trading.work(venue, order, whole=True)

    def _meets_entry(self, order: LiveOrder) -> bool:
        """Whether an exit's price crosses that of its own entry, where that is alive."""
        entry = self._desk.orders.live(_conditions(order).entry)
        if entry is None:
            return False
        return order.price >= entry.price if order.side is _BUY else order.price <= entry.price

    def _stay_asleep(self, venue: Venue, order: LiveOrder) -> None:
        """What sleeps of both exits will never wake: they are smaller by that."""
        for one in (order, self._desk.orders.live(_conditions(order).other)):
            if one is not None and _conditions(one).asleep:
                self._lower(venue, one, _conditions(one).asleep, linked=False)

    def _lower(self, venue: Venue, order: LiveOrder, by: int, *, linked: bool) -> None:
        """Less of an exit is open: the other filled so much, or so much will never wake."""
        conditions = _conditions(order)
        self._reserve(venue, order, -1)
        order.open -= by
        if not linked:
            conditions.asleep = 0
            order.quantity -= by
        self._reserve(venue, order, 1)
        self._desk.emit(
            OrderReduced(
                order.order_id,
                order.account,
                order.market,
                Quantity(by),
                Quantity(order.open),
                Quantity(order.filled),
                self_trade=False,
                linked=linked,
                quantity=Quantity(order.quantity),
            )
        )

    def _reserve(self, venue: Venue, order: LiveOrder, sign: int) -> None:
        """Hold what an order holds as it stands, or release it."""
        desk = self._desk
        held = venue.held(order, order.price, order.open)
        if held:
            desk.ledger.hold(order.account, venue.hold_asset(order.side), sign * held)
        session = desk.sessions.of(order.account, order.authorization, order.market)
        if session is not None:
            session.reserve(order.side, sign * venue.staked(order, order.price, order.open))


def _conditions(order: LiveOrder) -> Conditions:
    """Return what a linked order has beyond a plain one."""
    conditions = order.conditions
    assert conditions is not None, "a linked order knows to what"
    return conditions


def _link(leader: LiveOrder, follower: LiveOrder, entry: LiveOrder | None) -> None:
    """Tell the orders of each other."""
    for order in (leader, follower) if entry is None else (leader, follower, entry):
        if order.conditions is None:
            order.conditions = Conditions()
    first, second = _conditions(leader), _conditions(follower)
    first.other, second.other = follower.order_id, leader.order_id
    first.shared_price = max(leader.price, follower.price)
    second.follows = True
    if entry is not None:
        _conditions(entry).exits = (leader.order_id, follower.order_id)
        first.entry = second.entry = entry.order_id
        first.asleep = second.asleep = leader.open
        first.waiting = second.waiting = True


def _refuse_order(
    trading: Trading, venue: Venue, command: PlaceLinked, order: PlaceOrder
) -> Refusal | None:
    """Judge each order alone: the exits need the same funds, so who can hold either can hold both."""
    if order is command.entry:
        refusal = trading.refuse_place(venue, order)
        return refusal or trading.refuse_fills(venue, order)
    refusal = trading.refuse_place(venue, order, sleeps=command.entry is not None)
    if refusal is None and command.entry is None and order.trigger_price is None:
        incoming = Incoming(order.side, order.price, order.quantity)
        if trading.refuse_crossing(venue, incoming) is not None:
            detail = "the take-profit would trade at once; send it alone"
            refusal = Refusal(RejectReason.INVALID_LINK, "price", detail)
    return refusal


def _misfit(command: PlaceLinked) -> str:
    """Return what does not fit together, or an empty text."""
    first, second, entry = command.take_profit, command.stop, command.entry
    exits = (first, second)
    if any(
        (one.account, one.market, one.quantity) != (second.account, second.market, second.quantity)
        for one in command.orders
    ):
        return "orders of one account, market and quantity"
    if first.side is not second.side or (entry is not None and entry.side is second.side):
        return "exits of one side, and an entry of the other"
    if not second.order_type.is_stop or first.order_type.is_stop:
        return "a stop, and a take-profit that is a limit order or waits"
    if first.trigger_price is None and first.time_in_force not in RESTS:
        return "a take-profit that rests"
    if any(one.post_only or one.display_quantity or one.quote_budget for one in exits):
        return "exits that are not post-only, not icebergs, and without budget"
    return _mislaid(command)


def _mislaid(command: PlaceLinked) -> str:
    """Return what is wrong with signed orders, or an empty text."""
    first, second = command.take_profit.authorization, command.stop.authorization
    entry = None if command.entry is None else command.entry.authorization
    if first is None or second is None:
        unsigned = first is None and second is None and entry is None
        return "" if unsigned else "orders that are all signed, or none"
    if command.entry is not None and entry is None:
        return "orders that are all signed, or none"
    if (first.signer, first.kind) != (second.signer, second.kind):
        return "exits signed by one key"
    if TimeInForce.FOK in {command.take_profit.time_in_force, command.stop.time_in_force}:
        return "signed exits that are not FOK: what one fills would be missing in the other"
    if (first.nonce & 0xFFFF, first.nonce >> 24) != (second.nonce & 0xFFFF, second.nonce >> 24):
        return "exits in one lane, under one counter"
    if first.nonce >= second.nonce:
        return "a stop of a higher revision than the take-profit"
    if entry is not None and entry.nonce & 0xFFFF == first.nonce & 0xFFFF:
        return "an entry in a lane of its own"
    return ""
