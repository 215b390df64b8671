"""The tables of `SqlRecords`: what each row holds, and the one column type for amounts.

Amounts and the signed u64 nonce need more bits than a database integer has. `Atoms` keeps them
exactly on every database: NUMERIC(78, 0) on PostgreSQL, decimal text on SQLite, whose own NUMERIC
would turn them into floating point. Prices, quantities, ids and times all fit in 63 bits.

Nothing here decides anything: rows are made from events by `sql_records`.
"""

from decimal import Decimal
from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    SmallInteger,
    String,
    Text,
    false,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator, TypeEngine

from hybrid_dex.model.decimal_text import MAX_CHAIN_DIGITS

__all__ = [
    "POSITION_ROW",
    "Atoms",
    "Base",
    "FillRow",
    "MarketRow",
    "OrderRow",
    "PositionRow",
    "TransferRow",
]

POSITION_ROW: Final = 1
"""The id of the only row of `PositionRow`."""

_LIMIT: Final = 10**MAX_CHAIN_DIGITS


class Atoms(TypeDecorator[int]):
    """An integer of up to 78 digits, bit for bit the same on every database."""

    impl = Numeric
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Decimal] | TypeEngine[str]:
        """Return the column type of one database."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(MAX_CHAIN_DIGITS + 1))
        return dialect.type_descriptor(Numeric(MAX_CHAIN_DIGITS, 0))

    def process_bind_param(self, value: int | None, dialect: Dialect) -> Decimal | str | None:
        """Refuse what the column can not hold; never round."""
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"atoms are an int, not {type(value).__name__}")
        if not -_LIMIT < value < _LIMIT:
            raise ValueError(f"more than {MAX_CHAIN_DIGITS} digits of atoms")
        return str(value) if dialect.name == "sqlite" else Decimal(value)

    def process_result_value(self, value: Decimal | str | None, dialect: Dialect) -> int | None:
        """Return the integer that was stored."""
        return None if value is None else int(value)


class Base(DeclarativeBase):
    """All tables of the records, with names for every constraint so that migrations can find them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class PositionRow(Base):
    """How far the projection has come: one row.

    What a schema before the ledger did not keep is there from ``details_from`` on.
    """

    __tablename__ = "position"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    sequence: Mapped[int] = mapped_column(BigInteger)
    details_from: Mapped[int] = mapped_column(BigInteger, server_default="1")


class OrderRow(Base):
    """An order as it stands after the last projected command; prices in ticks, quantities in lots."""

    __tablename__ = "orders"
    __table_args__ = (
        Index(None, "account", "order_id"),
        Index(None, "account", "client_order_id"),
        Index(None, "account", "order_hash"),
    )

    order_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    account: Mapped[str] = mapped_column(Text)
    market: Mapped[str] = mapped_column(Text)
    side: Mapped[int] = mapped_column(SmallInteger)
    order_type: Mapped[int] = mapped_column(SmallInteger)
    time_in_force: Mapped[int] = mapped_column(SmallInteger)
    post_only: Mapped[bool] = mapped_column(Boolean)
    self_trade: Mapped[int] = mapped_column(SmallInteger)
    price: Mapped[int] = mapped_column(BigInteger)
    quantity: Mapped[int] = mapped_column(BigInteger)
    open: Mapped[int] = mapped_column(BigInteger)
    filled: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[int] = mapped_column(SmallInteger)
    accepted_at_ns: Mapped[int] = mapped_column(BigInteger)
    expires_at_ns: Mapped[int | None] = mapped_column(BigInteger)
    client_order_id: Mapped[str | None] = mapped_column(Text)
    order_hash: Mapped[bytes] = mapped_column(LargeBinary)
    nonce: Mapped[int | None] = mapped_column(Atoms)
    trigger_price: Mapped[int | None] = mapped_column(BigInteger)
    waiting: Mapped[bool] = mapped_column(Boolean, server_default=false())
    display_quantity: Mapped[int | None] = mapped_column(BigInteger)
    quote_budget: Mapped[int | None] = mapped_column(Atoms)
    linked_to: Mapped[int | None] = mapped_column(BigInteger)


