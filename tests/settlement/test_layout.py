"""Batches encode to the bytes that the contract reads, decode back, and refuse what does not fit."""

import random

import msgspec
import pytest

from hybrid_dex.errors import FormatError
from hybrid_dex.settlement.layout import (
    EMPTY_ROOT,
    MAX_FILLS_PER_GROUP,
    MAX_ORDERS_PER_BATCH,
    Batch,
    BulkRoot,
    FillEntry,
    FillPosition,
    Group,
    OrderEntry,
    Section,
    check_limits,
    decode_batch,
    encode_batch,
    estimate_gas,
    group_sequence,
    new_root,
    section_accounts,
    section_roots,
    section_sessions,
    trade_id,
    trade_ids,
)

ALICE, BOB = b"\xaa" * 20, b"\x0b" * 20
BUY = OrderEntry(
    ALICE, 0, 2, 2500, 10, 1000, 500, 1_800_000_000, 7 << 24 | 1 << 16 | 3, b"\x01" * 64
)
SELL = OrderEntry(BOB, 1, 0, 2490, 4, 100, -50, 1_900_000_000, 1 << 24, b"\x02" * 64)
KEY, ROOT, SIBLING = b"\x05" * 20, b"\x06" * 32, b"\x07" * 32
BY_SESSION = msgspec.structs.replace(BUY, kind=1, session_key=KEY)
BY_BULK = msgspec.structs.replace(BUY, kind=2, root=ROOT, leaf=2, proof=(SIBLING, ROOT))
APPROVED = msgspec.structs.replace(SELL, kind=3, signature=b"")


def a_batch(*sections: Section, up_to: int = 2**40) -> Batch:
    return Batch(5, 1_700_000_000, up_to, b"\x03" * 32, b"\x04" * 32, sections)


def a_section(market: int = 9, sequence: int = 769, lots: int = 4) -> Section:
    return Section(market, (BUY, SELL), (Group(sequence, 0, (FillEntry(1, lots),)),))


def a_random_order(draw: random.Random) -> OrderEntry:
    """Of any signature kind; keys and roots come from few, so that orders share them."""
    kind = draw.randrange(4)
    proof = tuple(draw.randbytes(32) for _ in range(draw.randrange(1, 4) if kind == 2 else 0))
    shared = draw.randrange(3)
    return OrderEntry(
        account=bytes([draw.randrange(4)]) * 20,
        side=draw.getrandbits(1),
        flags=draw.getrandbits(3),
        price=draw.getrandbits(48),
        lots=draw.getrandbits(48),
        max_fee_ppm=draw.getrandbits(16),
        fee_rate_ppm=draw.randrange(-(2**15), 2**15),
        expiry_s=draw.getrandbits(40),
        nonce=draw.getrandbits(64),
        signature=(bytes([shared]) * 64, draw.randbytes(64), bytes([shared]) * 64, b"")[kind],
        kind=kind,
        session_key=bytes([shared]) * 20 if kind == 1 else b"",
        root=bytes([shared]) * 32 if kind == 2 else b"",
        leaf=draw.randrange(1 << len(proof)),
        proof=proof,
    )


def a_random_batch(draw: random.Random) -> Batch:
    sections = []
    for market in range(draw.randrange(4)):
        orders = tuple(a_random_order(draw) for _ in range(draw.randrange(1, 20)))
        groups = tuple(
            Group(
                sequence=number << 8,
                taker=draw.randrange(len(orders)),
                fills=tuple(
                    FillEntry(draw.randrange(len(orders)), draw.getrandbits(48))
                    for _ in range(draw.randrange(10))
                ),
            )
            for number in range(1, draw.randrange(1, 6))
        )
        sections.append(Section(market, orders, groups))
    return Batch(
        number=draw.getrandbits(48),
        matched_through_s=draw.getrandbits(40),
        up_to=2**48 - 1,
        previous_root=draw.randbytes(32),
        journal_hash=draw.randbytes(32),
        sections=tuple(sections),
    )


