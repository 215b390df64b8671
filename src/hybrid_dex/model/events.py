"""Events: what a command did, in the order in which it happened.

An event says everything that a follower needs without asking the engine. Ids carry the command's
sequence; the time is the command's. Events are pure values and are never stored as truth: the
journal holds commands, and replaying them makes the same events again.
"""

from typing import TypeAlias

import msgspec

from hybrid_dex.model.conditional import OrderActivated, OrderRefilled, OrderTriggered
from hybrid_dex.model.market import Market, MarketState, StateCause
from hybrid_dex.model.market_events import (
    FeesChanged,
    FeesScheduled,
    MarketStateScheduled,
    MarketUncrossed,
    PlanCanceled,
    PlanFailed,
)
from hybrid_dex.model.order import (
    CancelReason,
    OrderStatus,
    OrderType,
    SelfTradeMode,
    Side,
    TimeInForce,
)
from hybrid_dex.model.protection import (
    AccountDisconnected,
    CancelOnDisconnectChanged,
    CancelScheduled,
    ScheduledCancelFired,
)
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.risk_control import (
    AccountGroupChanged,
    KillSwitchChanged,
    RiskTierAssigned,
    RiskTierChanged,
)
from hybrid_dex.model.settlement import SettlementStage
from hybrid_dex.model.signed_order import Authorization
from hybrid_dex.model.units import (
    AccountId,
    Amount,
    AssetId,
    ClientOrderId,
    FillId,
    MarketId,
    OrderId,
    Price,
    Quantity,
    Sequence,
    TimestampNs,
    order_id,
)

__all__ = [
    "AccountFrozen",
    "AccountUnfrozen",
    "ApprovalRevoked",
    "CancelRejected",
    "CommandRejected",
    "Deposited",
    "Event",
    "EventBatch",
    "FillMade",
    "FillSettled",
    "FloorRaised",
    "LaneRevoked",
    "MarketListed",
    "MarketStateChanged",
    "MemberAnswered",
    "OrderAccepted",
    "OrderActivated",
    "OrderApproved",
    "OrderCanceled",
    "OrderExpired",
    "OrderReduced",
    "OrderRefilled",
    "OrderRejected",
    "OrderReplaced",
    "OrderTriggered",
    "SessionGranted",
    "SessionRevoked",
    "VoucherExpired",
    "VoucherIssued",
    "VoucherRedeemed",
    "WithdrawalChanged",
    "Withdrawn",
    "fresh_events",
    "member_answers",
]


class OrderAccepted(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=1):
    """The order is in (ExecType New). Its fills, and the cancel of a remainder, follow.

    Attributes:
        trigger_price: of a stop or take-profit, ticks.
        waiting: whether it is on no book yet; `OrderTriggered` tells when it enters.
        display_quantity: of an iceberg, how many lots the book shows at a time.
        quote_budget: the most that it spends, fees included, quote atoms.
        linked_to: the exit that cancels it, and that it cancels.
    """

    order_id: OrderId
    account: AccountId
    market: MarketId
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    price: Price
    quantity: Quantity
    post_only: bool
    self_trade: SelfTradeMode
    expires_at_ns: TimestampNs | None
    client_order_id: ClientOrderId | None
    authorization: Authorization | None
    trigger_price: Price | None = None
    waiting: bool = False
    display_quantity: Quantity | None = None
    quote_budget: Amount | None = None
    linked_to: OrderId | None = None


class OrderRejected(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=2):
    """An order was refused and nothing else changed.

    Attributes:
        field: the field concerned, or an empty string.
        detail: the reason in words, with what would be valid.
    """

    order_id: OrderId
    account: AccountId
    market: MarketId
    reason: RejectReason
    field: str
    detail: str
    client_order_id: ClientOrderId | None


class FillMade(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=3):
    """One match of two orders (ExecType Trade), at the maker's price.

    Attributes:
        maker_open: the maker's LeavesQty afterwards, lots.
        taker_open: the taker's LeavesQty afterwards, lots.
        maker_filled: the maker's CumQty afterwards, lots.
        taker_filled: the taker's CumQty afterwards, lots.
        maker_fee: quote atoms.
        taker_fee: quote atoms.
    """

    fill_id: FillId
    market: MarketId
    price: Price
    quantity: Quantity
    taker_side: Side
    maker_order: OrderId
    taker_order: OrderId
    maker: AccountId
    taker: AccountId
    maker_open: Quantity
    taker_open: Quantity
    maker_filled: Quantity
    taker_filled: Quantity
    maker_fee: Amount
    taker_fee: Amount


