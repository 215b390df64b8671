"""Batches as the settlement contract reads them: bytes, trade ids, roots.

Pure: the same batch gives the same bytes everywhere. It never signs, orders or chooses anything;
what it encodes was decided by the batch builder. Its counterpart is ``PackedBatch.sol``.

A batch is big endian and tightly packed::

    header   number u48 | matchedThrough u40 | upTo u48 | sections u8 | fills u16
             | previousRoot 32 | journalHash 32
    section  market u32 | counts u8 each: accounts, sessions, bulk roots, orders, groups
    account  address 20, strictly ascending in its section
    order    account u8 | side and flags u8 | signature kind u8 | price u48 | lots u48
             | max fee u16 | fee rate i16 | expiry u40 | nonce u64 | r 32 | vs 32 (EIP-2098)
    group    sequence u48 | taker's order u8 | fills u8
    fill     maker's order u8 | lots u48

A group is one aggressor and its fills. Group sequences rise strictly within a market, from batch to
batch too, so a fill settles at most once; the header's ``up_to`` ends the interval, and what a
batch left out of it has failed for ever. Each settled fill has an id that the contract derives
itself, and the batch's event carries the Merkle root over the ids of what settled.
"""

import enum
from collections.abc import Collection, Iterator, Sequence
from typing import Final, NamedTuple

import msgspec

from hybrid_dex.errors import FormatError
from hybrid_dex.signing.keccak import keccak256

__all__ = [
    "EMPTY_ROOT",
    "MAX_FILLS_PER_GROUP",
    "MAX_GAS_PER_BATCH",
    "MAX_ORDERS_PER_BATCH",
    "Batch",
    "Culprit",
    "FillEntry",
    "FillPosition",
    "Group",
    "OrderEntry",
    "Section",
    "SkipReason",
    "check_limits",
    "decode_batch",
    "encode_batch",
    "estimate_gas",
    "group_sequence",
    "merkle_proof",
    "merkle_root",
    "new_root",
    "section_accounts",
    "trade_id",
    "trade_ids",
]

MAX_ORDERS_PER_BATCH: Final = 128
MAX_FILLS_PER_GROUP: Final = 100
MAX_GAS_PER_BATCH: Final = 8_000_000
EMPTY_ROOT: Final = bytes(32)
"""The Merkle root of a batch in which nothing settled."""

_SIGNATURE_KINDS: Final = (0,)
_MAX_FLAGS: Final = 7

# Gas of a whole transaction by what it holds, fitted to the snapshot from above. Storage that is
# written for the first time costs 17,100 a slot more: the builder cannot know, so it leaves room.
_GAS_BATCH: Final = 45_000
_GAS_SECTION: Final = 9_000
_GAS_ACCOUNT: Final = 12_000
_GAS_ORDER: Final = 7_000
_GAS_LANE: Final = 5_500
_GAS_GROUP: Final = 1_200
_GAS_FILL: Final = 2_500


class SkipReason(enum.IntEnum):
    """Why the contract skipped a fill: ``reason`` of its ``FillSkipped`` event."""

    SIGNATURE = 1
    """Not signed by the account."""
    EXPIRY = 2
    """Past expiry and window, or further ahead than an order may live."""
    FLOOR = 3
    """Below the account's nonce floor."""
    FEE = 4
    """Fee rate above the signed maximum, or the compiled-in one."""
    MARKET = 5
    """The market is closed."""
    LANE_STALE = 6
    """The order's lane has moved on to a later order."""
    CANCELED = 7
    """Canceled on chain."""
    AMOUNT = 8
    """An amount of the order is zero, or beyond what the ledger holds."""
    LOTS = 9
    """Zero lots, or more than is left of an order."""
    SELF_TRADE = 10
    """Both orders are of one account."""
    SAME_SIDE = 11
    """Both orders buy, or both sell."""
    POST_ONLY = 12
    """A post-only order would take."""
    TAKES_ONLY = 13
    """An IOC or FOK order would make."""
    PRICE = 14
    """The maker's limit is beyond the taker's."""
    REBATE = 15
    """A rebate above the other side's fee."""
    FUNDS = 16
    """The culprit has too little that is tradeable."""
    FILL_OR_KILL = 17
    """The group could not be filled as a whole."""


class Culprit(enum.IntEnum):
    """Whose order made a fill impossible: ``culprit`` of ``FillSkipped``."""

    NONE = 0
    TAKER = 1
    MAKER = 2


