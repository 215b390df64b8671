"""Batching: matched fills in, the batch that settles them out.

Pure. It never reads a clock, signs or sends. It must never change the order in which anything
that depends on anything else was matched, and never leave a fill out that a batch claims to cover.

A *group* is an aggressor with its fills: the fills of one command, in parts of at most
`MAX_FILLS_PER_GROUP`. The chain numbers groups `command sequence << 8 | part`; a batch takes them
in that order, so its ``upTo`` is the number of its last group and what it leaves out is above.

A batch is a list of sections, one market each, because that is what the contract reads cheaply.
Sections are applied one after another, so putting a group into an earlier section moves it before
everything in the later ones. That is harmless exactly when none of its accounts occur there: all
that a fill reads or writes belongs to its two accounts. Otherwise a new section is cut, as it is
when a lane occurs a second time with another order (the contract writes each lane back once a
section), or an order changes its role and with it its fee rate (an order has one rate a section).

What orders share is listed once a section: the session keys that signed for an account, and the
signature of a bulk tree, however many of its leaves trade.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import attrs
import msgspec

from hybrid_dex.errors import ConfigurationError, FormatError, InvariantError
from hybrid_dex.model.frame import GENESIS_HASH
from hybrid_dex.model.market import Market
from hybrid_dex.model.settlement import MatchedFill, OrderTerms
from hybrid_dex.model.signed_order import (
    MAX_BULK_HEIGHT,
    Authorization,
    Nonce,
    SignatureKind,
    SignedOrder,
    order_flags,
)
from hybrid_dex.model.units import (
    MAX_FILLS_PER_GROUP,
    FeePpm,
    FillId,
    MarketId,
    TimestampNs,
    fill_sequence,
)
from hybrid_dex.settlement import layout
from hybrid_dex.signing import bulk_root, order_struct_hash, parse_address

__all__ = [
    "BatchLimits",
    "Draft",
    "Group",
    "draft_batch",
    "fill_ids",
    "group_fills",
    "journal_hash",
    "matched_through",
    "pack_batch",
]

_HASH_BYTES: Final = 32
_SIGNATURE_BYTES: Final = 64
_INDEX_MASK: Final = (1 << 16) - 1
"""The part of a fill's id that counts within its command."""
_MAX_COUNT: Final = 255
"""What a section's count bytes can say."""

# An upper bound of what each piece can cost: first-ever storage slots, calldata and a skip's event
# included. The transaction's own limit comes from the node's estimate.
_BATCH_GAS: Final = 70_000
_SECTION_GAS: Final = 8_000
_ACCOUNT_GAS: Final = 46_000
_ORDER_GAS: Final = {
    SignatureKind.WALLET: 9_000,
    SignatureKind.SESSION: 9_500,
    SignatureKind.BULK: 8_500,
    SignatureKind.APPROVED: 8_000,
}
_SESSION_GAS: Final = 14_000
_ROOT_GAS: Final = 6_500
_LANE_GAS: Final = 23_000
_GROUP_GAS: Final = 1_000
_FILL_GAS: Final = 5_000
_NS_PER_SECOND: Final = 1_000_000_000