class OrderCanceled(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=4):
    """An order, or the remainder of one, is canceled and done.

    Attributes:
        open: the open quantity that was canceled, lots.
        filled: CumQty, lots.
    """

    order_id: OrderId
    account: AccountId
    market: MarketId
    reason: CancelReason
    open: Quantity
    filled: Quantity
    client_order_id: ClientOrderId | None


class OrderExpired(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=5):
    """A resting order reached its time, GTD or signed."""

    order_id: OrderId
    account: AccountId
    market: MarketId
    open: Quantity
    filled: Quantity
    client_order_id: ClientOrderId | None


class OrderReduced(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=6):
    """The open quantity was lowered in place, on request or by self-trade decrement.

    Attributes:
        by: lots taken away.
        open: LeavesQty afterwards; 0 of an exit of which all that was alive is filled, and which ends so.
        self_trade: whether self-trade prevention did it.
        linked: whether the linked order was filled by as much; the total stays as it was ordered.
        quantity: the total afterwards, lots.
    """

    order_id: OrderId
    account: AccountId
    market: MarketId
    by: Quantity
    open: Quantity
    filled: Quantity
    self_trade: bool
    linked: bool = False
    quantity: Quantity = Quantity(0)


class OrderReplaced(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=7):
    """The order has new terms (ExecType Replaced). Fills may follow.

    Attributes:
        quantity: the new total, fills so far included.
        open: LeavesQty under the new terms, before any fill that follows.
        kept_priority: whether it kept its place.
        trigger_price: of a stop or take-profit, ticks.
        waiting: whether it still waits for its trigger, on no book.
        display_quantity: of an iceberg, how many lots the book shows at a time.
    """

    order_id: OrderId
    account: AccountId
    market: MarketId
    side: Side
    price: Price
    quantity: Quantity
    open: Quantity
    filled: Quantity
    time_in_force: TimeInForce
    post_only: bool
    expires_at_ns: TimestampNs | None
    kept_priority: bool
    authorization: Authorization | None
    trigger_price: Price | None = None
    waiting: bool = False
    self_trade: SelfTradeMode = SelfTradeMode.CANCEL_AGGRESSOR
    display_quantity: Quantity | None = None


class CancelRejected(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=8):
    """A cancel, reduce or replace was refused (OrderCancelReject, FIX 9); the order stands.

    Attributes:
        order_id: the order, or ``None`` when none is known.
        status: its status, or ``None`` when none is known.
        filled: its CumQty, lots.
    """

    account: AccountId
    order_id: OrderId | None
    client_order_id: ClientOrderId | None
    reason: RejectReason
    field: str
    detail: str
    status: OrderStatus | None
    filled: Quantity


class CommandRejected(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=9):
    """Any other command was refused and nothing changed."""

    account: AccountId | None
    reason: RejectReason
    field: str
    detail: str


class Deposited(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=10):
    """Funds were credited."""

    account: AccountId
    asset: AssetId
    amount: Amount
    available: Amount


class Withdrawn(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=11):
    """Funds left."""

    account: AccountId
    asset: AssetId
    amount: Amount
    available: Amount


class WithdrawalChanged(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=12):
    """The amount that waits for a requested withdrawal is now this much."""

    account: AccountId
    asset: AssetId
    requested: Amount
    available: Amount


class FillSettled(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=13):
    """A fill reached a stage of settlement, or stepped back, or failed.

    Attributes:
        reason: the contract's skip code when it failed, otherwise 0.
    """

    fill_id: FillId
    market: MarketId
    maker: AccountId
    taker: AccountId
    maker_order: OrderId
    taker_order: OrderId
    stage: SettlementStage
    batch: int
    transaction: str
    reason: int


class AccountFrozen(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=14):
    """A reversal left the account short of this asset; it can not place orders or withdraw."""

    account: AccountId
    asset: AssetId
    short: Amount


class AccountUnfrozen(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=15):
    """The account is no longer short of anything."""

    account: AccountId


class LaneRevoked(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=16):
    """A lane is dead up to this key."""

    account: AccountId
    asset: AssetId | None
    lane: int
    key: int


class FloorRaised(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=17):
    """Counters below this floor are dead for orders quoted in this asset."""

    account: AccountId
    asset: AssetId
    floor: int


class MarketListed(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=18):
    """A market was listed; it is open, unless a `MarketStateChanged` follows."""

    market: Market


class MarketStateChanged(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=19):
    """A market is in another state now.

    Attributes:
        cause: why.
        reference_price: what counts as its last price until it trades again, where it was named.
    """

    market: MarketId
    state: MarketState
    cause: StateCause = StateCause.COMMAND
    reference_price: Price | None = None


