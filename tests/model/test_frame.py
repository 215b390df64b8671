"""A frame comes back as it was written, or is refused: no altered byte goes unseen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_dex.errors import JournalError, VersionMismatchError
from hybrid_dex.model.commands import AdvanceTime, ListMarket, PlaceOrder
from hybrid_dex.model.frame import (
    FRAME_VERSION,
    GENESIS_HASH,
    Frame,
    FrameKind,
    decode_frame,
    encode_frame,
)
from hybrid_dex.model.market import Market
from hybrid_dex.model.order import Side
from hybrid_dex.model.units import AccountId, MarketId, Price, Quantity, Sequence, TimestampNs

MARKET = Market.spot("ETH-USDC", base_decimals=18, quote_decimals=6, tick="0.01", lot="0.0001")
FRAME = Frame(
    version=FRAME_VERSION,
    kind=FrameKind.COMMANDS,
    epoch=1,
    leader="a",
    at_ns=TimestampNs(2**63 - 1),
    previous=GENESIS_HASH,
    commands=(
        ListMarket(market=MARKET, sequence=Sequence(1)),
        PlaceOrder(
            account=AccountId("alice"),
            market=MarketId("ETH-USDC"),
            side=Side.SELL,
            price=Price(2**48 - 1),
            quantity=Quantity(1),
            sequence=Sequence(2),
        ),
        AdvanceTime(sequence=Sequence(3)),
    ),
)


def test_a_frame_comes_back_equal() -> None:
    assert decode_frame(encode_frame(FRAME)) == FRAME


@given(position=st.integers(0, len(encode_frame(FRAME)) * 8 - 1))
def test_any_flipped_bit_is_seen(position: int) -> None:
    raw = bytearray(encode_frame(FRAME))
    raw[position // 8] ^= 1 << position % 8
    with pytest.raises(JournalError, match="checksum"):
        decode_frame(bytes(raw))


@pytest.mark.parametrize("raw", [b"", b"x", b"x" * 32, b"x" * 100])
def test_garbage_is_refused(raw: bytes) -> None:
    with pytest.raises(JournalError):
        decode_frame(raw)


def test_a_newer_format_is_refused_with_both_versions() -> None:
    newer = Frame(**{**{f: getattr(FRAME, f) for f in FRAME.__struct_fields__}, "version": 99})
    with pytest.raises(VersionMismatchError, match=r"format 99.*format 1"):
        decode_frame(encode_frame(newer))
