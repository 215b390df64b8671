"""Proof: whether the parts of the state agree with each other.

Costs as much as the state is large, so it runs in tests and beside snapshots, never in `apply`.
"""

from hybrid_dex.engine.desk import Desk, Venue
from hybrid_dex.engine.sessions import SessionKey, is_session
from hybrid_dex.errors import InvariantError
from hybrid_dex.model.market import MarketState
from hybrid_dex.model.order import Side
from hybrid_dex.model.units import AccountId, AssetId, OrderId

__all__ = ["check"]


def check(desk: Desk) -> None:
    """Raise `InvariantError` unless sums, holds, books, lanes and freezes are right."""
    desk.ledger.check()
    resting = 0
    for venue in desk.venues.values():
        resting += _check_book(desk, venue)
    if resting + len(desk.waiting) != desk.orders.live_total:
        raise InvariantError(
            f"{resting} orders rest, {len(desk.waiting)} wait, {desk.orders.live_total} are live"
        )
    _check_waiting(desk)
    _check_lanes(desk)
    holds: dict[tuple[AccountId, AssetId], int] = {}
    for order in desk.orders.all_live():
        venue = desk.venues[order.market]
        key = (order.account, venue.hold_asset(order.side))
        holds[key] = holds.get(key, 0) + venue.held(order, order.price, order.open)
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
    _check_vouchers(desk)
    _check_sessions(desk)
    for account in desk.frozen:
        if not desk.ledger.is_short(account):
            raise InvariantError(f"{account} is frozen and short of nothing")


def _check_waiting(desk: Desk) -> None:
    """Every waiting order is live, says so, and is watched."""
    watched = sum(len(venue.stops) for venue in desk.venues.values())
    alive = [one for one in desk.waiting.values() if one.conditions and one.conditions.is_watched]
    if watched != len(alive):
        raise InvariantError(f"{len(alive)} orders wait for a price, {watched} are watched")
    for order_id, order in desk.waiting.items():
        conditions = order.conditions
        if desk.orders.live(order_id) is not order or not (conditions and conditions.waiting):
            raise InvariantError(f"order {order_id} waits and does not know")


def _check_lanes(desk: Desk) -> None:
    """Every signed order has its lane, or shares it with the exit that it is linked to."""
    for order in desk.orders.all_live():
        if order.authorization is None:
            continue
        base = desk.venues[order.market].base_id
        lane = desk.lanes.find(order.account, base, order.authorization.nonce)
        other = order.conditions.other if order.conditions else OrderId(0)
        if lane is None or lane.order_id not in {order.order_id, other or order.order_id}:
            raise InvariantError(f"order {order.order_id} is not the one of its lane: {lane}")


def _check_vouchers(desk: Desk) -> None:
    """Every entry sets aside exactly what its open vouchers promise."""
    promised: dict[tuple[AccountId, AssetId], int] = {}
    for voucher in desk.vouchers.values():
        key = (voucher.account, voucher.asset)
        promised[key] = promised.get(key, 0) + voucher.amount
    for account, asset, entry in desk.ledger.rows():
        if entry.vouchers != promised.pop((account, asset), 0):
            raise InvariantError(f"{account} has {entry.vouchers} {asset} aside, vouchers differ")
    if promised:
        raise InvariantError(f"vouchers without funds: {promised}")


def _check_sessions(desk: Desk) -> None:
    """Every session reserves exactly what its live orders could use, and no budget is overdrawn."""
    stakes: dict[SessionKey, list[int]] = {}
    for order in desk.orders.all_live():
        signed = order.authorization
        if signed is None or not is_session(signed):
            continue
        stake = desk.venues[order.market].staked(order, order.price, order.open)
        stakes.setdefault((order.account, signed.signer, order.market), [0, 0])[order.side] += stake
    for key, state in desk.sessions.states.items():
        reserved = [state.buy_reserved, state.sell_reserved]
        if reserved != stakes.pop(key, [0, 0]):
            raise InvariantError(f"session {key} reserves {reserved}, its orders need another sum")
        if state.buy_budget < 0 or state.sell_budget < 0 or (state.revoked and any(reserved)):
            raise InvariantError(f"session {key} is overdrawn: {state}")
    if stakes:
        raise InvariantError(f"orders of unknown sessions: {stakes}")


def _check_book(desk: Desk, venue: Venue) -> int:
    """Return how many orders rest; each as it is known, in order, and none crossing."""
    book, count = venue.book, 0
    last: tuple[Side, int] | None = None
    for resting in book.orders():
        count += 1
        order = desk.orders.live(resting.order_id)
        if order is None or (order.account, order.side, order.price, order.shown()) != (
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
    crosses = top.bid is not None and top.ask is not None and top.bid.price >= top.ask.price
    if crosses and venue.state in {MarketState.OPEN, MarketState.POST_ONLY, MarketState.CLOSED}:
        raise InvariantError(f"{venue.market.id} is crossed: {top}")
    return count
