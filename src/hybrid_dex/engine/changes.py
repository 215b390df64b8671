"""Changes: orders are replaced, reduced and canceled.

As in `trading`, a command is judged whole by looks alone before anything changes. What is gone says
why: filled, canceled, expired, or never known.
"""

from typing import Final

from hybrid_dex.engine import terms
from hybrid_dex.engine.conditions import Conditions
from hybrid_dex.engine.desk import Desk, Venue
from hybrid_dex.engine.icebergs import lower
from hybrid_dex.engine.market_states import SERVED, refuse_entry
from hybrid_dex.engine.orders import LiveOrder
from hybrid_dex.engine.trading import RESTS, Trading, frozen_account, weigh
from hybrid_dex.interfaces.book import Incoming
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.commands import CancelAll, CancelOrder, ReduceOrder, ReplaceOrder
from hybrid_dex.model.events import CancelRejected, CommandRejected, OrderReduced, OrderReplaced
from hybrid_dex.model.market import MarketState
from hybrid_dex.model.order import CancelReason, OrderStatus, OrderType, TimeInForce
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import AccountId, ClientOrderId, OrderId, Price, Quantity

__all__ = ["Changes", "refuse_reduce"]

_OPEN: Final = MarketState.OPEN
_LINKED: Final = "cancel it, which cancels all that are linked, and place them anew"
_SIGNED_FOK: Final = "all of it: a signed FOK settles with its signed total alone; cancel it"
_GONE: Final = {
    OrderStatus.FILLED: (RejectReason.ALREADY_FILLED, "it was filled"),
    OrderStatus.CANCELED: (RejectReason.ALREADY_CANCELED, "it was canceled"),
    OrderStatus.EXPIRED: (RejectReason.ALREADY_EXPIRED, "it expired"),
    OrderStatus.REJECTED: (RejectReason.ALREADY_REJECTED, "it was refused when it was placed"),
}


