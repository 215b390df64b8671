"""Settled: batches as they were applied on chain, held against a log.

A batch says which fills it settles, up to which group it speaks, and which journal it was made
from. All of that has to be what the log has: the same fills, in an order that changes nothing, and
none left out. What the contract skipped is told with its reason; whether the list of skipped fills
is the contract's own follows from the next batch, which repeats the root that comes of it.

The root does not cover fees, so each fill's are computed from the rates that its batch names.

The chain goes on behind a log that was published up to some frame. What a batch holds of later
commands is neither proven nor refuted, and said to be so once.
"""

from collections.abc import Iterator, Mapping, Sequence

import attrs
import msgspec

from hybrid_dex.errors import FormatError, HybridDexError
from hybrid_dex.model.events import FillMade
from hybrid_dex.model.fees import fee
from hybrid_dex.model.frame import GENESIS_HASH
from hybrid_dex.model.market import Market
from hybrid_dex.model.order import Side, TimeInForce
from hybrid_dex.model.settlement import OrderTerms
from hybrid_dex.model.signed_order import Nonce, SignedOrder
from hybrid_dex.model.units import MAX_FILLS_PER_GROUP, AccountId, FeePpm, Price, Quantity
from hybrid_dex.settlement.layout import (
    Batch,
    FillPosition,
    Group,
    OrderEntry,
    Section,
    SkipReason,
    decode_batch,
    group_sequence,
    merkle_root,
    new_root,
    trade_ids,
)
from hybrid_dex.signing import Domain, checksum_address, order_digest
from hybrid_dex.verification.findings import Finding, Fraud
from hybrid_dex.verification.reenactment import Reenactment

__all__ = ["SettledBatch", "SettledReport", "SkippedFill", "check_batches"]

_INDEX_MASK = 0xFFFF


@attrs.frozen(kw_only=True)
class SkippedFill:
    """A fill that the contract skipped, as its ``FillSkipped`` names it."""

    market: int
    sequence: int
    index: int
    culprit: int = 0
    reason: int

    @property
    def words(self) -> str:
        """The contract's reason."""
        try:
            return SkipReason(self.reason).name.lower()
        except ValueError:
            return f"reason {self.reason}"


@attrs.frozen(kw_only=True)
class SettledBatch:
    """One ``settle`` that a block holds.

    Attributes:
        data: its argument.
        skipped: what the contract skipped of it.
        transaction: its hash, or empty.
    """

    data: bytes
    skipped: tuple[SkippedFill, ...] = ()
    transaction: str = ""


@attrs.define(kw_only=True)
class SettledReport:
    """What batches and log have in common.

    Attributes:
        batches: how many were read.
        settled: fills of the log that they settled.
        skipped: fills of the log that the contract skipped, by reason.
        unsettled: fills of the log behind the last batch.
        findings: what is wrong.
    """

    batches: int = 0
    settled: int = 0
    skipped: dict[str, int] = attrs.field(factory=dict)
    unsettled: int = 0
    findings: list[Finding] = attrs.field(factory=list)


@attrs.frozen
class _LoggedFill:
    """A fill of the log, and the signed terms of its orders; ``None`` where the log has none."""

    fill: FillMade
    maker: OrderTerms | None
    taker: OrderTerms | None


_Groups = dict[tuple[int, int], list[_LoggedFill]]


def check_batches(
    log: Reenactment, batches: Sequence[SettledBatch], *, domain: Domain
) -> SettledReport:
    """Hold batches against a log.

    Args:
        log: the log.
        batches: from the first on, or any run of them, in the order of their numbers.
        domain: the chain and contract that they were settled on.
    """
    report = SettledReport()
    groups = _groups_of(log)
    numbers = {market.number: market for market in log.markets.values()}
    spoken, expected_root = None, b""
    number = 0
    for settled in batches:
        try:
            batch = decode_batch(settled.data)
        except FormatError as error:
            report.findings.append(
                Finding(fraud=Fraud.BROKEN_BATCHES, detail=str(error), batch=number + 1)
            )
            return report
        report.batches += 1
        found = list(_chained(batch, number, expected_root))
        found += _made_from(log, batch)
        if number == 0:
            spoken = 0 if batch.number == 1 else None
        found += _held(report, groups, numbers, _up_to_the_end(log, batch), settled.skipped)
        found += _left_out(groups, batch, spoken)
        found = [attrs.evolve(one, batch=batch.number) for one in found]
        if any(one.fraud is Fraud.NOT_COVERED for one in report.findings):
            found = [one for one in found if one.fraud is not Fraud.NOT_COVERED]
        report.findings += found
        number, spoken = batch.number, batch.up_to
        expected_root = _root_after(batch, settled, numbers, domain)
    if spoken is not None:
        report.unsettled = sum(
            len(fills) for (_, sequence), fills in groups.items() if sequence > spoken
        )
    return report