class Group(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """An aggressor and its fills: what the contract applies together.

    Attributes:
        sequence: the chain's number of the group, ``command sequence << 8 | part``.
        fills: in the order in which they were matched; one market, one taker.
        journal_hash: chain hash of a journal frame at or after the command.
    """

    sequence: int
    fills: tuple[MatchedFill, ...]
    journal_hash: bytes = GENESIS_HASH

    @property
    def market(self) -> MarketId:
        """The market of all its fills."""
        return self.fills[0].market

    @property
    def taker(self) -> OrderTerms:
        """The aggressor."""
        return self.fills[0].taker


def group_fills(
    fills: Sequence[MatchedFill], journal_hash: bytes = GENESIS_HASH
) -> tuple[Group, ...]:
    """Return the groups of one command's fills, in order, under this journal hash.

    A fill's group follows from its index alone, so the fills that are left of a command after a
    restart form the same groups again.

    Raises:
        FormatError: the fills are of several commands, out of order, or without a signature.
        InvariantError: a group has two aggressors, or two orders in one lane.
    """
    if not fills:
        return ()
    command = fill_sequence(fills[0].fill_id)
    parts: dict[int, list[MatchedFill]] = {}
    previous = -1
    for fill in fills:
        if fill_sequence(fill.fill_id) != command or fill.fill_id <= previous:
            raise FormatError("fills", "not of one command in order", "one command's fills")
        previous = fill.fill_id
        for terms in (fill.maker, fill.taker):
            if not _is_proven(terms):
                raise FormatError(
                    "authorization",
                    f"order {terms.order_id} is not signed, so it can not settle on chain",
                    "orders that their traders signed",
                )
        parts.setdefault((fill.fill_id & _INDEX_MASK) // MAX_FILLS_PER_GROUP, []).append(fill)
    groups = tuple(
        Group(layout.group_sequence(command, part), tuple(of_part), journal_hash)
        for part, of_part in parts.items()
    )
    for group in groups:
        _check_group(group)
    return groups


def _is_proven(terms: OrderTerms) -> bool:
    """Whether an order carries what the contract asks of its signature kind."""
    signed = terms.authorization
    if signed is None or len(signed.order_hash) != _HASH_BYTES:
        return False
    bulk = signed.kind == SignatureKind.BULK
    heights = range(1, MAX_BULK_HEIGHT + 1) if bulk else range(1)
    by_session = signed.kind == SignatureKind.SESSION
    size = 0 if signed.kind == SignatureKind.APPROVED else _SIGNATURE_BYTES
    return (
        signed.kind in _ORDER_GAS
        and len(signed.signature) == size
        and len(signed.proof) in heights
        and all(len(sibling) == _HASH_BYTES for sibling in signed.proof)
        and 0 <= signed.leaf < 1 << len(signed.proof)
        and by_session == (signed.signer != terms.account)
    )


def _check_group(group: Group) -> None:
    taker = _signed(group.taker).order_hash
    lanes: dict[tuple[str, int], bytes] = {}
    for fill in group.fills:
        if fill.market != group.market or _signed(fill.taker).order_hash != taker:
            raise InvariantError(f"command of fill {fill.fill_id} has two aggressors")
        for terms in (fill.taker, fill.maker):
            key = _signed(terms).order_hash
            if lanes.setdefault(_lane(terms), key) != key:
                raise InvariantError(f"fill {fill.fill_id}: two orders in one lane")


@attrs.frozen(kw_only=True)
class BatchLimits:
    """When a batch is full.

    Attributes:
        orders: signed orders, counted once a section.
        gas: an upper bound of its gas.
    """

    orders: int = attrs.field(
        default=128, validator=[attrs.validators.ge(2), attrs.validators.le(_MAX_COUNT)]
    )
    gas: int = attrs.field(default=8_000_000, validator=attrs.validators.ge(1_000_000))


@attrs.define(kw_only=True)
class _Section:
    """One market's part of a draft: what is in it, by identity."""

    market: MarketId
    groups: list[Group] = attrs.field(factory=list)
    accounts: set[str] = attrs.field(factory=set)
    rates: dict[bytes, int] = attrs.field(factory=dict)
    terms: dict[bytes, OrderTerms] = attrs.field(factory=dict)
    lanes: dict[tuple[str, int], bytes] = attrs.field(factory=dict)
    shared: set[tuple[int, str, bytes]] = attrs.field(factory=set)

    def admits(self, group: Group) -> bool:
        """Whether the group's orders can share this section's tables."""
        for terms, rate in _roles(group):
            key = _signed(terms).order_hash
            if self.rates.get(key, rate) != rate or self.lanes.get(_lane(terms), key) != key:
                return False
        return (
            len(self.groups) < _MAX_COUNT
            and len(self.accounts | _accounts(group)) <= _MAX_COUNT
            and len(self.rates.keys() | _orders(group)) <= _MAX_COUNT
        )

    def add(self, group: Group) -> None:
        """Append a group; call `admits` first."""
        self.groups.append(group)
        self.accounts |= _accounts(group)
        for terms, rate in _roles(group):
            key = _signed(terms).order_hash
            self.rates[key] = rate
            self.terms.setdefault(key, terms)
            self.lanes[_lane(terms)] = key
        self.shared |= _shared(terms for terms, _ in _roles(group))

    def gas(self, group: Group) -> int:
        """An upper bound of what a group adds to the gas of this section."""
        new = self.new_orders(group)
        shared = _shared(new) - self.shared
        return (
            len(_accounts(group) - self.accounts) * _ACCOUNT_GAS
            + sum(_ORDER_GAS[SignatureKind(_signed(terms).kind)] for terms in new)
            + sum(
                _SESSION_GAS if kind == SignatureKind.SESSION else _ROOT_GAS for kind, *_ in shared
            )
            + sum(1 for terms in new if _lane(terms)[1]) * _LANE_GAS
            + _GROUP_GAS
            + len(group.fills) * _FILL_GAS
        )

    def new_orders(self, group: Group) -> list[OrderTerms]:
        """The orders of a group that the section does not list yet, each once."""
        orders = {_signed(terms).order_hash: terms for terms, _ in _roles(group)}
        return [terms for key, terms in orders.items() if key not in self.rates]


@attrs.define
class Draft:
    """The sections of a batch, as far as they are filled.

    Attributes:
        groups: in the order of their sequences.
        gas: an upper bound of its gas.
        orders: signed orders, counted once a section.
    """

    _sections: list[_Section] = attrs.field(factory=list, init=False)
    groups: list[Group] = attrs.field(factory=list, init=False)
    gas: int = attrs.field(default=_BATCH_GAS, init=False)
    orders: int = attrs.field(default=0, init=False)

    @property
    def sections(self) -> int:
        """How many sections it has."""
        return len(self._sections)

    def add(self, group: Group, limits: BatchLimits) -> bool:
        """Append the next group if it fits. The first one always does: it can not be cut."""
        section = self._place(group)
        fresh = section is None
        target = _Section(market=group.market) if section is None else section
        orders = len(target.new_orders(group))
        gas = fresh * _SECTION_GAS + target.gas(group)
        if (fresh and len(self._sections) == _MAX_COUNT) or (
            self.groups and (self.gas + gas > limits.gas or self.orders + orders > limits.orders)
        ):
            return False
        if fresh:
            self._sections.append(target)
        target.add(group)
        self.groups.append(group)
        self.gas += gas
        self.orders += orders
        return True

    def _place(self, group: Group) -> _Section | None:
        """The section that may take the group without moving it past what it depends on."""
        accounts = _accounts(group)
        for section in reversed(self._sections):
            if section.market == group.market:
                return section if section.admits(group) else None
            if not accounts.isdisjoint(section.accounts):
                return None
        return None

    def pack(self, markets: Mapping[MarketId, Market]) -> tuple[layout.Section, ...]:
        """Return its sections in the form of the packed layout."""
        return tuple(_pack_section(section, markets) for section in self._sections)


_UNLIMITED: Final = BatchLimits(orders=_MAX_COUNT, gas=1 << 62)


def draft_batch(groups: Iterable[Group], limits: BatchLimits) -> tuple[Draft, bool]:
    """Fill a batch from the front of a queue; return it and whether it is full."""
    draft = Draft()
    for group in groups:
        if not draft.add(group, limits):
            return draft, True
    return draft, draft.orders >= limits.orders


def pack_batch(
    groups: Sequence[Group],
    markets: Mapping[MarketId, Market],
    *,
    number: int,
    previous_root: bytes,
    matched_through_s: int,
    up_to: int,
) -> layout.Batch:
    """Return the batch of exactly these groups.

    Raises:
        ConfigurationError: a fill's market is not among ``markets``.
    """
    draft = Draft()
    for group in groups:
        if not draft.add(group, _UNLIMITED):
            raise InvariantError("a batch was planned that one transaction can not hold")
    return layout.Batch(
        number=number,
        matched_through_s=matched_through_s,
        up_to=up_to,
        previous_root=previous_root,
        journal_hash=journal_hash(groups),
        sections=draft.pack(markets),
    )


def journal_hash(groups: Sequence[Group]) -> bytes:
    """Return the chain hash of a journal frame at or after every fill; zeros for an empty batch."""
    return max(groups, key=lambda group: group.sequence).journal_hash if groups else GENESIS_HASH


def matched_through(
    *,
    now_ns: int,
    matching_lag_s: int,
    first_left_ns: TimestampNs | None,
    seen_s: int,
    watch_lag_s: int,
    unheeded_s: int | None,
    last_s: int,
) -> int:
    """Return the latest second through which a batch may say that every fill is in it.

    A request made on chain at t takes effect once this number exceeds ``t + WATCH_LAG``, so it
    must stay at or below that until the engine has acted on the request. It never falls.

    Args:
        now_ns: the shell's clock.
        matching_lag_s: how long a fill may take from the engine to `submit`.
        first_left_ns: when the first fill that stays out of the batch was matched.
        seen_s: timestamp of the newest final block: what is unseen is later. Not of the head: the
            chain that replaces it may hold an earlier request.
        watch_lag_s: the contract's WATCH_LAG.
        unheeded_s: when the earliest request was made that the engine was not told of yet.
        last_s: what the last batch said.
    """
    bounds = [now_ns // _NS_PER_SECOND - matching_lag_s, seen_s + watch_lag_s]
    if first_left_ns is not None:
        bounds.append((first_left_ns - 1) // _NS_PER_SECOND)
    if unheeded_s is not None:
        bounds.append(unheeded_s + watch_lag_s)
    return max(last_s, min(bounds))


def fill_ids(groups: Iterable[Group]) -> tuple[FillId, ...]:
    """Return the ids of all fills of some groups, in order."""
    return tuple(fill.fill_id for group in groups for fill in group.fills)


def _roles(group: Group) -> Iterator[tuple[OrderTerms, int]]:
    """Each order of a group with the fee rate of its role; an order may come twice."""
    yield group.taker, group.fills[0].taker_fee_ppm
    for fill in group.fills:
        yield fill.maker, fill.maker_fee_ppm


def _accounts(group: Group) -> set[str]:
    return {group.taker.account, *(fill.maker.account for fill in group.fills)}


def _orders(group: Group) -> set[bytes]:
    return {_signed(terms).order_hash for terms, _ in _roles(group)}


def _shared(orders: Iterable[OrderTerms]) -> set[tuple[int, str, bytes]]:
    """What a section lists once for all the orders that need it: kind, account and identity."""
    found: set[tuple[int, str, bytes]] = set()
    for terms in orders:
        signed = _signed(terms)
        if signed.kind == SignatureKind.SESSION:
            found.add((signed.kind, terms.account, signed.signer.encode()))
        elif signed.kind == SignatureKind.BULK:
            found.add((signed.kind, terms.account, signed.signature))
    return found


def _signed(terms: OrderTerms) -> Authorization:
    assert terms.authorization is not None, "group_fills refuses unsigned orders"
    return terms.authorization


def _lane(terms: OrderTerms) -> tuple[str, int]:
    return terms.account, Nonce.unpack(_signed(terms).nonce).lane


def _pack_section(section: _Section, markets: Mapping[MarketId, Market]) -> layout.Section:
    market = markets.get(section.market)
    if market is None:
        raise ConfigurationError(
            f"fills of market {section.market}, which settlement was not opened with"
        )
    index = {key: position for position, key in enumerate(section.rates)}
    return layout.Section(
        market=market.number,
        orders=tuple(
            _entry(section.terms[key], rate, market) for key, rate in section.rates.items()
        ),
        groups=tuple(
            layout.Group(
                sequence=group.sequence,
                taker=index[_signed(group.taker).order_hash],
                fills=tuple(
                    layout.FillEntry(
                        maker=index[_signed(fill.maker).order_hash], lots=fill.quantity
                    )
                    for fill in group.fills
                ),
            )
            for group in section.groups
        ),
    )


def _entry(terms: OrderTerms, rate: int, market: Market) -> layout.OrderEntry:
    signed = _signed(terms)
    bulk = signed.kind == SignatureKind.BULK
    return layout.OrderEntry(
        account=parse_address(terms.account, "account"),
        side=int(terms.side),
        flags=order_flags(post_only=terms.post_only, time_in_force=terms.time_in_force),
        price=terms.price,
        lots=terms.quantity,
        max_fee_ppm=signed.max_fee_ppm,
        fee_rate_ppm=rate,
        expiry_s=signed.expiry_s,
        nonce=signed.nonce,
        signature=signed.signature,
        kind=signed.kind,
        session_key=(
            parse_address(signed.signer, "signer") if signed.kind == SignatureKind.SESSION else b""
        ),
        root=_root(terms, market) if bulk else b"",
        leaf=signed.leaf,
        proof=signed.proof,
    )


def _root(terms: OrderTerms, market: Market) -> bytes:
    """The root of the tree whose leaf the order is; its signature was checked against it."""
    signed = _signed(terms)
    order = SignedOrder(
        trader=terms.account,
        market=market,
        side=terms.side,
        time_in_force=terms.time_in_force,
        post_only=terms.post_only,
        price=terms.price,
        quantity=terms.quantity,
        max_fee_ppm=FeePpm(signed.max_fee_ppm),
        expiry_s=signed.expiry_s,
        nonce=Nonce.unpack(signed.nonce),
        signature=signed.signature,
    )
    return bulk_root(order_struct_hash(order), signed.proof, signed.leaf)
