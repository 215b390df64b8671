"""How to get from the live orders to the quotes: pure.

The best order of a side becomes the best quote, and so on: an order that has the right price and
open quantity stays and keeps its place in the queue; another is replaced, which costs no gap in
the book; what is too many is canceled, what is missing is placed.

The order of actions keeps two promises at every step between: exposure shrinks before it grows, so
the inventory limit holds, and quotes move away before others follow, so own quotes never cross.
"""

from collections.abc import Sequence
from typing import TypeAlias

import attrs

from hybrid_dex import Side
from reference_app.market_maker.quoting import Quote

__all__ = ["Action", "Cancel", "LiveOrder", "Place", "Replace", "reconcile"]


@attrs.frozen(kw_only=True)
class LiveOrder:
    """An own order on the book: ticks and lots."""

    order_id: str
    side: Side
    price: int
    open: int
    filled: int
    replaceable: bool = True


@attrs.frozen
class Place:
    """Enter a new order."""

    quote: Quote


@attrs.frozen
class Replace:
    """Give an order the terms of a quote; its new total includes what is filled."""

    order: LiveOrder
    quote: Quote


@attrs.frozen
class Cancel:
    """Take an order out."""

    order: LiveOrder


Action: TypeAlias = Place | Replace | Cancel


def reconcile(
    quotes: Sequence[Quote], live: Sequence[LiveOrder], *, max_orders: int
) -> tuple[Action, ...]:
    """Return what to do, in this order; nothing when all is as it should be.

    Args:
        quotes: what should be live; the best of both sides when they are more than ``max_orders``.
        live: what is.
        max_orders: how many may be live.
    """
    cancels: list[Cancel] = []
    replaces: list[Replace] = []
    places: list[Place] = []
    sides = {side: sorted((q for q in quotes if q.side is side), key=_best_first) for side in Side}
    for side, wanted in _capped(sides, max_orders).items():
        have = sorted((order for order in live if order.side is side), key=_best_first)
        for order, quote in zip(have, wanted, strict=False):
            if (order.price, order.open) == (quote.price, quote.quantity):
                continue
            if order.replaceable:
                replaces.append(Replace(order, quote))
            else:
                cancels.append(Cancel(order))
                places.append(Place(quote))
        cancels += [Cancel(order) for order in have[len(wanted) :]]
        places += [Place(quote) for quote in wanted[len(have) :]]
    return (*cancels, *sorted(replaces, key=_safest_first), *places)


def _capped(sides: dict[Side, list[Quote]], count: int) -> dict[Side, list[Quote]]:
    """Keep the best quotes of both sides, in turns, up to ``count`` in all."""
    kept: dict[Side, list[Quote]] = {side: [] for side in sides}
    depth = max(map(len, sides.values()), default=0)
    by_turns = [
        (side, sides[side][i]) for i in range(depth) for side in sides if i < len(sides[side])
    ]
    for side, quote in by_turns[: max(count, 0)]:
        kept[side].append(quote)
    return kept


def _best_first(item: Quote | LiveOrder) -> int:
    return -item.price if item.side is Side.BUY else item.price


def _safest_first(action: Replace) -> tuple[bool, bool]:
    """Smaller before larger; of these, those that retreat before those that advance."""
    order, quote = action.order, action.quote
    advances = quote.price > order.price if quote.side is Side.BUY else quote.price < order.price
    return (quote.quantity > order.open, advances)
