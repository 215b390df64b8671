"""Markets: listing, and the moves between their states.

A market's terms never change. What changes is its state, along the literal table of
`market_states`; a move that is not in it is refused. Closing delists: every order goes, funds stay
what they were, and fills that are on their way settle as any other.
"""

from typing import Final

from hybrid_dex.engine import isolation
from hybrid_dex.engine.desk import Desk, Venue
from hybrid_dex.engine.market_states import MOVES, SERVED, Entry, is_legal
from hybrid_dex.model.commands import ListMarket, SetMarketState
from hybrid_dex.model.events import MarketListed, MarketStateChanged
from hybrid_dex.model.market import Asset, Market, MarketState, StateCause
from hybrid_dex.model.order import CancelReason
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import MarketId

__all__ = ["Markets"]

_OPEN: Final = MarketState.OPEN
_CLOSED: Final = MarketState.CLOSED


class Markets:
    """The commands about markets."""

    __slots__ = ("_desk",)

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def list_market(self, command: ListMarket) -> None:
        """List a market once and for ever."""
        desk, market, state = self._desk, command.market, command.state
        listed = desk.venues.get(market.id)
        if listed is not None and listed.market == market:
            return
        detail = self._conflict(market)
        if detail is not None:
            desk.refuse(None, RejectReason.MARKET_EXISTS, "market", detail)
            return
        if state is _CLOSED:
            detail = "a market begins in any state but closed"
            desk.refuse(None, RejectReason.ILLEGAL_MOVE, "state", detail)
            return
        desk.list_market(market, state)
        desk.emit(MarketListed(market))
        if state is not _OPEN:
            desk.emit(MarketStateChanged(market.id, state))

    def set_state(self, command: SetMarketState) -> None:
        """Move a market to another state."""
        venue = self._find(command.market)
        if venue is not None:
            self._move(venue, command.state, StateCause.COMMAND)

    def _move(self, venue: Venue, state: MarketState, cause: StateCause) -> None:
        desk, market = self._desk, venue.market.id
        if venue.state is state:
            return
        if not is_legal(venue.state, state):
            after = ", ".join(_name(each) for each in MOVES[venue.state]) or "nothing"
            detail = f"{market} is {_name(venue.state)}; what can follow: {after}"
            desk.refuse(None, RejectReason.ILLEGAL_MOVE, "state", detail)
            return
        if SERVED[state].place is not Entry.NONE:
            isolation.release(desk, market)
        venue.state = state
        desk.emit(MarketStateChanged(market, state, cause))
        if state is _CLOSED:
            self._cancel_all(market)

    def _cancel_all(self, market: MarketId) -> None:
        """A closed market keeps no order, whatever it waited for."""
        desk = self._desk
        for _, order in sorted(desk.orders.live.items()):
            if order.market == market:
                desk.cancel(order, CancelReason.MARKET_CLOSED)

    def _find(self, market: MarketId) -> Venue | None:
        venue = self._desk.venues.get(market)
        if venue is None:
            detail = f"no market {market}"
            self._desk.refuse(None, RejectReason.UNKNOWN_MARKET, "market", detail)
        return venue

    def _conflict(self, market: Market) -> str | None:
        """Return what a new market contradicts."""
        desk = self._desk
        if market.id in desk.venues:
            return f"{market.id} is listed with other terms, and terms never change"
        for asset in (market.base, market.quote):
            known = desk.assets.get(asset.id, asset)
            if known != asset:
                return f"{asset.id} is known as {_describe(known)}"
        for venue in desk.venues.values():
            other = venue.market
            if market.number == other.number and market.base.token and other.base.token:
                return f"number {market.number} is that of {other.id}"
        return None


def _name(state: MarketState) -> str:
    return state.name.lower().replace("_", "-")


def _describe(asset: Asset) -> str:
    token = "" if asset.token is None else f" at {asset.token}"
    return f"{asset.decimals} decimals{token}"
