"""Matching: what an aggressor meets, in the book's order.

The book says who is next; here an allocation becomes a fill, or self-trade prevention. A fill
happens at the maker's price, moves funds, enters flight and is told, all in one step. The same
walk without effect answers whether an order would cross or could fill whole.
"""

from collections.abc import Callable, Collection
from typing import Final

from hybrid_dex.engine.budgets import affordable, spend
from hybrid_dex.engine.desk import Desk, Venue
from hybrid_dex.engine.icebergs import Hidden, lower, refill
from hybrid_dex.engine.orders import LiveOrder
from hybrid_dex.errors import InvariantError
from hybrid_dex.interfaces.book import Incoming
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.events import FillMade, OrderReduced
from hybrid_dex.model.fees import fee
from hybrid_dex.model.order import CancelReason, OrderStatus, SelfTradeMode, Side
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.settlement import MatchedFill
from hybrid_dex.model.units import (
    MAX_FILLS_PER_GROUP,
    AccountId,
    FillId,
    Quantity,
)

__all__ = [
    "MAX_FILLS_PER_COMMAND",
    "can_fill_whole",
    "cross",
    "fill",
    "leaves_band",
    "prevent_self_trade",
    "refuse_crossing",
]

MAX_FILLS_PER_COMMAND: Final = 256 * MAX_FILLS_PER_GROUP
"""As many groups as the chain's sequence numbers one command; then the remainder is canceled."""

# Their integers are computed here, and giving each its unit's name again would cost a call each.
_fill_made: Final[Callable[..., FillMade]] = FillMade
_matched_fill: Final[Callable[..., MatchedFill]] = MatchedFill
_incoming: Final[Callable[..., Incoming]] = Incoming

_BUY: Final = Side.BUY
_SELL: Final = Side.SELL
_FILLED: Final = OrderStatus.FILLED


def refuse_crossing(venue: Venue, incoming: Incoming) -> Refusal | None:
    """Post-only: refuse what would trade at once; the trader's own orders count as crossing."""
    for allocation in venue.book.match(incoming):
        detail = f"it would trade at {venue.market.format_price(allocation.price)}"
        return Refusal(RejectReason.POST_ONLY_WOULD_CROSS, "price", detail)
    return None


def can_fill_whole(
    desk: Desk, venue: Venue, incoming: Incoming, kin: Collection[AccountId], mode: SelfTradeMode
) -> bool | Refusal:
    """FOK: whether it trades whole, by the book as it stands; refused past one group of fills.

    The orders of the account, or of its group, never count: under cancel-resting they would step
    aside, under every other mode meeting one ends the order or shrinks it, so that it is not whole.
    What icebergs keep back counts where it would be met: behind all that their level shows.
    """
    fills, level, hidden = 0, None, Hidden()
    for allocation in venue.book.match(incoming):
        if allocation.price != level:
            level = allocation.price
            fills += hidden.take(incoming, MAX_FILLS_PER_GROUP + 1 - fills)
            if incoming.open == 0:
                break
        if allocation.account in kin:
            if mode is not SelfTradeMode.CANCEL_RESTING:
                return False
            continue
        fills += 1
        if fills > MAX_FILLS_PER_GROUP:
            break
        incoming.open = Quantity(max(0, incoming.open - allocation.resting))
        hidden.note(desk.orders.resting(allocation.order_id))
    fills += hidden.take(incoming, MAX_FILLS_PER_GROUP + 1 - fills)
    if fills > MAX_FILLS_PER_GROUP:
        detail = f"it needs more than {MAX_FILLS_PER_GROUP} fills; ask for less, or use IOC"
        return Refusal(RejectReason.TOO_MANY_FILLS, "quantity", detail)
    return incoming.open == 0


def cross(desk: Desk, venue: Venue, taker: LiveOrder) -> CancelReason | None:
    """Let an aggressor take what it can; return why its remainder must go, if it must."""
    buys = taker.side is _BUY
    best = venue.book.best_ask if buys else venue.book.best_bid
    if best is None or (taker.price < best if buys else taker.price > best):
        return None
    return _take(desk, venue, taker)


