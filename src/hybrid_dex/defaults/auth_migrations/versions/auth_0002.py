"""Actions of who runs the exchange, and an audit log that says before, after, why and what came of it."""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "auth_0002"
down_revision: Final[str | None] = "auth_0001"
branch_labels: Final[str | Sequence[str] | None] = None
depends_on: Final[str | Sequence[str] | None] = None

_TOLD: Final = ("request", "reason", "before", "after", "outcome")


def upgrade() -> None:
    """Add the table and the columns."""
    for name in _TOLD:
        op.add_column("auth_audit", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "auth_actions",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("proposer", sa.Text(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("refusal", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_auth_actions"),
    )
    op.create_index("ix_auth_actions_created_at_ms_id", "auth_actions", ["created_at_ms", "id"])
    op.create_index("ix_auth_actions_state", "auth_actions", ["state"])


def downgrade() -> None:
    """Drop both."""
    op.drop_table("auth_actions")
    with op.batch_alter_table("auth_audit") as table:
        for name in _TOLD:
            table.drop_column(name)
