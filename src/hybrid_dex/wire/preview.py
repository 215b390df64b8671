"""Previews on the wire: what an order would hold, cost and bring, and what there is to sign.

The request is an order as it is placed, without its signature. Where ``max_fee_ppm``, ``expiry_s`` and
``nonce`` are given, the answer has the EIP-712 document to sign, its hash, and the same in words.
"""

from collections.abc import Iterable

import msgspec

from hybrid_dex.errors import FormatError
from hybrid_dex.model.commands import PlaceOrder
from hybrid_dex.model.market import Market
from hybrid_dex.model.preview import OrderPreview
from hybrid_dex.model.signed_order import SignedOrder
from hybrid_dex.model.units import AccountId
from hybrid_dex.wire.orders import OrderRequest, to_order
from hybrid_dex.wire.problem import Problem
from hybrid_dex.wire.scalars import BytesText, DecimalText, SymbolText, hex_text

__all__ = ["PreviewAnswer", "WordMessage", "WorstCaseMessage", "preview_answer", "to_preview"]

_UNSIGNED = "0x" + 65 * "00"
_SIGNED_FIELDS = ("max_fee_ppm", "expiry_s", "nonce")


class WordMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of what a wallet shows before it signs."""

    label: str
    text: str


class WorstCaseMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What its trader can at worst end up with.

    Attributes:
        pays_at_most: a buyer's fee included.
        pays_asset: in this asset.
        receives_at_least: when `quantity` trades, a seller's fee taken off.
        receives_asset: in this asset.
        quantity: what trades at the limit, in base: all of it, or what its budget pays for.
        fee: in quote, at the limit and the highest rate that may ever be charged.
    """

    pays_at_most: DecimalText
    pays_asset: SymbolText
    receives_at_least: DecimalText
    receives_asset: SymbolText
    quantity: DecimalText
    fee: DecimalText


class PreviewAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What would become of an order; nothing was done.

    Attributes:
        hold: what is held while it is open.
        hold_asset: in this asset.
        available: what of that the account has now.
        maker_fee_ppm: the account's rate of today as maker; negative for a rebate.
        taker_fee_ppm: the account's rate of today as taker.
        maker_fee: in quote, when all of it trades at its limit as maker.
        taker_fee: in quote, when all of it trades at its limit as taker.
        fee_asset: the market's quote.
        worst_case: whatever the prices, and the fees that may still change.
        problem: why it would be refused if it came now; null when it would enter.
        order_hash: the EIP-712 digest, or null when the request names no terms to sign.
        typed_data: the EIP-712 document for `eth_signTypedData_v4`, or null as `order_hash`.
        words: the same as a wallet shows it; empty when there is nothing to sign.
    """

    hold: DecimalText
    hold_asset: SymbolText
    available: DecimalText
    maker_fee_ppm: int
    taker_fee_ppm: int
    maker_fee: DecimalText
    taker_fee: DecimalText
    fee_asset: SymbolText
    worst_case: WorstCaseMessage
    problem: Problem | None = None
    order_hash: BytesText | None = None
    typed_data: msgspec.Raw | None = None
    words: list[WordMessage] = []


def to_preview(
    request: OrderRequest, market: Market, account: AccountId
) -> SignedOrder | PlaceOrder:
    """Return the order that is asked about: with terms to sign where the request has them.

    Raises:
        FormatError: a number is not exact, the fields do not go together, or it is signed already.
    """
    if request.signature is not None or request.signature_kind != "wallet":
        raise FormatError("signature", "given in a preview", "an order before it is signed")
    given = [name for name in _SIGNED_FIELDS if getattr(request, name) is not None]
    if given and None in (market.base.token, market.quote.token):
        raise FormatError(given[0], f"{market.id} has no tokens on a chain", "no terms to sign")
    if given:
        request = msgspec.structs.replace(request, signature=_UNSIGNED)
    return to_order(request, market, account)


def preview_answer(
    preview: OrderPreview,
    market: Market,
    *,
    problem: Problem | None,
    order_hash: bytes = b"",
    typed_data: bytes = b"",
    words: Iterable[tuple[str, str]] = (),
) -> PreviewAnswer:
    """Return a preview as the wire shows it; ``typed_data`` is JSON."""
    assets = {asset.id: asset for asset in (market.base, market.quote)}
    hold, pays = assets[preview.hold_asset], assets[preview.pays_asset]
    receives, quote = assets[preview.receives_asset], market.quote
    return PreviewAnswer(
        hold=hold.format(preview.hold),
        hold_asset=hold.id,
        available=hold.format(preview.available),
        maker_fee_ppm=preview.maker_fee_ppm,
        taker_fee_ppm=preview.taker_fee_ppm,
        maker_fee=quote.format(preview.maker_fee),
        taker_fee=quote.format(preview.taker_fee),
        fee_asset=quote.id,
        worst_case=WorstCaseMessage(
            pays_at_most=pays.format(preview.pays_at_most),
            pays_asset=pays.id,
            receives_at_least=receives.format(preview.receives_at_least),
            receives_asset=receives.id,
            quantity=market.format_quantity(preview.quantity),
            fee=quote.format(preview.worst_fee),
        ),
        problem=problem,
        order_hash=hex_text(order_hash) if order_hash else None,
        typed_data=msgspec.Raw(typed_data) if typed_data else None,
        words=[WordMessage(label=label, text=text) for label, text in words],
    )
