"""Trading: orders enter, are replaced, reduced and canceled.

Each command is first judged whole, by looks alone; only when nothing refuses it does anything
change. The order of judgement is: who and where, the terms, the signature, the account, the
operator's risk rules, the funds, and last the book.
"""

from typing import Final

from hybrid_dex.engine import matching, terms
from hybrid_dex.engine.desk import Desk, Venue
from hybrid_dex.engine.orders import LiveOrder, Named
from hybrid_dex.interfaces.book import Incoming, Resting
from hybrid_dex.interfaces.risk import LedgerView, Refusal, Risk
from hybrid_dex.model.commands import (
    CancelAll,
    CancelOrder,
    PlaceOrder,
    ReduceOrder,
    ReplaceOrder,
)
from hybrid_dex.model.events import (
    CancelRejected,
    CommandRejected,
    Event,
    OrderReduced,
    OrderRejected,
    OrderReplaced,
)
from hybrid_dex.model.market import MarketState
from hybrid_dex.model.order import CancelReason, OrderStatus, OrderType, Side, TimeInForce
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.signed_order import Authorization
from hybrid_dex.model.units import AccountId, ClientOrderId, OrderId, Quantity, order_id

__all__ = ["Trading"]

_RESTS: Final = (TimeInForce.GTC, TimeInForce.GTD)

_GONE: Final = {
    OrderStatus.FILLED: (RejectReason.ALREADY_FILLED, "it was filled"),
    OrderStatus.CANCELED: (RejectReason.ALREADY_CANCELED, "it was canceled"),
    OrderStatus.EXPIRED: (RejectReason.ALREADY_EXPIRED, "it expired"),
    OrderStatus.REJECTED: (RejectReason.ALREADY_REJECTED, "it was refused when it was placed"),
}


