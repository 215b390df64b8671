"""Orders, fills, transfers, markets and the position of the projection."""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from alembic import op

from hybrid_dex.defaults.sql_tables import Atoms

revision: Final = "records_0001"
down_revision: Final[str | None] = None
branch_labels: Final[str | Sequence[str] | None] = None
depends_on: Final[str | Sequence[str] | None] = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "position",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
    )
    _orders()
    _fills()
    op.create_table(
        "transfers",
        sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("index", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at_ns", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("asset", sa.Text, nullable=False),
        sa.Column("amount", Atoms, nullable=False),
        sa.Column("available", Atoms, nullable=False),
    )
    op.create_index("ix_transfers_account_sequence", "transfers", ["account", "sequence"])
    op.create_table(
        "markets",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("base", sa.Text, nullable=False),
        sa.Column("quote", sa.Text, nullable=False),
        sa.Column("lot_size", Atoms, nullable=False),
        sa.Column("tick_size", Atoms, nullable=False),
        sa.Column("maker_fee_ppm", sa.Integer, nullable=False),
        sa.Column("taker_fee_ppm", sa.Integer, nullable=False),
        sa.Column("minimum_notional", Atoms, nullable=False),
        sa.Column("state", sa.SmallInteger, nullable=False),
    )


def downgrade() -> None:
    """Drop the tables: they are rebuilt from the journal."""
    for table in ("markets", "transfers", "fills", "orders", "position"):
        op.drop_table(table)


def _orders() -> None:
    op.create_table(
        "orders",
        sa.Column("order_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("market", sa.Text, nullable=False),
        sa.Column("side", sa.SmallInteger, nullable=False),
        sa.Column("order_type", sa.SmallInteger, nullable=False),
        sa.Column("time_in_force", sa.SmallInteger, nullable=False),
        sa.Column("post_only", sa.Boolean, nullable=False),
        sa.Column("self_trade", sa.SmallInteger, nullable=False),
        sa.Column("price", sa.BigInteger, nullable=False),
        sa.Column("quantity", sa.BigInteger, nullable=False),
        sa.Column("open", sa.BigInteger, nullable=False),
        sa.Column("filled", sa.BigInteger, nullable=False),
        sa.Column("status", sa.SmallInteger, nullable=False),
        sa.Column("accepted_at_ns", sa.BigInteger, nullable=False),
        sa.Column("expires_at_ns", sa.BigInteger),
        sa.Column("client_order_id", sa.Text),
        sa.Column("order_hash", sa.LargeBinary, nullable=False),
        sa.Column("nonce", Atoms),
    )
    op.create_index("ix_orders_account_order_id", "orders", ["account", "order_id"])
    op.create_index("ix_orders_account_client_order_id", "orders", ["account", "client_order_id"])


def _fills() -> None:
    op.create_table(
        "fills",
        sa.Column("fill_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at_ns", sa.BigInteger, nullable=False),
        sa.Column("market", sa.Text, nullable=False),
        sa.Column("price", sa.BigInteger, nullable=False),
        sa.Column("quantity", sa.BigInteger, nullable=False),
        sa.Column("taker_side", sa.SmallInteger, nullable=False),
        sa.Column("maker_order", sa.BigInteger, nullable=False),
        sa.Column("taker_order", sa.BigInteger, nullable=False),
        sa.Column("maker", sa.Text, nullable=False),
        sa.Column("taker", sa.Text, nullable=False),
        sa.Column("maker_open", sa.BigInteger, nullable=False),
        sa.Column("taker_open", sa.BigInteger, nullable=False),
        sa.Column("maker_filled", sa.BigInteger, nullable=False),
        sa.Column("taker_filled", sa.BigInteger, nullable=False),
        sa.Column("maker_fee", Atoms, nullable=False),
        sa.Column("taker_fee", Atoms, nullable=False),
        sa.Column("stage", sa.SmallInteger, nullable=False),
        sa.Column("batch", sa.BigInteger, nullable=False),
        sa.Column("transaction", sa.Text, nullable=False),
        sa.Column("reason", sa.Integer, nullable=False),
    )
    for side in ("maker", "taker", "market"):
        op.create_index(f"ix_fills_{side}_fill_id", "fills", [side, "fill_id"])
