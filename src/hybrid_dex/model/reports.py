"""What followers of the exchange are told: book updates, trades, execution and fill reports.

`hybrid_dex.feed` makes them from events and `hybrid_dex.wire` writes them; both are pure, and
neither knows the other, so the words between them stand here. Integers in ticks, lots and atoms.
"""

import enum

import msgspec

from hybrid_dex.model.order import (
    CancelReason,
    OrderStatus,
    OrderType,
    SelfTradeMode,
    Side,
    TimeInForce,
)
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.settlement import SettlementStage
from hybrid_dex.model.units import (
    AccountId,
    Amount,
    ClientOrderId,
    FillId,
    MarketId,
    OrderId,
    Price,
    Quantity,
    Sequence,
    TimestampNs,
)
from hybrid_dex.model.views import Level

__all__ = ["BookUpdate", "ExecType", "ExecutionReport", "FillReport", "Liquidity", "Trade"]


class ExecType(enum.IntEnum):
    """What an execution report reports (ExecType, FIX 150)."""

    NEW = 1
    """Accepted (FIX 0)."""
    TRADE = 2
    """Filled, wholly or partly (FIX F)."""
    CANCELED = 3
    """Canceled, or the remainder of an immediate order was (FIX 4)."""
    EXPIRED = 4
    """Reached its time (FIX C)."""
    REPLACED = 5
    """Has new terms (FIX 5)."""
    REDUCED = 6
    """Its open quantity was lowered in place (FIX D, restated)."""
    REJECTED = 7
    """Was refused and never stood (FIX 8)."""
    CANCEL_REJECTED = 8
    """A cancel, reduce or replace was refused; the order stands (FIX message 9)."""
    TRIGGERED = 9
    """Its trigger was reached and it entered the book (FIX L)."""


class Liquidity(enum.IntEnum):
    """LastLiquidityInd (FIX 851)."""

    MAKER = 1
    TAKER = 2


class BookUpdate(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Level 2 of one market: a whole snapshot, or what changed.

    The numbers are command sequences. A snapshot is the book after ``sequence``. A delta leads
    from any state in ``previous`` .. ``sequence - 1`` to ``sequence``; deltas of one market form a
    chain without gaps, each ``previous`` being the ``sequence`` before it.

    Attributes:
        previous: the sequence that this delta follows, or ``None`` for a snapshot.
        bids: levels, best first; in a delta quantity 0 removes the level.
        asks: levels, best first; as bids.
        may_cross: the market is in an auction, or was stopped in one: bids may reach the asks.
        checksum: of the book afterwards, as the wire writes it; ``None`` when it was not told.
    """

    market: MarketId
    sequence: Sequence
    previous: Sequence | None
    at_ns: TimestampNs
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    may_cross: bool = False
    checksum: int | None = None


class Trade(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A fill as the public sees it: no accounts, no orders."""

    fill_id: FillId
    market: MarketId
    price: Price
    quantity: Quantity
    taker_side: Side
    at_ns: TimestampNs


class ExecutionReport(msgspec.Struct, frozen=True, gc=False):
    """One thing that happened to one order, for its trader (FIX message 8).

    Attributes:
        sequence: the command that did it.
        order_id: the order; ``None`` when a cancel named no known one.
        market: ``None`` only when no order is known, as are side, type, price and quantity.
        price: the limit in ticks.
        quantity: OrderQty, the total in lots.
        open: LeavesQty, lots.
        filled: CumQty, lots.
        status: OrdStatus; ``None`` when no order is known.
        fill_id: of a trade; otherwise ``None``, as the four that follow.
        last_price: LastPx, ticks.
        last_quantity: LastQty, lots.
        fee: of this fill, quote atoms.
        cancel_reason: why it was canceled.
        reject_reason: why it, or a cancel, was refused.
        field: the field concerned by a refusal, or an empty string.
        detail: the refusal in words, or an empty string.
        trigger_price: of a stop or take-profit, ticks.
        display_quantity: DisplayQty (FIX 1138) of an iceberg, lots.
        quote_budget: the most that it spends, quote atoms.
        waiting: whether it is open and on no book, as its trigger is not reached or all of it sleeps.
        linked_to: the exit that cancels it, and that it cancels.
        asleep: lots of an exit that are not alive, as its entry did not fill so much.
        self_trade: what self-trade prevention does where it is the aggressor; ``None`` when no order is known.
        expires_at_ns: when a GTD order ends.
    """

    sequence: Sequence
    at_ns: TimestampNs
    exec_type: ExecType
    account: AccountId
    order_id: OrderId | None
    client_order_id: ClientOrderId | None
    market: MarketId | None
    side: Side | None
    order_type: OrderType | None
    time_in_force: TimeInForce | None
    post_only: bool
    price: Price | None
    quantity: Quantity | None
    open: Quantity
    filled: Quantity
    status: OrderStatus | None
    order_hash: bytes = b""
    nonce: int | None = None
    fill_id: FillId | None = None
    last_price: Price | None = None
    last_quantity: Quantity | None = None
    liquidity: Liquidity | None = None
    fee: Amount | None = None
    cancel_reason: CancelReason | None = None
    reject_reason: RejectReason | None = None
    field: str = ""
    detail: str = ""
    trigger_price: Price | None = None
    display_quantity: Quantity | None = None
    quote_budget: Amount | None = None
    waiting: bool = False
    linked_to: OrderId | None = None
    asleep: Quantity = Quantity(0)
    self_trade: SelfTradeMode | None = None
    expires_at_ns: TimestampNs | None = None


class FillReport(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A fill as one of its two traders sees it, with how far its settlement has come.

    Attributes:
        at_ns: when it was matched.
        fee: quote atoms, of this trader.
        batch: the settlement batch, 0 before there is one.
        transaction: the transaction's hash, or an empty string.
        failure: the contract's skip code when it failed, otherwise 0.
    """

    fill_id: FillId
    order_id: OrderId
    account: AccountId
    market: MarketId
    side: Side
    price: Price
    quantity: Quantity
    liquidity: Liquidity
    fee: Amount
    at_ns: TimestampNs
    stage: SettlementStage
    batch: int = 0
    transaction: str = ""
    failure: int = 0