class Trading:
    """The commands about orders.

    Args:
        desk: the state.
        risk: is asked about every order and replacement that passed all checks of terms.
        view: what the risk may look at.
        requires_signature: whether an order without authorization is refused.
    """

    __slots__ = ("_desk", "_requires_signature", "_risk", "_view")

    def __init__(
        self, desk: Desk, risk: Risk, view: LedgerView, *, requires_signature: bool
    ) -> None:
        self._desk = desk
        self._risk = risk
        self._view = view
        self._requires_signature = requires_signature

    # ------------------------------------------------------------------- place

    def place(self, command: PlaceOrder) -> tuple[Event, ...] | None:
        """Enter an order. Returns the first answer when its client order id repeats one."""
        desk, name = self._desk, command.client_order_id
        named_before = len(desk.events)
        if name is not None:
            refusal = terms.check_name(name)
            if refusal is None:
                known = desk.orders.named(command.account, name)
                if known is not None:
                    if terms.same_content(known.command, command):
                        return known.answer
                    detail = f"order {known.order_id} of other content has this id"
                    reason = RejectReason.DUPLICATE_CLIENT_ORDER_ID
                    refusal = Refusal(reason, "client_order_id", detail)
            if refusal is not None:
                self._reject(command, refusal, name=None)
                return None
        self._judge(command)
        if name is not None:
            answer = tuple(desk.events[named_before:])
            desk.orders.name(Named(order_id(desk.sequence), command, answer))
        return None

    def _judge(self, command: PlaceOrder) -> None:
        """Refuse the order, or let it in."""
        venue = self._desk.venues.get(command.market)
        if venue is None:
            detail = f"no market {command.market}"
            unknown = Refusal(RejectReason.UNKNOWN_MARKET, "market", detail)
            self._reject(command, unknown, name=command.client_order_id)
            return
        refusal = self._refuse_place(venue, command)
        whole = True
        if refusal is None and command.time_in_force is TimeInForce.FOK:
            incoming = Incoming(command.side, command.price, command.quantity)
            whole, refusal = _weigh(venue, incoming, command)
        if refusal is None:
            self._accept(venue, command, whole=whole)
        else:
            self._reject(command, refusal, name=command.client_order_id)

    def _refuse_place(self, venue: Venue, command: PlaceOrder) -> Refusal | None:
        desk = self._desk
        if venue.state is not MarketState.OPEN:
            return _halted(venue)
        refusal = terms.check_terms(venue, command, command.order_type, desk.at_ns)
        if refusal is not None:
            return refusal
        account, signed = command.account, command.authorization
        if signed is not None:
            refusal = self._refuse_signature(venue, account, command, signed)
            reason = desk.lanes.check_new(account, venue.market, signed.nonce)
            if refusal is None and reason is not None:
                refusal = Refusal(reason, "nonce", "a free lane, and a counter never used in it")
        elif self._requires_signature:
            refusal = Refusal(RejectReason.SIGNATURE_REQUIRED, "signature", "sign the order")
        if refusal is None and account in desk.frozen:
            refusal = _frozen()
        if refusal is None:
            refusal = self._risk.check(command, self._view)
        if refusal is None:
            hold = venue.hold(command.side, command.price, command.quantity)
            refusal = self._refuse_funds(venue, account, command.side, hold)
        if refusal is None and signed is not None:
            stake = venue.stake(command.side, command.price, command.quantity)
            refusal = self._refuse_budget(venue, account, signed, command.side, stake)
        if refusal is None and command.post_only:
            refusal = matching.refuse_crossing(
                venue, Incoming(command.side, command.price, command.quantity)
            )
        return refusal

    def _accept(self, venue: Venue, command: PlaceOrder, *, whole: bool) -> None:
        desk, account, signed = self._desk, command.account, command.authorization
        order = _order(desk, command, OrderStatus.NEW)
        hold = venue.hold(order.side, order.price, order.open)
        desk.ledger.hold(account, venue.hold_asset(order.side), hold)
        if signed is not None:
            desk.lanes.use(account, venue.market, signed.nonce)
            session = desk.sessions.of(account, signed, venue.market.id)
            if session is not None:
                session.reserve(order.side, venue.stake(order.side, order.price, order.open))
        desk.emit(order.accepted())
        self._work(venue, order, whole=whole)

    def _work(self, venue: Venue, order: LiveOrder, *, whole: bool) -> None:
        """An accepted order meets the book: it trades, then rests or ends."""
        desk = self._desk
        reason = matching.cross(desk, venue, order) if whole else CancelReason.FILL_OR_KILL
        if reason is not None:
            desk.end_canceled(venue, order, reason)
        elif order.open == 0:
            desk.end(venue, order, OrderStatus.FILLED)
        elif order.time_in_force in _RESTS:
            self._rest(venue, order)
        else:
            desk.end_canceled(venue, order, CancelReason.REMAINDER)

    def _rest(self, venue: Venue, order: LiveOrder) -> None:
        desk, signed = self._desk, order.authorization
        venue.book.add(
            Resting(order.order_id, order.account, order.side, order.price, Quantity(order.open))
        )
        desk.orders.rest(order)
        if order.due_ns is not None:
            desk.expiries.watch(order)
        if signed is not None:
            desk.lanes.bind(order.account, venue.market, signed.nonce, order.order_id)

    def _reject(self, command: PlaceOrder, refusal: Refusal, *, name: ClientOrderId | None) -> None:
        """Tell and remember a refusal; under its client order id unless that is another's."""
        desk = self._desk
        order = _order(desk, command, OrderStatus.REJECTED)
        order.open = 0
        order.client_order_id = name
        desk.orders.remember(order, desk.at_ns)
        desk.emit(
            OrderRejected(
                order.order_id,
                command.account,
                command.market,
                refusal.reason,
                refusal.field,
                refusal.detail,
                command.client_order_id,
            )
        )

    # ------------------------------------------------------------------- looks

    def _refuse_signature(
        self, venue: Venue, account: AccountId, command: terms.Entering, signed: Authorization
    ) -> Refusal | None:
        if self._requires_signature and not terms.has_proof(signed):
            detail = "the order's hash of 32 bytes, and a signature of 64 where its kind has one"
            return Refusal(RejectReason.BAD_SIGNATURE, "signature", detail)
        return terms.check_authorization(
            venue, signed, self._desk.at_ns, post_only=command.post_only
        ) or self._desk.sessions.refuse_signer(account, signed, venue.market.id)

    def _refuse_funds(
        self, venue: Venue, account: AccountId, side: Side, needed: int
    ) -> Refusal | None:
        asset_id = venue.hold_asset(side)
        available = self._desk.ledger.available(account, asset_id)
        if needed <= available:
            return None
        asset = self._desk.assets[asset_id]
        detail = f"needs {asset.format(needed)} {asset_id}, available {asset.format(available)}"
        return Refusal(RejectReason.INSUFFICIENT_FUNDS, "quantity", detail)

    def _refuse_budget(
        self, venue: Venue, account: AccountId, signed: Authorization, side: Side, needed: int
    ) -> Refusal | None:
        """Judge whether a session key may use as much as an order could at worst."""
        session = self._desk.sessions.of(account, signed, venue.market.id)
        if session is None or needed <= session.budget(side):
            return None
        market, left = venue.market, session.budget(side)
        show = market.quote.format if side is Side.BUY else market.format_quantity
        detail = f"the key needs {show(needed)} {venue.hold_asset(side)}, left {show(left)}"
        return Refusal(RejectReason.SESSION_BUDGET, "quantity", detail)

    # ----------------------------------------------------------------- replace

    def replace(self, command: ReplaceOrder) -> None:
        """Swap an order's terms, or leave it exactly as it is."""
        desk = self._desk
        order = self._own(command.account, command.order_id)
        if order is None:
            return
        venue = desk.venues[order.market]
        refusal = self._refuse_replace(venue, order, command)
        if refusal is not None:
            self._refuse_change(order, refusal)
            return
        new_open = command.quantity - (order.quantity - order.open)
        if new_open <= 0:
            self._use_revision(venue, order, command)
            desk.cancel(order, CancelReason.REQUESTED)
            return
        keeps = _keeps_priority(order, command)
        whole = True
        refusal = self._refuse_stake(venue, order, command, new_open)
        if refusal is None and not keeps:
            incoming = Incoming(order.side, command.price, Quantity(new_open))
            if command.post_only:
                refusal = matching.refuse_crossing(venue, incoming)
            elif command.time_in_force is TimeInForce.FOK:
                whole, refusal = _weigh(venue, incoming, command)
        if refusal is not None:
            self._refuse_change(order, refusal)
            return
        self._take_terms(venue, order, command, new_open, keeps=keeps)
        if not keeps:
            self._work(venue, order, whole=whole)

    def _refuse_replace(
        self, venue: Venue, order: LiveOrder, command: ReplaceOrder
    ) -> Refusal | None:
        """Judge the new terms and their signature."""
        desk, signed, before = self._desk, command.authorization, order.authorization
        if venue.state is not MarketState.OPEN:
            return _halted(venue)
        if command.expected_filled is not None and command.expected_filled != order.filled:
            detail = f"{order.filled} lots are filled"
            return Refusal(RejectReason.FILLED_MEANWHILE, "expected_filled", detail)
        refusal = terms.check_terms(venue, command, OrderType.LIMIT, desk.at_ns)
        if refusal is not None:
            return refusal
        if signed is None:
            if before is None and not self._requires_signature:
                return _frozen() if order.account in desk.frozen else None
            return Refusal(RejectReason.SIGNATURE_REQUIRED, "signature", "sign the new terms")
        refusal = self._refuse_signature(venue, order.account, command, signed)
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
        return _frozen() if order.account in desk.frozen else None

    def _refuse_stake(
        self, venue: Venue, order: LiveOrder, command: ReplaceOrder, new_open: int
    ) -> Refusal | None:
        """Judge what more the new terms put at stake: risk rules and funds."""
        refusal = self._risk.check(command, self._view)
        if refusal is not None:
            return refusal
        side, account, signed = order.side, order.account, command.authorization
        needed = venue.hold(side, command.price, new_open)
        needed -= venue.hold(side, order.price, order.open)
        if needed > 0:
            refusal = self._refuse_funds(venue, account, side, needed)
        if refusal is not None or signed is None:
            return refusal
        sessions = self._desk.sessions
        stake = venue.stake(side, command.price, new_open)
        if sessions.of(account, signed, order.market) is sessions.of(
            account, order.authorization, order.market
        ):
            stake -= venue.stake(side, order.price, order.open)
        return self._refuse_budget(venue, account, signed, side, stake)

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
        if not keeps:
            venue.book.remove(order.order_id)
            desk.leave_book(venue, order)
        elif new_open < order.open:
            venue.book.reduce(order.order_id, Quantity(order.open - new_open))
        self._use_revision(venue, order, command)
        more = venue.hold(side, command.price, new_open)
        more -= venue.hold(side, order.price, order.open)
        desk.ledger.hold(order.account, venue.hold_asset(side), more)
        before = desk.sessions.of(order.account, order.authorization, order.market)
        if before is not None:
            before.reserve(side, -venue.stake(side, order.price, order.open))
        after = desk.sessions.of(order.account, command.authorization, order.market)
        if after is not None:
            after.reserve(side, venue.stake(side, command.price, new_open))
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
            )
        )
        if keeps:
            desk.expiries.watch(order)

    # ------------------------------------------------------- cancel and reduce

    def cancel(self, command: CancelOrder) -> None:
        """Cancel one order; what is gone says so and why."""
        wanted, name = command.order_id, command.client_order_id
        if wanted is None:
            if name is None:
                refusal = Refusal(RejectReason.ORDER_REQUIRED, "order_id", "an id of either kind")
                self._refuse_unknown(command.account, None, None, refusal)
                return
            named = self._desk.orders.named(command.account, name)
            if named is None:
                refusal = Refusal(RejectReason.UNKNOWN_ORDER, "client_order_id", "no such order")
                self._refuse_unknown(command.account, None, name, refusal)
                return
            wanted = named.order_id
        order = self._own(command.account, wanted)
        if order is not None:
            self._desk.cancel(order, CancelReason.REQUESTED)

    def cancel_all(self, command: CancelAll) -> None:
        """Cancel an account's orders, oldest first."""
        desk, market, side = self._desk, command.market, command.side
        if market is not None and market not in desk.venues:
            reason, detail = RejectReason.UNKNOWN_MARKET, f"no market {market}"
            desk.emit(CommandRejected(command.account, reason, "market", detail))
            return
        for order in desk.orders.live_of(command.account):
            if market in {None, order.market} and side in {None, order.side}:
                desk.cancel(order, CancelReason.REQUESTED)

    def reduce(self, command: ReduceOrder) -> None:
        """Lower an order's open quantity in place; all of it cancels the order."""
        desk, by = self._desk, command.by
        order = self._own(command.account, command.order_id)
        if order is None:
            return
        if type(by) is not int or not 1 <= by <= order.open:
            reason, detail = RejectReason.INVALID_REDUCE, f"1 to {order.open} lots"
            self._refuse_change(order, Refusal(reason, "by", detail))
            return
        if by == order.open:
            desk.cancel(order, CancelReason.REQUESTED)
            return
        venue = desk.venues[order.market]
        venue.book.reduce(order.order_id, by)
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
            )
        )

    def _own(self, account: AccountId, wanted: OrderId) -> LiveOrder | None:
        """Return the account's live order, or tell why there is none."""
        order = self._desk.orders.find(wanted)
        if order is None or order.account != account:
            refusal = Refusal(RejectReason.UNKNOWN_ORDER, "order_id", "no such order")
            self._refuse_unknown(account, wanted, None, refusal)
            return None
        gone = _GONE.get(order.status)
        if gone is None:
            return order
        self._refuse_change(order, Refusal(gone[0], "order_id", gone[1]))
        return None

    def _refuse_change(self, order: LiveOrder, refusal: Refusal) -> None:
        self._desk.emit(
            CancelRejected(
                order.account,
                order.order_id,
                order.client_order_id,
                refusal.reason,
                refusal.field,
                refusal.detail,
                order.current_status(),
                Quantity(order.filled),
            )
        )

    def _refuse_unknown(
        self,
        account: AccountId,
        wanted: OrderId | None,
        name: ClientOrderId | None,
        refusal: Refusal,
    ) -> None:
        reason, field, detail = refusal.reason, refusal.field, refusal.detail
        self._desk.emit(
            CancelRejected(account, wanted, name, reason, field, detail, None, Quantity(0))
        )


