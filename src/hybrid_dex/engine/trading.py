"""Trading: orders enter and meet the book.

Each command is first judged whole, by looks alone; only when nothing refuses it does anything
change. The order of judgement is: who and where, the terms, the signature, the account, the
operator's risk rules, the funds, and last the book.
"""

from collections.abc import Callable
from typing import Final

from hybrid_dex.engine import auction, matching, terms
from hybrid_dex.engine.conditions import conditions_of
from hybrid_dex.engine.desk import Desk, Venue
from hybrid_dex.engine.icebergs import show
from hybrid_dex.engine.market_states import SERVED, refuse_entry
from hybrid_dex.engine.orders import LiveOrder, Named
from hybrid_dex.engine.sessions import NEEDS_GRANT, SESSION
from hybrid_dex.engine.standing import Standing
from hybrid_dex.interfaces.book import Incoming, Resting
from hybrid_dex.interfaces.risk import LedgerView, Refusal, Risk
from hybrid_dex.model.commands import PlaceOrder, ReplaceOrder
from hybrid_dex.model.events import Event, MarketStateChanged, OrderRejected
from hybrid_dex.model.market import MarketState, StateCause
from hybrid_dex.model.order import CancelReason, OrderStatus, OrderType, Side, TimeInForce
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.signed_order import Authorization, SignatureKind
from hybrid_dex.model.units import AccountId, ClientOrderId, order_id

__all__ = ["RESTS", "Trading", "frozen_account", "needed", "new_order", "weigh"]

_AUCTION: Final = MarketState.AUCTION_OPEN
_HALTED: Final = MarketState.HALTED
_OPEN: Final = MarketState.OPEN
_BUY: Final = Side.BUY
_FOK: Final = TimeInForce.FOK
_GTC: Final = TimeInForce.GTC
_LIMIT: Final = OrderType.LIMIT
_NEW: Final = OrderStatus.NEW
_OWN_KINDS: Final = (int(SignatureKind.WALLET), int(SignatureKind.BULK))
"""The kinds of signature that need nothing on chain."""
_PRICE_BAND: Final = CancelReason.PRICE_BAND
RESTS: Final = (TimeInForce.GTC, TimeInForce.GTD)
"""What may rest."""
# Its integers are computed here, and giving each its unit's name again would cost a call each.
_live_order: Final[Callable[..., LiveOrder]] = LiveOrder
_resting: Final[Callable[..., Resting]] = Resting


