"""Proof: whether the parts of the state agree with each other.

Costs as much as the state is large, so it runs in tests and beside snapshots, never in `apply`.
"""

from hybrid_dex.engine.desk import Desk, Venue
from hybrid_dex.errors import InvariantError
from hybrid_dex.model.order import Side
from hybrid_dex.model.units import AccountId, AssetId

__all__ = ["check"]


def check(desk: Desk) -> None:
    """Raise `InvariantError` unless sums, holds, books, lanes and freezes are right."""
    desk.ledger.check()
    resting = 0
    for venue in desk.venues.values():
        resting += _check_book(desk, venue)
    if resting != len(desk.orders.live):
        raise InvariantError(f"{resting} orders rest, {len(desk.orders.live)} are live")
    holds: dict[tuple[AccountId, AssetId], int] = {}
    for order in desk.orders.live.values():
        venue = desk.venues[order.market]
        key = (order.account, venue.hold_asset(order.side))
        holds[key] = holds.get(key, 0) + venue.hold(order.side, order.price, order.open)
        if not 0 < order.open <= order.quantity - order.filled:
            raise InvariantError(
                f"order {order.order_id} has {order.open} of {order.quantity} open"
            )
    for account, asset, entry in desk.ledger.rows():
        if entry.held != holds.get((account, asset), 0):
            raise InvariantError(
                f"{account} holds {entry.held} {asset}, its orders need another sum"
            )
        if entry.available < 0 and account not in desk.frozen:
            raise InvariantError(f"{account} is short of {asset} and not frozen")
    for account in desk.frozen:
        if not desk.ledger.is_short(account):
            raise InvariantError(f"{account} is frozen and short of nothing")


def _check_book(desk: Desk, venue: Venue) -> int:
    """Return how many orders rest; each as it is known, in order, and none crossing."""
    book, count = venue.book, 0
    last: tuple[Side, int] | None = None
    for resting in book.orders():
        count += 1
        order = desk.orders.live.get(resting.order_id)
        if order is None or (order.account, order.side, order.price, order.open) != (
            resting.account,
            resting.side,
            resting.price,
            resting.quantity,
        ):
            raise InvariantError(f"the book's {resting} is not what the engine knows: {order}")
        rank = (resting.side, resting.price if resting.side is Side.SELL else -resting.price)
        if last is not None and rank < last:
            raise InvariantError(f"the book's order of {resting} is not by price")
        last = rank
    top = book.top()
    if top.bid is not None and top.ask is not None and top.bid.price >= top.ask.price:
        raise InvariantError(f"{venue.market.id} is crossed: {top}")
    return count
