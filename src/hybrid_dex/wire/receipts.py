"""Messages of receipts: what happened, where the journal has it, signed by the operator.

A message carries exactly the fields of the EIP-712 struct, so that whoever keeps it recovers the
signer himself, years later and without the exchange. `hybrid-dex receipts verify` reads it.
"""

import re
from typing import Annotated, Final, TypeAlias

import msgspec
from msgspec import Meta

from hybrid_dex.errors import FormatError
from hybrid_dex.model.market import Market
from hybrid_dex.model.order import Side
from hybrid_dex.model.receipts import JournalReceipt, ReceiptKind, SignedJournalReceipt
from hybrid_dex.model.units import (
    AccountId,
    FillId,
    MarketId,
    Price,
    Quantity,
    Sequence,
    TimestampNs,
)
from hybrid_dex.wire.scalars import (
    AccountText,
    BytesText,
    IdText,
    SequenceNumber,
    SymbolText,
    hex_text,
    parse_hex,
    parse_order_id,
)
from hybrid_dex.wire.words import ReceiptKindWord, SideWord, member, word

__all__ = ["ReceiptMessage", "ReceiptsAnswer", "receipt_message", "to_receipt"]

_DIGITS: Final = re.compile(r"0|[1-9][0-9]{0,19}", re.ASCII)

Packed48: TypeAlias = Annotated[int, Meta(ge=0, lt=2**48)]
DigitsText: TypeAlias = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=20,
        description="an integer, as decimal digits",
        extra_json_schema={"pattern": "^(0|[1-9][0-9]*)$"},
    ),
]


class ReceiptMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A ``JournalReceipt`` with the operator's signature. What does not apply is zero.

    Attributes:
        kind: what happened.
        trader: whose order.
        market: the symbol.
        market_number: the market's number in the contract; the struct's ``market``.
        order_id: the order.
        order_hash: of an acceptance or replacement, what its trader signed.
        fill_id: of a fill.
        side: of an acceptance, replacement or fill.
        price: ticks: the limit, or that of the fill.
        quantity: lots: accepted in total, filled, canceled, expired, reduced.
        open: lots, afterwards.
        filled: lots, afterwards.
        sequence: the command.
        index: the event's place in what the command did.
        at_ns: the command's time.
        position: the journal's frame.
        frame_hash: its chain hash.
        signature: 65 bytes r, s, v.
    """

    kind: ReceiptKindWord
    trader: AccountText
    market: SymbolText
    market_number: Annotated[int, Meta(ge=0, lt=2**32)]
    order_id: IdText
    order_hash: BytesText
    fill_id: DigitsText
    side: SideWord
    price: Packed48
    quantity: Packed48
    open: Packed48
    filled: Packed48
    sequence: SequenceNumber
    index: Annotated[int, Meta(ge=0, lt=2**32)]
    at_ns: DigitsText
    position: Annotated[int, Meta(ge=0, le=2**53 - 1)]
    frame_hash: BytesText
    signature: BytesText


class ReceiptsAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Receipts, in the order in which things happened."""

    receipts: list[ReceiptMessage]


def receipt_message(signed: SignedJournalReceipt, market: Market) -> ReceiptMessage:
    """Return a signed receipt as its trader receives it."""
    receipt = signed.receipt
    if receipt.market != market.id:
        raise FormatError("market", f"is {market.id}", str(receipt.market))
    return ReceiptMessage(
        kind=word(receipt.kind),
        trader=receipt.trader,
        market=market.id,
        market_number=market.number,
        order_id=str(receipt.order_id),
        order_hash=hex_text(receipt.order_hash),
        fill_id=str(receipt.fill_id),
        side=word(receipt.side),
        price=receipt.price,
        quantity=receipt.quantity,
        open=receipt.open,
        filled=receipt.filled,
        sequence=receipt.sequence,
        index=receipt.index,
        at_ns=str(receipt.at_ns),
        position=receipt.position,
        frame_hash=hex_text(receipt.frame_hash),
        signature=hex_text(signed.signature),
    )


def to_receipt(message: ReceiptMessage) -> SignedJournalReceipt:
    """Return the receipt in a message; whether its signature is good is not asked here.

    Raises:
        FormatError: a field is malformed.
    """
    receipt = JournalReceipt(
        kind=member(ReceiptKind, message.kind),
        trader=AccountId(message.trader),
        market=MarketId(message.market),
        order_id=parse_order_id(message.order_id),
        order_hash=parse_hex("order_hash", message.order_hash, (32,)),
        fill_id=FillId(_digits("fill_id", message.fill_id)),
        side=member(Side, message.side),
        price=Price(message.price),
        quantity=Quantity(message.quantity),
        open=Quantity(message.open),
        filled=Quantity(message.filled),
        sequence=Sequence(message.sequence),
        index=message.index,
        at_ns=TimestampNs(_digits("at_ns", message.at_ns)),
        position=message.position,
        frame_hash=parse_hex("frame_hash", message.frame_hash, (32,)),
    )
    signature = parse_hex("signature", message.signature, (65,))
    return SignedJournalReceipt(receipt=receipt, signature=signature)


def _digits(field: str, text: str) -> int:
    if _DIGITS.fullmatch(text) is None or int(text) >= 1 << 64:
        raise FormatError(field, "not an integer", "decimal digits, below 2**64")
    return int(text)
