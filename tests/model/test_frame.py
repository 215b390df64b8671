"""A frame comes back as it was written, or is refused: no altered byte goes unseen."""

import attrs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_dex.errors import FormatError, JournalError, VersionMismatchError
from hybrid_dex.model.commands import (
    AdvanceTime,
    CancelOrder,
    Command,
    ConfirmSettlement,
    Deposit,
    ListMarket,
    PlaceOrder,
    ReduceOrder,
    ReplaceOrder,
)
from hybrid_dex.model.frame import (
    FRAME_VERSION,
    GENESIS_HASH,
    Frame,
    FrameKind,
    all_as_journaled,
    as_journaled,
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


PLACE = FRAME.commands[1]
HUGE = 10**5_000


@pytest.mark.parametrize("command", FRAME.commands)
def test_a_well_formed_command_is_journaled_as_it_is(command: Command) -> None:
    """Equal, and an enum given as its number is the enum."""
    assert as_journaled(command) == command
    loose = as_journaled(msgspec.structs.replace(PLACE, side=1))
    assert loose == PLACE
    assert loose.side is Side.SELL


@pytest.mark.parametrize(
    ("command", "field"),
    [
        ("cancel everything", "command"),
        (None, "command"),
        (MARKET, "command"),
        (msgspec.structs.replace(PLACE, post_only=1), "post_only"),
        (msgspec.structs.replace(PLACE, price=1.0), "price"),
        (msgspec.structs.replace(PLACE, price=True), "price"),
        (msgspec.structs.replace(PLACE, price=object()), "command"),
        (msgspec.structs.replace(PLACE, price=HUGE), "command"),
        (msgspec.structs.replace(PLACE, side="buy"), "side"),
        (msgspec.structs.replace(PLACE, side=7), "side"),
        (msgspec.structs.replace(PLACE, market=None), "market"),
        (msgspec.structs.replace(PLACE, time_in_force=9), "time_in_force"),
        (msgspec.structs.replace(PLACE, client_order_id=5), "client_order_id"),
        (msgspec.structs.replace(PLACE, account=b"alice"), "command"),
        (msgspec.structs.replace(PLACE, account="\ud800"), "command"),
        (msgspec.structs.replace(PLACE, account=""), "account"),
        (msgspec.structs.replace(PLACE, account="a\0"), "account"),
        (msgspec.structs.replace(PLACE, account="a" * 129), "account"),
        (CancelOrder(account="alice", order_id="256"), "order_id"),
        (ReduceOrder(account="alice", order_id=256, by=1.0), "by"),
        (
            ReplaceOrder(account="a", order_id=256, price=1, quantity=1, expected_filled=0.0),
            "expected_filled",
        ),
        (Deposit(account="alice", asset="ETH", amount=1, position="1"), "position"),
        (ConfirmSettlement(fills=[1], stage=4, batch=0), "command"),
        (ListMarket(market=attrs.evolve(MARKET, lot_size=1.5)), "market"),
    ],
)
def test_what_would_not_be_read_back_is_refused(command: Command, field: str) -> None:
    """Applied, it would leave a journal that no start can replay."""
    with pytest.raises(FormatError) as caught:
        as_journaled(command)
    assert caught.value.field == field
    with pytest.raises(FormatError) as among_others:
        all_as_journaled([PLACE, command, PLACE])
    assert str(among_others.value) == str(caught.value)


def test_commands_are_journaled_together_as_they_are_one_by_one() -> None:
    """Each is another object, which the writer may stamp; and an enum given as its number is the enum."""
    loose = msgspec.structs.replace(PLACE, side=1)
    given = [*FRAME.commands, loose, PLACE, PLACE]
    found = all_as_journaled(given)
    assert found == [as_journaled(command) for command in given]
    assert len({id(command) for command in [*given, *found]}) == len(set(map(id, given))) + len(
        found
    )
    assert all_as_journaled([]) == []


@pytest.mark.parametrize("account", ["a", "a" * 128, "Zo\u00eb K", "0x" + "aB" * 20])
def test_an_account_is_opaque_text(account: str) -> None:
    """Not only ASCII, up to the length that every database can index."""
    assert as_journaled(CancelOrder(account=account)).account == account
