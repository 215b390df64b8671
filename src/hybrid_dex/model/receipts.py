"""Receipts: what the operator signs about what happened to an order, and where the journal has it.

A receipt names one event of one order, the command that caused it, and the journal's frame with
its chain hash. That hash covers everything up to there, so whoever holds a receipt can tell
whether a journal that is shown later is the one it was given from. Unlike a `CancelReceipt` it
does nothing on chain.

Values only: `hybrid_dex.signing` computes the digest, `hybrid_dex.verification` holds receipts
against a journal.
"""

import enum
from collections.abc import Callable, Iterator
from typing import Any, Final

import attrs

from hybrid_dex.model.events import (
    Event,
    EventBatch,
    FillMade,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderReduced,
    OrderReplaced,
    fresh_events,
)
from hybrid_dex.model.order import Side
from hybrid_dex.model.units import (
    AccountId,
    FillId,
    MarketId,
    OrderId,
    Price,
    Quantity,
    Sequence,
    TimestampNs,
)

__all__ = ["JournalReceipt", "ReceiptKind", "SignedJournalReceipt", "receipts_of"]

_NO_HASH: Final = bytes(32)
_NONE: Final = Quantity(0)
_HASH: Final[Callable[[object, Any, Any], None]] = attrs.validators.and_(
    attrs.validators.min_len(32), attrs.validators.max_len(32)
)


def _bits(count: int) -> "Callable[[object, attrs.Attribute[Any], Any], None]":
    return attrs.validators.and_(attrs.validators.ge(0), attrs.validators.lt(1 << count))


class ReceiptKind(enum.IntEnum):
    """What happened. Numbers are signed: never reuse one."""

    ACCEPTED = 1
    FILLED = 2
    CANCELED = 3
    EXPIRED = 4
    REPLACED = 5
    REDUCED = 6


@attrs.frozen(kw_only=True)
class JournalReceipt:
    """The operator's word about one event of one order. What does not apply is zero.

    Attributes:
        kind: what happened.
        trader: whose order; of a fill, each side has a receipt of its own.
        market: where.
        order_id: the order.
        order_hash: of an acceptance or replacement, the EIP-712 digest that its trader signed.
        fill_id: of a fill.
        side: of the order, where the event says it: acceptance, replacement, fill.
        price: of an acceptance or replacement, the limit; of a fill, the price; ticks.
        quantity: what was accepted or replaced in total, or filled, canceled, expired, reduced; lots.
        open: LeavesQty afterwards, lots.
        filled: CumQty afterwards, lots.
        sequence: the command.
        index: the event's place among all that the command did, from 0.
        at_ns: the command's time.
        position: the journal's frame that holds the command.
        frame_hash: its chain hash, 32 bytes.
    """

    kind: ReceiptKind
    trader: AccountId
    market: MarketId
    order_id: OrderId = attrs.field(validator=_bits(64))
    order_hash: bytes = attrs.field(default=_NO_HASH, validator=_HASH)
    fill_id: FillId = attrs.field(default=FillId(0), validator=_bits(64))
    side: Side = Side.BUY
    price: Price = attrs.field(default=Price(0), validator=_bits(48))
    quantity: Quantity = attrs.field(validator=_bits(48))
    open: Quantity = attrs.field(default=Quantity(0), validator=_bits(48))
    filled: Quantity = attrs.field(default=Quantity(0), validator=_bits(48))
    sequence: Sequence = attrs.field(validator=_bits(40))
    index: int = attrs.field(validator=_bits(32))
    at_ns: TimestampNs = attrs.field(validator=_bits(64))
    position: int = attrs.field(validator=_bits(64))
    frame_hash: bytes = attrs.field(validator=_HASH)


@attrs.frozen(kw_only=True)
class SignedJournalReceipt:
    """A receipt, and the operator's signature over it, 65 bytes r, s, v."""

    receipt: JournalReceipt
    signature: bytes


def receipts_of(
    batch: EventBatch, position: int, frame_hash: bytes, account: AccountId | None = None
) -> tuple[JournalReceipt, ...]:
    """Return what a receipt can be given for of all that a command did.

    Args:
        batch: what the command did.
        position: the journal's frame that holds the command.
        frame_hash: its chain hash.
        account: whose orders; everybody's when not given.
    """
    return tuple(
        attrs.evolve(
            told,
            sequence=batch.sequence,
            index=index,
            at_ns=batch.at_ns,
            position=position,
            frame_hash=frame_hash,
        )
        for index, event in enumerate(fresh_events(batch))
        for told in _told(event)
        if account in {None, told.trader}
    )


def _told(event: Event) -> Iterator[JournalReceipt]:
    """Yield what an event says of each of its orders."""
    match event:
        case OrderAccepted():
            yield _receipt(
                ReceiptKind.ACCEPTED, event, quantity=event.quantity, left=event.quantity
            )
        case OrderReplaced():
            yield _receipt(
                ReceiptKind.REPLACED,
                event,
                quantity=event.quantity,
                left=event.open,
                filled=event.filled,
            )
        case FillMade():
            yield from _sides(event)
        case OrderCanceled():
            yield _receipt(ReceiptKind.CANCELED, event, quantity=event.open, filled=event.filled)
        case OrderExpired():
            yield _receipt(ReceiptKind.EXPIRED, event, quantity=event.open, filled=event.filled)
        case OrderReduced():
            yield _receipt(
                ReceiptKind.REDUCED,
                event,
                quantity=event.by,
                left=event.open,
                filled=event.filled,
            )
        case _:
            pass


def _receipt(
    kind: ReceiptKind,
    event: OrderAccepted | OrderReplaced | OrderCanceled | OrderExpired | OrderReduced,
    *,
    quantity: Quantity,
    left: Quantity = _NONE,
    filled: Quantity = _NONE,
) -> JournalReceipt:
    receipt = JournalReceipt(
        kind=kind,
        trader=event.account,
        market=event.market,
        order_id=event.order_id,
        quantity=quantity,
        open=left,
        filled=filled,
        sequence=Sequence(0),
        index=0,
        at_ns=TimestampNs(0),
        position=0,
        frame_hash=_NO_HASH,
    )
    if not isinstance(event, OrderAccepted | OrderReplaced):
        return receipt
    signed = event.authorization
    return attrs.evolve(
        receipt,
        side=event.side,
        price=event.price,
        order_hash=_NO_HASH if signed is None else signed.order_hash,
    )


def _sides(fill: FillMade) -> Iterator[JournalReceipt]:
    """Yield the maker's receipt of a fill, then the taker's."""
    makes = Side(1 - fill.taker_side)
    for trader, order, side, left, filled in (
        (fill.maker, fill.maker_order, makes, fill.maker_open, fill.maker_filled),
        (fill.taker, fill.taker_order, fill.taker_side, fill.taker_open, fill.taker_filled),
    ):
        yield JournalReceipt(
            kind=ReceiptKind.FILLED,
            trader=trader,
            market=fill.market,
            order_id=order,
            fill_id=fill.fill_id,
            side=side,
            price=fill.price,
            quantity=fill.quantity,
            open=left,
            filled=filled,
            sequence=Sequence(0),
            index=0,
            at_ns=TimestampNs(0),
            position=0,
            frame_hash=_NO_HASH,
        )