class Changes:
    """The commands about orders that are in.

    Args:
        desk: the state.
        trading: judges new terms and lets them meet the book.
    """

    __slots__ = ("_desk", "_trading")

    def __init__(self, desk: Desk, trading: Trading) -> None:
        self._desk = desk
        self._trading = trading

    # ----------------------------------------------------------------- replace

    def replace(self, command: ReplaceOrder) -> None:
        """Swap an order's terms, or leave it exactly as it is."""
        desk = self._desk
        order = self._own(command.account, command.order_id)
        if order is None:
            return
        venue = desk.venues[order.market]
        refusal, whole = self.weigh_replacement(venue, order, command)
        if refusal is None:
            self._swap(venue, order, command, whole=whole)
        else:
            self.refuse(command.account, order.order_id, None, order, refusal)

    def weigh_replacement(
        self, venue: Venue, order: LiveOrder, command: ReplaceOrder
    ) -> tuple[Refusal | None, bool]:
        """Return why the new terms are refused, and whether they trade whole, which a FOK must."""
        refusal = self._refuse_replace(venue, order, command)
        new_open, whole = _new_open(order, command), True
        if refusal is not None or new_open <= 0:
            return refusal, whole
        refusal = self._refuse_stake(venue, order, command, new_open)
        meets = not _keeps_priority(order, command) or self._turns_passive(venue, order, command)
        if refusal is None and meets:
            incoming = Incoming(order.side, command.price, Quantity(new_open))
            if command.post_only:
                refusal = self._trading.refuse_crossing(venue, incoming)
            elif command.time_in_force is TimeInForce.FOK:
                whole, refusal = weigh(self._desk, venue, incoming, command)
        return refusal, whole

    def _turns_passive(self, venue: Venue, order: LiveOrder, command: ReplaceOrder) -> bool:
        """Whether an order becomes post-only where it may cross already: as it rests in an auction."""
        return (
            command.post_only
            and not order.post_only
            and venue.state is MarketState.AUCTION_OPEN
            and order.order_id not in self._desk.waiting
        )

    def swap(self, order: LiveOrder, command: ReplaceOrder) -> None:
        """Swap an order's terms for some that were judged already, as part of a batch."""
        venue, whole = self._desk.venues[order.market], True
        if command.time_in_force is TimeInForce.FOK:
            new_open = Quantity(max(0, _new_open(order, command)))
            incoming = Incoming(order.side, command.price, new_open)
            whole, _ = weigh(self._desk, venue, incoming, command)
        self._swap(venue, order, command, whole=whole)

    def _swap(self, venue: Venue, order: LiveOrder, command: ReplaceOrder, *, whole: bool) -> None:
        new_open = _new_open(order, command)
        if new_open <= 0:
            self._use_revision(venue, order, command)
            self._desk.cancel(order, CancelReason.REQUESTED)
            return
        keeps = _keeps_priority(order, command)
        self._take_terms(venue, order, command, new_open, keeps=keeps)
        if not keeps:
            self._trading.work(venue, order, whole=whole)

    def _refuse_replace(
        self, venue: Venue, order: LiveOrder, command: ReplaceOrder
    ) -> Refusal | None:
        """Judge the new terms and their signature."""
        desk, signed, before = self._desk, command.authorization, order.authorization
        if _is_linked(order):
            return Refusal(RejectReason.LINKED_ORDER, "order_id", _LINKED)
        if venue.state is not _OPEN:
            served = SERVED[venue.state].replace
            waits = order.order_id in desk.waiting
            refusal = refuse_entry(venue.market.id, venue.state, served, command, waits=waits)
            if refusal is not None:
                return refusal
        if command.expected_filled is not None and command.expected_filled != order.filled:
            detail = f"{venue.market.format_quantity(order.filled)} {venue.base_id} are filled"
            return Refusal(RejectReason.FILLED_MEANWHILE, "expected_filled", detail)
        refusal = terms.check_terms(
            venue,
            command,
            order.order_type if order.order_id in desk.waiting else OrderType.LIMIT,
            desk.at_ns,
            ends=_new_open(order, command) <= 0,
        )
        refusal = refusal or _refuse_conditions(self._desk, venue, order, command)
        if refusal is not None:
            return refusal
        if signed is None:
            if before is None and not self._trading.requires_signature:
                return frozen_account() if order.account in desk.frozen else None
            return Refusal(RejectReason.SIGNATURE_REQUIRED, "signature", "sign the new terms")
        refusal = self._trading.refuse_signature(venue, order.account, command, signed)
        if refusal is not None:
            return refusal
        reason: RejectReason | None = RejectReason.REPLACEMENT_TERMS
        if before is not None:
            reason = desk.lanes.check_replacement(
                order.account, venue.market, before.nonce, signed.nonce
            )
        if reason is not None:
            return Refusal(reason, "nonce", "the order's lane and counter, and a higher revision")
        # On chain a FOK is its whole signed total in one group: what it filled before would kill it.
        if command.time_in_force is TimeInForce.FOK and order.open != order.quantity:
            used = RejectReason.REPLACEMENT_TERMS
            return Refusal(used, "time_in_force", "IOC: the order has traded, and FOK is the total")
        return frozen_account() if order.account in desk.frozen else None

    def _refuse_stake(
        self, venue: Venue, order: LiveOrder, command: ReplaceOrder, new_open: int
    ) -> Refusal | None:
        """Judge what more the new terms put at stake: risk rules and funds."""
        refusal = self._trading.refuse_risk(command)
        if refusal is not None:
            return refusal
        side, account, signed = order.side, order.account, command.authorization
        needed = venue.held(order, command.price, new_open)
        needed -= venue.held(order, order.price, order.open)
        if needed > 0:
            refusal = self._trading.refuse_funds(venue, account, side, needed)
        if refusal is not None or signed is None:
            return refusal
        sessions = self._desk.sessions
        stake = venue.staked(order, command.price, new_open)
        if sessions.of(account, signed, order.market) is sessions.of(
            account, order.authorization, order.market
        ):
            stake -= venue.staked(order, order.price, order.open)
        return self._trading.refuse_budget(venue, account, signed, side, stake)

    def _use_revision(self, venue: Venue, order: LiveOrder, command: ReplaceOrder) -> None:
        if command.authorization is not None:
            self._desk.lanes.use(order.account, venue.market, command.authorization.nonce)

    def _take_terms(
        self,
        venue: Venue,
        order: LiveOrder,
        command: ReplaceOrder,
        new_open: int,
        *,
        keeps: bool,
    ) -> None:
        """Put the new terms in place of the old ones, on the book or off it."""
        desk, side = self._desk, order.side
        conditions = order.conditions
        if command.display_quantity is not None:
            if conditions is None:
                conditions = order.conditions = Conditions()
            conditions.display_quantity = command.display_quantity
        waits = conditions is not None and conditions.waiting
        if not keeps:
            desk.take_off(venue, order)
        elif conditions is not None and command.trigger_price is not None:
            _move_trigger(desk, venue, order, command.trigger_price)
        elif not waits:
            _show_less(venue, order, command, new_open)
        self._use_revision(venue, order, command)
        more = venue.held(order, command.price, new_open)
        more -= venue.held(order, order.price, order.open)
        desk.ledger.hold(order.account, venue.hold_asset(side), more)
        before = desk.sessions.of(order.account, order.authorization, order.market)
        if before is not None:
            before.reserve(side, -venue.staked(order, order.price, order.open))
        after = desk.sessions.of(order.account, command.authorization, order.market)
        if after is not None:
            after.reserve(side, venue.staked(order, command.price, new_open))
        order.price = command.price
        order.quantity = order.signed_quantity = command.quantity
        order.open = new_open
        order.time_in_force = command.time_in_force
        order.post_only = command.post_only
        order.self_trade = command.self_trade
        order.expires_at_ns = command.expires_at_ns
        order.due_ns = terms.due_ns(command)
        order.authorization = command.authorization
        order.cached_terms = None
        desk.emit(
            OrderReplaced(
                order.order_id,
                order.account,
                order.market,
                side,
                order.price,
                command.quantity,
                Quantity(new_open),
                Quantity(order.filled),
                order.time_in_force,
                order.post_only,
                order.expires_at_ns,
                keeps,
                order.authorization,
                None if conditions is None else conditions.trigger_price,
                waits,
                order.self_trade,
                None if conditions is None else conditions.display_quantity,
            )
        )
        if keeps:
            desk.expiries.watch(order)

    # ------------------------------------------------------- cancel and reduce

    def cancel(self, command: CancelOrder) -> None:
        """Cancel one order; what is gone says so and why."""
        order = self._own(command.account, command.order_id, command.client_order_id)
        if order is not None:
            self._desk.cancel(order, CancelReason.REQUESTED)

    def cancel_all(self, command: CancelAll) -> None:
        """Cancel an account's orders, oldest first."""
        desk, market, side = self._desk, command.market, command.side
        if market is not None and market not in desk.venues:
            reason, detail = RejectReason.UNKNOWN_MARKET, f"no market {market}"
            desk.emit(CommandRejected(command.account, reason, "market", detail))
            return
        desk.cancel_all(command.account, market, side, CancelReason.REQUESTED)

    def reduce(self, command: ReduceOrder) -> None:
        """Lower an order's open quantity in place; all of it cancels the order."""
        desk, by = self._desk, command.by
        order = self._own(command.account, command.order_id)
        if order is None:
            return
        refusal = refuse_reduce(desk.venues[order.market], order, by)
        if refusal is not None:
            self.refuse(command.account, order.order_id, None, order, refusal)
            return
        if by == order.open:
            desk.cancel(order, CancelReason.REQUESTED)
            return
        venue = desk.venues[order.market]
        if order.order_id not in desk.waiting:
            lower(venue, order, by)
        desk.release(venue, order, order.open - by)
        order.quantity -= by
        desk.emit(
            OrderReduced(
                order.order_id,
                order.account,
                order.market,
                by,
                Quantity(order.open),
                Quantity(order.filled),
                self_trade=False,
                quantity=Quantity(order.quantity),
            )
        )

    def _own(
        self, account: AccountId, wanted: OrderId | None, name: ClientOrderId | None = None
    ) -> LiveOrder | None:
        """Return the account's live order, or tell why there is none."""
        order, refusal = self.look(account, wanted, name)
        if refusal is None:
            return order
        self.refuse(account, wanted, name, order, refusal)
        return None

    def look(
        self, account: AccountId, wanted: OrderId | None, name: ClientOrderId | None = None
    ) -> tuple[LiveOrder | None, Refusal | None]:
        """Return the account's order as far as it is known, and why it can not be changed."""
        field = "order_id"
        if wanted is None:
            if name is None:
                return None, Refusal(RejectReason.ORDER_REQUIRED, field, "an id of either kind")
            named, field = self._desk.orders.named(account, name), "client_order_id"
            wanted = None if named is None else named.order_id
        order = None if wanted is None else self._desk.orders.find(wanted)
        if order is None or order.account != account:
            return None, Refusal(RejectReason.UNKNOWN_ORDER, field, "no such order")
        gone = _GONE.get(order.status)
        return order, None if gone is None else Refusal(gone[0], "order_id", gone[1])

    def refuse(
        self,
        account: AccountId,
        wanted: OrderId | None,
        name: ClientOrderId | None,
        order: LiveOrder | None,
        refusal: Refusal,
    ) -> None:
        """Tell that a change was refused; an order that is live stands."""
        status: OrderStatus | None = None
        filled = Quantity(0)
        if order is not None:
            wanted, name = order.order_id, order.client_order_id
            status, filled = order.current_status(), Quantity(order.filled)
        elif wanted is not None:
            name = None
        reason, field, detail = refusal.reason, refusal.field, refusal.detail
        self._desk.emit(
            CancelRejected(account, wanted, name, reason, field, detail, status, filled)
        )


