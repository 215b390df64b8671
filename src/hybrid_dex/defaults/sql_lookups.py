"""What a projection must know of the rows that are there, before it can say what changes.

`wanted_by` reads off a run of batches which rows its events touch, `look_up` fetches them in few
statements, in the transaction that will write. Balances come last, since a failed fill must be
known before it is known whose balances it touches.
"""

from collections.abc import Collection, Iterable, Iterator
from collections.abc import Sequence as Items
from itertools import islice
from typing import Any, Final, NamedTuple, TypeAlias

import attrs
from sqlalchemy import ColumnElement, Select, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute

from hybrid_dex.defaults.sql_detail_tables import (
    AccountRow,
    BalanceRow,
    CandleRow,
    SettlementRow,
    TransactionRow,
    VoucherRow,
)
from hybrid_dex.defaults.sql_tables import FillRow, MarketRow
from hybrid_dex.model.candles import CANDLE_INTERVALS, Candle, candle_start_s
from hybrid_dex.model.events import (
    CommandRejected,
    Deposited,
    Event,
    EventBatch,
    FillMade,
    FillSettled,
    MarketListed,
    OrderRejected,
    VoucherExpired,
    VoucherIssued,
    VoucherRedeemed,
    WithdrawalChanged,
    Withdrawn,
    fresh_events,
)
from hybrid_dex.model.history import LedgerPart, VoucherState
from hybrid_dex.model.order import Side
from hybrid_dex.model.settlement import SettlementStage

__all__ = ["NOBODY", "FillTerms", "Known", "MarketTerms", "Wanted", "look_up", "wanted_by"]

NOBODY: Final = ""
"""Whose the parts `LedgerPart.VAULT` and `LedgerPart.FEES` are; no account has an empty name."""

BalanceKey: TypeAlias = tuple[str, int, str]
"""Account, part and asset."""

_KEYS_A_QUERY: Final = 400
_OWN_PARTS: Final = (LedgerPart.TRADING, LedgerPart.WITHDRAWING, LedgerPart.VOUCHERS)
_REFUSED: Final = (CommandRejected, OrderRejected)


class MarketTerms(NamedTuple):
    """What turns ticks and lots into amounts."""

    base: str
    quote: str
    lot_size: int
    tick_size: int


class FillTerms(NamedTuple):
    """What a fill moved, in ticks, lots and atoms."""

    market: str
    price: int
    quantity: int
    taker_side: int
    maker: str
    taker: str
    maker_fee: int
    taker_fee: int

    @classmethod
    def of(cls, fill: FillMade) -> "FillTerms":
        """Return the terms of an event."""
        return cls(*(getattr(fill, name) for name in cls._fields))

    @property
    def buyer(self) -> tuple[str, int]:
        """Who bought, and the fee."""
        if self.taker_side == Side.BUY:
            return self.taker, self.taker_fee
        return self.maker, self.maker_fee

    @property
    def seller(self) -> tuple[str, int]:
        """Who sold, and the fee."""
        if self.taker_side == Side.BUY:
            return self.maker, self.maker_fee
        return self.taker, self.taker_fee


@attrs.define(kw_only=True)
class Wanted:
    """Keys of rows that a run of batches touches."""

    fills: set[int] = attrs.field(factory=set)
    traded: list[FillTerms] = attrs.field(factory=list)
    listed: dict[str, MarketTerms] = attrs.field(factory=dict)
    markets: set[str] = attrs.field(factory=set)
    accounts: set[str] = attrs.field(factory=set)
    vouchers: set[tuple[str, int]] = attrs.field(factory=set)
    batches: set[int] = attrs.field(factory=set)
    transactions: set[tuple[int, str]] = attrs.field(factory=set)
    candles: set[tuple[str, int, int]] = attrs.field(factory=set)
    balances: set[BalanceKey] = attrs.field(factory=set)


@attrs.define(kw_only=True)
class Known:
    """Those of the rows that are there."""

    fills: dict[int, FillTerms] = attrs.field(factory=dict)
    markets: dict[str, MarketTerms] = attrs.field(factory=dict)
    accounts: set[str] = attrs.field(factory=set)
    vouchers: dict[tuple[str, int], tuple[str, int, VoucherState]] = attrs.field(factory=dict)
    batches: set[int] = attrs.field(factory=set)
    transactions: set[tuple[int, str]] = attrs.field(factory=set)
    candles: dict[tuple[str, int, int], Candle] = attrs.field(factory=dict)
    balances: dict[BalanceKey, int] = attrs.field(factory=dict)


def wanted_by(batches: Iterable[EventBatch]) -> Wanted:
    """Return what the events of some batches touch."""
    wanted = Wanted()
    for batch in batches:
        for event in fresh_events(batch):
            _want(wanted, batch, event)
    return wanted


