"""Execution reports from events: what happened to each order, for its trader (FIX message 8).

Some events name an order only by its id; the feed remembers the terms of every live order, so
that each report is whole. An order is forgotten once it is done. Of one to which nothing else has happened, its
acceptance is all that is remembered: most orders are reported to nobody, and `entry_report` makes that report from
the event alone, whenever it is wanted.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from hybrid_dex.model.events import (
    CancelRejected,
    Event,
    EventBatch,
    FillMade,
    OrderAccepted,
    OrderActivated,
    OrderCanceled,
    OrderExpired,
    OrderReduced,
    OrderRejected,
    OrderReplaced,
    OrderTriggered,
    fresh_events,
)
from hybrid_dex.model.order import (
    CancelReason,
    OrderStatus,
    OrderType,
    SelfTradeMode,
    Side,
    TimeInForce,
)
from hybrid_dex.model.reports import ExecType, ExecutionReport, Liquidity
from hybrid_dex.model.table import Table
from hybrid_dex.model.units import (
    AccountId,
    Amount,
    ClientOrderId,
    MarketId,
    OrderId,
    Price,
    Quantity,
    Sequence,
    TimestampNs,
    order_index,
)
from hybrid_dex.model.views import OrderView

__all__ = ["ExecutionFeed", "entry_report"]

_START: Final = Sequence(0)
_LAST_OF_BRACKET: Final = 2
"""The index of a bracket's stop: its entry, which enters first, is what an OCO does not have."""


class _Order(msgspec.Struct, gc=False):
    """A live order as its reports show it."""

    order_id: OrderId
    account: AccountId
    client_order_id: ClientOrderId | None
    market: MarketId
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    post_only: bool
    price: Price
    quantity: Quantity
    open: Quantity
    filled: Quantity
    order_hash: bytes
    nonce: int | None
    self_trade: SelfTradeMode
    expires_at_ns: TimestampNs | None
    trigger_price: Price | None = None
    display_quantity: Quantity | None = None
    quote_budget: Amount | None = None
    waiting: bool = False
    linked_to: OrderId | None = None
    asleep: Quantity = Quantity(0)


