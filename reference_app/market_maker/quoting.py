"""What to quote: pure, in ticks and lots.

Levels lie at multiples of the spacing around the reference, bids rounded down and asks up, so that
no quote is closer than asked. All of them shift against the inventory: the more base is held, the
lower, so that selling becomes likelier than buying.

If every bid were filled, the inventory would still be within its limit, and so for the asks: a
quote that does not fit is made smaller or left out. That is what keeps the limit, whatever happens
between two refreshes.
"""

from typing import Final

import attrs

from hybrid_dex import Side

__all__ = ["Ladder", "Quote", "make_quotes"]

_BPS: Final = 10_000


@attrs.frozen
class Quote:
    """One order that should be live: ticks and lots."""

    side: Side
    price: int
    quantity: int


@attrs.frozen(kw_only=True)
class Ladder:
    """The shape of the quotes.

    Attributes:
        levels: how many a side.
        spacing_bps: between two levels, in basis points of the reference.
        quantity: lots on each level.
        max_inventory: lots that may be gained or lost.
        skew_bps: the shift at the limit of the inventory.
        minimum: the fewest lots that the market accepts at a price, by its minimum notional.
    """

    levels: int
    spacing_bps: int
    quantity: int
    max_inventory: int
    skew_bps: int
    minimum: int = 1


def make_quotes(reference: int, inventory: int, ladder: Ladder) -> tuple[Quote, ...]:
    """Return the quotes, best first on each side, bids before asks.

    Args:
        reference: the reference price, ticks.
        inventory: base gained since the start, lots; negative when lost.
        ladder: the shape.
    """
    limit = ladder.max_inventory
    bounded = max(-limit, min(inventory, limit))
    shift = -ladder.skew_bps * bounded  # in basis points of the reference times the limit
    quotes: list[Quote] = []
    for side, side_room in ((Side.BUY, limit - inventory), (Side.SELL, limit + inventory)):
        previous, room = None, side_room
        for level in range(1, ladder.levels + 1):
            quantity = min(ladder.quantity, room)
            if quantity < ladder.minimum:
                break
            price = _price(side, reference, level * ladder.spacing_bps, shift, limit)
            if previous is not None:  # a spacing below one tick still gives one level a price
                price = min(price, previous - 1) if side is Side.BUY else max(price, previous + 1)
            if price < 1:
                break
            quotes.append(Quote(side, price, quantity))
            previous, room = price, room - quantity
    return tuple(quotes)


def _price(side: Side, reference: int, distance_bps: int, shift: int, limit: int) -> int:
    """Return reference * (1 + (shift / limit -+ distance) / 10,000), away from the other side."""
    scale = _BPS * max(limit, 1)
    sign = -1 if side is Side.BUY else 1
    numerator = reference * (scale + shift + sign * distance_bps * max(limit, 1))
    return numerator // scale if side is Side.BUY else -(-numerator // scale)
