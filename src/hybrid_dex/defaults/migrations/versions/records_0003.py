"""Accounts, the ledger, vouchers, settlements and candles; links of orders; all terms of markets.

Rows from before stay as they are. What they do not tell is missing until the records are rebuilt:
the ledger and its like begin with the command that `position.details_from` names.
"""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from alembic import op

from hybrid_dex.defaults.sql_tables import Atoms

revision: Final = "records_0003"
down_revision: Final[str | None] = "records_0002"
branch_labels: Final[str | Sequence[str] | None] = None
depends_on: Final[str | Sequence[str] | None] = None

_TABLES: Final = (
    "candles",
    "settlement_transactions",
    "settlements",
    "vouchers",
    "ledger_entries",
    "balances",
    "accounts",
)
_MARKET_COLUMNS: Final = (
    ("base_decimals", sa.Integer),
    ("quote_decimals", sa.Integer),
    ("base_token", sa.Text),
    ("quote_token", sa.Text),
    ("minimum_quantity", sa.BigInteger),
    ("maximum_quantity", sa.BigInteger),
    ("maximum_notional", Atoms),
    ("price_band_ppm", sa.Integer),
    ("fee_tiers", sa.Text),
    ("fees", sa.Text),
)


def upgrade() -> None:
    """Add tables and columns."""
    since = sa.Column("details_from", sa.BigInteger, nullable=False, server_default="1")
    op.add_column("position", since)
    op.execute("UPDATE position SET details_from = sequence + 1")
    op.add_column("orders", sa.Column("linked_to", sa.BigInteger))
    op.add_column("transfers", sa.Column("salt", Atoms))
    op.create_index("ix_fills_batch", "fills", ["batch"])
    for name, kind in _MARKET_COLUMNS:
        op.add_column("markets", sa.Column(name, kind))
    _accounts()
    _vouchers_and_settlements()
    op.create_table(
        "candles",
        sa.Column("market", sa.Text, primary_key=True),
        sa.Column("interval_s", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("start_s", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("open", sa.BigInteger, nullable=False),
        sa.Column("high", sa.BigInteger, nullable=False),
        sa.Column("low", sa.BigInteger, nullable=False),
        sa.Column("close", sa.BigInteger, nullable=False),
        sa.Column("volume", Atoms, nullable=False),
        sa.Column("turnover", Atoms, nullable=False),
        sa.Column("trades", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    """Drop tables and columns."""
    for table in _TABLES:
        op.drop_table(table)
    for name, _ in reversed(_MARKET_COLUMNS):
        op.drop_column("markets", name)
    op.drop_index("ix_fills_batch", "fills")
    op.drop_column("transfers", "salt")
    op.drop_column("orders", "linked_to")
    op.drop_column("position", "details_from")


def _accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("first_sequence", sa.BigInteger, nullable=False),
        sa.Column("first_at_ns", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "balances",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("part", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("asset", sa.Text, primary_key=True),
        sa.Column("amount", Atoms, nullable=False),
    )
    op.create_table(
        "ledger_entries",
        sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("index", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("leg", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("at_ns", sa.BigInteger, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("part", sa.SmallInteger, nullable=False),
        sa.Column("asset", sa.Text, nullable=False),
        sa.Column("kind", sa.SmallInteger, nullable=False),
        sa.Column("amount", Atoms, nullable=False),
        sa.Column("balance", Atoms, nullable=False),
        sa.Column("reference", Atoms),
    )
    op.create_index(
        "ix_ledger_entries_account_sequence_index_leg",
        "ledger_entries",
        ["account", "sequence", "index", "leg"],
    )


def _vouchers_and_settlements() -> None:
    op.create_table(
        "vouchers",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("salt", Atoms, primary_key=True, autoincrement=False),
        sa.Column("asset", sa.Text, nullable=False),
        sa.Column("amount", Atoms, nullable=False),
        sa.Column("recipient", sa.Text, nullable=False),
        sa.Column("deadline_s", sa.BigInteger, nullable=False),
        sa.Column("min_batch", sa.BigInteger, nullable=False),
        sa.Column("state", sa.SmallInteger, nullable=False),
        sa.Column("issued_at_ns", sa.BigInteger, nullable=False),
        sa.Column("ended_at_ns", sa.BigInteger),
    )
    op.create_table(
        "settlements",
        sa.Column("batch", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("stage", sa.SmallInteger, nullable=False),
        sa.Column("first_at_ns", sa.BigInteger, nullable=False),
        sa.Column("changed_at_ns", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "settlement_transactions",
        sa.Column("batch", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("transaction", sa.Text, primary_key=True),
        sa.Column("stage", sa.SmallInteger, nullable=False),
        sa.Column("first_at_ns", sa.BigInteger, nullable=False),
        sa.Column("changed_at_ns", sa.BigInteger, nullable=False),
    )
