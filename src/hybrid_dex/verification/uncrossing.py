"""Uncrossing: whether an auction ended at the price at which most trades, judged by trying prices.

The engine finds that price by ranges; here every price at which anything changes is tried.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence

__all__ = ["judge_uncrossing"]

_Lots = Sequence[tuple[int, int]]


def judge_uncrossing(
    bids: _Lots, asks: _Lots, price: int, quantity: int, surplus: int, *, near: int = 0
) -> Iterator[str]:
    """Yield what is wrong with an opening.

    Args:
        bids: limit and open lots of each order that buys.
        asks: the same of each that sells.
        price: the one price that was told.
        quantity: lots that were told to trade.
        surplus: lots that were told to be left of one side.
        near: what counts as the last price; of equally good prices the nearest to it is due, and
            their middle, rounded down, where it is 0.
    """
    volume, imbalance = _at(bids, asks, price)
    if (volume, imbalance) != (quantity, surplus):
        yield f"{volume} lots meet at {price} and {imbalance} are left, not {quantity} and {surplus}"
    alike = [price]
    changes = sorted({*(one for one, _ in asks), *_changes(bids)})
    for other in changes:
        more, left = _at(bids, asks, other)
        if more > volume or (more == volume and left < imbalance):
            yield f"at {other} {more} lots meet and {left} are left, better than at {price}"
            return
        if (more, left) == (volume, imbalance):
            alike.append(other)
    if not volume:
        return
    low = min(alike)
    # Nothing changes until the next change; behind the best bid nobody buys, so there is one.
    high = changes[bisect_right(changes, max(alike))] - 1
    due = min(max(near, low), high) if near else (low + high) // 2
    if price != due:
        yield f"{low} to {high} are equally good; it had to be {due}, not {price}"


def _changes(bids: _Lots) -> Iterator[int]:
    for price, _ in bids:
        yield price
        yield price + 1


def _at(bids: _Lots, asks: _Lots, price: int) -> tuple[int, int]:
    """Return how many lots meet at a price, and how many are left of one side."""
    demand = sum(lots for limit, lots in bids if limit >= price)
    supply = sum(lots for limit, lots in asks if limit <= price)
    return min(demand, supply), abs(demand - supply)