def _take(desk: Desk, venue: Venue, taker: LiveOrder) -> CancelReason | None:
    book, incoming = venue.book, _incoming(taker.side, taker.price, taker.open)
    # Signed is what settles on a chain: a signed IOC is dead there after its first group, and no
    # command may match more than settlement takes in time, whatever the intake is paced by.
    signed = taker.authorization is not None
    fills = first = desk.fill_index
    most = first + MAX_FILLS_PER_GROUP if signed else MAX_FILLS_PER_COMMAND
    if first and most > MAX_FILLS_PER_COMMAND:
        most = MAX_FILLS_PER_COMMAND
    kin = desk.controls.kin
    group = kin.get(taker.account, ()) if kin else ()
    banded = venue.price_band_ppm is not None
    conditions = taker.conditions
    has_budget = conditions is not None and conditions.quote_budget is not None
    orders = desk.orders
    while True:
        for allocation in book.match(incoming):
            maker = orders.resting(allocation.order_id)
            if maker.account == taker.account or (group and maker.account in group):
                if prevent_self_trade(desk, venue, taker, maker):
                    return CancelReason.SELF_TRADE
                incoming.open = Quantity(taker.open)
                continue
            offer = affordable(desk, venue, taker, allocation) if has_budget else allocation
            if fills == most or not offer.quantity:
                return CancelReason.REMAINDER
            if banded:
                if not venue.admits(maker.price, desk.sequence):
                    return CancelReason.PRICE_BAND
                venue.reference_price = 0
            quantity = offer.quantity
            fill(
                desk,
                venue,
                taker,
                maker,
                price=maker.price,
                quantity=quantity,
                index=fills,
                rates=(
                    venue.flat_rates
                    if venue.rates is None
                    else desk.rates(venue, maker.account, taker.account)
                ),
            )
            book.reduce(maker.order_id, quantity)
            if not maker.open:
                desk.leave_book(venue, maker)
                desk.end(venue, maker, _FILLED)
            fills += 1
            incoming.open = Quantity(taker.open)
            refilled = maker.conditions is not None and _was_met(desk, venue, maker)
            if offer is not allocation:
                return CancelReason.REMAINDER
            if refilled:
                break  # the slice that came stands behind what this walk knows of its level
        else:
            return None


def _was_met(desk: Desk, venue: Venue, maker: LiveOrder) -> bool:
    """A maker that is more than plain was filled; return whether it shows another slice."""
    conditions = maker.conditions
    if conditions is not None and conditions.is_linked and maker.open:
        desk.linked.append(maker)
    return refill(desk, venue, maker)


def leaves_band(desk: Desk, venue: Venue, taker: LiveOrder) -> bool:
    """FOK: whether it could trade whole only by trading at a price outside the market's band."""
    incoming = Incoming(taker.side, taker.price, Quantity(taker.open))
    kin = desk.controls.kin_of(taker.account)
    for allocation in venue.book.match(incoming):
        if allocation.account not in kin:
            if not venue.admits(allocation.price, desk.sequence):
                return True
            whole = desk.orders.resting(allocation.order_id).alive()
            incoming.open = Quantity(max(0, incoming.open - whole))
    return False


def fill(
    desk: Desk,
    venue: Venue,
    taker: LiveOrder,
    maker: LiveOrder,
    *,
    price: int,
    quantity: int,
    index: int,
    rates: tuple[int, int],
) -> None:
    """Make two orders trade: orders, funds, flight and event. The book is the caller's."""
    market = venue.market
    maker_ppm, taker_ppm = rates
    notional: int = price * quantity * venue.tick_size
    maker_fee, taker_fee = fee(notional, maker_ppm), fee(notional, taker_ppm)
    if not 0 < quantity <= maker.open or quantity > taker.open:
        raise InvariantError(
            f"the book offered {quantity} lots of {maker.order_id} to order {taker.order_id}"
        )
    if taker.side is _BUY:
        buys, sells, buyer_fee, seller_fee = taker, maker, taker_fee, maker_fee
    else:
        buys, sells, buyer_fee, seller_fee = maker, taker, maker_fee, taker_fee
    _move_funds(
        desk,
        venue,
        buys,
        sells,
        quantity=quantity,
        notional=notional,
        buyer_fee=buyer_fee,
        seller_fee=seller_fee,
    )
    maker.open -= quantity
    maker.filled += quantity
    taker.open -= quantity
    taker.filled += quantity
    fill_id = FillId(desk.sequence << 16 | index)
    desk.flight.fills[fill_id] = _matched_fill(
        fill_id,
        desk.at_ns,
        market.id,
        price,
        quantity,
        maker.terms(),
        taker.terms(),
        maker_ppm,
        taker_ppm,
        maker_fee,
        taker_fee,
    )
    if venue.counts_since is not None and venue.counts_since <= desk.sequence:
        desk.count(venue, maker.account, taker.account, notional)
    venue.last_price = price
    desk.emit(
        _fill_made(
            fill_id,
            market.id,
            price,
            quantity,
            taker.side,
            maker.order_id,
            taker.order_id,
            maker.account,
            taker.account,
            maker.open,
            taker.open,
            maker.filled,
            taker.filled,
            maker_fee,
            taker_fee,
        )
    )


