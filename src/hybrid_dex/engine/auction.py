"""Auction: many orders meet at once, at one price.

While a market is in an auction its orders rest and may cross. When it opens, everything that
crosses trades at one price: the one at which most lots trade; of those, the one that leaves least
imbalance; of those, the nearest to the last price, or the middle where there is none, rounded down.
Lots traded rise to that price and fall behind it, so the prices that are best are next to each
other: "nearest" has one answer.

Price and time decide who trades, on both sides; an iceberg stands with all of it where its displayed
part stands. Nobody takes liquidity: both sides pay the maker's
fee, or nothing where that would be a rebate, because there is no taker's fee to pay it from.

Orders of one account, or of a declared group, can not meet: that is prevented when one enters, by
the mode it carries. Those of accounts that became a group meanwhile are parted before a price is
looked for: the newest goes until none could meet.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from hybrid_dex.engine import matching
from hybrid_dex.engine.desk import Desk, Venue
from hybrid_dex.engine.icebergs import lower
from hybrid_dex.engine.orders import LiveOrder
from hybrid_dex.errors import InvariantError
from hybrid_dex.interfaces.book import Incoming
from hybrid_dex.model.market_events import (
    MarketUncrossed,
)
from hybrid_dex.model.order import CancelReason, OrderStatus, Side
from hybrid_dex.model.units import MAX_QUANTITY, Price, Quantity
from hybrid_dex.model.views import Indication

__all__ = ["crossing_orders", "is_crossed", "meets_own", "part_kin", "run", "uncrossing"]

_BUY: Final = Side.BUY
_SELL: Final = Side.SELL
_EVERYTHING: Final = Quantity(MAX_QUANTITY)


def is_crossed(venue: Venue) -> bool:
    """Return whether orders of this book would trade if they could."""
    top = venue.book.top()
    return top.bid is not None and top.ask is not None and top.bid.price >= top.ask.price


def uncrossing(desk: Desk, venue: Venue) -> Indication | None:
    """Return at which price the market would open now, or ``None`` when nothing would trade."""
    if not is_crossed(venue):
        return None
    bids, asks = _sides(desk, venue)
    return _equilibrium(
        [(order.price, order.alive()) for order in bids],
        [(order.price, order.alive()) for order in asks],
        venue.reference,
    )


def crossing_orders(desk: Desk, venue: Venue) -> int:
    """Return how many orders reach the other side's best: the fills of an opening are fewer."""
    bids, asks = _sides(desk, venue)
    return len(bids) + len(asks)


def run(desk: Desk, venue: Venue) -> None:
    """Let everything trade that crosses, at the one price: best prices first, then the oldest."""
    desk.touched = (desk.sequence, venue.market.id)
    part_kin(desk, venue)
    opening = uncrossing(desk, venue)
    if opening is None:
        return
    price = opening.price
    desk.emit(
        MarketUncrossed(
            venue.market.id,
            price,
            opening.quantity,
            opening.surplus,
            opening.surplus_side,
        )
    )
    bids, asks = _sides(desk, venue)
    buys = [order for order in reversed(bids) if order.price >= price]
    sells = [order for order in reversed(asks) if order.price <= price]
    fills = 0
    while buys and sells:
        buy, sell = buys[-1], sells[-1]
        _meet(desk, venue, (buy, sell), price, desk.fill_index + fills)
        fills += 1
        for line in (buys, sells):
            if not line[-1].alive():
                line.pop()
    venue.reference_price = 0
    desk.next_aggressor(fills)


def _meet(
    desk: Desk, venue: Venue, pair: tuple[LiveOrder, LiveOrder], price: int, index: int
) -> None:
    """Two resting orders trade; the older one is told as the maker."""
    maker, taker = sorted(pair, key=lambda order: order.order_id)
    if taker.account in desk.controls.kin_of(maker.account):
        raise InvariantError(f"orders {maker.order_id} and {taker.order_id} are of one trader")
    quantity = min(maker.alive(), taker.alive())
    ending = [order for order in (maker, taker) if order.open == quantity]
    for order in (maker, taker):
        if order in ending:
            desk.take_off(venue, order)
        else:
            lower(venue, order, quantity)
    matching.fill(
        desk,
        venue,
        taker,
        maker,
        price=price,
        quantity=quantity,
        index=index,
        rates=(_rate(desk, venue, maker), _rate(desk, venue, taker)),
    )
    for order in (maker, taker):
        if order in ending:
            desk.end(venue, order, OrderStatus.FILLED)
        elif order.conditions is not None and order.conditions.is_linked:
            desk.linked.append(order)


