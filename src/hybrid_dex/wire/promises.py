"""Messages of what the operator signs - vouchers, cancel receipts - and of session keys.

A signed message carries exactly the fields of its EIP-712 struct, so that a wallet sends it on to
the contract as it is, and whoever doubts it recovers the signer himself.
"""

import re
from typing import Annotated, Final, TypeAlias

import msgspec
from msgspec import Meta

from hybrid_dex.errors import FormatError
from hybrid_dex.model.market import Asset, Market
from hybrid_dex.model.units import AccountId, Amount, OrderId
from hybrid_dex.model.views import SessionView
from hybrid_dex.model.vouchers import SignedCancelReceipt, SignedVoucher
from hybrid_dex.wire.scalars import (
    AccountText,
    BytesText,
    DecimalText,
    IdText,
    SymbolText,
    hex_text,
)

__all__ = [
    "CancelReceiptMessage",
    "DigitsText",
    "Packed48",
    "Seconds",
    "SessionKeyMessage",
    "SessionKeysAnswer",
    "VoucherMessage",
    "VoucherRequest",
    "VouchersAnswer",
    "cancel_receipt_message",
    "session_key_message",
    "voucher_amount",
    "voucher_message",
    "voucher_salt",
]

_SALT: Final = re.compile(r"[1-9][0-9]{0,77}", re.ASCII)

DigitsText: TypeAlias = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=78,
        description="an integer, as decimal digits",
        extra_json_schema={"pattern": "^(0|[1-9][0-9]*)$"},
    ),
]
Seconds: TypeAlias = Annotated[int, Meta(ge=0, lt=2**40, description="Unix seconds")]
Packed48: TypeAlias = Annotated[int, Meta(ge=0, lt=2**48)]


class VoucherRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A withdrawal that the vault pays at once, out of settled funds.

    Attributes:
        asset: what.
        amount: how much.
        recipient: the address that is paid; the account itself when left out.
        salt: your own number for it, ``2**40`` or higher and above every one before. The same
            request again gives the same voucher while it is open, and is refused after. Left out,
            each request is another voucher.
    """

    asset: SymbolText
    amount: DecimalText
    recipient: AccountText | None = None
    salt: DigitsText | None = None


class VoucherMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An open voucher with the operator's signature, for ``withdrawWithVoucher``.

    Attributes:
        asset: what.
        amount: how much, as decimal text.
        account: who may redeem it.
        token: the asset's contract.
        atoms: the amount in atoms; the struct's ``amount``.
        recipient: the address that is paid.
        salt: tells the account's vouchers apart.
        deadline_s: until when it is paid; the struct's ``deadline``.
        min_batch: it is paid once this batch has settled; the struct's ``minBatch``.
        signature: 65 bytes r, s, v.
    """

    asset: SymbolText
    amount: DecimalText
    account: AccountText
    token: AccountText
    atoms: DigitsText
    recipient: AccountText
    salt: DigitsText
    deadline_s: Seconds
    min_batch: Packed48
    signature: BytesText


class VouchersAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The account's vouchers that were neither paid nor ran out, as far as final blocks say."""

    vouchers: list[VoucherMessage]


class CancelReceiptMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The operator's word that an order is dead, for ``cancelWithReceipt``.

    Attributes:
        order_id: the order.
        trader: whose.
        market: the market's number in the contract.
        nonce: counter, revision and lane; this and everything below in the lane is dead.
        filled: lots.
        sequence: it counts once a batch settled up to here.
        signature: 65 bytes r, s, v.
    """

    order_id: IdText
    trader: AccountText
    market: Annotated[int, Meta(ge=0, lt=2**32)]
    nonce: DigitsText
    filled: Packed48
    sequence: Packed48
    signature: BytesText


class SessionKeyMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a session key may do in one market, as far as final blocks say.

    Attributes:
        key: the session key's address.
        market: where.
        buy_budget: what new buys may still use, quote, fees included.
        sell_budget: what new sells may still use, base.
        buy_reserved: what open buys may use at worst, quote.
        sell_reserved: what open sells may use, base.
        expiry_s: when the grant ends.
        revoked: the account took it back.
    """

    key: AccountText
    market: SymbolText
    buy_budget: DecimalText
    sell_budget: DecimalText
    buy_reserved: DecimalText
    sell_reserved: DecimalText
    expiry_s: Seconds
    revoked: bool


class SessionKeysAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The account's session keys, by key and market."""

    session_keys: list[SessionKeyMessage]


def voucher_amount(request: VoucherRequest, asset: Asset) -> Amount:
    """Return the requested amount in atoms. Raises `FormatError`."""
    return asset.parse(request.amount, "amount")


def voucher_salt(request: VoucherRequest) -> int:
    """Return the requested salt; 0 if there is none. Raises `FormatError`."""
    text = request.salt
    if text is None:
        return 0
    if _SALT.fullmatch(text) is None or int(text) >= 2**256:
        raise FormatError("salt", "not a salt", "decimal digits, 2**40 to 2**256 - 1")
    return int(text)


def voucher_message(signed: SignedVoucher, asset: Asset) -> VoucherMessage:
    """Return a signed voucher as its owner receives it."""
    voucher = signed.voucher
    if voucher.asset != asset.id or asset.token is None:
        raise FormatError("asset", f"is {asset.id}, the voucher is in {voucher.asset}", "its token")
    return VoucherMessage(
        asset=asset.id,
        amount=asset.format(voucher.amount),
        account=voucher.account,
        token=asset.token,
        atoms=str(voucher.amount),
        recipient=voucher.recipient,
        salt=str(voucher.salt),
        deadline_s=voucher.deadline_s,
        min_batch=voucher.min_batch,
        signature=hex_text(signed.signature),
    )


def cancel_receipt_message(
    signed: SignedCancelReceipt, order_id: OrderId, market: Market
) -> CancelReceiptMessage:
    """Return a signed receipt as the order's trader receives it."""
    receipt = signed.receipt
    if receipt.market != market.id:
        raise FormatError("market", f"is {market.id}", str(receipt.market))
    return CancelReceiptMessage(
        order_id=str(order_id),
        trader=receipt.trader,
        market=market.number,
        nonce=str(receipt.nonce),
        filled=receipt.filled,
        sequence=receipt.sequence,
        signature=hex_text(signed.signature),
    )


def session_key_message(session: SessionView, market: Market) -> SessionKeyMessage:
    """Return a session key's budgets as decimal text, exactly."""
    if session.market != market.id:
        raise FormatError("market", f"is {market.id}", str(session.market))
    quote, lots = market.quote.format, market.format_quantity
    return SessionKeyMessage(
        key=AccountId(session.key),
        market=market.id,
        buy_budget=quote(session.buy_budget),
        sell_budget=lots(session.sell_budget),
        buy_reserved=quote(session.buy_reserved),
        sell_reserved=lots(session.sell_reserved),
        expiry_s=session.expiry_s,
        revoked=session.revoked,
    )
