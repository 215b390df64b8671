"""An index of orders by the hash of their signed terms. Rows stay as they are."""

from collections.abc import Sequence
from typing import Final

from alembic import op

revision: Final = "records_0004"
down_revision: Final[str | None] = "records_0003"
branch_labels: Final[str | Sequence[str] | None] = None
depends_on: Final[str | Sequence[str] | None] = None

_INDEX: Final = "ix_orders_account_order_hash"


def upgrade() -> None:
    """Add the index."""
    op.create_index(_INDEX, "orders", ["account", "order_hash"])


def downgrade() -> None:
    """Drop the index."""
    op.drop_index(_INDEX, "orders")