def part_kin(desk: Desk, venue: Venue) -> None:
    """Cancel orders of declared groups, newest first, until none of a group could meet."""
    groups = desk.controls.groups
    found: dict[str, list[LiveOrder]] = {}
    for side in _sides(desk, venue) if groups else ():
        for order in side:
            group = groups.get(order.account)
            if group is not None:
                found.setdefault(group, []).append(order)
    for _, orders in sorted(found.items()):
        while meeting := _meeting(orders):
            newest = max(meeting, key=lambda order: order.order_id)
            orders.remove(newest)
            desk.cancel(newest, CancelReason.SELF_TRADE)


def _meeting(orders: Sequence[LiveOrder]) -> list[LiveOrder]:
    """Return those of some orders that could trade with another of them."""
    bids = [order.price for order in orders if order.side is _BUY]
    asks = [order.price for order in orders if order.side is _SELL]
    if not bids or not asks:
        return []
    best_bid, best_ask = max(bids), min(asks)
    return [
        order
        for order in orders
        if (order.price >= best_ask if order.side is _BUY else order.price <= best_bid)
    ]


def meets_own(desk: Desk, venue: Venue, order: LiveOrder) -> bool:
    """Keep an order that enters an auction from crossing own ones; return whether it must go.

    Best price first, and then the oldest, as they would be met.
    """
    own = [
        other
        for account in desk.controls.kin_of(order.account)
        for other in desk.orders.live_of(account)
        if other.market == order.market
        and other.side is not order.side
        and other.order_id not in desk.waiting
        and (other.price <= order.price if order.side is _BUY else other.price >= order.price)
    ]
    side = 1 if order.side is _BUY else -1
    own.sort(key=lambda other: (side * other.price, other.order_id))
    return any(matching.prevent_self_trade(desk, venue, order, other) for other in own)


def _sides(desk: Desk, venue: Venue) -> tuple[list[LiveOrder], list[LiveOrder]]:
    """Return the bids and asks that cross the other side's best, by priority."""
    top, resting = venue.book.top(), desk.orders.resting
    if top.bid is None or top.ask is None:
        return [], []
    bids = venue.book.match(Incoming(_SELL, top.ask.price, _EVERYTHING))
    asks = venue.book.match(Incoming(_BUY, top.bid.price, _EVERYTHING))
    return [resting(each.order_id) for each in bids], [resting(each.order_id) for each in asks]


def _equilibrium(
    bids: Sequence[tuple[int, int]], asks: Sequence[tuple[int, int]], near: int
) -> Indication:
    """Return the one price; price and lots of both sides by priority, all crossing the other's best.

    Demand and supply change only where an order stands, so prices come in ranges of which all are
    equally good. The best ranges adjoin.
    """
    best: list[tuple[int, int, int, int]] = []
    rank: tuple[int, int] | None = None
    for found in _ranges(bids, asks):
        _, _, demand, supply = found
        found_rank = (min(demand, supply), -abs(demand - supply))
        if rank is None or found_rank > rank:
            best, rank = [found], found_rank
        elif found_rank == rank:
            best.append(found)
    low, high = best[0][0], best[-1][1]
    price = min(max(near, low), high) if near else (low + high) // 2
    demand, supply = next((wanted, offered) for _, end, wanted, offered in best if price <= end)
    return Indication(
        Price(price),
        Quantity(min(demand, supply)),
        Quantity(abs(demand - supply)),
        None if demand == supply else (_BUY if demand > supply else _SELL),
    )


def _ranges(
    bids: Sequence[tuple[int, int]], asks: Sequence[tuple[int, int]]
) -> Iterator[tuple[int, int, int, int]]:
    """Yield first price, last price, demand and supply of each range, from the lowest up."""
    lowest, highest = asks[0][0], bids[0][0]
    starts = {price for price, _ in asks} | {price + 1 for price, _ in bids} | {lowest}
    firsts = sorted(price for price in starts if lowest <= price <= highest)
    lasts = [price - 1 for price in firsts[1:]] + [highest]
    demand, supply = sum(lots for _, lots in bids), 0
    leaving, coming = list(bids), list(reversed(asks))
    for first, last in zip(firsts, lasts, strict=True):
        while leaving and leaving[-1][0] < first:
            demand -= leaving.pop()[1]
        while coming and coming[-1][0] <= first:
            supply += coming.pop()[1]
        yield first, last, demand, supply


def _rate(desk: Desk, venue: Venue, order: LiveOrder) -> int:
    """Return what an order is charged in an auction, where nobody takes."""
    if venue.rates is None:
        return max(0, venue.flat_rates[0])
    return max(0, desk.rates(venue, order.account, order.account)[0])
