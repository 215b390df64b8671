"""HistoryKit: every rule of the `History` interface, on top of those of `Records`.

An engine runs random traffic in which fills fail, withdrawals are requested and vouchers end. What
the records then say that accounts own must be what the engine's own ledger says, and every page of
every list must join into the whole, whatever arrives meanwhile.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from random import Random
from typing import Final, TypeAlias, TypeVar

import attrs
import msgspec

from hybrid_dex.defaults.sorted_book import SortedBook
from hybrid_dex.defaults.standard_risk import StandardRisk
from hybrid_dex.engine.engine import Engine
from hybrid_dex.interfaces.history import History, OrderQuery
from hybrid_dex.model.candles import CANDLE_INTERVALS, Candle, candle_start_s, with_trade
from hybrid_dex.model.events import (
    Deposited,
    EventBatch,
    FillMade,
    FillSettled,
    OrderAccepted,
    OrderReplaced,
    VoucherExpired,
    VoucherIssued,
    VoucherRedeemed,
    WithdrawalChanged,
    Withdrawn,
)
from hybrid_dex.model.history import (
    EntryKey,
    LedgerEntry,
    LedgerPart,
    TransferKind,
    TransferRecord,
    VoucherState,
)
from hybrid_dex.model.order import OrderStatus
from hybrid_dex.model.settlement import SettlementStage
from hybrid_dex.model.signed_order import Authorization
from hybrid_dex.model.units import (
    AccountId,
    AssetId,
    ClientOrderId,
    FeePpm,
    OrderId,
    Sequence,
    TimestampNs,
)
from hybrid_dex.testing.records_kit import RecordsKit
from hybrid_dex.testing.rules import expect, made, rule
from hybrid_dex.testing.traffic import ACCOUNTS, MARKETS, apply, movement, traffic

__all__ = ["HistoryKit"]

_ASSETS: Final = tuple(AssetId(name) for name in ("BTC", "ETH", "USDC"))
_Transfer: TypeAlias = (
    Deposited | Withdrawn | WithdrawalChanged | VoucherIssued | VoucherRedeemed | VoucherExpired
)
_KINDS: Final[dict[type, TransferKind]] = {
    Deposited: TransferKind.DEPOSIT,
    Withdrawn: TransferKind.WITHDRAWAL,
    WithdrawalChanged: TransferKind.REQUEST,
    VoucherIssued: TransferKind.VOUCHER,
    VoucherRedeemed: TransferKind.VOUCHER_REDEEMED,
    VoucherExpired: TransferKind.VOUCHER_EXPIRED,
}
_PAGE: Final = 7
_NAMES: Final = tuple(ClientOrderId(f"mine-{number}") for number in range(7))
_SECOND_NS: Final = 10**9

_RowT = TypeVar("_RowT")


@attrs.frozen
class _Past:
    """What an engine did, and the engine as it then is."""

    engine: Engine
    batches: list[EventBatch]


class HistoryKit(RecordsKit):
    """Subclass it as ``TestYourHistory`` and write `make_records`; it holds the rules of `RecordsKit` too."""

    def make_records(self) -> History | Awaitable[History]:
        """Return records that are not open yet, on the store that belongs to `place`."""
        raise NotImplementedError

    # ---------------------------------------------------------------------- the ledger

    @rule
    async def test_accounts_own_what_the_engine_says(self) -> None:
        """Trading, withdrawing and vouchers of every account and asset, to the atom."""
        past = _past(self.seed, self.length)
        async with self._history(past.batches) as records:
            for account in ACCOUNTS:
                found = {one.asset: one for one in await records.owned(account)}
                for asset in _ASSETS:
                    balance = past.engine.balance(account, asset)
                    wanted = (
                        balance.available + balance.held,
                        balance.withdrawing,
                        balance.vouchers,
                    )
                    owned = found[asset]
                    said = (owned.trading, owned.withdrawing, owned.vouchers)
                    expect(f"{account}'s {asset}", said, wanted)

    @rule
    async def test_every_posting_sums_to_zero(self) -> None:
        """What one command takes from one place it gives to another, per asset; the vault is one."""
        past = _past(self.seed, self.length)
        async with self._history(past.batches) as records:
            fees: defaultdict[str, int] = defaultdict(int)
            for batch in past.batches:
                sums: defaultdict[str, int] = defaultdict(int)
                for entry in await records.posting(batch.sequence):
                    sums[entry.asset] += entry.amount
                    if entry.part is LedgerPart.FEES:
                        fees[entry.asset] += entry.amount
                expect(f"the sums of command {batch.sequence}", set(sums.values()) - {0}, set())
            expect("the fees", fees["USDC"], past.engine.fees(AssetId("USDC")))

    @rule
    async def test_entries_lead_to_their_balances(self) -> None:
        """The balance beside an entry is the sum of that part's entries up to it."""
        past = _past(self.seed, self.length)
        async with self._history(past.batches) as records:
            for account in ACCOUNTS:
                sums: defaultdict[tuple[LedgerPart, str], int] = defaultdict(int)
                for entry in reversed(await _entries(records, account)):
                    sums[entry.part, entry.asset] += entry.amount
                    expect(
                        f"{account} at {entry.key}", entry.balance, sums[entry.part, entry.asset]
                    )

    @rule
    async def test_entries_come_newest_first(self) -> None:
        """An account's own, of an asset or all, below `before`; what arrives meanwhile moves none."""
        past = _past(self.seed, self.length)
        half = self.length // 2
        async with self._history(past.batches[:half]) as records:
            before = await records.ledger(ACCOUNTS[0], before=None, limit=_PAGE)
            wanted = await _entries(records, ACCOUNTS[0])
            expect("the first page", before, wanted[:_PAGE])
            await records.project(past.batches[half:])
            expect("the rest", await _entries(records, ACCOUNTS[0], before), wanted)
            every = await _entries(records, ACCOUNTS[0])
            keys = [one.key for one in every]
            expect("the order of keys", keys, sorted(set(keys), reverse=True))
            expect("the owners", {one.account for one in every}, {ACCOUNTS[0]})
            eth = await records.ledger(ACCOUNTS[0], asset=AssetId("ETH"), before=None, limit=500)
            expect("those of ETH", eth, [one for one in every if one.asset == "ETH"][:500])

    @rule
    async def test_grouping_makes_no_difference_to_details(self) -> None:
        """One batch at a time, all at once, or all again after `reset`: the same entries and candles."""
        past = _past(self.seed, self.length)
        rng, rest = Random(self.seed), past.batches
        async with self._history(past.batches) as records:
            whole = await _details(records)
            await records.reset()
            expect("the position after a reset", await records.position(), 0)
            expect("the entries after a reset", await _entries(records, ACCOUNTS[0]), [])
            while rest:
                size = rng.choice((1, 1, 2, 30))
                await records.project(rest[:size])
                rest = rest[size:]
            expect("the details", await _details(records), whole)
            expect("the first detailed command", await records.details_from(), 1)

    # ----------------------------------------------------- transfers, vouchers, settlements

    @rule
    async def test_transfers_are_as_they_happened(self) -> None:
        """Every kind by itself and all together, of an asset or all, newest first, of the account only."""
        past = _past(self.seed, self.length)
        async with self._history(past.batches) as records:
            for account in ACCOUNTS:
                for kinds in (*([one] for one in TransferKind), list(TransferKind)):
                    wanted = [one for one in _transfers(past, account) if one.kind in kinds]
                    found = await _transfer_pages(records, account, kinds)
                    expect(f"{account}'s {[one.value for one in kinds]}", found, wanted)
                for asset in _ASSETS:
                    wanted = [one for one in _transfers(past, account) if one.asset == asset]
                    found = await records.transfers(
                        account, list(TransferKind), asset=asset, before=None, limit=_PAGE
                    )
                    expect(f"{account}'s transfers of {asset}", found, wanted[:_PAGE])

    @rule
    async def test_vouchers_end_once(self) -> None:
        """A voucher is open until it is paid or expired; those that are open are the engine's."""
        past = _past(self.seed, self.length)
        issued = [
            event
            for one in past.batches
            for event in one.events
            if isinstance(event, VoucherIssued)
        ]
        open_now = {(one.account, one.salt) for one in past.engine.vouchers()}
        async with self._history(past.batches) as records:
            for event in issued:
                found = await records.voucher(event.account, event.salt)
                assert found is not None, f"voucher {event.salt} is not there"
                is_open = (event.account, event.salt) in open_now
                expect(f"voucher {event.salt}", found.state is VoucherState.OPEN, is_open)
                expect("its end", found.ended_at_ns is None, is_open)
                expect("its amount", (found.asset, found.amount), (event.asset, event.amount))
            expect("a stranger's", await records.voucher(AccountId("nobody"), 1), None)

    @rule
    async def test_settlements_keep_their_transactions(self) -> None:
        """A batch stands at the last stage that was told, with every transaction that carried it."""
        past = _past(self.seed, self.length)
        stages: dict[int, SettlementStage] = {}
        carried: defaultdict[int, set[str]] = defaultdict(set)
        for batch in past.batches:
            for event in batch.events:
                if isinstance(event, FillSettled):
                    failed = event.stage is SettlementStage.FAILED
                    stages[event.batch] = SettlementStage.FINAL if failed else event.stage
                    if event.transaction:
                        carried[event.batch].add(event.transaction)
        async with self._history(past.batches) as records:
            numbers: list[int] = []
            while page := await records.settlements(
                before=numbers[-1] if numbers else None, limit=_PAGE
            ):
                for one in page:
                    numbers.append(one.batch)
                    expect(f"batch {one.batch}", one.stage, stages[one.batch])
                    said = {transaction.transaction for transaction in one.transactions}
                    expect("its transactions", said, carried[one.batch])
            expect("the batches", numbers, sorted(stages, reverse=True))

    # ------------------------------------------------------------------ orders and candles

    @rule
    async def test_orders_are_found_by_what_is_asked(self) -> None:
        """By market, statuses and time of acceptance, alone and together, newest first."""
        past = _past(self.seed, self.length)
        middle = past.batches[self.length // 2].at_ns
        async with self._history(past.batches) as records:
            every = await records.orders(ACCOUNTS[0], before=None, limit=1_000)
            ended = (OrderStatus.FILLED, OrderStatus.CANCELED)
            for query in (
                OrderQuery(),
                OrderQuery(market=MARKETS[0].id),
                OrderQuery(statuses=ended),
                OrderQuery(statuses=()),
                OrderQuery(from_ns=middle),
                OrderQuery(to_ns=middle),
                OrderQuery(
                    market=MARKETS[1].id, statuses=ended, from_ns=TimestampNs(1), to_ns=middle
                ),
            ):
                wanted = [
                    one
                    for one in every
                    if query.market in {None, one.market}
                    and (query.statuses is None or one.status in query.statuses)
                    and (query.from_ns is None or one.accepted_at_ns >= query.from_ns)
                    and (query.to_ns is None or one.accepted_at_ns < query.to_ns)
                ]
                found = await records.find_orders(ACCOUNTS[0], query, before=None, limit=1_000)
                expect(f"orders of {query}", found, wanted)

    @rule
    async def test_orders_are_found_by_client_order_id(self) -> None:
        """The newest that the account gave the id, live or ended; another account's is none."""
        batches, named, _ = _named(_past(self.seed, self.length).batches)
        async with self._history(batches) as records:
            for account in ACCOUNTS:
                for name in sorted({name for _, name in named}):
                    found = await records.order_by_client_id(account, name)
                    order_id = named.get((account, name))
                    wanted = None if order_id is None else await records.order(order_id)
                    expect(f"{account}'s order {name}", found, wanted)
            for account, name in (
                (ACCOUNTS[0], ClientOrderId("none")),
                (AccountId("nobody"), _NAMES[0]),
            ):
                found = await records.order_by_client_id(account, name)
                expect(f"{account}'s order {name}", found, None)

    @rule
    async def test_orders_are_found_by_their_hash(self) -> None:
        """That of the terms signed last, live or ended; another account's is none."""
        batches, _, signed = _named(_past(self.seed, self.length).batches)
        async with self._history(batches) as records:
            for order_id, (account, order_hash, replaced) in signed.items():
                wanted = await records.order(order_id)
                found = await records.order_by_hash(account, order_hash)
                expect(f"the order of hash {order_hash.hex()}", found, wanted)
                found = await records.order_by_hash(AccountId("nobody"), order_hash)
                expect(f"a stranger's order of hash {order_hash.hex()}", found, None)
                for before in replaced:
                    found = await records.order_by_hash(account, before)
                    expect(f"the order of replaced hash {before.hex()}", found, None)

    @rule
    async def test_candles_are_what_traded(self) -> None:
        """Every interval of every market, from any time on, from the fills, to the last lot and atom."""
        past = _past(self.seed, self.length)
        wanted = _candles(past)
        async with self._history(past.batches) as records:
            for market in MARKETS:
                for interval_s in CANDLE_INTERVALS.values():
                    found: list[Candle] = []
                    while page := await records.candles(
                        market.id,
                        interval_s,
                        before_s=found[-1].start_s if found else None,
                        limit=_PAGE,
                    ):
                        found += page
                    made_of = [
                        one
                        for one in wanted
                        if (one.market, one.interval_s) == (market.id, interval_s)
                    ]
                    expect(f"{market.id} by {interval_s} s", found[::-1], made_of)
                    late = made_of[-3:]
                    from_s = late[0].start_s if late else 0
                    found = await records.candles(market.id, interval_s, from_s=from_s, limit=_PAGE)
                    expect(f"{market.id} by {interval_s} s from {from_s}", found[::-1], late)

    @rule
    async def test_minutes_are_of_the_position_that_they_name(self) -> None:
        """From a time on, oldest first; a position also where nothing traded."""
        past = _past(self.seed, self.length)
        async with self._history(past.batches) as records:
            wanted = [
                one
                for one in _candles(past)
                if one.market == MARKETS[0].id and one.interval_s == CANDLE_INTERVALS["1m"]
            ]
            since = wanted[len(wanted) // 2].start_s
            position, found = await records.minutes(MARKETS[0].id, since)
            expect("the position", position, len(past.batches))
            expect("the minutes", found, [one for one in wanted if one.start_s >= since])
            later = await records.minutes(MARKETS[0].id, 2**40)
            expect("later", later, (Sequence(len(past.batches)), []))

    @asynccontextmanager
    async def _history(self, batches: list[EventBatch]) -> AsyncIterator[History]:
        records = await made(self.make_records())
        await records.open()
        try:
            await records.project(batches)
            yield records
        finally:
            await records.close()


def _past(seed: int, length: int) -> _Past:
    """Run traffic with failures, withdrawals and vouchers between its commands."""
    rng = Random(seed)
    engine = Engine(book=SortedBook, risk=StandardRisk())
    past = _Past(engine, [])
    for command, events in traffic(engine, rng, length):
        past.batches.append(EventBatch(command.sequence, command.at_ns, events))
        if engine.sequence < length and rng.random() < 0.15:
            moved = apply(engine, movement(engine, rng))
            past.batches.append(EventBatch(engine.sequence, engine.at_ns, moved))
    return past


_Names: TypeAlias = dict[tuple[AccountId, ClientOrderId], OrderId]
_Signed: TypeAlias = dict[OrderId, tuple[AccountId, bytes, tuple[bytes, ...]]]


def _named(batches: list[EventBatch]) -> tuple[list[EventBatch], _Names, _Signed]:
    """Give every order one of few ids and a signature, as each replacement.

    Return the newest order of each account and id, and of each order its account, the hash of its
    last terms and those before.
    """
    names: _Names = {}
    signed: _Signed = {}
    found: list[EventBatch] = []
    for batch in batches:
        events = list(batch.events)
        for index, event in enumerate(events):
            if not isinstance(event, OrderAccepted | OrderReplaced):
                continue
            nonce = batch.sequence << 16 | index
            order_hash = nonce.to_bytes(32, "big")
            proof = Authorization(
                str(event.account), 0, FeePpm(500), 9, nonce, order_hash, bytes(65)
            )
            if isinstance(event, OrderAccepted):
                name = _NAMES[nonce % len(_NAMES)]
                names[event.account, name] = event.order_id
                signed[event.order_id] = event.account, order_hash, ()
                events[index] = msgspec.structs.replace(
                    event, client_order_id=name, authorization=proof
                )
            else:
                _, last, before = signed[event.order_id]
                signed[event.order_id] = event.account, order_hash, (*before, last)
                events[index] = msgspec.structs.replace(event, authorization=proof)
        found.append(EventBatch(batch.sequence, batch.at_ns, tuple(events)))
    return found, names, signed


def _transfers(past: _Past, account: AccountId) -> list[TransferRecord]:
    found = [
        TransferRecord(
            sequence=batch.sequence,
            index=index,
            at_ns=batch.at_ns,
            kind=_KINDS[type(event)],
            account=event.account,
            asset=event.asset,
            amount=event.requested if isinstance(event, WithdrawalChanged) else event.amount,
            available=event.available,
            salt=getattr(event, "salt", None),
        )
        for batch in past.batches
        for index, event in enumerate(batch.events)
        if isinstance(event, _Transfer) and event.account == account
    ]
    return found[::-1]


def _candles(past: _Past) -> list[Candle]:
    """Every candle, those of one market and interval from the oldest on."""
    markets = {market.id: market for market in MARKETS}
    found: dict[tuple[str, int, int], Candle] = {}
    for batch, event in _fills(past):
        for interval_s in CANDLE_INTERVALS.values():
            key = (event.market, interval_s, candle_start_s(batch.at_ns, interval_s))
            found[key] = with_trade(
                found.get(key),
                market=event.market,
                interval_s=interval_s,
                at_ns=batch.at_ns,
                price=event.price,
                quantity=event.quantity,
                notional=markets[event.market].notional(event.price, event.quantity),
            )
    return list(found.values())


def _fills(past: _Past) -> Iterator[tuple[EventBatch, FillMade]]:
    for batch in past.batches:
        for event in batch.events:
            if isinstance(event, FillMade):
                yield batch, event


async def _entries(
    records: History, account: AccountId, first: list[LedgerEntry] | None = None
) -> list[LedgerEntry]:
    async def page(before: EntryKey | None) -> list[LedgerEntry]:
        return await records.ledger(account, before=before, limit=_PAGE)

    return await _joined(page, lambda one: one.key, first)


async def _transfer_pages(
    records: History, account: AccountId, kinds: list[TransferKind]
) -> list[TransferRecord]:
    async def page(before: tuple[Sequence, int] | None) -> list[TransferRecord]:
        return await records.transfers(account, kinds, before=before, limit=_PAGE)

    return await _joined(page, lambda one: (one.sequence, one.index))


_KeyT = TypeVar("_KeyT")


async def _joined(
    page: Callable[[_KeyT | None], Awaitable[list[_RowT]]],
    key: Callable[[_RowT], _KeyT],
    first: list[_RowT] | None = None,
) -> list[_RowT]:
    """Return all pages as one list."""
    found = list(first or [])
    while more := await page(key(found[-1]) if found else None):
        found += more
    return found


async def _details(records: History) -> object:
    entries = {account: await _entries(records, account) for account in ACCOUNTS}
    candles = {
        (market.id, interval_s): await records.candles(market.id, interval_s, limit=1_000)
        for market in MARKETS
        for interval_s in CANDLE_INTERVALS.values()
    }
    owned = {account: await records.owned(account) for account in ACCOUNTS}
    return entries, candles, owned, await records.settlements(before=None, limit=1_000)
