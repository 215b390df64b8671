"""Isolation: one market that broke an invariant stops, all others go on.

A command that broke one has left the state half changed, so it is applied again to a state as it
was before, and this time without what broke: the market is halted, and its orders stand in a
`StilledBook`. Which market that is must follow from the state and the command alone, because every
replay has to come to the same.
"""

from typing import Final

import msgspec

from hybrid_dex.engine.desk import Desk, Venue
from hybrid_dex.engine.orders import LiveOrder
from hybrid_dex.engine.stilled_book import StilledBook
from hybrid_dex.interfaces.book import Resting
from hybrid_dex.model.commands import (
    BatchOrders,
    CancelAll,
    CancelOrder,
    Command,
    PlaceLinked,
    PlaceOrder,
    ReduceOrder,
    ReplaceOrder,
    SetMarketState,
)
from hybrid_dex.model.events import (
    CancelRejected,
    CommandRejected,
    MarketStateChanged,
    OrderRejected,
)
from hybrid_dex.model.market import MarketState, StateCause
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import (
    MarketId,
    OrderId,
    Quantity,
    Sequence,
    TimestampNs,
    order_id,
)

__all__ = ["MAX_BREAKS", "Isolated", "blame", "halt", "home", "refuse", "release", "still", "touch"]

MAX_BREAKS: Final = 8
"""After so many broken commands of one market that was not opened again, everything stops."""
_DETAIL: Final = "a bug on our side: the market is halted, and nothing was done"


class Isolated(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A command that broke an invariant, and the markets in which it did. Never journaled."""

    sequence: Sequence
    at_ns: TimestampNs
    command: Command
    markets: tuple[MarketId, ...]


def blame(desk: Desk, command: "Command | Isolated") -> str:
    """Return the one market that a command broke an invariant in, or an empty text.

    Empty, too, when laying that market's book aside could not help, or did not.
    """
    told = command.command if isinstance(command, Isolated) else command
    own = home(desk, told)
    market = own
    if desk.touched is not None and desk.touched[0] == desk.sequence:
        market = desk.touched[1]
        if own is None and isinstance(told, CancelOrder | ReduceOrder | ReplaceOrder):
            own = market  # the order was on its way out, where no look finds it
    if market is None:
        return ""
    breaks = desk.isolated.get(market, 0)
    if breaks and (market != own or breaks >= MAX_BREAKS or isinstance(command, Isolated)):
        return ""  # its book is laid aside already: what broke is not the market's alone
    return market


def home(desk: Desk, command: Command) -> MarketId | None:
    """Return the one market that a command is about; ``None`` when there is none such."""
    market: MarketId | None = None
    match command:
        case PlaceOrder() | SetMarketState() | CancelAll():
            market = command.market
        case CancelOrder() | ReduceOrder() | ReplaceOrder():
            order = _meant(desk, command)
            market = None if order is None else order.market
        case PlaceLinked():
            market = command.stop.market
        case BatchOrders():
            homes = [home(desk, member) for member in command.members]
            market = homes[0] if homes and homes.count(homes[0]) == len(homes) else None
        case _:
            pass
    return market if market in desk.venues else None


def touch(desk: Desk, command: Command) -> None:
    """Note the market that one of several commands is about, in case it breaks something."""
    touched = desk.touched
    if (
        type(command) is PlaceOrder
        and touched is not None
        and touched[1] == command.market
        and touched[0] == desk.sequence
    ):
        return  # as most of a batch
    market = home(desk, command)
    if market is not None:
        desk.touched = (desk.sequence, market)


def _meant(desk: Desk, command: CancelOrder | ReduceOrder | ReplaceOrder) -> LiveOrder | None:
    """Return the order that a command is about, live or remembered."""
    wanted = command.order_id
    if isinstance(command, CancelOrder) and wanted is None and command.client_order_id is not None:
        named = desk.orders.named(command.account, command.client_order_id)
        wanted = None if named is None else named.order_id
    return None if wanted is None else desk.orders.find(wanted)


def still(desk: Desk, market: MarketId) -> None:
    """Lay a market's book aside: its orders stay, and nothing asks that book again."""
    venue = desk.venues[market]
    live = {
        one.order_id: one
        for one in desk.orders.all_live()
        if one.market == market and one.order_id not in desk.waiting
    }
    by_priority = _priority(venue, set(live))
    orders = [live[each] for each in (sorted(live) if by_priority is None else by_priority)]
    venue.book = StilledBook(
        Resting(one.order_id, one.account, one.side, one.price, Quantity(one.shown()))
        for one in orders
    )
    desk.isolated[market] = desk.isolated.get(market, 0) + 1


def _priority(venue: Venue, live: set[OrderId]) -> list[OrderId] | None:
    """Return a book's orders by priority, as it tells them; ``None`` if that can not be true."""
    try:
        told = [row.order_id for row in venue.book.orders()]
    except Exception:  # noqa: BLE001 # the book broke its promises: it may raise whatever it likes
        return None
    return told if len(told) == len(live) and set(told) == live else None


def halt(desk: Desk, markets: tuple[MarketId, ...]) -> None:
    """Halt markets, and tell."""
    for market in markets:
        venue = desk.venues[market]
        if venue.state is not MarketState.HALTED:
            venue.state = MarketState.HALTED
            desk.emit(MarketStateChanged(market, MarketState.HALTED, StateCause.INVARIANT))


def refuse(desk: Desk, command: Command) -> None:
    """Answer that a command about one market broke it. It changed nothing and is not remembered."""
    reason = RejectReason.INTERNAL
    match command:
        case PlaceLinked():
            for index, leg in enumerate(command.orders):
                new = order_id(desk.sequence, index)
                account, name = leg.account, leg.client_order_id
                desk.emit(OrderRejected(new, account, leg.market, reason, "", _DETAIL, name))
        case PlaceOrder():
            new = order_id(desk.sequence)
            account, name = command.account, command.client_order_id
            desk.emit(OrderRejected(new, account, command.market, reason, "", _DETAIL, name))
        case CancelOrder() | ReduceOrder() | ReplaceOrder():
            name = command.client_order_id if isinstance(command, CancelOrder) else None
            order = _meant(desk, command)
            assert order is not None  # it told which market this is about
            is_own = order.account == command.account
            desk.emit(
                CancelRejected(
                    command.account,
                    order.order_id,
                    name,
                    reason,
                    "",
                    _DETAIL,
                    order.current_status() if is_own else None,
                    Quantity(order.filled if is_own else 0),
                )
            )
        case _:
            desk.emit(CommandRejected(getattr(command, "account", None), reason, "", _DETAIL))


def release(desk: Desk, market: MarketId) -> None:
    """A market opens again: a fresh book takes over the orders, in the priority they had."""
    if market not in desk.isolated:
        return
    venue = desk.venues[market]
    book = desk.make_book(venue.market)
    for order in venue.book.orders():
        book.add(order)
    venue.book = book
    del desk.isolated[market]
