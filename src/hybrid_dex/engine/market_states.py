"""Market states: where each leads, and what is served in it; two literal tables.

Nothing else in the engine knows what a state means. The tables are drawn in the docs
(explanation/matching-rules.md), and a test holds the drawing and the engine's conduct to them.
"""

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import attrs

from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.commands import PlaceOrder, ReplaceOrder
from hybrid_dex.model.market import MarketState
from hybrid_dex.model.order import TimeInForce
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import MarketId

__all__ = ["MOVES", "SERVED", "Entry", "Served", "is_legal", "refuse_entry"]


class Entry(enum.IntEnum):
    """Which orders and replacements enter."""

    NONE = 0
    POST_ONLY = 1
    """Those that rest and never take."""
    RESTING = 2
    """Those that rest, and those that wait for a price."""
    ANY = 3


@attrs.frozen
class Served:
    """What is served in a state.

    Attributes:
        place: which orders enter.
        replace: which new terms are taken.
        cancel: whether an order can be canceled.
        reduce: whether an order's open quantity can be lowered.
        match: whether orders that meet trade.
        triggers: whether a price can fire what waits for it.
    """

    place: Entry
    replace: Entry
    cancel: bool
    reduce: bool
    match: bool
    triggers: bool


_AUCTION: Final = MarketState.AUCTION_OPEN
_OPEN: Final = MarketState.OPEN
_HALTED: Final = MarketState.HALTED
_POST_ONLY: Final = MarketState.POST_ONLY
_CANCEL_ONLY: Final = MarketState.CANCEL_ONLY
_CLOSED: Final = MarketState.CLOSED

MOVES: Final[Mapping[MarketState, tuple[MarketState, ...]]] = MappingProxyType(
    {
        _AUCTION: (_OPEN, _CANCEL_ONLY, _HALTED),
        _POST_ONLY: (_AUCTION, _OPEN, _CANCEL_ONLY, _HALTED),
        _OPEN: (_AUCTION, _POST_ONLY, _CANCEL_ONLY, _HALTED),
        _CANCEL_ONLY: (_AUCTION, _POST_ONLY, _HALTED, _CLOSED),
        _HALTED: (_AUCTION, _POST_ONLY, _OPEN, _CANCEL_ONLY, _CLOSED),
        _CLOSED: (),
    }
)
"""From each state to those that may follow it. Closing is for ever, so nothing that trades closes."""

SERVED: Final[Mapping[MarketState, Served]] = MappingProxyType(
    {
        #                     place            replace          cancel reduce match  triggers
        _AUCTION:     Served(Entry.RESTING,   Entry.RESTING,   True,  True,  False, False),
        _POST_ONLY:   Served(Entry.POST_ONLY, Entry.POST_ONLY, True,  True,  False, False),
        _OPEN:        Served(Entry.ANY,       Entry.ANY,       True,  True,  True,  True),
        _CANCEL_ONLY: Served(Entry.NONE,      Entry.NONE,      True,  True,  False, False),
        _HALTED:      Served(Entry.NONE,      Entry.NONE,      True,  True,  False, False),
        _CLOSED:      Served(Entry.NONE,      Entry.NONE,      False, False, False, False),
    }
)  # fmt: skip
"""What is served in each state. In a closed market no order is left to cancel or reduce."""

_REASONS: Final = {
    _AUCTION: RejectReason.MARKET_IN_AUCTION,
    _POST_ONLY: RejectReason.MARKET_POST_ONLY,
    _CANCEL_ONLY: RejectReason.MARKET_CANCEL_ONLY,
    _HALTED: RejectReason.MARKET_HALTED,
    _CLOSED: RejectReason.MARKET_CLOSED,
}
_WANTED: Final = {
    _AUCTION: "is in an auction and takes orders that rest: GTC or GTD",
    _POST_ONLY: "takes post-only orders now; cancel and reduce are served",
    _CANCEL_ONLY: "is cancel-only; cancel and reduce are served",
    _HALTED: "is halted; cancel and reduce are served",
    _CLOSED: "is delisted",
}
_FIELDS: Final = {
    Entry.NONE: "market",
    Entry.POST_ONLY: "post_only",
    Entry.RESTING: "time_in_force",
    Entry.ANY: "market",
}
_RESTS: Final = (TimeInForce.GTC, TimeInForce.GTD)


def is_legal(before: MarketState, after: MarketState) -> bool:
    """Return whether a market may come from one state to the other."""
    return after in MOVES[before]


def refuse_entry(
    market: MarketId,
    state: MarketState,
    entry: Entry,
    command: PlaceOrder | ReplaceOrder,
    *,
    waits: bool = False,
) -> Refusal | None:
    """Judge whether an order, or new terms, may enter in a state that is not open.

    New terms of one that `waits` for a price need not say again for which.
    """
    rests = command.time_in_force in _RESTS
    if entry is Entry.POST_ONLY and command.post_only and rests:
        return None
    if entry is Entry.RESTING and (rests or waits or command.trigger_price is not None):
        return None
    return Refusal(_REASONS[state], _FIELDS[entry], f"{market} {_WANTED[state]}")