class FillEntry(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One fill of a group.

    Attributes:
        maker: index of the maker's order in the section.
        lots: quantity.
    """

    maker: int
    lots: int


class Group(msgspec.Struct, frozen=True, array_like=True):
    """One aggressor and its fills.

    Attributes:
        sequence: see `group_sequence`.
        taker: index of the aggressor's order in the section.
        fills: in matching order.
    """

    sequence: int
    taker: int
    fills: tuple[FillEntry, ...]


class OrderEntry(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One signed order, listed once in its section however many fills it has.

    Attributes:
        account: the trader's address, 20 bytes.
        side: 0 buys, 1 sells.
        flags: bit 0 post-only, bit 1 IOC, bit 2 FOK.
        price: signed limit in ticks.
        lots: signed total.
        max_fee_ppm: signed.
        fee_rate_ppm: what the operator charges; negative is a rebate.
        expiry_s: signed, Unix seconds.
        nonce: signed, packed u64.
        signature: 64 bytes, r and vs (EIP-2098).
        kind: signature kind; 0 is ECDSA by the trader.
    """

    account: bytes
    side: int
    flags: int
    price: int
    lots: int
    max_fee_ppm: int
    fee_rate_ppm: int
    expiry_s: int
    nonce: int
    signature: bytes
    kind: int = 0


class Section(msgspec.Struct, frozen=True, array_like=True):
    """What a batch holds of one market; a market may have several sections.

    Attributes:
        market: the market's number on chain.
        orders: each at most once, and no two of one account in one lane.
        groups: by rising sequence.
    """

    market: int
    orders: tuple[OrderEntry, ...]
    groups: tuple[Group, ...]


class Batch(msgspec.Struct, frozen=True, array_like=True):
    """One settlement transaction.

    Attributes:
        number: last batch's number + 1.
        matched_through_s: Unix seconds; every fill matched until then is in this batch or before it.
        up_to: the last group sequence this batch speaks for.
        previous_root: 32 bytes, the contract's root after the last batch.
        journal_hash: 32 bytes, of the journal up to ``up_to``.
        sections: may be empty: a heartbeat.
    """

    number: int
    matched_through_s: int
    up_to: int
    previous_root: bytes
    journal_hash: bytes
    sections: tuple[Section, ...]


class FillPosition(NamedTuple):
    """Names a fill as ``FillSkipped`` does.

    Attributes:
        market: the market's number on chain.
        sequence: of the group.
        place: of the fill in its group, from 0; the event's ``index``.
    """

    market: int
    sequence: int
    place: int


def group_sequence(command_sequence: int, part: int = 0) -> int:
    """Return the chain's u48 for one part of a command's fills.

    A command with more than `MAX_FILLS_PER_GROUP` fills settles in several parts.

    >>> group_sequence(3, 1)
    769
    """
    _ranged("command_sequence", command_sequence, 40)
    _ranged("part", part, 8)
    return command_sequence << 8 | part


def section_accounts(section: Section) -> tuple[bytes, ...]:
    """Return the section's table of accounts: each once, ascending."""
    return tuple(sorted({order.account for order in section.orders}))


# Encoding


def encode_batch(batch: Batch) -> bytes:
    """Return the argument of ``settle``.

    Raises:
        FormatError: a value does not fit its field, an index points nowhere, or sequences fall.
    """
    fills = sum(len(group.fills) for section in batch.sections for group in section.groups)
    parts = [
        _unsigned("number", batch.number, 48),
        _unsigned("matched_through_s", batch.matched_through_s, 40),
        _unsigned("up_to", batch.up_to, 48),
        _unsigned("sections", len(batch.sections), 8),
        _unsigned("fills", fills, 16),
        _sized("previous_root", batch.previous_root, 32),
        _sized("journal_hash", batch.journal_hash, 32),
    ]
    last: dict[int, int] = {}
    for section in batch.sections:
        for group in section.groups:
            if not last.get(section.market, 0) < group.sequence <= batch.up_to:
                raise FormatError(
                    "sequence",
                    f"{group.sequence} does not rise in market {section.market} up to {batch.up_to}",
                    "strictly rising sequences, at most up_to",
                )
            last[section.market] = group.sequence
        parts.extend(_section_parts(section))
    return b"".join(parts)


def _section_parts(section: Section) -> Iterator[bytes]:
    accounts = section_accounts(section)
    index = {account: position for position, account in enumerate(accounts)}
    yield _unsigned("market", section.market, 32)
    yield _unsigned("accounts", len(accounts), 8)
    yield bytes(2)  # sessions and bulk roots: none in this version
    yield _unsigned("orders", len(section.orders), 8)
    yield _unsigned("groups", len(section.groups), 8)
    for account in accounts:
        yield _sized("account", account, 20)
    for order in section.orders:
        yield _order_bytes(order, index[order.account])
    for group in section.groups:
        yield _unsigned("sequence", group.sequence, 48)
        yield _order_index("taker", group.taker, section)
        yield _unsigned("fills", len(group.fills), 8)
        for fill in group.fills:
            yield _order_index("maker", fill.maker, section)
            yield _unsigned("lots", fill.lots, 48)


def _order_bytes(order: OrderEntry, account: int) -> bytes:
    if order.side not in (0, 1):
        raise FormatError("side", f"{order.side} is neither", "0 to buy, 1 to sell")
    if not 0 <= order.flags <= _MAX_FLAGS:
        raise FormatError("flags", f"{order.flags} has unknown bits", "0 to 7")
    if order.kind not in _SIGNATURE_KINDS:
        raise FormatError("kind", f"{order.kind} is not supported", "0: ECDSA by the trader")
    if not -(1 << 15) <= order.fee_rate_ppm < 1 << 15:
        raise FormatError("fee_rate_ppm", f"{order.fee_rate_ppm} is out of range", "an i16")
    return b"".join(
        (
            _unsigned("account", account, 8),
            _unsigned("flags", order.side | order.flags << 1, 8),
            _unsigned("kind", order.kind, 8),
            _unsigned("price", order.price, 48),
            _unsigned("lots", order.lots, 48),
            _unsigned("max_fee_ppm", order.max_fee_ppm, 16),
            order.fee_rate_ppm.to_bytes(2, "big", signed=True),
            _unsigned("expiry_s", order.expiry_s, 40),
            _unsigned("nonce", order.nonce, 64),
            _sized("signature", order.signature, 64),
        )
    )


def _ranged(field: str, value: int, bits: int) -> None:
    if not 0 <= value < 1 << bits:
        raise FormatError(field, f"{value} does not fit", f"0 to 2**{bits} - 1")


def _unsigned(field: str, value: int, bits: int) -> bytes:
    _ranged(field, value, bits)
    return value.to_bytes(bits // 8, "big")


def _sized(field: str, value: bytes, size: int) -> bytes:
    if len(value) != size:
        raise FormatError(field, f"{len(value)} bytes", f"{size} bytes")
    return value


def _order_index(field: str, value: int, section: Section) -> bytes:
    if not 0 <= value < len(section.orders):
        raise FormatError(field, f"{value} is no order of the section", "an index into orders")
    return value.to_bytes(1, "big")


# Decoding


class _Reader:
    """A cursor over calldata that refuses to run past its end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def take(self, size: int) -> bytes:
        end = self._position + size
        if end > len(self._data):
            raise FormatError("batch", f"ends after {len(self._data)} bytes", f"at least {end}")
        taken = self._data[self._position : end]
        self._position = end
        return taken

    def unsigned(self, bits: int) -> int:
        return int.from_bytes(self.take(bits // 8), "big")

    def finish(self) -> None:
        left = len(self._data) - self._position
        if left:
            raise FormatError("batch", f"{left} bytes too many", f"{self._position} bytes")


def decode_batch(data: bytes) -> Batch:
    """Return the batch in the argument of a ``settle`` transaction.

    Raises:
        FormatError: the bytes are no batch that `encode_batch` could have made.
    """
    reader = _Reader(data)
    number, matched_through_s, up_to = (reader.unsigned(bits) for bits in (48, 40, 48))
    sections, fills = reader.unsigned(8), reader.unsigned(16)
    batch = Batch(
        number=number,
        matched_through_s=matched_through_s,
        up_to=up_to,
        previous_root=reader.take(32),
        journal_hash=reader.take(32),
        sections=tuple(_read_section(reader) for _ in range(sections)),
    )
    reader.finish()
    if encode_batch(batch) != data:
        raise FormatError("batch", f"its tables or its count of {fills} fills differ", "as encoded")
    return batch


def _read_section(reader: _Reader) -> Section:
    market, accounts = reader.unsigned(32), reader.unsigned(8)
    if reader.unsigned(16):
        raise FormatError("section", "sessions or bulk roots are not supported", "none")
    orders, groups = reader.unsigned(8), reader.unsigned(8)
    table = tuple(reader.take(20) for _ in range(accounts))
    return Section(
        market=market,
        orders=tuple(_read_order(reader, table) for _ in range(orders)),
        groups=tuple(_read_group(reader) for _ in range(groups)),
    )


def _read_order(reader: _Reader, accounts: Sequence[bytes]) -> OrderEntry:
    account, bits, kind = reader.take(3)
    if account >= len(accounts):
        raise FormatError("account", f"{account} is no account of the section", "an index")
    price, lots = reader.unsigned(48), reader.unsigned(48)
    max_fee_ppm = reader.unsigned(16)
    return OrderEntry(
        account=accounts[account],
        side=bits & 1,
        flags=bits >> 1,
        price=price,
        lots=lots,
        max_fee_ppm=max_fee_ppm,
        fee_rate_ppm=int.from_bytes(reader.take(2), "big", signed=True),
        expiry_s=reader.unsigned(40),
        nonce=reader.unsigned(64),
        signature=reader.take(64),
        kind=kind,
    )


def _read_group(reader: _Reader) -> Group:
    sequence, taker, fills = reader.unsigned(48), reader.unsigned(8), reader.unsigned(8)
    return Group(
        sequence=sequence,
        taker=taker,
        fills=tuple(FillEntry(reader.unsigned(8), reader.unsigned(48)) for _ in range(fills)),
    )


# Ids and roots


def trade_id(
    market: int, buy: bytes, sell: bytes, *, sequence: int, price: int, lots: int
) -> bytes:
    """Return the id of a settled fill, as the contract derives it.

    Args:
        market: the market's number on chain.
        buy: digest of the buy order.
        sell: digest of the sell order.
        sequence: of the group.
        price: the maker's limit, ticks.
        lots: quantity of the fill.
    """
    words = (market.to_bytes(32, "big"), _sized("buy", buy, 32), _sized("sell", sell, 32))
    numbers = (sequence, price, lots)
    return keccak256(b"".join((*words, *(number.to_bytes(32, "big") for number in numbers))))


def trade_ids(
    batch: Batch,
    digests: Sequence[Sequence[bytes]],
    skipped: Collection[FillPosition] = (),
) -> tuple[bytes, ...]:
    """Return the ids of what settled, in calldata order: the leaves of the batch's Merkle root.

    Args:
        batch: as sent.
        digests: for each section, the digest of each of its orders.
        skipped: the fills that the receipt's ``FillSkipped`` events name.
    """
    return tuple(
        trade_id(
            section.market,
            orders[fill.maker] if section.orders[group.taker].side else orders[group.taker],
            orders[group.taker] if section.orders[group.taker].side else orders[fill.maker],
            sequence=group.sequence,
            price=section.orders[fill.maker].price,
            lots=fill.lots,
        )
        for section, orders in zip(batch.sections, digests, strict=True)
        for group in section.groups
        for place, fill in enumerate(group.fills)
        if FillPosition(section.market, group.sequence, place) not in skipped
    )


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaves: pairs hashed sorted, an odd node moved up unchanged."""
    level = list(leaves)
    while len(level) > 1:
        level = _next_level(level)
    return level[0] if level else EMPTY_ROOT


def merkle_proof(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """Return the siblings from one leaf up to the root, as OpenZeppelin's MerkleProof takes them."""
    if not 0 <= index < len(leaves):
        raise FormatError("index", f"{index} is no leaf", f"below {len(leaves)}")
    proof = []
    level = list(leaves)
    while len(level) > 1:
        if index ^ 1 < len(level):
            proof.append(level[index ^ 1])
        level = _next_level(level)
        index //= 2
    return tuple(proof)


def _next_level(level: Sequence[bytes]) -> list[bytes]:
    pairs = zip(level[::2], level[1::2], strict=False)
    nodes = [keccak256(min(left, right) + max(left, right)) for left, right in pairs]
    return nodes + ([level[-1]] if len(level) % 2 else [])


def new_root(batch: Batch, settled: bytes) -> bytes:
    """Return the contract's root after a batch.

    Args:
        batch: as sent.
        settled: the Merkle root over what settled of it.
    """
    return keccak256(
        b"".join(
            (
                _sized("previous_root", batch.previous_root, 32),
                batch.number.to_bytes(32, "big"),
                _sized("settled", settled, 32),
                _sized("journal_hash", batch.journal_hash, 32),
                batch.up_to.to_bytes(32, "big"),
            )
        )
    )


# Limits


def estimate_gas(batch: Batch) -> int:
    """Return about what a batch costs, from above, when no storage slot is used for the first time."""
    gas = _GAS_BATCH + _GAS_SECTION * len(batch.sections)
    for section in batch.sections:
        gas += _GAS_ACCOUNT * len(section_accounts(section)) + _GAS_ORDER * len(section.orders)
        gas += _GAS_LANE * sum(order.nonce & 0xFFFF != 0 for order in section.orders)
        gas += sum(_GAS_GROUP + _GAS_FILL * len(group.fills) for group in section.groups)
    return gas


def check_limits(batch: Batch) -> None:
    """Refuse a batch that is larger than a builder may send.

    Raises:
        FormatError: too many orders, fills in a group, or too much gas.
    """
    orders = sum(len(section.orders) for section in batch.sections)
    if orders > MAX_ORDERS_PER_BATCH:
        raise FormatError("orders", f"{orders} in one batch", f"at most {MAX_ORDERS_PER_BATCH}")
    for section in batch.sections:
        for group in section.groups:
            if len(group.fills) > MAX_FILLS_PER_GROUP:
                raise FormatError(
                    "fills", f"{len(group.fills)} in one group", f"at most {MAX_FILLS_PER_GROUP}"
                )
    gas = estimate_gas(batch)
    if gas > MAX_GAS_PER_BATCH:
        raise FormatError("gas", f"about {gas} for one batch", f"at most {MAX_GAS_PER_BATCH}")