class FillRow(Base):
    """A fill and how far its settlement has come; ``reason`` is the contract's skip code."""

    __tablename__ = "fills"
    __table_args__ = (
        Index(None, "maker", "fill_id"),
        Index(None, "taker", "fill_id"),
        Index(None, "market", "fill_id"),
        Index(None, "batch"),
    )

    fill_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at_ns: Mapped[int] = mapped_column(BigInteger)
    market: Mapped[str] = mapped_column(Text)
    price: Mapped[int] = mapped_column(BigInteger)
    quantity: Mapped[int] = mapped_column(BigInteger)
    taker_side: Mapped[int] = mapped_column(SmallInteger)
    maker_order: Mapped[int] = mapped_column(BigInteger)
    taker_order: Mapped[int] = mapped_column(BigInteger)
    maker: Mapped[str] = mapped_column(Text)
    taker: Mapped[str] = mapped_column(Text)
    maker_open: Mapped[int] = mapped_column(BigInteger)
    taker_open: Mapped[int] = mapped_column(BigInteger)
    maker_filled: Mapped[int] = mapped_column(BigInteger)
    taker_filled: Mapped[int] = mapped_column(BigInteger)
    maker_fee: Mapped[int] = mapped_column(Atoms)
    taker_fee: Mapped[int] = mapped_column(Atoms)
    stage: Mapped[int] = mapped_column(SmallInteger)
    batch: Mapped[int] = mapped_column(BigInteger)
    transaction: Mapped[str] = mapped_column(Text)
    reason: Mapped[int] = mapped_column(Integer)


class TransferRow(Base):
    """A deposit, a withdrawal, a voucher and its end, or a change of what waits, in atoms.

    The key is the event's place: the command's sequence and the event's index in it.
    """

    __tablename__ = "transfers"
    __table_args__ = (Index(None, "account", "sequence"),)

    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    index: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at_ns: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(20))
    account: Mapped[str] = mapped_column(Text)
    asset: Mapped[str] = mapped_column(Text)
    amount: Mapped[int] = mapped_column(Atoms)
    available: Mapped[int] = mapped_column(Atoms)
    salt: Mapped[int | None] = mapped_column(Atoms)


class MarketRow(Base):
    """A listed market, its fixed terms, what it charges now, and its state.

    What may be null is so in a row from before it was kept: rebuild the records to have it.
    ``fee_tiers``, as listed, and ``fees``, as charged now, are JSON.
    """

    __tablename__ = "markets"

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger)
    base: Mapped[str] = mapped_column(Text)
    quote: Mapped[str] = mapped_column(Text)
    lot_size: Mapped[int] = mapped_column(Atoms)
    tick_size: Mapped[int] = mapped_column(Atoms)
    maker_fee_ppm: Mapped[int] = mapped_column(Integer)
    taker_fee_ppm: Mapped[int] = mapped_column(Integer)
    minimum_notional: Mapped[int] = mapped_column(Atoms)
    state: Mapped[int] = mapped_column(SmallInteger)
    base_decimals: Mapped[int | None] = mapped_column(Integer)
    quote_decimals: Mapped[int | None] = mapped_column(Integer)
    base_token: Mapped[str | None] = mapped_column(Text)
    quote_token: Mapped[str | None] = mapped_column(Text)
    minimum_quantity: Mapped[int | None] = mapped_column(BigInteger)
    maximum_quantity: Mapped[int | None] = mapped_column(BigInteger)
    maximum_notional: Mapped[int | None] = mapped_column(Atoms)
    price_band_ppm: Mapped[int | None] = mapped_column(Integer)
    fee_tiers: Mapped[str | None] = mapped_column(Text)
    fees: Mapped[str | None] = mapped_column(Text)
