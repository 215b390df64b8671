"""Signed vouchers and receipts carry the contract's struct, digit by digit; budgets are exact text."""

import attrs
import pytest

from hybrid_dex.errors import FormatError
from hybrid_dex.model.market import Market
from hybrid_dex.model.units import order_id
from hybrid_dex.model.views import SessionView
from hybrid_dex.model.vouchers import CancelReceipt, SignedCancelReceipt, SignedVoucher, Voucher
from hybrid_dex.wire import (
    CancelReceiptMessage,
    SessionKeyMessage,
    VoucherMessage,
    VoucherRequest,
    cancel_receipt_message,
    decode,
    encode,
    session_key_message,
    voucher_amount,
    voucher_message,
    voucher_salt,
)
from tests.wire.terms import ALICE

TOKEN = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
MARKET = Market.spot(
    "ETH-USDC", number=3, base_decimals=18, quote_decimals=6, tick="0.01", lot="0.0001"
)
USDC = attrs.evolve(MARKET.quote, token=TOKEN)
LARGEST = Voucher(
    account=ALICE,
    asset=USDC.id,
    amount=2**112 - 1,
    recipient=TOKEN,
    salt=2**256 - 1,
    deadline_s=2**40 - 1,
    min_batch=2**48 - 1,
)
RECEIPT = CancelReceipt(
    trader=ALICE, market=MARKET.id, nonce=2**64 - 1, filled=2**48 - 1, sequence=2**48 - 1
)


def test_the_largest_voucher_survives_the_wire() -> None:
    """No number of it is rounded by a reader of JSON."""
    message = voucher_message(SignedVoucher(voucher=LARGEST, signature=b"\1" * 65), USDC)
    assert decode(VoucherMessage, encode(message)) == message
    assert (int(message.atoms), int(message.salt)) == (2**112 - 1, 2**256 - 1)
    assert (message.token, message.signature) == (TOKEN, "0x" + "01" * 65)


def test_the_largest_receipt_survives_the_wire() -> None:
    """The market by its number on chain."""
    signed = SignedCancelReceipt(receipt=RECEIPT, signature=b"\2" * 65)
    message = cancel_receipt_message(signed, order_id(7), MARKET)
    assert decode(CancelReceiptMessage, encode(message)) == message
    assert (message.market, int(message.nonce)) == (3, 2**64 - 1)


def test_a_session_key_is_shown_in_units_of_its_market() -> None:
    """Quote for buys, base for sells."""
    view = SessionView(ALICE, TOKEN, MARKET.id, 1, 2, 3, 4, 5, revoked=True)
    message = session_key_message(view, MARKET)
    assert decode(SessionKeyMessage, encode(message)) == message
    assert (message.buy_budget, message.sell_budget) == ("0.000001", "0.0002")
    assert (message.buy_reserved, message.sell_reserved) == ("0.000003", "0.0004")


def test_what_belongs_to_another_asset_or_market_is_refused() -> None:
    """A wrong number of decimals would be another amount."""
    voucher = SignedVoucher(voucher=LARGEST, signature=b"")
    other = Market.spot("BTC-EUR", base_decimals=8, quote_decimals=2, tick="0.01", lot="1")
    for asset in (MARKET.base, MARKET.quote):  # the second has no token
        with pytest.raises(FormatError):
            voucher_message(voucher, asset)
    with pytest.raises(FormatError):
        cancel_receipt_message(
            SignedCancelReceipt(receipt=RECEIPT, signature=b""), order_id(1), other
        )
    with pytest.raises(FormatError):
        session_key_message(SessionView(ALICE, TOKEN, MARKET.id, 0, 0, 0, 0, 0, False), other)


def test_a_requested_amount_is_exact_or_refused() -> None:
    """By the asset's decimals."""
    assert voucher_amount(VoucherRequest(asset="USDC", amount="1.000001"), USDC) == 1_000_001
    with pytest.raises(FormatError, match="amount"):
        voucher_amount(VoucherRequest(asset="USDC", amount="1.0000001"), USDC)


@pytest.mark.parametrize(
    "text", ["", "0", "007", "-1", "+1", " 1", "1.0", "1e3", "\u0661", str(2**256), "9" * 5000]
)
def test_a_salt_is_written_in_one_way(text: str) -> None:
    """Digits without a zero in front, below 2**256, and never read as a number before that is known."""
    with pytest.raises(FormatError):
        voucher_salt(VoucherRequest(asset="USDC", amount="1", salt=text))
    assert (
        voucher_salt(VoucherRequest(asset="USDC", amount="1", salt=str(2**256 - 1))) == 2**256 - 1
    )