def test_a_batch_is_laid_out_as_specified() -> None:
    """Every field of one small batch, written out by hand."""
    expected = bytes.fromhex(
        "000000000005"  # number
        "006553f100"  # matched through
        "000000000301"  # up to
        "01"  # sections
        "0001" + "03" * 32 + "04" * 32  # fills, previous root, journal hash
        + "00000009" + "02" + "00" + "00" + "02" + "01"  # market, accounts, none, none, orders, groups
        + "0b" * 20 + "aa" * 20
        + "01" + "04" + "00" + "0000000009c4" + "00000000000a" + "03e8" + "01f4" + "006b49d200"
        + "0000000007010003" + "01" * 64
        + "00" + "01" + "00" + "0000000009ba" + "000000000004" + "0064" + "ffce" + "00713fb300"
        + "0000000001000000" + "02" * 64
        + "000000000301" + "00" + "01"  # sequence, taker, fills
        + "01" + "000000000004"  # maker, lots
    )  # fmt: skip
    assert encode_batch(a_batch(a_section(), up_to=769)) == expected


def test_every_signature_kind_is_laid_out_as_specified() -> None:
    """The tables before the orders, and what follows each order's word."""
    section = Section(9, (APPROVED, BY_BULK, BY_SESSION), ())
    data = encode_batch(a_batch(section))
    words = 84 + 9 + 2 * 20 + 21 + 98
    assert data[84:93] == bytes.fromhex("00000009" + "02" + "01" + "01" + "03" + "00")
    assert data[133:154] == b"\1" + KEY  # Alice is the second account
    assert data[154:252] == b"\1" + b"\2" + ROOT + BUY.signature
    assert data[words : words + 3] == bytes([0, 1, 3])
    assert data[words + 32 : words + 35] == bytes([1, 4, 2])
    assert data[words + 64 : words + 130] == bytes([0, 2]) + SIBLING + ROOT
    assert data[words + 130 : words + 133] == bytes([1, 4, 1])
    assert data[words + 162 :] == BUY.signature + b"\0"
    assert section_sessions(section) == ((ALICE, KEY),)
    assert section_roots(section) == (BulkRoot(ALICE, 2, ROOT, BUY.signature),)


def test_sessions_ascend_by_account_and_key_and_roots_stand_as_first_needed() -> None:
    replace = msgspec.structs.replace
    keys = [(account, bytes([n]) * 20) for account in (BOB, ALICE) for n in (3, 1, 2, 3)]
    sessions = [replace(BY_SESSION, account=account, session_key=key) for account, key in keys]
    bulk = [replace(BY_BULK, root=bytes([n]) * 32, leaf=n % 4) for n in (7, 5, 7, 6)]
    section = Section(1, (*sessions, *bulk), ())
    assert section_sessions(section) == tuple(sorted(set(keys)))
    assert [root.root[0] for root in section_roots(section)] == [7, 5, 6]
    assert decode_batch(encode_batch(a_batch(section))) == a_batch(section)


@pytest.mark.parametrize(
    ("order", "change", "field"),
    [
        (BY_SESSION, {"session_key": b"\1" * 19}, "session_key"),
        (BY_SESSION, {"signature": b""}, "signature"),
        (BY_SESSION, {"proof": (SIBLING,)}, "proof"),
        (BY_BULK, {"root": b""}, "root"),
        (BY_BULK, {"signature": b"\1" * 63}, "signature"),
        (BY_BULK, {"proof": ()}, "proof"),
        (BY_BULK, {"proof": (SIBLING,) * 4}, "proof"),
        (BY_BULK, {"proof": (SIBLING, b"\1")}, "proof"),
        (BY_BULK, {"leaf": 4}, "leaf"),
        (BY_BULK, {"leaf": -1}, "leaf"),
        (BY_BULK, {"session_key": KEY}, "session_key"),
        (APPROVED, {"signature": b"\1" * 64}, "signature"),
        (APPROVED, {"leaf": 1}, "leaf"),
    ],
)
def test_what_a_signature_kind_lacks_or_has_no_place_for_is_refused_by_name(
    order: OrderEntry, change: dict[str, object], field: str
) -> None:
    encode_batch(a_batch(Section(1, (order,), ())))
    with pytest.raises(FormatError) as refused:
        encode_batch(a_batch(Section(1, (msgspec.structs.replace(order, **change),), ())))
    assert refused.value.field == field