class SessionGranted(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=20):
    """A session key may trade for the account in this market.

    Attributes:
        key: the session key's address.
        buy_budget: what new orders may still use, quote atoms; fees and open orders are taken off.
        sell_budget: what new orders may still use, lots.
        expiry_s: when the grant ends, Unix seconds.
    """

    account: AccountId
    key: str
    market: MarketId
    buy_budget: Amount
    sell_budget: Quantity
    expiry_s: int


class SessionRevoked(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=21):
    """A session key may no longer trade for the account in this market; its orders go."""

    account: AccountId
    key: str
    market: MarketId


class OrderApproved(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=22):
    """The account approved an order's hash on chain; the order may be placed."""

    account: AccountId
    order_hash: bytes


class ApprovalRevoked(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=23):
    """The hash is dead for ever; its order goes."""

    account: AccountId
    order_hash: bytes


class VoucherIssued(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=24):
    """Funds are set aside for a withdrawal that the vault pays against the operator's signature.

    Attributes:
        recipient: the address that the vault pays.
        salt: tells the account's vouchers apart.
        deadline_s: until when the vault pays, Unix seconds.
        min_batch: the vault pays once this batch has settled.
    """

    account: AccountId
    asset: AssetId
    amount: Amount
    recipient: str
    salt: int
    deadline_s: int
    min_batch: int
    available: Amount


class VoucherRedeemed(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=25):
    """The vault paid a voucher: the funds left."""

    account: AccountId
    asset: AssetId
    amount: Amount
    salt: int
    available: Amount


class VoucherExpired(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=26):
    """A voucher can never be paid any more: its funds are available again."""

    account: AccountId
    asset: AssetId
    amount: Amount
    salt: int
    available: Amount


class MemberAnswered(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=50):
    """What follows, up to the next of its kind, answers one member of a batch.

    What the batch set off comes after the last answer, and begins with `OrderTriggered`.

    Attributes:
        index: the member's place in the batch, from 0.
        again: the answer is that of an earlier command, given again; nothing happened.
    """

    account: AccountId
    index: int
    again: bool


Event: TypeAlias = (
    OrderAccepted
    | OrderRejected
    | FillMade
    | OrderCanceled
    | OrderExpired
    | OrderReduced
    | OrderReplaced
    | CancelRejected
    | CommandRejected
    | Deposited
    | Withdrawn
    | WithdrawalChanged
    | FillSettled
    | AccountFrozen
    | AccountUnfrozen
    | LaneRevoked
    | FloorRaised
    | MarketListed
    | MarketStateChanged
    | SessionGranted
    | SessionRevoked
    | OrderApproved
    | ApprovalRevoked
    | VoucherIssued
    | VoucherRedeemed
    | VoucherExpired
    | OrderTriggered
    | OrderRefilled
    | OrderActivated
    | MemberAnswered
    | CancelScheduled
    | ScheduledCancelFired
    | CancelOnDisconnectChanged
    | AccountDisconnected
    | FeesScheduled
    | FeesChanged
    | PlanCanceled
    | RiskTierChanged
    | RiskTierAssigned
    | KillSwitchChanged
    | AccountGroupChanged
    | MarketUncrossed
    | MarketStateScheduled
    | PlanFailed
)
"""Any event."""


class EventBatch(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Everything that one command did.

    Attributes:
        sequence: the command's sequence number.
        at_ns: the command's time.
        events: in the order in which they happened; may be empty.
    """

    sequence: Sequence
    at_ns: TimestampNs
    events: tuple[Event, ...]


def fresh_events(batch: EventBatch) -> tuple[Event, ...]:
    """Return what really happened, without an answer that is given again.

    An order sent again under its client order id is answered with the events of its first command;
    those begin with an acceptance or refusal whose id names that earlier command, and are last in
    the batch. So are the members of a batch that were sent again. Whoever counts, stores or settles
    events takes them from here.
    """
    first = order_id(batch.sequence)  # that this command gives
    for index, event in enumerate(batch.events):
        # Not isinstance: all who follow ask this for every event, and nothing derives from these.
        if type(event) is OrderAccepted or type(event) is OrderRejected:
            if event.order_id < first:
                return batch.events[:index]
        elif type(event) is MemberAnswered and event.again:
            return batch.events[:index]
    return batch.events


def member_answers(batch: EventBatch) -> tuple[EventBatch, ...]:
    """Return the answer to each member of a batch, in order; none of one refused as malformed."""
    answers: dict[int, list[Event]] = {}
    answer: list[Event] = []
    for event in batch.events:
        if isinstance(event, MemberAnswered):
            answer = answers[event.index] = []
        else:
            answer.append(event)
    return tuple(
        EventBatch(batch.sequence, batch.at_ns, tuple(events))
        for _, events in sorted(answers.items())
    )