def refuse_reduce(venue: Venue, order: LiveOrder, by: int) -> Refusal | None:
    """Return why an order can not be reduced by so many lots."""
    if _is_linked(order):
        return Refusal(RejectReason.LINKED_ORDER, "order_id", _LINKED)
    if type(by) is int and 1 <= by <= order.open:
        if by < order.open and order.authorization and order.time_in_force is TimeInForce.FOK:
            return Refusal(RejectReason.INVALID_REDUCE, "by", _SIGNED_FOK)
        return None
    show = venue.market.format_quantity
    detail = f"{show(1)} to {show(order.open)} {venue.base_id}"
    return Refusal(RejectReason.INVALID_REDUCE, "by", detail)


def _is_linked(order: LiveOrder) -> bool:
    return order.conditions is not None and order.conditions.is_linked


def _new_open(order: LiveOrder, command: ReplaceOrder) -> int:
    """Return what stays open of a new total: less what is filled or was decremented."""
    return command.quantity - (order.quantity - order.open)


def _keeps_priority(order: LiveOrder, command: ReplaceOrder) -> bool:
    """Same price, not larger, no more displayed, and it rests; whatever waits goes on waiting."""
    display = None
    if order.conditions is not None:
        if order.conditions.waiting:
            return True
        display = order.conditions.display_quantity
    if display is not None and (command.display_quantity or display) > display:
        return False
    return (
        command.price == order.price
        and command.quantity <= order.quantity
        and command.time_in_force in RESTS
    )