def _want(wanted: Wanted, batch: EventBatch, event: Event) -> None:
    account = getattr(event, "account", None)
    if account and not isinstance(event, _REFUSED):
        wanted.accounts.add(account)
    match event:
        case FillMade():
            wanted.traded.append(FillTerms.of(event))
            wanted.markets.add(event.market)
            wanted.accounts.update((event.maker, event.taker))
            for interval_s in CANDLE_INTERVALS.values():
                start_s = candle_start_s(batch.at_ns, interval_s)
                wanted.candles.add((event.market, interval_s, start_s))
        case FillSettled():
            if event.stage is SettlementStage.FAILED:
                wanted.fills.add(event.fill_id)
                wanted.markets.add(event.market)
            if event.batch:
                wanted.batches.add(event.batch)
                if event.transaction:
                    wanted.transactions.add((event.batch, event.transaction))
        case MarketListed(market=market):
            terms = MarketTerms(market.base.id, market.quote.id, market.lot_size, market.tick_size)
            wanted.listed[market.id] = terms
        case VoucherIssued() | VoucherRedeemed() | VoucherExpired():
            wanted.vouchers.add((event.account, event.salt))
            _want_balances(wanted, event.account, event.asset)
        case Deposited() | Withdrawn() | WithdrawalChanged():
            _want_balances(wanted, event.account, event.asset)
        case _:
            pass


def _want_balances(wanted: Wanted, account: str, asset: str) -> None:
    wanted.balances.add((NOBODY, LedgerPart.VAULT, asset))
    wanted.balances.update((account, part, asset) for part in _OWN_PARTS)


async def look_up(connection: AsyncConnection, wanted: Wanted) -> Known:
    """Return those of the wanted rows that are there, before anything of the run is written."""
    known = Known(markets=dict(wanted.listed))
    async for row in _rows(connection, _fill_columns(), FillRow.fill_id, wanted.fills):
        known.fills[row.fill_id] = FillTerms(*(getattr(row, name) for name in FillTerms._fields))
    markets = wanted.markets - known.markets.keys()
    async for row in _rows(connection, _market_columns(), MarketRow.id, markets):
        known.markets[row.id] = MarketTerms(row.base, row.quote, row.lot_size, row.tick_size)
    accounts = select(AccountRow.account)
    async for row in _rows(connection, accounts, AccountRow.account, wanted.accounts):
        known.accounts.add(row.account)
    vouchers = select(VoucherRow.account, VoucherRow.salt, VoucherRow.asset, VoucherRow.amount)
    keys = (VoucherRow.account, VoucherRow.salt)
    async for row in _rows(
        connection, vouchers.add_columns(VoucherRow.state), keys, wanted.vouchers
    ):
        state = VoucherState(row.state)
        known.vouchers[row.account, row.salt] = (row.asset, row.amount, state)
    await _look_up_settlements(connection, wanted, known)
    await _look_up_candles(connection, wanted, known)
    _want_balances_of_fills(wanted, known)
    balances = select(BalanceRow.__table__)
    columns = (BalanceRow.account, BalanceRow.part, BalanceRow.asset)
    async for row in _rows(connection, balances, columns, wanted.balances):
        known.balances[row.account, row.part, row.asset] = row.amount
    return known


async def _look_up_settlements(connection: AsyncConnection, wanted: Wanted, known: Known) -> None:
    batches = select(SettlementRow.batch)
    async for row in _rows(connection, batches, SettlementRow.batch, wanted.batches):
        known.batches.add(row.batch)
    columns = (TransactionRow.batch, TransactionRow.transaction)
    async for row in _rows(connection, select(*columns), columns, wanted.transactions):
        known.transactions.add((row.batch, row.transaction))


async def _look_up_candles(connection: AsyncConnection, wanted: Wanted, known: Known) -> None:
    columns = (CandleRow.market, CandleRow.interval_s, CandleRow.start_s)
    async for row in _rows(connection, select(CandleRow.__table__), columns, wanted.candles):
        found = Candle(**row._asdict())
        known.candles[row.market, row.interval_s, row.start_s] = found


def _want_balances_of_fills(wanted: Wanted, known: Known) -> None:
    for fill in (*wanted.traded, *known.fills.values()):
        terms = known.markets.get(fill.market)
        if terms is None:
            continue
        wanted.balances.add((NOBODY, LedgerPart.FEES, terms.quote))
        for account in (fill.maker, fill.taker):
            for asset in (terms.base, terms.quote):
                wanted.balances.add((account, LedgerPart.TRADING, asset))


def _fill_columns() -> Select[*tuple[Any, ...]]:
    columns = FillRow.__table__.c
    return select(columns.fill_id, *(columns[name] for name in FillTerms._fields))


def _market_columns() -> Select[*tuple[Any, ...]]:
    return select(
        MarketRow.id, MarketRow.base, MarketRow.quote, MarketRow.lot_size, MarketRow.tick_size
    )


async def _rows(
    connection: AsyncConnection,
    query: Select[*tuple[Any, ...]],
    columns: InstrumentedAttribute[Any] | Items[InstrumentedAttribute[Any]],
    keys: Collection[Any],
) -> Any:  # noqa: ANN401 # rows of any columns
    """Yield the rows of some keys, a few hundred keys a statement: databases bound parameters."""
    several = isinstance(columns, tuple)
    column: ColumnElement[Any] = tuple_(*columns) if several else columns  # type: ignore[assignment] # `in_` is all that is asked of either
    for some in _pieces(keys):
        for row in await connection.execute(query.where(column.in_(some))):
            yield row


def _pieces(keys: Collection[Any]) -> Iterator[list[Any]]:
    waiting = iter(keys)
    while some := list(islice(waiting, _KEYS_A_QUERY)):
        yield some
