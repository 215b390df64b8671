"""The words of the wire: enumerations of the model as lower-case text.

The word of a member is its name in lower case. Here alone words become members and back, and the
literal types are what the schema shows.
"""

import enum
from typing import Final, Literal, TypeAlias, TypeVar, get_args, overload

from hybrid_dex.model.history import EntryKind, LedgerPart, TransferKind, VoucherState
from hybrid_dex.model.market import MarketState
from hybrid_dex.model.order import (
    CancelReason,
    OrderStatus,
    OrderType,
    SelfTradeMode,
    Side,
    TimeInForce,
)
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.receipts import ReceiptKind
from hybrid_dex.model.reports import ExecType, Liquidity
from hybrid_dex.model.settlement import SettlementStage
from hybrid_dex.model.signed_order import SignatureKind

__all__ = [
    "CancelReasonWord",
    "EntryKindWord",
    "ExecTypeWord",
    "LedgerPartWord",
    "LiquidityWord",
    "MarketStateWord",
    "OrderStatusWord",
    "OrderTypeWord",
    "ReceiptKindWord",
    "SelfTradeWord",
    "SideWord",
    "SignatureKindWord",
    "StageWord",
    "TimeInForceWord",
    "TransferKindWord",
    "VoucherStateWord",
    "member",
    "transfer_word",
    "word",
]

SideWord: TypeAlias = Literal["buy", "sell"]
OrderTypeWord: TypeAlias = Literal[
    "limit", "market", "stop_limit", "stop_market", "take_profit_limit", "take_profit_market"
]
TimeInForceWord: TypeAlias = Literal["gtc", "gtd", "ioc", "fok"]
SelfTradeWord: TypeAlias = Literal[
    "cancel_aggressor", "cancel_resting", "cancel_both", "decrement_and_cancel"
]
OrderStatusWord: TypeAlias = Literal[
    "new", "partially_filled", "filled", "canceled", "expired", "rejected"
]
CancelReasonWord: TypeAlias = Literal[
    "requested",
    "remainder",
    "fill_or_kill",
    "self_trade",
    "revoked",
    "uncovered",
    "settlement_failed",
    "post_only",
    "linked",
    "market_closed",
    "price_band",
    "scheduled",
    "disconnected",
    "kill_switch",
]
ExecTypeWord: TypeAlias = Literal[
    "new",
    "trade",
    "canceled",
    "expired",
    "replaced",
    "reduced",
    "rejected",
    "cancel_rejected",
    "triggered",
]
LiquidityWord: TypeAlias = Literal["maker", "taker"]
StageWord: TypeAlias = Literal["matched", "submitted", "confirmed", "final", "failed"]
SignatureKindWord: TypeAlias = Literal["wallet", "session", "bulk", "approved"]
ReceiptKindWord: TypeAlias = Literal[
    "accepted", "filled", "canceled", "expired", "replaced", "reduced"
]
MarketStateWord: TypeAlias = Literal[
    "open", "halted", "auction_open", "post_only", "cancel_only", "closed"
]

LedgerPartWord: TypeAlias = Literal["trading", "withdrawing", "vouchers", "vault", "fees"]
EntryKindWord: TypeAlias = Literal[
    "deposit",
    "withdrawal",
    "trade",
    "fee",
    "trade_reversed",
    "fee_reversed",
    "withdrawal_requested",
    "voucher_issued",
    "voucher_paid",
    "voucher_expired",
]
VoucherStateWord: TypeAlias = Literal["open", "redeemed", "expired"]
TransferKindWord: TypeAlias = Literal[
    "deposit",
    "withdrawal",
    "withdrawal_request",
    "voucher",
    "voucher_redeemed",
    "voucher_expired",
]

ENUMERATIONS: Final[tuple[tuple[type[enum.IntEnum], object], ...]] = (
    (Side, SideWord),
    (OrderType, OrderTypeWord),
    (TimeInForce, TimeInForceWord),
    (SelfTradeMode, SelfTradeWord),
    (OrderStatus, OrderStatusWord),
    (CancelReason, CancelReasonWord),
    (ExecType, ExecTypeWord),
    (Liquidity, LiquidityWord),
    (SettlementStage, StageWord),
    (MarketState, MarketStateWord),
    (SignatureKind, SignatureKindWord),
    (ReceiptKind, ReceiptKindWord),
    (LedgerPart, LedgerPartWord),
    (EntryKind, EntryKindWord),
    (VoucherState, VoucherStateWord),
)
"""Every enumeration on the wire with its literal type; a test holds the two together."""

_E = TypeVar("_E", bound=enum.IntEnum)

_KINDS: Final[tuple[type[enum.IntEnum], ...]] = (*(kind for kind, _ in ENUMERATIONS), RejectReason)
_SPELLED: Final[dict[str, str]] = {
    text: text for _, literal in ENUMERATIONS for text in get_args(literal)
}
"""The texts of the literal types, which are the very objects that the defaults of messages are: a
message leaves out what is its default by being the same object."""
_WORDS: Final[dict[type[enum.IntEnum], dict[int, str]]] = {
    kind: {item.value: _SPELLED.get(name := item.name.lower(), name) for item in kind}
    for kind in _KINDS
}
_MEMBERS: Final[dict[type[enum.IntEnum], dict[str, enum.IntEnum]]] = {
    kind: {item.name.lower(): item for item in kind} for kind in _KINDS
}


@overload
def word(item: Side) -> SideWord: ...
@overload
def word(item: OrderType) -> OrderTypeWord: ...
@overload
def word(item: TimeInForce) -> TimeInForceWord: ...
@overload
def word(item: SelfTradeMode) -> SelfTradeWord: ...
@overload
def word(item: OrderStatus) -> OrderStatusWord: ...
@overload
def word(item: CancelReason) -> CancelReasonWord: ...
@overload
def word(item: ExecType) -> ExecTypeWord: ...
@overload
def word(item: Liquidity) -> LiquidityWord: ...
@overload
def word(item: SettlementStage) -> StageWord: ...
@overload
def word(item: MarketState) -> MarketStateWord: ...
@overload
def word(item: SignatureKind) -> SignatureKindWord: ...
@overload
def word(item: ReceiptKind) -> ReceiptKindWord: ...
@overload
def word(item: LedgerPart) -> LedgerPartWord: ...
@overload
def word(item: EntryKind) -> EntryKindWord: ...
@overload
def word(item: VoucherState) -> VoucherStateWord: ...
@overload
def word(item: RejectReason) -> str: ...
def word(item: enum.IntEnum) -> str:
    """Return the word of a member.

    >>> word(Side.BUY)
    'buy'
    """
    return _WORDS[type(item)][item]


def transfer_word(kind: TransferKind) -> TransferKindWord:
    """Return the word of what became of funds.

    >>> transfer_word(TransferKind.DEPOSIT)
    'deposit'
    """
    return kind.value


def member(kind: type[_E], text: str) -> _E:
    """Return the member that a word names; the schema has refused other words.

    >>> member(TimeInForce, "ioc") is TimeInForce.IOC
    True
    """
    found: _E = _MEMBERS[kind][text]  # type: ignore[assignment] # of that class, by its making
    return found