def _groups_of(log: Reenactment) -> _Groups:
    """Return the log's fills by market number and group, as a batch names them."""
    groups: _Groups = {}
    orders: dict[int, OrderTerms] = {}
    for batch in log.all_batches():
        for event in batch.events:
            terms = _terms_of(event)
            if terms is not None:
                orders[terms.order_id] = terms
            if isinstance(event, FillMade) and event.market in log.markets:
                number = log.markets[event.market].number
                part = (event.fill_id & _INDEX_MASK) // MAX_FILLS_PER_GROUP
                key = (number, group_sequence(batch.sequence, part))
                groups.setdefault(key, []).append(
                    _LoggedFill(event, orders.get(event.maker_order), orders.get(event.taker_order))
                )
    return groups


def _terms_of(event: object) -> OrderTerms | None:
    """Return an order's signed terms when an event sets them."""
    authorization = getattr(event, "authorization", None)
    if authorization is None:
        return None
    return OrderTerms(
        event.order_id,  # type: ignore[attr-defined] # the two events that have an authorization
        event.account,  # type: ignore[attr-defined] # have all of these
        event.side,  # type: ignore[attr-defined] # too
        event.price,  # type: ignore[attr-defined] # too
        event.quantity,  # type: ignore[attr-defined] # too
        event.post_only,  # type: ignore[attr-defined] # too
        event.time_in_force,  # type: ignore[attr-defined] # too
        authorization,
    )


def _up_to_the_end(log: Reenactment, batch: Batch) -> Batch:
    """Return a batch without the groups of commands behind the log's end."""
    end = len(log.batches)
    sections = []
    for section in batch.sections:
        groups = tuple(group for group in section.groups if group.sequence >> 8 <= end)
        sections.append(msgspec.structs.replace(section, groups=groups))
    return msgspec.structs.replace(batch, sections=tuple(sections))


def _chained(batch: Batch, last: int, root: bytes) -> Iterator[Finding]:
    """Judge a batch's place among the others."""
    if last and batch.number != last + 1:
        detail = f"batch {batch.number} follows batch {last}"
        yield Finding(fraud=Fraud.BROKEN_BATCHES, detail=detail)
    elif root and batch.previous_root != root:
        yield Finding(
            fraud=Fraud.BROKEN_BATCHES,
            detail=f"batch {batch.number} continues another one than was given: the fills or the "
            "skipped ones before it are not what the contract applied",
        )


def _made_from(log: Reenactment, batch: Batch) -> Iterator[Finding]:
    """Judge the journal that a batch names, and whether the log goes as far."""
    end = len(log.batches)
    sequences = [group.sequence for section in batch.sections for group in section.groups]
    if not sequences:
        return
    named = next((one for one in log.marks if one.frame_hash == batch.journal_hash), None)
    newest = max(sequences) >> 8
    if newest > end or (named is None and batch.up_to >> 8 > end):
        yield Finding(
            fraud=Fraud.NOT_COVERED,
            detail=f"batch {batch.number} settles fills up to command {newest} and speaks up to "
            f"command {batch.up_to >> 8}; the log ends with command {end}",
            sequence=newest,
        )
    elif batch.journal_hash == GENESIS_HASH or named is None:
        yield Finding(
            fraud=Fraud.BROKEN_BATCHES,
            detail=f"batch {batch.number} names journal {batch.journal_hash.hex()}, which is no "
            "record of the log",
        )
    elif named.last_sequence < newest:
        yield Finding(
            fraud=Fraud.BROKEN_BATCHES,
            detail=f"batch {batch.number} names record {named.position}, which ends before its "
            f"fills of command {newest}",
        )


def _held(
    report: SettledReport,
    groups: _Groups,
    numbers: Mapping[int, Market],
    batch: Batch,
    skipped: Sequence[SkippedFill],
) -> Iterator[Finding]:
    """Judge each fill of a batch."""
    skips = {(one.market, one.sequence, one.index): one for one in skipped}
    last: dict[bytes, int] = {}
    for section in batch.sections:
        for group in section.groups:
            yield from _in_order(section, group, last)
            logged = groups.get((section.market, group.sequence))
            if logged is None:
                yield Finding(
                    fraud=Fraud.SETTLED_NOT_IN_LOG,
                    detail=f"the log has no fills of command {group.sequence >> 8} in market "
                    f"{_market(numbers, section.market)}; the batch settles {len(group.fills)}",
                    sequence=group.sequence >> 8,
                )
                continue
            yield from _same_fills(section, group, logged, numbers[section.market].tick_size)
            for index in range(min(len(group.fills), len(logged))):
                skip = skips.get((section.market, group.sequence, index))
                if skip is None:
                    report.settled += 1
                else:
                    report.skipped[skip.words] = report.skipped.get(skip.words, 0) + 1


