"""What `SqlRecords` asks the database: one function a question, and rows back to values.

Pure: statements and values only. Every page is bounded and follows an index; its cursor is the key
of the last row that was seen, so rows that arrive meanwhile shift nothing.
"""

from collections.abc import Collection
from typing import Any

import msgspec
from sqlalchemy import RowMapping, Select, and_, select, tuple_, union

from hybrid_dex.defaults.sql_detail_tables import (
    BalanceRow,
    CandleRow,
    EntryRow,
    SettlementRow,
    TransactionRow,
    VoucherRow,
)
from hybrid_dex.defaults.sql_tables import FillRow, OrderRow, PositionRow, TransferRow
from hybrid_dex.interfaces.history import OrderQuery
from hybrid_dex.interfaces.records import FillRecord
from hybrid_dex.model.candles import Candle
from hybrid_dex.model.events import FillMade
from hybrid_dex.model.history import (
    EntryKey,
    EntryKind,
    LedgerEntry,
    LedgerPart,
    OwnedBalance,
    SettlementRecord,
    SettlementTransaction,
    TransferKind,
    TransferRecord,
    VoucherRecord,
    VoucherState,
)
from hybrid_dex.model.order import Side
from hybrid_dex.model.settlement import SettlementStage
from hybrid_dex.model.units import AccountId, AssetId, FillId, MarketId, OrderId, Sequence
from hybrid_dex.model.views import OrderView

__all__ = [
    "candle",
    "candles",
    "entry",
    "fill",
    "fills",
    "ledger",
    "minutes",
    "order",
    "orders",
    "owned",
    "owned_balances",
    "posting",
    "settlement",
    "settlements",
    "transactions",
    "transfer",
    "transfers",
    "voucher",
    "vouchers",
]

_Query = Select[*tuple[Any, ...]]


def orders(account: AccountId, query: OrderQuery, *, before: OrderId | None, limit: int) -> _Query:
    """Ask for an account's orders, newest first."""
    asked = select(OrderRow.__table__).where(OrderRow.account == account)
    if query.market is not None:
        asked = asked.where(OrderRow.market == query.market)
    if query.statuses is not None:
        asked = asked.where(OrderRow.status.in_(sorted(int(one) for one in query.statuses)))
    if query.from_ns is not None:
        asked = asked.where(OrderRow.accepted_at_ns >= query.from_ns)
    if query.to_ns is not None:
        asked = asked.where(OrderRow.accepted_at_ns < query.to_ns)
    if before is not None:
        asked = asked.where(OrderRow.order_id < before)
    return asked.order_by(OrderRow.order_id.desc()).limit(limit)


def order(row: RowMapping) -> OrderView:
    """Return a row of `orders`."""
    return msgspec.convert(dict(row), OrderView)


def fills(
    *, account: AccountId | None, market: MarketId | None, before: FillId | None, limit: int
) -> _Query:
    """Ask for fills, newest first, of either side's account, of a market, or of both."""
    asked = select(FillRow.__table__)
    if market is not None:
        asked = asked.where(FillRow.market == market)
    if before is not None:
        asked = asked.where(FillRow.fill_id < before)
    if account is None:
        return asked.order_by(FillRow.fill_id.desc()).limit(limit)
    # Each side has its own index; an OR over both would use neither.
    sides = [
        select(
            asked.where(column == account).order_by(FillRow.fill_id.desc()).limit(limit).subquery()
        )
        for column in (FillRow.maker, FillRow.taker)
    ]
    both = union(*sides).subquery()
    return select(both).order_by(both.c.fill_id.desc()).limit(limit)


def fill(row: RowMapping) -> FillRecord:
    """Return a row of `fills`."""
    made = {name: row[name] for name in FillMade.__struct_fields__}
    made["taker_side"] = Side(made["taker_side"])
    return FillRecord(
        fill=FillMade(**made),
        at_ns=row["at_ns"],
        stage=SettlementStage(row["stage"]),
        batch=row["batch"],
        transaction=row["transaction"],
        reason=row["reason"],
    )


_ENTRY_KEY = (EntryRow.sequence, EntryRow.index, EntryRow.leg)


def ledger(
    account: AccountId, *, asset: AssetId | None, before: EntryKey | None, limit: int
) -> _Query:
    """Ask for an account's entries, newest first."""
    asked = select(EntryRow.__table__).where(EntryRow.account == account)
    if asset is not None:
        asked = asked.where(EntryRow.asset == asset)
    if before is not None:
        asked = asked.where(tuple_(*_ENTRY_KEY) < (before.sequence, before.index, before.leg))
    return asked.order_by(*(column.desc() for column in _ENTRY_KEY)).limit(limit)


def posting(sequence: Sequence) -> _Query:
    """Ask for all entries of a command, in order."""
    asked = select(EntryRow.__table__).where(EntryRow.sequence == sequence)
    return asked.order_by(*_ENTRY_KEY)