class Trading:
    """The command that brings an order, and what every order that enters goes through.

    Args:
        desk: the state.
        risk: is asked about every order and replacement that passed all checks of terms.
        view: what the risk may look at.
        requires_signature: whether an order without authorization is refused.
        standing: what orders are judged against.
    """

    __slots__ = (
        "_available",
        "_check_lane",
        "_desk",
        "_risk",
        "_standing",
        "_view",
        "refuse_crossing",
        "requires_signature",
    )

    def __init__(
        self,
        desk: Desk,
        risk: Risk,
        view: LedgerView,
        *,
        requires_signature: bool,
        standing: Standing,
    ) -> None:
        self._desk = desk
        self._standing = standing
        self._available = standing.available
        self._check_lane = standing.check_lane
        self.refuse_crossing = standing.refuse_crossing
        self._risk = risk
        self._view = view
        self.requires_signature = requires_signature

    # ------------------------------------------------------------------- place

    def place(self, command: PlaceOrder) -> tuple[Event, ...] | None:
        """Enter an order. Returns the first answer when its client order id repeats one."""
        name = command.client_order_id
        if name is None:
            self._judge(command)
            return None
        desk = self._desk
        refusal = terms.check_name(name)
        if refusal is None:
            known = desk.orders.named(command.account, name)
            if known is not None:
                if terms.repeats(known, command):
                    return known.answer
                refusal = name_taken(known)
        if refusal is not None:
            self.reject(command, refusal, name=None)
            return None
        named_before = len(desk.events)
        self._judge(command)
        self._remember_name(command, named_before)
        return None

    def refuse_name(self, command: PlaceOrder) -> Refusal | None:
        """Return why a client order id can not be, or is another order's."""
        name = command.client_order_id
        if name is None:
            return None
        known = self._desk.orders.named(command.account, name)
        if known is not None and not terms.repeats(known, command):
            return name_taken(known)
        return terms.check_name(name)

    def enter(self, command: PlaceOrder) -> None:
        """Let in an order that was judged already, as part of a batch."""
        venue, whole = self._desk.venues[command.market], True
        named_before = len(self._desk.events)
        if command.time_in_force is TimeInForce.FOK:
            incoming = Incoming(command.side, command.price, command.quantity)
            whole, _ = weigh(self._desk, venue, incoming, command)
        self._accept(venue, command, whole=whole)
        if command.client_order_id is not None:
            self._remember_name(command, named_before)

    def _remember_name(self, command: PlaceOrder, named_before: int) -> None:
        desk = self._desk
        answer = tuple(desk.events[named_before:])
        desk.orders.name(Named(order_id(desk.sequence, desk.order_index), command, answer))

    def _judge(self, command: PlaceOrder) -> None:
        """Refuse the order, or let it in."""
        venue = self._desk.venues.get(command.market)
        if venue is None:
            detail = f"no market {command.market}"
            unknown = Refusal(RejectReason.UNKNOWN_MARKET, "market", detail)
            self.reject(command, unknown, name=command.client_order_id)
            return
        if self._enter_plain(venue, command):
            return
        refusal = self.refuse_place(venue, command)
        whole = True
        if refusal is None and command.time_in_force is _FOK:
            incoming = Incoming(command.side, command.price, command.quantity)
            whole, refusal = weigh(self._desk, venue, incoming, command)
        if refusal is None:
            self._accept(venue, command, whole=whole)
        else:
            self.reject(command, refusal, name=command.client_order_id)

    def _enter_plain(self, venue: Venue, command: PlaceOrder) -> bool:
        """Enter an order as most are, in one go; return whether it was one.

        Such an order has nothing but a price, rests without meeting anybody, and may lack nothing but
        the risk's consent and the funds. Every other one, and so every other refusal, is left to the
        general way, of which nothing here may differ in what it does.
        """
        desk, account, signed = self._desk, command.account, command.authorization
        side, price, quantity = command.side, command.price, command.quantity
        if (
            command.time_in_force is not _GTC
            or command.order_type is not _LIMIT
            or command.expires_at_ns is not None
            or command.trigger_price is not None
            or command.display_quantity is not None
            or command.quote_budget is not None
            or venue.state is not _OPEN
            or account in desk.frozen
            or not terms.are_sure(venue, price, quantity)
            or not self._is_signed_plainly(venue, command, signed)
        ):
            return False
        buys, book = side is _BUY, venue.book
        best = book.best_ask if buys else book.best_bid
        if best is not None and (price >= best if buys else price <= best):
            return False
        refusal = self._risk.check(command, self._view)
        if refusal is None:
            hold = venue.hold(side, price, quantity)
            asset = venue.quote_id if buys else venue.base_id
            if not desk.ledger.hold_if_available(account, asset, hold):
                refusal = self.refuse_funds(venue, account, side, hold)
        if refusal is not None:
            self.reject(command, refusal, name=command.client_order_id)
            return True
        order = new_order(desk, command, _NEW)
        order_id = order.order_id
        desk.emit(order.accepted())
        book.add(_resting(order_id, account, side, price, quantity))
        desk.orders.rest(order)
        if signed is not None:
            desk.lanes.start(account, venue.market, signed.nonce, order_id)
            desk.expiries.watch(order)
        return True

    def _is_signed_plainly(
        self, venue: Venue, command: PlaceOrder, signed: Authorization | None
    ) -> bool:
        """Whether nothing about a signature refuses the order, and no grant on chain is asked for."""
        if signed is None:
            return not self.requires_signature
        at_ns, due_ns = self._desk.at_ns, signed.expiry_s * terms.NANOSECONDS
        needed_ppm = venue.worst_maker_ppm if command.post_only else venue.worst_fee_ppm
        return (
            signed.kind in _OWN_KINDS
            and at_ns < due_ns <= at_ns + terms.MAX_LIFETIME_NS
            and signed.max_fee_ppm >= needed_ppm
            and 0 <= signed.nonce <= terms.MAX_NONCE
            and not (self.requires_signature and not terms.has_proof(signed))
            and self._check_lane(command.account, venue.market, signed.nonce) is None
        )

    def refuse(self, command: PlaceOrder) -> Refusal | None:
        """Return why an order would be refused if it came now."""
        venue = self._desk.venues.get(command.market)
        if venue is None:
            return Refusal(RejectReason.UNKNOWN_MARKET, "market", f"no market {command.market}")
        return (
            self.refuse_name(command)
            or self.refuse_place(venue, command)
            or self.refuse_fills(venue, command)
        )

    def refuse_place(
        self, venue: Venue, command: PlaceOrder, *, sleeps: bool = False
    ) -> Refusal | None:
        """Return why an order may not enter, but for the number of fills of a FOK.

        One that `sleeps` sells what is not bought yet, so it needs no funds.
        """
        desk = self._desk
        if venue.state is not _OPEN:
            served = SERVED[venue.state].place
            refusal = refuse_entry(venue.market.id, venue.state, served, command)
            if refusal is not None:
                return refusal
        refusal = terms.check_terms(venue, command, command.order_type, desk.at_ns, sleeps=sleeps)
        if refusal is not None:
            return refusal
        account, signed = command.account, command.authorization
        if signed is not None:
            refusal = self._refuse_signed(venue, account, command, signed)
        elif self.requires_signature:
            refusal = Refusal(RejectReason.SIGNATURE_REQUIRED, "signature", "sign the order")
        if refusal is None and account in desk.frozen:
            refusal = frozen_account()
        if refusal is None:
            refusal = self._risk.check(command, self._view)
        if refusal is None:
            side = command.side
            hold = 0 if sleeps and side is not _BUY else needed(venue, command)
            if hold > self._available(account, venue.quote_id if side is _BUY else venue.base_id):
                refusal = self.refuse_funds(venue, account, side, hold)
        if refusal is None and signed is not None and signed.kind == SESSION:
            stake = hold if side is _BUY else command.quantity
            refusal = self.refuse_budget(venue, account, signed, side, stake)
        if refusal is None and command.post_only and command.trigger_price is None:
            refusal = self.refuse_crossing(
                venue, Incoming(command.side, command.price, command.quantity)
            )
        return refusal

    def _refuse_signed(
        self, venue: Venue, account: AccountId, command: PlaceOrder, signed: Authorization
    ) -> Refusal | None:
        """Judge the signature of a new order, and its place on chain."""
        refusal = self.refuse_signature(venue, account, command, signed)
        if refusal is None:
            reason = self._check_lane(account, venue.market, signed.nonce)
            if reason is not None:
                refusal = Refusal(reason, "nonce", "a free lane, and a counter never used in it")
        return refusal

    def refuse_fills(self, venue: Venue, command: PlaceOrder) -> Refusal | None:
        """Return why a FOK would need too many fills."""
        if command.time_in_force is not TimeInForce.FOK:
            return None
        incoming = Incoming(command.side, command.price, command.quantity)
        return weigh(self._desk, venue, incoming, command)[1]

    def _accept(self, venue: Venue, command: PlaceOrder, *, whole: bool) -> None:
        desk = self._desk
        order = new_order(desk, command, _NEW)
        self.admit(venue, order)
        if order.conditions is not None and order.conditions.waiting:
            desk.wait(venue, order)
        else:
            self.work(venue, order, whole=whole)

    def admit(self, venue: Venue, order: LiveOrder) -> None:
        """An order is in: its funds are held and its signature is used."""
        desk, account, signed = self._desk, order.account, order.authorization
        side, price, quantity = order.side, order.price, order.open
        plain = order.conditions is None  # then what is held is a matter of these three alone
        hold = venue.hold(side, price, quantity) if plain else venue.held(order, price, quantity)
        if hold:
            asset = venue.quote_id if side is _BUY else venue.base_id
            desk.ledger.hold(account, asset, hold)
        if signed is not None:
            desk.lanes.use(account, venue.market, signed.nonce)
            if signed.kind == SESSION:
                session = desk.sessions.states[account, signed.signer, venue.market.id]
                session.reserve(side, venue.staked(order, price, quantity))
        desk.emit(order.accepted())

    def work(self, venue: Venue, order: LiveOrder, *, whole: bool) -> None:
        """An accepted order meets the book: it trades, then rests or ends."""
        desk = self._desk
        if venue.state is not _OPEN:
            self._join(venue, order)
            return
        if not whole:
            reason: CancelReason | None = CancelReason.FILL_OR_KILL
        elif venue.price_band_ppm is None:
            reason = matching.cross(desk, venue, order)
        else:
            reason = self._cross_in_band(venue, order)
        if order.conditions is not None and order.conditions.is_linked and order.open:
            desk.linked.append(order)
        if reason is _PRICE_BAND:
            self._leave_band(venue, order)
        elif reason is not None:
            desk.end_canceled(venue, order, reason)
        elif order.open == 0:
            desk.end(venue, order, OrderStatus.FILLED)
        elif order.time_in_force in RESTS:
            show(venue, order)
            desk.make_live(venue, order)
        else:
            desk.end_canceled(venue, order, CancelReason.REMAINDER)

    def _join(self, venue: Venue, order: LiveOrder) -> None:
        """An accepted order meets a market in which nothing trades: it rests, or ends."""
        desk = self._desk
        if venue.state is _HALTED:
            desk.end_canceled(venue, order, CancelReason.PRICE_BAND)
        elif venue.state is _AUCTION and auction.meets_own(desk, venue, order):
            desk.end_canceled(venue, order, CancelReason.SELF_TRADE)
        elif order.time_in_force in RESTS:
            show(venue, order)
            desk.make_live(venue, order)
        else:
            desk.end_canceled(venue, order, CancelReason.REMAINDER)

    def _leave_band(self, venue: Venue, order: LiveOrder) -> None:
        """An order would trade outside the price band: the market stops before it does.

        It goes into an auction, where a price is found and what is left of the order rests. Where
        there can be none it is halted, and what is left is canceled, as a halted book never crosses.
        """
        desk = self._desk
        venue.state = _HALTED if desk.settles_on_chain else _AUCTION
        desk.emit(MarketStateChanged(venue.market.id, venue.state, StateCause.PRICE_BAND))
        if order.time_in_force in RESTS:
            self._join(venue, order)
        else:
            desk.end_canceled(venue, order, CancelReason.PRICE_BAND)

    def _cross_in_band(self, venue: Venue, order: LiveOrder) -> CancelReason | None:
        desk = self._desk
        if order.time_in_force is TimeInForce.FOK and matching.leaves_band(desk, venue, order):
            return CancelReason.PRICE_BAND
        return matching.cross(desk, venue, order)

    def reject(self, command: PlaceOrder, refusal: Refusal, *, name: ClientOrderId | None) -> None:
        """Tell and remember a refusal; under its client order id unless that is another's."""
        desk = self._desk
        order = new_order(desk, command, OrderStatus.REJECTED)
        order.open = 0
        order.client_order_id = name
        if order.conditions is not None:
            order.conditions.waiting = False
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

    def refuse_signature(
        self, venue: Venue, account: AccountId, command: terms.Entering, signed: Authorization
    ) -> Refusal | None:
        """Judge a signature over terms: proof, shape, and whether its signer may sign."""
        if self.requires_signature and not terms.has_proof(signed):
            detail = "the order's hash of 32 bytes, and a signature of 64 where its kind has one"
            return Refusal(RejectReason.BAD_SIGNATURE, "signature", detail)
        desk = self._desk
        refusal = terms.check_authorization(venue, signed, desk.at_ns, post_only=command.post_only)
        if refusal is None and signed.kind in NEEDS_GRANT:
            refusal = desk.sessions.refuse_signer(account, signed, venue.market.id)
        return refusal

    def refuse_risk(self, command: PlaceOrder | ReplaceOrder) -> Refusal | None:
        """Ask the operator's rules."""
        return self._risk.check(command, self._view)

    def refuse_funds(
        self, venue: Venue, account: AccountId, side: Side, needed: int
    ) -> Refusal | None:
        """Judge whether what is available covers what more is to be held."""
        asset_id = venue.hold_asset(side)
        available = self._available(account, asset_id)
        if needed <= available:
            return None
        asset = self._desk.assets[asset_id]
        detail = f"needs {asset.format(needed)} {asset_id}, available {asset.format(available)}"
        return Refusal(RejectReason.INSUFFICIENT_FUNDS, "quantity", detail)

    def refuse_budget(
        self, venue: Venue, account: AccountId, signed: Authorization, side: Side, needed: int
    ) -> Refusal | None:
        """Judge whether a session key may use as much as an order could at worst."""
        market = venue.market
        left = self._standing.budget(account, signed, market.id, side)
        if left is None or needed <= left:
            return None
        show = market.quote.format if side is Side.BUY else market.format_quantity
        detail = f"the key needs {show(needed)} {venue.hold_asset(side)}, left {show(left)}"
        return Refusal(RejectReason.SESSION_BUDGET, "quantity", detail)


