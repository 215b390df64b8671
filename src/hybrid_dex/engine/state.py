"""State: the engine's whole state as bytes, and back.

One canonical encoding serves as snapshot and, hashed, as the state hash: everything that has no
order of its own is sorted, books are lists of order ids in priority order, caches are left out.
Two engines that agree give the same bytes, whatever book they run on and however they got there.
"""

import re
from typing import Final

import msgspec

from hybrid_dex.engine import isolation
from hybrid_dex.engine.controls import ControlsState
from hybrid_dex.engine.desk import Desk
from hybrid_dex.engine.lanes import LaneKey, LaneState
from hybrid_dex.engine.ledger import Entry
from hybrid_dex.engine.orders import Ended, LiveOrder, Named
from hybrid_dex.engine.sessions import SessionKey, SessionState
from hybrid_dex.engine.settlement_flight import Progress
from hybrid_dex.engine.switches import Switch
from hybrid_dex.engine.volumes import DAY_NS, VolumeRow
from hybrid_dex.errors import VersionMismatchError
from hybrid_dex.interfaces.book import Resting
from hybrid_dex.model.fees import FeeSchedule
from hybrid_dex.model.market import Market, MarketState
from hybrid_dex.model.settlement import MatchedFill
from hybrid_dex.model.units import (
    AccountId,
    AssetId,
    FillId,
    MarketId,
    OrderId,
    Quantity,
    Sequence,
    TimestampNs,
)
from hybrid_dex.model.views import Plan
from hybrid_dex.model.vouchers import Voucher

__all__ = ["STATE_FORMAT", "dump", "load"]

STATE_FORMAT: Final = 3
_READABLE_FORMATS: Final = (1, 2, STATE_FORMAT)
"""Format 1 ends after the risk, format 2 after the vouchers; what came since is empty there."""


class _Listing(msgspec.Struct, array_like=True):
    """A market, its book as ids in priority order, and what its last price set off.

    Attributes:
        fees: what it charges; what it was listed with when ``None``.
        counts_since: the first command whose fills count towards tiers, or ``None``.
        reference_price: an operator's, until the market trades again; 0 for none.
    """

    market: Market
    state: MarketState
    priority: list[OrderId]
    last_price: int = 0
    fired: list[OrderId] = []
    fees: FeeSchedule | None = None
    counts_since: Sequence | None = None
    reference_price: int = 0


class _State(msgspec.Struct, array_like=True):
    """Everything."""

    format: int
    sequence: Sequence
    at_ns: TimestampNs
    chain_position: int
    listings: list[_Listing]
    live: list[LiveOrder]
    ended: list[Ended]
    names: list[Named]
    entries: list[tuple[AccountId, AssetId, Entry]]
    vault: list[tuple[AssetId, int]]
    fees: list[tuple[AssetId, int]]
    fees_in_flight: list[tuple[AssetId, int]]
    lanes: list[tuple[LaneKey, LaneState]]
    floors: list[tuple[tuple[AccountId, AssetId], int]]
    frozen: list[AccountId]
    fills: list[MatchedFill]
    progress: list[tuple[FillId, Progress]]
    risk: bytes
    final_batch: int = 0
    sessions: list[tuple[SessionKey, SessionState]] = []
    approvals: list[tuple[AccountId, bytes, bool]] = []
    vouchers: list[Voucher] = []
    voucher_salts: list[tuple[AccountId, int]] = []
    isolated: list[tuple[MarketId, int]] = []
    switches: list[Switch] = []
    disconnects: list[AccountId] = []
    volumes: list[VolumeRow] = []
    plans: list[Plan] = []
    controls: ControlsState | None = None


_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(_State)
_FORMAT: Final = re.compile(rb"\[(\d{1,9})[,\]]")


