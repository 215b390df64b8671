"""Scalars: ids, nonces, hexadecimal and times are exact or refused."""

import pytest

from hybrid_dex.errors import FormatError
from hybrid_dex.wire import hex_text, parse_fill_id, parse_hex, parse_order_id, to_ms, to_ns
from hybrid_dex.wire.scalars import parse_nonce


def test_ids_are_decimal_digits() -> None:
    """An id is read back as it was written."""
    assert parse_order_id("1280") == 1280
    assert parse_fill_id(str(2**63 - 1)) == 2**63 - 1


@pytest.mark.parametrize(
    "text", ["", "0", "01", "-1", "+1", "1.0", "1_0", "٣", str(2**63), "1" * 21]
)
def test_what_is_no_id_is_refused(text: str) -> None:
    """Zero, signs, other digits and what exceeds 63 bits are no ids."""
    with pytest.raises(FormatError, match="order_id"):
        parse_order_id(text)


def test_hexadecimal_is_read_back() -> None:
    """Lower case is written, either case is read."""
    data = bytes(range(64))
    assert parse_hex("signature", hex_text(data), (64, 65)) == data
    assert parse_hex("signature", "0x" + data.hex().upper(), (64,)) == data


@pytest.mark.parametrize(
    "text", ["", "0x", "0xabc", "abcd", "0Xabcd", "0xzz", "0xab cd", "0xabcdef"]
)
def test_other_hexadecimal_is_refused(text: str) -> None:
    """Prefix, digits and length are checked."""
    with pytest.raises(FormatError, match="signature"):
        parse_hex("signature", text, (2,))


def test_a_nonce_is_a_u64() -> None:
    """Its largest value fits, the next does not."""
    assert parse_nonce(str(2**64 - 1)) == 2**64 - 1
    with pytest.raises(FormatError, match="too large"):
        parse_nonce(str(2**64))


def test_milliseconds_are_rounded_down() -> None:
    """A time never lies in the future of what happened."""
    assert to_ms(1_999_999) == 1
    assert to_ns(1) == 1_000_000