def new_order(desk: Desk, command: PlaceOrder, status: OrderStatus) -> LiveOrder:
    """Return the order that a command asks for; its id is the command's."""
    due_ns: int | None = command.expires_at_ns
    if command.authorization is not None:
        due_ns = terms.due_ns(command)
    quantity = command.quantity
    return _live_order(
        desk.sequence << 8 | desk.order_index,
        command.account,
        command.market,
        command.side,
        command.order_type,
        command.time_in_force,
        command.post_only,
        command.self_trade,
        command.price,
        quantity,
        quantity,
        quantity,
        0,
        status,
        desk.at_ns,
        command.expires_at_ns,
        due_ns,
        command.client_order_id,
        command.authorization,
        None,
        conditions_of(command),
    )


def name_taken(known: Named) -> Refusal:
    detail = f"order {known.order_id} of other content has this id"
    return Refusal(RejectReason.DUPLICATE_CLIENT_ORDER_ID, "client_order_id", detail)


def needed(venue: Venue, command: PlaceOrder) -> int:
    """Return what an order must hold when it enters."""
    hold = venue.hold(command.side, command.price, command.quantity)
    budget = command.quote_budget
    return hold if budget is None else min(hold, budget)


def weigh(
    desk: Desk, venue: Venue, incoming: Incoming, command: terms.Entering
) -> tuple[bool, Refusal | None]:
    """Return whether a FOK trades whole, or why it is refused; one that waits is not asked yet."""
    if isinstance(command, PlaceOrder) and command.trigger_price is not None:
        return True, None
    kin = desk.controls.kin_of(command.account)
    answer = matching.can_fill_whole(desk, venue, incoming, kin, command.self_trade)
    return (False, answer) if isinstance(answer, Refusal) else (answer, None)


def frozen_account() -> Refusal:
    """The account is short of something."""
    detail = "a failed settlement or a withdrawal left the account short; deposit, or wait"
    return Refusal(RejectReason.ACCOUNT_FROZEN, "account", detail)
