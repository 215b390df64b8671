"""Batches as the settlement contract reads them: bytes, trade ids, roots.

Pure: the same batch gives the same bytes everywhere. It never signs, orders or chooses anything;
what it encodes was decided by the batch builder. Its counterpart is ``PackedBatch.sol``.

A batch is big endian and tightly packed::

    header   number u48 | matchedThrough u40 | upTo u48 | sections u8 | fills u16
             | previousRoot 32 | journalHash 32
    section  market u32 | counts u8 each: accounts, sessions, bulk roots, orders, groups
    account  address 20, strictly ascending in its section
    session  account u8 | key 20, strictly ascending in its section
    root     account u8 | height u8, 1 to 3 | root of the tree 32 | r 32 | vs 32 (EIP-2098)
    order    account u8 | side and flags u8 | signature kind u8 | price u48 | lots u48
             | max fee u16 | fee rate i16 | expiry u40 | nonce u64, then by signature kind
               0, the trader's        r 32 | vs 32
               1, a session key's     r 32 | vs 32 | session u8
               2, a bulk tree's leaf  root u8 | leaf u8 | proof, 32 bytes a level
               3, approved on chain   nothing
    group    sequence u48 | taker's order u8 | fills u8
    fill     maker's order u8 | lots u48

A group is one aggressor and its fills. Group sequences rise strictly within a market, from batch to
batch too, so a fill settles at most once; the header's ``up_to`` ends the interval, and what a
batch left out of it has failed for ever. Each settled fill has an id that the contract derives
itself, and the batch's event carries the Merkle root over the ids of what settled.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final, TypeVar

import attrs
import msgspec

from hybrid_dex.errors import FormatError
from hybrid_dex.model.signed_order import MAX_BULK_HEIGHT, SignatureKind
from hybrid_dex.settlement.batch import (
    Batch,
    BulkRoot,
    Culprit,
    FillEntry,
    FillPosition,
    Group,
    OrderEntry,
    Section,
    SkipReason,
)
from hybrid_dex.settlement.trade_tree import EMPTY_ROOT, merkle_proof, merkle_root, trade_id
from hybrid_dex.signing.keccak import keccak256

__all__ = [
    "EMPTY_ROOT",
    "MAX_FILLS_PER_GROUP",
    "MAX_GAS_PER_BATCH",
    "MAX_ORDERS_PER_BATCH",
    "Batch",
    "BulkRoot",
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
    "section_roots",
    "section_sessions",
    "trade_id",
    "trade_ids",
]

MAX_ORDERS_PER_BATCH: Final = 128
MAX_FILLS_PER_GROUP: Final = 100
MAX_GAS_PER_BATCH: Final = 8_000_000

_MAX_FLAGS: Final = 7
_KINDS: Final = frozenset(SignatureKind)

# Gas of a whole transaction by what it holds, fitted to the snapshot from above. Storage that is
# written for the first time costs 17,100 a slot more: the builder cannot know, so it leaves room.
_GAS_BATCH: Final = 45_000
_GAS_SECTION: Final = 9_000
_GAS_ACCOUNT: Final = 12_000
_GAS_SESSION: Final = 8_000
_GAS_ROOT: Final = 5_000
_GAS_ORDER: Final = 7_000
_GAS_LANE: Final = 5_500
_GAS_GROUP: Final = 1_200
_GAS_FILL: Final = 2_500


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


def section_sessions(section: Section) -> tuple[tuple[bytes, bytes], ...]:
    """Return the section's table of session keys, each once with its account, ascending."""
    return tuple(
        sorted(
            {
                (order.account, order.session_key)
                for order in section.orders
                if order.kind == SignatureKind.SESSION
            }
        )
    )


def section_roots(section: Section) -> tuple[BulkRoot, ...]:
    """Return the section's table of bulk signatures: each once, as its orders first need them."""
    return tuple(
        dict.fromkeys(
            _root_of(order) for order in section.orders if order.kind == SignatureKind.BULK
        )
    )


def _root_of(order: OrderEntry) -> BulkRoot:
    return BulkRoot(order.account, len(order.proof), order.root, order.signature)


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
    sessions, roots = section_sessions(section), section_roots(section)
    index: dict[object, int] = {}
    for table in (accounts, sessions, roots):
        index.update((entry, position) for position, entry in enumerate(table))
    yield _unsigned("market", section.market, 32)
    yield _unsigned("accounts", len(accounts), 8)
    yield _unsigned("sessions", len(sessions), 8)
    yield _unsigned("roots", len(roots), 8)
    yield _unsigned("orders", len(section.orders), 8)
    yield _unsigned("groups", len(section.groups), 8)
    for account in accounts:
        yield _sized("account", account, 20)
    for account, key in sessions:
        yield _unsigned("account", index[account], 8)
        yield _sized("session_key", key, 20)
    for root in roots:
        yield _unsigned("account", index[root.account], 8)
        yield _unsigned("height", root.height, 8)
        yield _sized("root", root.root, 32)
        yield _sized("signature", root.signature, 64)
    for order in section.orders:
        yield _order_word(order, index[order.account])
        yield from _signature_parts(order, index)
    for group in section.groups:
        yield _unsigned("sequence", group.sequence, 48)
        yield _order_index("taker", group.taker, section)
        yield _unsigned("fills", len(group.fills), 8)
        for fill in group.fills:
            yield _order_index("maker", fill.maker, section)
            yield _unsigned("lots", fill.lots, 48)


