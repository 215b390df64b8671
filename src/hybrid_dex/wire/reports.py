"""What a trader is told: orders, execution reports, fills with their stage of settlement.

Messages that travel over the socket carry ``type``; REST lists hold the very same ones.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from hybrid_dex.interfaces.records import FillRecord
from hybrid_dex.model.market import Market
from hybrid_dex.model.order import OrderStatus, OrderType, SelfTradeMode, Side, TimeInForce
from hybrid_dex.model.reports import ExecutionReport, FillReport, Liquidity
from hybrid_dex.model.units import AccountId, Amount, OrderId, Price
from hybrid_dex.model.views import OrderView
from hybrid_dex.wire.problem import told
from hybrid_dex.wire.scalars import (
    AccountText,
    BytesText,
    DecimalText,
    IdText,
    Milliseconds,
    SequenceNumber,
    SymbolText,
    hex_text,
    to_ms,
)
from hybrid_dex.wire.words import (
    CancelReasonWord,
    ExecTypeWord,
    LiquidityWord,
    OrderStatusWord,
    OrderTypeWord,
    SelfTradeWord,
    SideWord,
    StageWord,
    TimeInForceWord,
    word,
)

__all__ = [
    "CancelAllAnswer",
    "ExecutionMessage",
    "FillMessage",
    "FillsAnswer",
    "OrderAnswer",
    "OrderMessage",
    "OrdersAnswer",
    "cancel_all_answer",
    "execution_message",
    "fill_message",
    "fill_messages",
    "order_message",
]

_NOTHING: Final = "0"

# The words of what every answer says.
_SIDES: Final = {item: word(item) for item in Side}
_ORDER_TYPES: Final = {item: word(item) for item in OrderType}
_TIMES_IN_FORCE: Final = {item: word(item) for item in TimeInForce}
_SELF_TRADES: Final = {item: word(item) for item in SelfTradeMode}
_STATUSES: Final = {item: word(item) for item in OrderStatus}


class OrderMessage(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """An order as it stands.

    Attributes:
        quantity: the total (OrderQty).
        open: what can still trade (LeavesQty).
        filled: what has traded (CumQty).
        order_hash: the EIP-712 digest, or null when it is not signed.
        nonce: the packed u64 as decimal digits, or null when it is not signed.
        trigger_price: of a stop or take-profit, the price for which it waits, or waited.
        waiting: whether it is open and not on the book, as its trigger is not reached.
        display_quantity: of an iceberg, how much of it the book shows at a time.
        quote_budget: the most that it spends, fees included, in quote.
        linked_to: the id of the exit that cancels it, and that it cancels.
        asleep: how much of an exit is not alive, as its entry did not fill so much.
    """

    order_id: IdText
    account: AccountText
    market: SymbolText
    side: SideWord
    order_type: OrderTypeWord
    time_in_force: TimeInForceWord
    post_only: bool
    self_trade: SelfTradeWord
    price: DecimalText
    quantity: DecimalText
    open: DecimalText
    filled: DecimalText
    status: OrderStatusWord
    accepted_at_ms: Milliseconds
    expires_at_ms: Milliseconds | None = None
    client_order_id: str | None = None
    order_hash: BytesText | None = None
    nonce: DecimalText | None = None
    trigger_price: DecimalText | None = None
    waiting: bool = False
    display_quantity: DecimalText | None = None
    quote_budget: DecimalText | None = None
    linked_to: IdText | None = None
    asleep: DecimalText = "0"


class FillMessage(
    msgspec.Struct,
    frozen=True,
    gc=False,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="type",
    tag="fill",
):
    """A fill as one of its two traders sees it.

    Attributes:
        fee: in `fee_asset`, the market's quote.
        stage: how far settlement has come; it may step back from confirmed to submitted.
        batch: the settlement batch, 0 before there is one.
        transaction: the transaction's hash, or an empty string.
        failure: the contract's skip code when it failed, otherwise 0.
    """

    fill_id: IdText
    order_id: IdText
    market: SymbolText
    side: SideWord
    price: DecimalText
    quantity: DecimalText
    liquidity: LiquidityWord
    fee: DecimalText
    fee_asset: SymbolText
    at_ms: Milliseconds
    stage: StageWord
    batch: int = 0
    transaction: str = ""
    failure: int = 0


class ExecutionMessage(
    msgspec.Struct,
    frozen=True,
    gc=False,
    forbid_unknown_fields=True,
    tag_field="type",
    tag="order",
):
    """An execution report: one thing that happened to one order.

    Attributes:
        exec_type: what happened (ExecType).
        sequence: the command that did it.
        last_price: of a trade, as the four that follow; otherwise null.
        cancel_reason: why it was canceled.
        code: the stable number of a refusal.
        reason: the lower-case name of a refusal.
        trigger_price: of a stop or take-profit.
        display_quantity: of an iceberg.
        quote_budget: of a buy that has one.
        waiting: whether it is open and not on the book, as its trigger is not reached.
        linked_to: of an exit, the other one.
        asleep: how much of an exit is not alive, as its entry did not fill so much.
        self_trade: what self-trade prevention does where it is the aggressor; null when no order is known.
        expires_at_ms: when a GTD order ends.
    """

    exec_type: ExecTypeWord
    sequence: SequenceNumber
    at_ms: Milliseconds
    order_id: IdText | None
    client_order_id: str | None
    market: SymbolText | None
    side: SideWord | None
    order_type: OrderTypeWord | None
    time_in_force: TimeInForceWord | None
    post_only: bool
    price: DecimalText | None
    quantity: DecimalText | None
    open: DecimalText
    filled: DecimalText
    status: OrderStatusWord | None
    order_hash: BytesText | None = None
    nonce: DecimalText | None = None
    fill_id: IdText | None = None
    last_price: DecimalText | None = None
    last_quantity: DecimalText | None = None
    liquidity: LiquidityWord | None = None
    fee: DecimalText | None = None
    cancel_reason: CancelReasonWord | None = None
    code: int | None = None
    reason: str | None = None
    field: str = ""
    detail: str = ""
    trigger_price: DecimalText | None = None
    display_quantity: DecimalText | None = None
    quote_budget: DecimalText | None = None
    waiting: bool = False
    linked_to: IdText | None = None
    asleep: DecimalText = "0"
    self_trade: SelfTradeWord | None = None
    expires_at_ms: Milliseconds | None = None


class OrderAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The answer to place, cancel, reduce and replace, once it is durable.

    Attributes:
        sequence: the command that did it.
        order: the order as it stands.
        fills: what traded at once, in order.
    """

    sequence: SequenceNumber
    order: OrderMessage
    fills: list[FillMessage] = []


class OrdersAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Orders; ``next`` is the cursor of the next page, null on the last."""

    orders: list[OrderMessage]
    next: IdText | None = None


class FillsAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fills, newest first; ``next`` is the cursor of the next page, null on the last."""

    fills: list[FillMessage]
    next: IdText | None = None


class CancelAllAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The ids of the orders that were canceled."""

    sequence: SequenceNumber
    canceled: list[IdText]


def order_message(order: OrderView, market: Market) -> OrderMessage:
    """Return an order as its trader sees it."""
    quantity, open_, filled, asleep = order.quantity, order.open, order.filled, order.asleep
    expires, nonce, linked = order.expires_at_ns, order.nonce, order.linked_to
    trigger, display, budget = order.trigger_price, order.display_quantity, order.quote_budget
    total = market.format_quantity(quantity)
    # By position: for more than 15 names CPython makes a dict first, which takes most of the time.
    return OrderMessage(
        str(order.order_id),
        order.account,
        order.market,
        _SIDES[order.side],
        _ORDER_TYPES[order.order_type],
        _TIMES_IN_FORCE[order.time_in_force],
        order.post_only,
        _SELF_TRADES[order.self_trade],
        market.format_price(order.price),
        total,
        total if open_ == quantity else market.format_quantity(open_),
        market.format_quantity(filled) if filled else _NOTHING,
        _STATUSES[order.status],
        to_ms(order.accepted_at_ns),
        None if expires is None else to_ms(expires),
        order.client_order_id,
        hex_text(order.order_hash) if order.order_hash else None,
        None if nonce is None else str(nonce),
        None if trigger is None else market.format_price(trigger),
        order.waiting,
        None if display is None else market.format_quantity(display),
        None if budget is None else market.quote.format(budget),
        None if linked is None else str(linked),
        market.format_quantity(asleep) if asleep else _NOTHING,
    )


def fill_message(fill: FillReport, market: Market) -> FillMessage:
    """Return a fill as one of its traders sees it."""
    return FillMessage(
        fill_id=str(fill.fill_id),
        order_id=str(fill.order_id),
        market=fill.market,
        side=word(fill.side),
        price=market.format_price(fill.price),
        quantity=market.format_quantity(fill.quantity),
        liquidity=word(fill.liquidity),
        fee=market.quote.format(fill.fee),
        fee_asset=market.quote.id,
        at_ms=to_ms(fill.at_ns),
        stage=word(fill.stage),
        batch=fill.batch,
        transaction=fill.transaction,
        failure=fill.failure,
    )


def fill_messages(record: FillRecord, account: AccountId, market: Market) -> list[FillMessage]:
    """Return a recorded fill as ``account`` sees it: once for each side that is its own."""
    fill = record.fill
    taker_buys = fill.taker_side is Side.BUY
    maker_side = Side.SELL if taker_buys else Side.BUY
    roles = (
        (fill.taker, fill.taker_order, fill.taker_side, Liquidity.TAKER, fill.taker_fee),
        (fill.maker, fill.maker_order, maker_side, Liquidity.MAKER, fill.maker_fee),
    )
    return [
        fill_message(
            FillReport(
                fill_id=fill.fill_id,
                order_id=order_id,
                account=owner,
                market=fill.market,
                side=side,
                price=fill.price,
                quantity=fill.quantity,
                liquidity=liquidity,
                fee=fee,
                at_ns=record.at_ns,
                stage=record.stage,
                batch=record.batch,
                transaction=record.transaction,
                failure=record.reason,
            ),
            market,
        )
        for owner, order_id, side, liquidity, fee in roles
        if owner == account
    ]


def execution_message(report: ExecutionReport, market: Market | None) -> ExecutionMessage:
    """Return an execution report; ``market`` is ``None`` only when the report names none."""
    last_quantity = report.last_quantity
    rejected = report.reject_reason
    field, detail = report.field, report.detail
    if detail:
        field, detail = told(field, detail)
    # By position, as above.
    return ExecutionMessage(
        word(report.exec_type),
        report.sequence,
        to_ms(report.at_ns),
        None if report.order_id is None else str(report.order_id),
        report.client_order_id,
        report.market,
        None if report.side is None else word(report.side),
        None if report.order_type is None else word(report.order_type),
        None if report.time_in_force is None else word(report.time_in_force),
        report.post_only,
        _price(report.price, market),
        _quantity(report.quantity, market),
        _quantity(report.open, market) or "0",
        _quantity(report.filled, market) or "0",
        None if report.status is None else word(report.status),
        hex_text(report.order_hash) if report.order_hash else None,
        None if report.nonce is None else str(report.nonce),
        None if report.fill_id is None else str(report.fill_id),
        _price(report.last_price, market),
        _quantity(last_quantity, market),
        None if report.liquidity is None else word(report.liquidity),
        _amount(report.fee, market),
        None if report.cancel_reason is None else word(report.cancel_reason),
        None if rejected is None else rejected.value,
        None if rejected is None else word(rejected),
        field,
        detail,
        _price(report.trigger_price, market),
        _quantity(report.display_quantity, market),
        _amount(report.quote_budget, market),
        report.waiting,
        None if report.linked_to is None else str(report.linked_to),
        _quantity(report.asleep, market) or "0",
        None if report.self_trade is None else word(report.self_trade),
        None if report.expires_at_ns is None else to_ms(report.expires_at_ns),
    )


def cancel_all_answer(sequence: int, canceled: Iterable[OrderId]) -> CancelAllAnswer:
    """Return the answer to a cancel-all."""
    return CancelAllAnswer(sequence=sequence, canceled=[str(order_id) for order_id in canceled])


def _amount(atoms: Amount | None, market: Market | None) -> str | None:
    return None if atoms is None or market is None else market.quote.format(atoms)


def _price(ticks: Price | None, market: Market | None) -> str | None:
    return None if ticks is None or market is None else market.format_price(ticks)


def _quantity(lots: int | None, market: Market | None) -> str | None:
    return None if lots is None or market is None else market.format_quantity(lots)