def dump(desk: Desk, risk: bytes) -> bytes:
    """Return the state as bytes; the same state gives the same bytes."""
    orders, ledger, lanes = desk.orders, desk.ledger, desk.lanes
    state = _State(
        STATE_FORMAT,
        desk.sequence,
        desk.at_ns,
        desk.chain_position,
        [
            _Listing(
                venue.market,
                venue.state,
                [row.order_id for row in venue.book.orders()],
                venue.last_price,
                list(venue.stops.fired),
                venue.fees,
                venue.counts_since,
                venue.reference_price,
            )
            for venue in desk.venues.values()
        ],
        [_bare(order) for order in orders.all_live()],
        [Ended(row.at_ns, _bare(row.order)) for row in orders.ended()],
        orders.names(),
        ledger.rows(),
        sorted(ledger.vault.items()),
        sorted(ledger.fees.items()),
        sorted(ledger.fees_in_flight.items()),
        lanes.rows(),
        sorted(lanes.floors.items()),
        sorted(desk.frozen),
        list(desk.flight),
        sorted(desk.flight.progress.items()),
        risk,
        desk.final_batch,
        sorted(desk.sessions.states.items(), key=lambda row: row[0]),
        [(*key, usable) for key, usable in sorted(desk.sessions.approvals.items())],
        list(desk.vouchers.values()),
        sorted(desk.voucher_salts.items()),
        sorted(desk.isolated.items()),
        desk.switches.rows(),
        sorted(desk.switches.disconnects),
        desk.volumes.rows(),
        desk.agenda.rows(),
        desk.controls.state(),
    )
    return _encoder.encode(state)


def load(desk: Desk, raw: bytes) -> bytes:
    """Fill a fresh desk from bytes; return the risk's part.

    Raises:
        VersionMismatchError: the bytes are of another format, or not a state.
    """
    begin = _FORMAT.match(raw)
    if begin is None or int(begin[1]) not in _READABLE_FORMATS:
        found = begin[1].decode() if begin else "none"
        raise VersionMismatchError(
            f"the state has format {found}, this program reads {STATE_FORMAT}; replay the journal"
        )
    try:
        state = _decoder.decode(raw)
    except msgspec.MsgspecError as error:
        raise VersionMismatchError(f"these bytes are not a state: {error}") from error
    desk.sequence, desk.at_ns = state.sequence, state.at_ns
    desk.chain_position = state.chain_position
    orders, ledger, lanes = desk.orders, desk.ledger, desk.lanes
    for order in state.live:
        orders.rest(order)
    for listing in state.listings:
        venue = desk.list_market(listing.market, listing.state)
        venue.last_price = listing.last_price
        venue.stops.fired.update(dict.fromkeys(listing.fired))
        if listing.fees is not None:
            venue.charge(listing.fees, state.sequence)
            venue.counts_since = listing.counts_since
        venue.reference_price = listing.reference_price
        book = venue.book
        for order_id in listing.priority:
            order = orders.known[order_id]
            book.add(
                Resting(order_id, order.account, order.side, order.price, Quantity(order.shown()))
            )
    _restore_waiting(desk, state.live)
    for row in state.ended:
        orders.remember(row.order, row.at_ns)
    for named in state.names:
        orders.name(named)
    for account, asset, entry in state.entries:
        ledger.put(account, asset, entry)
    ledger.vault.update(state.vault)
    ledger.fees.update(state.fees)
    ledger.fees_in_flight.update(state.fees_in_flight)
    lanes.load(state.lanes)
    lanes.floors.update(state.floors)
    desk.frozen.update(dict.fromkeys(state.frozen))
    desk.flight.fills.update((fill.fill_id, fill) for fill in state.fills)
    desk.flight.progress.update(state.progress)
    desk.final_batch = state.final_batch
    desk.sessions.states.update(state.sessions)
    desk.sessions.approvals.update(
        ((account, order_hash), usable) for account, order_hash, usable in state.approvals
    )
    desk.vouchers.update(((row.account, row.salt), row) for row in state.vouchers)
    desk.voucher_salts.update(state.voucher_salts)
    for market, breaks in state.isolated:
        isolation.still(desk, market)
        desk.isolated[market] = breaks
    desk.switches.load(state.switches, state.disconnects)
    desk.volumes.load(state.volumes)
    desk.agenda.load(state.plans)
    desk.day = state.at_ns // DAY_NS
    desk.controls.load(state.controls)
    desk.expiries.rebuild(state.live)
    return state.risk


def _restore_waiting(desk: Desk, live: list[LiveOrder]) -> None:
    """Watch the prices for which orders wait, but for those whose trigger was reached."""
    for order in live:
        if order.conditions is not None and order.conditions.waiting:
            desk.waiting[order.order_id] = order
            stops = desk.venues[order.market].stops
            if order.conditions.is_watched and order.order_id not in stops.fired:
                stops.watch(order)


def _bare(order: LiveOrder) -> LiveOrder:
    """An order without what is only remembered for speed."""
    return (
        order if order.cached_terms is None else msgspec.structs.replace(order, cached_terms=None)
    )