def _order(desk: Desk, command: PlaceOrder, status: OrderStatus) -> LiveOrder:
    """Return the order that a command asks for; its id is the command's."""
    return LiveOrder(
        OrderId(desk.sequence << 8),
        command.account,
        command.market,
        command.side,
        command.order_type,
        command.time_in_force,
        command.post_only,
        command.self_trade,
        command.price,
        command.quantity,
        command.quantity,
        command.quantity,
        0,
        status,
        desk.at_ns,
        command.expires_at_ns,
        terms.due_ns(command),
        command.client_order_id,
        command.authorization,
    )


def _weigh(
    venue: Venue, incoming: Incoming, command: terms.Entering
) -> tuple[bool, Refusal | None]:
    """Return whether a FOK trades whole, or why it is refused."""
    answer = matching.can_fill_whole(venue, incoming, command.account, command.self_trade)
    return (False, answer) if isinstance(answer, Refusal) else (answer, None)


def _keeps_priority(order: LiveOrder, command: ReplaceOrder) -> bool:
    """Same price and not larger, and still an order that rests."""
    return (
        command.price == order.price
        and command.quantity <= order.quantity
        and command.time_in_force in _RESTS
    )


def _halted(venue: Venue) -> Refusal:
    detail = f"{venue.market.id} is halted; cancel and reduce are served"
    return Refusal(RejectReason.MARKET_HALTED, "market", detail)


def _frozen() -> Refusal:
    detail = "a failed settlement or a withdrawal left the account short; deposit, or wait"
    return Refusal(RejectReason.ACCOUNT_FROZEN, "account", detail)