def _move_funds(
    desk: Desk,
    venue: Venue,
    buys: LiveOrder,
    sells: LiveOrder,
    *,
    quantity: int,
    notional: int,
    buyer_fee: int,
    seller_fee: int,
) -> None:
    """Post a fill, and release what the buyer's hold no longer needs. The orders are as before it."""
    paid, left = notional + buyer_fee, buys.open - quantity
    if buys.conditions is not None:
        freed = spend(venue, buys, quantity, paid)
    else:
        freed = venue.hold(_BUY, buys.price, buys.open) - paid
        if left:
            freed -= venue.hold(_BUY, buys.price, left)
    if freed < 0:
        raise InvariantError(f"a fill of {quantity} lots costs more than {buys.order_id} may pay")
    desk.ledger.trade(
        venue.market,
        buys.account,
        sells.account,
        base=quantity * venue.lot_size,
        notional=notional,
        buyer_fee=buyer_fee,
        seller_fee=seller_fee,
        released=freed,
    )
    if buys.authorization is not None or sells.authorization is not None:
        _consume(desk, buys, sells, paid=paid, freed=freed, quantity=quantity)


def _consume(
    desk: Desk, buys: LiveOrder, sells: LiveOrder, *, paid: int, freed: int, quantity: int
) -> None:
    """Take a fill out of the budgets of session keys, as the chain will."""
    session = desk.sessions.of(buys.account, buys.authorization, buys.market)
    if session is not None:
        session.reserve(_BUY, -freed)
        session.consume(_BUY, paid)
    session = desk.sessions.of(sells.account, sells.authorization, sells.market)
    if session is not None:
        session.consume(_SELL, quantity)


def prevent_self_trade(desk: Desk, venue: Venue, taker: LiveOrder, maker: LiveOrder) -> bool:
    """Do what the aggressor's mode says; return whether the aggressor is to be canceled."""
    match taker.self_trade:
        case SelfTradeMode.CANCEL_AGGRESSOR:
            return True
        case SelfTradeMode.CANCEL_RESTING:
            desk.cancel(maker, CancelReason.SELF_TRADE)
            return False
        case SelfTradeMode.CANCEL_BOTH:
            desk.cancel(maker, CancelReason.SELF_TRADE)
            return True
        case SelfTradeMode.DECREMENT_AND_CANCEL:
            return _decrement(desk, venue, taker, maker)


def _decrement(desk: Desk, venue: Venue, taker: LiveOrder, maker: LiveOrder) -> bool:
    """Both lose the overlap; the smaller, or both when equal, is canceled."""
    alive = maker.alive()
    overlap = min(alive, taker.open)
    if maker.conditions is not None and maker.conditions.is_linked:
        desk.linked.append(maker)
    if alive > overlap:
        lower(venue, maker, overlap)
        _shrink(desk, venue, maker, overlap)
        return True
    desk.cancel(maker, CancelReason.SELF_TRADE)
    if taker.open == overlap:
        return True
    _shrink(desk, venue, taker, overlap)
    return False


def _shrink(desk: Desk, venue: Venue, order: LiveOrder, by: int) -> None:
    desk.release(venue, order, order.open - by)
    desk.emit(
        OrderReduced(
            order.order_id,
            order.account,
            order.market,
            Quantity(by),
            Quantity(order.open),
            Quantity(order.filled),
            self_trade=True,
            quantity=Quantity(order.quantity),
        )
    )