def entry(row: RowMapping) -> LedgerEntry:
    """Return a row of `ledger`."""
    return LedgerEntry(
        key=EntryKey(row["sequence"], row["index"], row["leg"]),
        at_ns=row["at_ns"],
        account=row["account"],
        part=LedgerPart(row["part"]),
        asset=row["asset"],
        kind=EntryKind(row["kind"]),
        amount=row["amount"],
        balance=row["balance"],
        reference=row["reference"],
    )


def owned(account: AccountId) -> _Query:
    """Ask for the parts of an account's balances, by asset."""
    asked = select(BalanceRow.__table__).where(BalanceRow.account == account)
    return asked.order_by(BalanceRow.asset, BalanceRow.part)


def owned_balances(account: AccountId, rows: Collection[RowMapping]) -> list[OwnedBalance]:
    """Return the rows of `owned`, one balance an asset."""
    parts: dict[str, dict[int, int]] = {}
    for row in rows:
        parts.setdefault(row["asset"], {})[row["part"]] = row["amount"]
    return [
        OwnedBalance(
            account=account,
            asset=AssetId(asset),
            trading=held.get(LedgerPart.TRADING, 0),
            withdrawing=held.get(LedgerPart.WITHDRAWING, 0),
            vouchers=held.get(LedgerPart.VOUCHERS, 0),
        )
        for asset, held in parts.items()
    ]


def transfers(
    account: AccountId,
    kinds: Collection[TransferKind],
    *,
    asset: AssetId | None,
    before: tuple[Sequence, int] | None,
    limit: int,
) -> _Query:
    """Ask for an account's transfers of some kinds, newest first."""
    asked = select(TransferRow.__table__).where(
        TransferRow.account == account, TransferRow.kind.in_(sorted(kinds))
    )
    if asset is not None:
        asked = asked.where(TransferRow.asset == asset)
    if before is not None:
        asked = asked.where(tuple_(TransferRow.sequence, TransferRow.index) < before)
    return asked.order_by(TransferRow.sequence.desc(), TransferRow.index.desc()).limit(limit)


def transfer(row: RowMapping) -> TransferRecord:
    """Return a row of `transfers`."""
    return TransferRecord(**(dict(row) | {"kind": TransferKind(row["kind"])}))


def vouchers(account: AccountId, salt: int) -> _Query:
    """Ask for one voucher."""
    asked = select(VoucherRow.__table__)
    return asked.where(VoucherRow.account == account, VoucherRow.salt == salt)


def voucher(row: RowMapping) -> VoucherRecord:
    """Return a row of `vouchers`."""
    return VoucherRecord(**(dict(row) | {"state": VoucherState(row["state"])}))


def settlements(*, before: int | None, limit: int) -> _Query:
    """Ask for batches, the highest number first."""
    asked = select(SettlementRow.__table__)
    if before is not None:
        asked = asked.where(SettlementRow.batch < before)
    return asked.order_by(SettlementRow.batch.desc()).limit(limit)


def transactions(batches: Collection[int]) -> _Query:
    """Ask for the transactions of some batches, the oldest first."""
    asked = select(TransactionRow.__table__).where(TransactionRow.batch.in_(sorted(batches)))
    return asked.order_by(TransactionRow.first_at_ns, TransactionRow.transaction)


def settlement(row: RowMapping, carried: Collection[RowMapping]) -> SettlementRecord:
    """Return a row of `settlements` with those of `transactions` that are its own."""
    return SettlementRecord(
        batch=row["batch"],
        stage=SettlementStage(row["stage"]),
        first_at_ns=row["first_at_ns"],
        changed_at_ns=row["changed_at_ns"],
        transactions=tuple(
            SettlementTransaction(
                transaction=one["transaction"],
                stage=SettlementStage(one["stage"]),
                first_at_ns=one["first_at_ns"],
                changed_at_ns=one["changed_at_ns"],
            )
            for one in carried
            if one["batch"] == row["batch"]
        ),
    )


def candles(
    market: MarketId,
    interval_s: int,
    *,
    from_s: int | None,
    before_s: int | None,
    limit: int,
) -> _Query:
    """Ask for candles of an interval, newest first."""
    asked = select(CandleRow.__table__).where(
        CandleRow.market == market, CandleRow.interval_s == interval_s
    )
    if from_s is not None:
        asked = asked.where(CandleRow.start_s >= from_s)
    if before_s is not None:
        asked = asked.where(CandleRow.start_s < before_s)
    return asked.order_by(CandleRow.start_s.desc()).limit(limit)


def minutes(market: MarketId, interval_s: int, from_s: int) -> _Query:
    """Ask for candles and the position that they are of: one statement sees one moment.

    There is a row without a candle when there is none.
    """
    there = and_(
        CandleRow.market == market,
        CandleRow.interval_s == interval_s,
        CandleRow.start_s >= from_s,
    )
    asked = select(PositionRow.sequence, CandleRow.__table__)
    return asked.outerjoin(CandleRow.__table__, there).order_by(CandleRow.start_s)


def candle(row: RowMapping) -> Candle:
    """Return a row of `candles`."""
    return Candle(**{name: row[name] for name in Candle.__struct_fields__})