@pytest.mark.parametrize("seed", range(20))
def test_what_is_encoded_decodes_to_the_same_batch(seed: int) -> None:
    batch = a_random_batch(random.Random(seed))
    assert decode_batch(encode_batch(batch)) == batch


def test_a_heartbeat_is_the_header_alone() -> None:
    assert len(encode_batch(a_batch())) == 84
    assert decode_batch(encode_batch(a_batch())) == a_batch()


@pytest.mark.parametrize(
    "change",
    [
        {"account": b"\1" * 19},
        {"side": 2},
        {"flags": 8},
        {"flags": -1},
        {"price": 2**48},
        {"lots": -1},
        {"max_fee_ppm": 2**16},
        {"fee_rate_ppm": 2**15},
        {"expiry_s": 2**40},
        {"nonce": 2**64},
        {"signature": b"\1" * 65},
        {"kind": 4},
        {"session_key": b"\1" * 20},
        {"root": b"\1" * 32},
        {"leaf": 1},
        {"proof": (b"\1" * 32,)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_an_order_that_does_not_fit_is_refused_by_name(change: dict[str, object]) -> None:
    section = msgspec.structs.replace(
        a_section(), orders=(msgspec.structs.replace(BUY, **change), SELL)
    )
    with pytest.raises(FormatError) as refused:
        encode_batch(a_batch(section))
    assert refused.value.field == next(iter(change))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"number": 2**48}, "number"),
        ({"matched_through_s": -1}, "matched_through_s"),
        ({"up_to": 2**48}, "up_to"),
        ({"previous_root": b""}, "previous_root"),
        ({"journal_hash": b"\0" * 31}, "journal_hash"),
        ({"sections": (a_section(),) * 256}, "sections"),
        ({"sections": (a_section(2**32),)}, "market"),
        ({"sections": (Section(1, (BUY,) * 256, ()),)}, "orders"),
        ({"sections": (Section(1, (BUY,), (Group(1, 1, ()),)),)}, "taker"),
        ({"sections": (Section(1, (BUY,), (Group(1, 0, (FillEntry(-1, 1),)),)),)}, "maker"),
        ({"sections": (Section(1, (BUY, SELL), (Group(1, 0, (FillEntry(1, 2**48),)),)),)}, "lots"),
        ({"sections": (Section(1, (BUY,), (Group(1, 0, (FillEntry(0, 1),) * 256),)),)}, "fills"),
    ],
)
def test_a_batch_that_does_not_fit_is_refused_by_name(
    change: dict[str, object], field: str
) -> None:
    with pytest.raises(FormatError) as refused:
        encode_batch(msgspec.structs.replace(a_batch(up_to=2**48 - 1), **change))
    assert refused.value.field == field


@pytest.mark.parametrize("sequences", [(300, 300), (301, 300), (300, 2**40 + 1)])
def test_sequences_that_do_not_rise_within_the_interval_are_refused(
    sequences: tuple[int, int],
) -> None:
    first, second = (a_section(sequence=sequence) for sequence in sequences)
    with pytest.raises(FormatError, match="does not rise in market 9"):
        encode_batch(a_batch(first, second))
    encode_batch(a_batch(a_section(9, 300), a_section(8, 300), a_section(9, 301)))


EVERY_KIND = Section(9, (BUY, SELL, BY_SESSION, BY_BULK, APPROVED), a_section().groups)


@pytest.mark.parametrize("section", [a_section(), EVERY_KIND])
def test_every_truncation_and_extension_is_refused(section: Section) -> None:
    data = encode_batch(a_batch(section))
    for end in range(len(data)):
        with pytest.raises(FormatError, match="batch"):
            decode_batch(data[:end])
    with pytest.raises(FormatError, match="1 bytes too many"):
        decode_batch(data + b"\0")


