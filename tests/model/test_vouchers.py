"""Vouchers and receipts hold only what the contract's structs can hold."""

import pytest

from hybrid_dex.model.vouchers import CancelReceipt, Voucher

VOUCHER = {
    "account": "0xA",
    "asset": "USDC",
    "amount": 5,
    "recipient": "0xB",
    "salt": 7,
    "deadline_s": 1_000,
}
RECEIPT = {"trader": "0xA", "market": "ETH-USDC", "nonce": 1, "filled": 0, "sequence": 256}


def test_a_voucher_counts_from_the_first_batch_unless_said_otherwise() -> None:
    assert Voucher(**VOUCHER).min_batch == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", 0),
        ("amount", 2**112),
        ("salt", -1),
        ("salt", 2**256),
        ("deadline_s", 2**40),
        ("min_batch", 2**48),
    ],
)
def test_a_voucher_outside_its_struct_is_refused(field: str, value: int) -> None:
    with pytest.raises(ValueError, match=field):
        Voucher(**VOUCHER | {field: value})


@pytest.mark.parametrize(
    ("field", "value"), [("nonce", 2**64), ("filled", -1), ("filled", 2**48), ("sequence", 2**48)]
)
def test_a_receipt_outside_its_struct_is_refused(field: str, value: int) -> None:
    with pytest.raises(ValueError, match=field):
        CancelReceipt(**RECEIPT | {field: value})