def _in_order(section: Section, group: Group, last: dict[bytes, int]) -> Iterator[Finding]:
    accounts = {section.orders[group.taker].account}
    accounts |= {section.orders[fill.maker].account for fill in group.fills}
    for account in accounts:
        before = last.get(account, 0)
        if before > group.sequence:
            yield Finding(
                fraud=Fraud.SETTLED_OUT_OF_ORDER,
                detail=f"fills of {checksum_address(account)} of command {before >> 8} were settled "
                f"before those of command {group.sequence >> 8}",
                sequence=group.sequence >> 8,
            )
        last[account] = max(before, group.sequence)


def _same_fills(
    section: Section, group: Group, logged: Sequence[_LoggedFill], tick_size: int
) -> Iterator[Finding]:
    command = group.sequence >> 8
    for place in range(max(len(group.fills), len(logged))):
        if place >= len(logged):
            yield Finding(
                fraud=Fraud.SETTLED_NOT_IN_LOG,
                detail=f"the batch settles fill {place} of command {command}, the log has "
                f"{len(logged)}",
                sequence=command,
            )
            continue
        made = logged[place]
        if place >= len(group.fills):
            yield Finding(
                fraud=Fraud.NEVER_SETTLED,
                detail=f"fill {made.fill.fill_id} is in the log and not in its group on chain",
                sequence=command,
            )
            continue
        settled = group.fills[place]
        maker, taker = section.orders[settled.maker], section.orders[group.taker]
        words = [
            *_difference("maker", maker, made.maker),
            *_difference("taker", taker, made.taker),
        ]
        if settled.lots != made.fill.quantity:
            words.append(f"{settled.lots} lots, not {made.fill.quantity}")
        if maker.price != made.fill.price:
            words.append(f"at {maker.price}, not at {made.fill.price}")
        if not words:  # the fees of another fill say nothing more
            notional = made.fill.price * made.fill.quantity * tick_size
            words += _other_fee("maker", fee(notional, maker.fee_rate_ppm), made.fill.maker_fee)
            words += _other_fee("taker", fee(notional, taker.fee_rate_ppm), made.fill.taker_fee)
        if words:
            yield Finding(
                fraud=Fraud.SETTLED_OTHERWISE,
                detail=f"fill {made.fill.fill_id} was settled with {'; '.join(words)}",
                sequence=command,
            )


def _difference(role: str, entry: OrderEntry, terms: OrderTerms | None) -> Iterator[str]:
    signed = None if terms is None else terms.authorization
    if terms is None or signed is None:
        yield f"a {role} that is signed: the log's is not"
        return
    found = (checksum_address(entry.account), entry.side, entry.nonce)
    if found != (terms.account, int(terms.side), signed.nonce):
        yield f"another {role}: {found[0]}'s order of nonce {entry.nonce}"


def _other_fee(role: str, charged: int, told: int) -> Iterator[str]:
    if charged != told:
        yield f"a {role}'s fee of {charged} atoms, not of {told}"


def _left_out(groups: _Groups, batch: Batch, spoken: int | None) -> Iterator[Finding]:
    """Name the fills that a batch speaks for and does not hold."""
    if spoken is None:
        return
    held = {
        (section.market, group.sequence) for section in batch.sections for group in section.groups
    }
    for (market, sequence), fills in groups.items():
        if spoken < sequence <= batch.up_to and (market, sequence) not in held:
            yield Finding(
                fraud=Fraud.NEVER_SETTLED,
                detail=f"{len(fills)} fills of command {sequence >> 8} are in the log and not on "
                f"chain, though batch {batch.number} speaks for them",
                sequence=sequence >> 8,
            )


def _root_after(
    batch: Batch, settled: SettledBatch, numbers: Mapping[int, Market], domain: Domain
) -> bytes:
    """Return the contract's root after a batch; empty when the log does not know a market."""
    try:
        digests = [
            [_digest(entry, numbers[section.market], domain) for entry in section.orders]
            for section in batch.sections
        ]
    except (KeyError, HybridDexError):
        return b""
    skips = {FillPosition(one.market, one.sequence, one.index) for one in settled.skipped}
    return new_root(batch, merkle_root(trade_ids(batch, digests, skips)))


def _digest(entry: OrderEntry, market: Market, domain: Domain) -> bytes:
    flags = entry.flags
    time_in_force = (
        TimeInForce.FOK if flags & 4 else TimeInForce.IOC if flags & 2 else TimeInForce.GTC
    )
    order = SignedOrder(
        trader=AccountId(checksum_address(entry.account)),
        market=market,
        side=Side(entry.side),
        time_in_force=time_in_force,
        post_only=bool(flags & 1),
        price=Price(entry.price),
        quantity=Quantity(entry.lots),
        max_fee_ppm=FeePpm(entry.max_fee_ppm),
        expiry_s=entry.expiry_s,
        nonce=Nonce.unpack(entry.nonce),
        signature=b"",
    )
    return order_digest(order, domain)


def _market(numbers: Mapping[int, Market], number: int) -> str:
    market = numbers.get(number)
    return str(number) if market is None else market.id