@pytest.mark.parametrize("section", [a_section(), EVERY_KIND])
def test_no_other_bytes_decode_to_a_batch_than_its_own(section: Section) -> None:
    """Any flipped bit either is refused or makes another batch that encodes to those very bytes."""
    data = encode_batch(a_batch(section))
    for position in range(len(data)):
        for bit in range(8):
            flipped = bytearray(data)
            flipped[position] ^= 1 << bit
            try:
                decoded = decode_batch(bytes(flipped))
            except FormatError:
                continue
            assert encode_batch(decoded) == flipped
            assert decoded != a_batch(section)


def test_accounts_are_listed_once_and_ascend() -> None:
    section = Section(1, (BUY, SELL, BUY), ())
    assert section_accounts(section) == (BOB, ALICE)


def test_a_group_sequence_is_command_and_part() -> None:
    assert group_sequence(1) == 256
    assert group_sequence(2**40 - 1, 255) == 2**48 - 1
    for command, part in ((2**40, 0), (1, 256), (-1, 0)):
        with pytest.raises(FormatError):
            group_sequence(command, part)


def test_trade_ids_name_the_buyer_first_and_leave_out_what_was_skipped() -> None:
    buy, sell = b"\1" * 32, b"\2" * 32
    selling_taker = Section(9, (BUY, SELL), (Group(770, 1, (FillEntry(0, 2), FillEntry(0, 1))),))
    batch = a_batch(a_section(), selling_taker)
    assert trade_ids(batch, [[buy, sell]] * 2, {FillPosition(9, 770, 0)}) == (
        trade_id(9, buy, sell, sequence=769, price=SELL.price, lots=4),
        trade_id(9, buy, sell, sequence=770, price=BUY.price, lots=1),
    )


def test_the_new_root_depends_on_each_of_its_parts() -> None:
    batch, settled = a_batch(), b"\5" * 32
    changes: list[dict[str, object]] = [
        {"previous_root": b"\6" * 32},
        {"number": 6},
        {"journal_hash": b"\6" * 32},
        {"up_to": 3},
    ]
    roots = {new_root(msgspec.structs.replace(batch, **change), settled) for change in changes}
    roots |= {new_root(batch, settled), new_root(batch, EMPTY_ROOT)}
    assert len(roots) == len(changes) + 2


def test_limits_of_a_batch() -> None:
    check_limits(a_batch(Section(1, (BUY,) * MAX_ORDERS_PER_BATCH, ())))
    with pytest.raises(FormatError, match="at most 128"):
        check_limits(a_batch(Section(1, (BUY,) * (MAX_ORDERS_PER_BATCH + 1), ())))
    fills = (FillEntry(1, 1),) * MAX_FILLS_PER_GROUP
    check_limits(a_batch(Section(1, (BUY, SELL), (Group(1, 0, fills),))))
    with pytest.raises(FormatError, match="in one group"):
        check_limits(a_batch(Section(1, (BUY, SELL), (Group(1, 0, (*fills, fills[0])),))))
    many = tuple(Group(number, 0, fills) for number in range(1, 40))
    with pytest.raises(FormatError, match="gas"):
        check_limits(a_batch(Section(1, (BUY, SELL), many)))


def test_more_of_anything_costs_more_gas() -> None:
    one = a_batch(a_section())
    assert estimate_gas(a_batch()) < estimate_gas(one) < estimate_gas(a_batch(*[a_section()] * 2))


def test_sessions_and_bulk_roots_cost_gas_once_a_section() -> None:
    def cost(*orders: OrderEntry) -> int:
        return estimate_gas(a_batch(Section(1, orders, ())))

    for delegated in (BY_SESSION, BY_BULK):
        one, two = cost(delegated), cost(delegated, delegated)
        assert one > cost(BUY)
        assert two - one == cost(BUY, BUY) - cost(BUY)
    assert cost(APPROVED) == cost(SELL)
