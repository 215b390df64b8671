"""What one settlement transaction holds, before it is bytes: sections, orders, groups, fills.

Pure values; `hybrid_dex.settlement.layout` turns them into the contract's bytes and back. The
numbers of `SkipReason` and `Culprit` are the contract's and never change their meaning.
"""

import enum
from typing import NamedTuple

import msgspec

from hybrid_dex.model.signed_order import SignatureKind

__all__ = [
    "Batch",
    "BulkRoot",
    "Culprit",
    "FillEntry",
    "FillPosition",
    "Group",
    "OrderEntry",
    "Section",
    "SkipReason",
]


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
    SESSION = 18
    """The session key has no grant of the account for the market, or one that expired or was revoked."""
    SESSION_BUDGET = 19
    """The fill is more than is left of the session key's budget."""
    APPROVAL = 20
    """The order was never approved on chain, or its approval was revoked."""


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
        sequence: see `hybrid_dex.settlement.layout.group_sequence`.
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
        signature: 64 bytes, r and vs (EIP-2098): the trader's; the session key's; the trader's over
            the root of a bulk tree. Empty for an order approved on chain.
        kind: a `SignatureKind`.
        session_key: the address that signed, 20 bytes; of a session key's order only.
        root: struct hash of the tree's top array, 32 bytes; of a bulk order only, as what follows.
        leaf: place in the tree, from 0.
        proof: the sibling at each level, 32 bytes each, leaf first: as many as the tree is high.
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
    kind: int = SignatureKind.WALLET
    session_key: bytes = b""
    root: bytes = b""
    leaf: int = 0
    proof: tuple[bytes, ...] = ()


class BulkRoot(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One signature over a tree of orders, listed once in its section however many leaves it has.

    Attributes:
        account: the address that signed, 20 bytes.
        height: levels above the leaves.
        root: 32 bytes.
        signature: 64 bytes, r and vs (EIP-2098).
    """

    account: bytes
    height: int
    root: bytes
    signature: bytes


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
