"""The tables beside orders and fills: accounts, ledger, vouchers, settlements and candles.

Every one of them can be made again from the journal, and all are written in the transaction of
`PositionRow`. Amounts are `Atoms`, so that a contract's whole word fits on both databases; enums are
stored by number. Nothing here decides anything: rows are made by `sql_ledger` and `sql_details`.
"""

from sqlalchemy import BigInteger, Index, Integer, SmallInteger, Text
from sqlalchemy.orm import Mapped, mapped_column

from hybrid_dex.defaults.sql_tables import Atoms, Base

__all__ = [
    "AccountRow",
    "BalanceRow",
    "CandleRow",
    "EntryRow",
    "SettlementRow",
    "TransactionRow",
    "VoucherRow",
]


class AccountRow(Base):
    """An account, since it was first heard of."""

    __tablename__ = "accounts"

    account: Mapped[str] = mapped_column(Text, primary_key=True)
    first_sequence: Mapped[int] = mapped_column(BigInteger)
    first_at_ns: Mapped[int] = mapped_column(BigInteger)


class BalanceRow(Base):
    """What one part of an account holds of an asset: the sum of its entries."""

    __tablename__ = "balances"

    account: Mapped[str] = mapped_column(Text, primary_key=True)
    part: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    asset: Mapped[str] = mapped_column(Text, primary_key=True)
    amount: Mapped[int] = mapped_column(Atoms)


class EntryRow(Base):
    """One side of a movement of funds; the rows of one command sum to zero per asset."""

    __tablename__ = "ledger_entries"
    __table_args__ = (Index(None, "account", "sequence", "index", "leg"),)

    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    index: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    leg: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    at_ns: Mapped[int] = mapped_column(BigInteger)
    account: Mapped[str] = mapped_column(Text)
    part: Mapped[int] = mapped_column(SmallInteger)
    asset: Mapped[str] = mapped_column(Text)
    kind: Mapped[int] = mapped_column(SmallInteger)
    amount: Mapped[int] = mapped_column(Atoms)
    balance: Mapped[int] = mapped_column(Atoms)
    reference: Mapped[int | None] = mapped_column(Atoms)


class VoucherRow(Base):
    """A voucher and how far it has come."""

    __tablename__ = "vouchers"

    account: Mapped[str] = mapped_column(Text, primary_key=True)
    salt: Mapped[int] = mapped_column(Atoms, primary_key=True, autoincrement=False)
    asset: Mapped[str] = mapped_column(Text)
    amount: Mapped[int] = mapped_column(Atoms)
    recipient: Mapped[str] = mapped_column(Text)
    deadline_s: Mapped[int] = mapped_column(BigInteger)
    min_batch: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[int] = mapped_column(SmallInteger)
    issued_at_ns: Mapped[int] = mapped_column(BigInteger)
    ended_at_ns: Mapped[int | None] = mapped_column(BigInteger)


class SettlementRow(Base):
    """A batch of fills, and the last stage that was told of it."""

    __tablename__ = "settlements"

    batch: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    stage: Mapped[int] = mapped_column(SmallInteger)
    first_at_ns: Mapped[int] = mapped_column(BigInteger)
    changed_at_ns: Mapped[int] = mapped_column(BigInteger)


class TransactionRow(Base):
    """A transaction that carried a batch; one that is replaced leaves its row."""

    __tablename__ = "settlement_transactions"

    batch: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    transaction: Mapped[str] = mapped_column(Text, primary_key=True)
    stage: Mapped[int] = mapped_column(SmallInteger)
    first_at_ns: Mapped[int] = mapped_column(BigInteger)
    changed_at_ns: Mapped[int] = mapped_column(BigInteger)


class CandleRow(Base):
    """What traded in one interval of a market: prices in ticks, volume in lots, turnover in atoms."""

    __tablename__ = "candles"

    market: Mapped[str] = mapped_column(Text, primary_key=True)
    interval_s: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    start_s: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    open: Mapped[int] = mapped_column(BigInteger)
    high: Mapped[int] = mapped_column(BigInteger)
    low: Mapped[int] = mapped_column(BigInteger)
    close: Mapped[int] = mapped_column(BigInteger)
    volume: Mapped[int] = mapped_column(Atoms)
    turnover: Mapped[int] = mapped_column(Atoms)
    trades: Mapped[int] = mapped_column(BigInteger)
