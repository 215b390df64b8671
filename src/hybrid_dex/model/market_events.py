"""Events of markets beside orders: what is planned and charged, and how an auction ended.

They are part of the `Event` union; see `events` for what every event promises.
"""

import msgspec

from hybrid_dex.model.fees import FeeSchedule
from hybrid_dex.model.market import MarketState
from hybrid_dex.model.order import Side
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import MarketId, Price, Quantity, TimestampNs

__all__ = [
    "FeesChanged",
    "FeesScheduled",
    "MarketStateScheduled",
    "MarketUncrossed",
    "PlanCanceled",
    "PlanFailed",
]


class FeesScheduled(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=40):
    """Other fees will be charged in a market from a time on."""

    market: MarketId
    fees: FeeSchedule
    due_ns: TimestampNs


class FeesChanged(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=41):
    """Fills in this market are charged these fees from now on."""

    market: MarketId
    fees: FeeSchedule


class PlanCanceled(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=42):
    """What was planned for a market at a time will not happen."""

    market: MarketId
    due_ns: TimestampNs


class MarketUncrossed(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=43):
    """An auction ended: everything that crosses trades at one price. Its fills follow.

    Attributes:
        price: the one price, ticks.
        quantity: what trades, lots.
        surplus: what one side wants beyond that at this price, lots.
        surplus_side: which side, or ``None`` when it comes out even.
    """

    market: MarketId
    price: Price
    quantity: Quantity
    surplus: Quantity
    surplus_side: Side | None


class MarketStateScheduled(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=44):
    """A market will move to another state at a time."""

    market: MarketId
    state: MarketState
    due_ns: TimestampNs
    reference_price: Price | None


class PlanFailed(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=45):
    """What was planned for a market came due and could not be done; it is dropped."""

    market: MarketId
    due_ns: TimestampNs
    reason: RejectReason
    detail: str
