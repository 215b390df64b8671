"""What an order waits for, whether it does, what it shows and what it may spend."""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from alembic import op

from hybrid_dex.defaults.sql_tables import Atoms

revision: Final = "records_0002"
down_revision: Final[str | None] = "records_0001"
branch_labels: Final[str | Sequence[str] | None] = None
depends_on: Final[str | Sequence[str] | None] = None


def upgrade() -> None:
    """Add the columns; an order from before has none of it."""
    op.add_column("orders", sa.Column("trigger_price", sa.BigInteger))
    waiting = sa.Column("waiting", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("orders", waiting)
    op.add_column("orders", sa.Column("display_quantity", sa.BigInteger))
    op.add_column("orders", sa.Column("quote_budget", Atoms))


def downgrade() -> None:
    """Drop the columns."""
    for name in ("quote_budget", "display_quantity", "waiting", "trigger_price"):
        op.drop_column("orders", name)