def _refuse_conditions(
    desk: Desk, venue: Venue, order: LiveOrder, command: ReplaceOrder
) -> Refusal | None:
    """A trigger can be moved until it is reached; what is kept must fit the new terms."""
    if command.trigger_price is not None:
        desk.reach()  # by a fill of an earlier member of a batch
        if order.order_id in venue.stops.fired:
            return Refusal(RejectReason.TRIGGER_REACHED, "trigger_price", "it was reached already")
        reached = terms.check_reached(venue, order.order_type, order.side, command.trigger_price)
        if reached is not None:
            return reached
    conditions = order.conditions
    if conditions is None:
        return None
    if conditions.quote_budget is not None and command.time_in_force is not TimeInForce.IOC:
        detail = "IOC: the order has a budget, and what rests can not say when it is spent"
        return Refusal(RejectReason.INVALID_BUDGET, "time_in_force", detail)
    display = conditions.display_quantity
    if display is None or command.display_quantity is not None or _new_open(order, command) <= 0:
        return None
    return terms.check_slices(venue, command.price, command.quantity, display)


def _move_trigger(desk: Desk, venue: Venue, order: LiveOrder, trigger_price: Price) -> None:
    """An order waits for another price; in an all-or-none batch it may have been reached meanwhile."""
    conditions = order.conditions
    assert conditions is not None, "only what waits has a trigger"
    desk.reach()
    if order.order_id in venue.stops.fired:
        return
    venue.stops.drop(order)
    conditions.trigger_price = trigger_price
    desk.watch(venue, order)


def _show_less(venue: Venue, order: LiveOrder, command: ReplaceOrder, new_open: int) -> None:
    """An order keeps its place under new terms: the book shows of it what it may, never more."""
    shown = min(order.shown(), new_open, command.display_quantity or new_open)
    by = order.shown() - shown
    if by:
        venue.book.reduce(order.order_id, Quantity(by))
    if order.conditions is not None:
        order.conditions.reserve = new_open - shown