class ExecutionFeed:
    """Turns events into execution reports.

    Args:
        orders: the open orders at ``sequence``.
        sequence: the last command that ``orders`` contain.
    """

    def __init__(self, orders: Iterable[OrderView] = (), *, sequence: Sequence = _START) -> None:
        self._applied = sequence
        self._orders: Table[_Order | OrderAccepted] = Table()
        for order in orders:
            self._orders[order.order_id] = _from_view(order)
        # The greatest id that entered, so that a greater one is new.
        self._newest = -1

    def apply(self, batch: EventBatch) -> tuple[ExecutionReport, ...]:
        """Take one command's events and return the reports, in the order in which it happened.

        A batch at or below the last one is passed over.
        """
        if batch.sequence <= self._applied:
            return ()
        self._applied = batch.sequence
        found: list[ExecutionReport] = []
        for event in fresh_events(batch):
            if isinstance(event, OrderAccepted):
                self.enter(event)
                found.append(entry_report(event, batch.sequence, batch.at_ns))
            else:
                found += self.reports(event, batch)
        return tuple(found)

    def enter(self, event: OrderAccepted) -> None:
        """Take an acceptance, whose report is `entry_report`."""
        order_id, orders = event.order_id, self._orders
        if self._newest < order_id < orders.next_turn:  # nearly always, and then no call is needed
            self._newest = order_id
            orders.young[order_id] = event
        else:
            orders[order_id] = event
            self._newest = max(self._newest, order_id)

    def reports(self, event: Event, batch: EventBatch) -> Iterator[ExecutionReport]:
        """Take one event of a command, other than an acceptance, at a time; yield the reports."""
        match event:
            case OrderRejected():
                yield _rejected(batch, event)
            case FillMade():
                yield from self._fill(batch, event)
            case OrderCanceled():
                yield from self._ended(batch, event, ExecType.CANCELED, event.reason)
            case OrderExpired():
                yield from self._ended(batch, event, ExecType.EXPIRED)
            case OrderReduced() if (known := self._known(event.order_id)) is not None:
                yield self._reduced(batch, known, event)
            case OrderReplaced() if (known := self._known(event.order_id)) is not None:
                _replace(known, event)
                yield _report(batch, known, ExecType.REPLACED)
            case OrderTriggered() | OrderActivated() if (
                known := self._known(event.order_id)
            ) is not None:
                _wake(known, event)
                yield _report(batch, known, ExecType.TRIGGERED)
            case CancelRejected():
                known = None if event.order_id is None else self._known(event.order_id)
                own = None if known is None or known.account != event.account else known
                yield _cancel_rejected(batch, event, own)  # of another's order nothing is told
            case _:
                pass

    def _known(self, order_id: OrderId) -> _Order | None:
        """Return a live order as it stands, to be changed."""
        order = self._orders.find(order_id)
        if isinstance(order, OrderAccepted):
            order = self._orders[order_id] = _from_accepted(order)
        return order

    def _fill(self, batch: EventBatch, fill: FillMade) -> Iterator[ExecutionReport]:
        roles = (
            (fill.taker_order, fill.taker_open, fill.taker_filled, Liquidity.TAKER, fill.taker_fee),
            (fill.maker_order, fill.maker_open, fill.maker_filled, Liquidity.MAKER, fill.maker_fee),
        )
        for order_id, open_, filled, liquidity, fee in roles:
            order = self._known(order_id)
            if order is None:
                continue
            order.open, order.filled = open_, filled
            yield msgspec.structs.replace(
                _report(batch, order, ExecType.TRADE),
                status=OrderStatus.PARTIALLY_FILLED if open_ else OrderStatus.FILLED,
                fill_id=fill.fill_id,
                last_price=fill.price,
                last_quantity=fill.quantity,
                liquidity=liquidity,
                fee=fee,
            )
            if not open_:
                del self._orders[order_id]

    def _reduced(self, batch: EventBatch, order: _Order, event: OrderReduced) -> ExecutionReport:
        order.open, order.filled = event.open, event.filled
        if not (event.self_trade or event.linked):
            order.quantity = Quantity(order.quantity - event.by)
            order.asleep = Quantity(0)  # of an exit, this is what will never wake
        report = _report(batch, order, ExecType.REDUCED)
        if event.open:
            return report
        # All of an exit that was alive was taken, and the rest slept: nothing else tells that it is done.
        del self._orders[event.order_id]
        return msgspec.structs.replace(report, status=OrderStatus.FILLED, waiting=False)

    def _ended(
        self,
        batch: EventBatch,
        event: OrderCanceled | OrderExpired,
        exec_type: ExecType,
        reason: CancelReason | None = None,
    ) -> Iterator[ExecutionReport]:
        order = self._known(event.order_id)
        if order is None:
            return
        del self._orders[event.order_id]
        order.open, order.filled = Quantity(0), event.filled
        status = OrderStatus.CANCELED if exec_type is ExecType.CANCELED else OrderStatus.EXPIRED
        yield msgspec.structs.replace(
            _report(batch, order, exec_type),
            status=status,
            cancel_reason=reason,
            waiting=False,
            asleep=Quantity(0),
        )


def entry_report(event: OrderAccepted, sequence: Sequence, at_ns: TimestampNs) -> ExecutionReport:
    """Return the report of an order that entered by a command at a time."""
    return _order_report(_from_accepted(event), ExecType.NEW, sequence, at_ns)


def _report(batch: EventBatch, order: _Order, exec_type: ExecType) -> ExecutionReport:
    return _order_report(order, exec_type, batch.sequence, batch.at_ns)


def _order_report(
    order: _Order, exec_type: ExecType, sequence: Sequence, at_ns: TimestampNs
) -> ExecutionReport:
    # By position: for more than 15 names CPython makes a dict first, which takes most of the time.
    return ExecutionReport(
        sequence,
        at_ns,
        exec_type,
        order.account,
        order.order_id,
        order.client_order_id,
        order.market,
        order.side,
        order.order_type,
        order.time_in_force,
        order.post_only,
        order.price,
        order.quantity,
        order.open,
        order.filled,
        OrderStatus.PARTIALLY_FILLED if order.filled else OrderStatus.NEW,
        order.order_hash,
        order.nonce,
        None,  # fill_id
        None,  # last_price
        None,  # last_quantity
        None,  # liquidity
        None,  # fee
        None,  # cancel_reason
        None,  # reject_reason
        "",  # field
        "",  # detail
        order.trigger_price,
        order.display_quantity,
        order.quote_budget,
        order.waiting,
        order.linked_to,
        order.asleep,
        order.self_trade,
        order.expires_at_ns,
    )