def _order_word(order: OrderEntry, account: int) -> bytes:
    if order.side not in (0, 1):
        raise FormatError("side", f"{order.side} is neither", "0 to buy, 1 to sell")
    if not 0 <= order.flags <= _MAX_FLAGS:
        raise FormatError("flags", f"{order.flags} has unknown bits", "0 to 7")
    if order.kind not in _KINDS:
        raise FormatError("kind", f"{order.kind} is not supported", "a SignatureKind, 0 to 3")
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
        )
    )


def _signature_parts(order: OrderEntry, index: Mapping[object, int]) -> Iterator[bytes]:
    """What follows an order's word; refuses what its signature kind has no place for."""
    bulk = order.kind == SignatureKind.BULK
    _sized("session_key", order.session_key, 20 if order.kind == SignatureKind.SESSION else 0)
    _sized("root", order.root, 32 if bulk else 0)
    levels = range(1, MAX_BULK_HEIGHT + 1) if bulk else range(1)
    if len(order.proof) not in levels:
        raise FormatError("proof", f"{len(order.proof)} levels", f"one of {list(levels)}")
    if not 0 <= order.leaf < 1 << len(order.proof):
        raise FormatError("leaf", f"{order.leaf} of {1 << len(order.proof)}", "a leaf of the tree")
    if bulk:
        yield _unsigned("roots", index[_root_of(order)], 8)
        yield _unsigned("leaf", order.leaf, 8)
        for sibling in order.proof:
            yield _sized("proof", sibling, 32)
        return
    yield _sized("signature", order.signature, 0 if order.kind == SignatureKind.APPROVED else 64)
    if order.kind == SignatureKind.SESSION:
        yield _unsigned("sessions", index[order.account, order.session_key], 8)


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

_Entry = TypeVar("_Entry")


@attrs.frozen
class _Tables:
    """What the orders of a section point into."""

    accounts: tuple[bytes, ...]
    sessions: tuple[tuple[bytes, bytes], ...]
    roots: tuple[BulkRoot, ...]


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

    def entry(self, field: str, table: Sequence[_Entry]) -> _Entry:
        index = self.unsigned(8)
        if index >= len(table):
            raise FormatError(field, f"{index} is no entry of {len(table)}", "an index")
        return table[index]

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
    market = reader.unsigned(32)
    accounts, sessions, roots, orders, groups = reader.take(5)
    addresses = tuple(reader.take(20) for _ in range(accounts))
    tables = _Tables(
        accounts=addresses,
        sessions=tuple(
            (reader.entry("account", addresses), reader.take(20)) for _ in range(sessions)
        ),
        roots=tuple(_read_root(reader, addresses) for _ in range(roots)),
    )
    return Section(
        market=market,
        orders=tuple(_read_order(reader, tables) for _ in range(orders)),
        groups=tuple(_read_group(reader) for _ in range(groups)),
    )


def _read_root(reader: _Reader, accounts: Sequence[bytes]) -> BulkRoot:
    return BulkRoot(
        account=reader.entry("account", accounts),
        height=reader.unsigned(8),
        root=reader.take(32),
        signature=reader.take(64),
    )


def _read_order(reader: _Reader, tables: _Tables) -> OrderEntry:
    account = reader.entry("account", tables.accounts)
    bits, kind = reader.take(2)
    price, lots = reader.unsigned(48), reader.unsigned(48)
    max_fee_ppm = reader.unsigned(16)
    order = OrderEntry(
        account=account,
        side=bits & 1,
        flags=bits >> 1,
        price=price,
        lots=lots,
        max_fee_ppm=max_fee_ppm,
        fee_rate_ppm=int.from_bytes(reader.take(2), "big", signed=True),
        expiry_s=reader.unsigned(40),
        nonce=reader.unsigned(64),
        signature=b"",
        kind=kind,
    )
    return _read_signature(reader, tables, order)


def _read_signature(reader: _Reader, tables: _Tables, order: OrderEntry) -> OrderEntry:
    replace = msgspec.structs.replace
    match order.kind:
        case SignatureKind.APPROVED:
            return order
        case SignatureKind.BULK:
            root = reader.entry("roots", tables.roots)
            leaf = reader.unsigned(8)
            proof = tuple(reader.take(32) for _ in range(root.height))
            return replace(order, signature=root.signature, root=root.root, leaf=leaf, proof=proof)
        case SignatureKind.SESSION:
            signature = reader.take(64)
            _, key = reader.entry("sessions", tables.sessions)
            return replace(order, signature=signature, session_key=key)
        case _:
            return replace(order, signature=reader.take(64))


def _read_group(reader: _Reader) -> Group:
    sequence, taker, fills = reader.unsigned(48), reader.unsigned(8), reader.unsigned(8)
    return Group(
        sequence=sequence,
        taker=taker,
        fills=tuple(FillEntry(reader.unsigned(8), reader.unsigned(48)) for _ in range(fills)),
    )


# Ids and roots


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
        gas += _GAS_SESSION * len(section_sessions(section))
        gas += _GAS_ROOT * len(section_roots(section))
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