def _from_view(view: OrderView) -> _Order:
    return _Order(
        order_id=view.order_id,
        account=view.account,
        client_order_id=view.client_order_id,
        market=view.market,
        side=view.side,
        order_type=view.order_type,
        time_in_force=view.time_in_force,
        post_only=view.post_only,
        price=view.price,
        quantity=view.quantity,
        open=view.open,
        filled=view.filled,
        order_hash=view.order_hash,
        nonce=view.nonce,
        self_trade=view.self_trade,
        expires_at_ns=view.expires_at_ns,
        trigger_price=view.trigger_price,
        display_quantity=view.display_quantity,
        quote_budget=view.quote_budget,
        waiting=view.waiting,
        linked_to=view.linked_to,
        asleep=view.asleep,
    )


def _from_accepted(event: OrderAccepted) -> _Order:
    signed = event.authorization
    # By position, as above.
    return _Order(
        event.order_id,
        event.account,
        event.client_order_id,
        event.market,
        event.side,
        event.order_type,
        event.time_in_force,
        event.post_only,
        event.price,
        event.quantity,
        event.quantity,
        Quantity(0),
        signed.order_hash if signed else b"",
        signed.nonce if signed else None,
        event.self_trade,
        event.expires_at_ns,
        event.trigger_price,
        event.display_quantity,
        event.quote_budget,
        event.waiting,
        event.linked_to,
        _asleep(event),
    )


def _asleep(event: OrderAccepted) -> Quantity:
    """Return how much of an order sleeps as it enters: of a bracket, the whole of both exits."""
    if event.linked_to is None:
        return Quantity(0)
    last = max(order_index(event.order_id), order_index(event.linked_to))
    return event.quantity if last == _LAST_OF_BRACKET else Quantity(0)


def _wake(order: _Order, event: OrderTriggered | OrderActivated) -> None:
    """An order's trigger was reached, which ends its link; or more of an exit is alive."""
    if isinstance(event, OrderActivated):
        order.asleep, order.waiting = Quantity(order.open - event.active), event.waiting
    else:
        order.waiting, order.linked_to = False, None


def _replace(order: _Order, event: OrderReplaced) -> None:
    order.price, order.quantity = event.price, event.quantity
    order.open, order.filled = event.open, event.filled
    order.trigger_price = event.trigger_price
    order.display_quantity = event.display_quantity
    order.time_in_force, order.post_only = event.time_in_force, event.post_only
    order.self_trade, order.expires_at_ns = event.self_trade, event.expires_at_ns
    order.waiting = event.waiting
    if event.authorization is not None:
        order.order_hash = event.authorization.order_hash
        order.nonce = event.authorization.nonce


def _rejected(batch: EventBatch, event: OrderRejected) -> ExecutionReport:
    return ExecutionReport(
        sequence=batch.sequence,
        at_ns=batch.at_ns,
        exec_type=ExecType.REJECTED,
        account=event.account,
        order_id=event.order_id,
        client_order_id=event.client_order_id,
        market=event.market,
        side=None,
        order_type=None,
        time_in_force=None,
        post_only=False,
        price=None,
        quantity=None,
        open=Quantity(0),
        filled=Quantity(0),
        status=OrderStatus.REJECTED,
        reject_reason=event.reason,
        field=event.field,
        detail=event.detail,
    )


def _cancel_rejected(
    batch: EventBatch, event: CancelRejected, known: _Order | None
) -> ExecutionReport:
    if known is not None:
        return msgspec.structs.replace(
            _report(batch, known, ExecType.CANCEL_REJECTED),
            reject_reason=event.reason,
            field=event.field,
            detail=event.detail,
        )
    return ExecutionReport(
        sequence=batch.sequence,
        at_ns=batch.at_ns,
        exec_type=ExecType.CANCEL_REJECTED,
        account=event.account,
        order_id=event.order_id,
        client_order_id=event.client_order_id,
        market=None,
        side=None,
        order_type=None,
        time_in_force=None,
        post_only=False,
        price=None,
        quantity=None,
        open=Quantity(0),
        filled=event.filled,
        status=event.status,
        reject_reason=event.reason,
        field=event.field,
        detail=event.detail,
    )
