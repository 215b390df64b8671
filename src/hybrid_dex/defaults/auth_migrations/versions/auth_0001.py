"""Nonces, sessions, keys, roles and the audit log."""

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa
from alembic import op

revision: Final = "auth_0001"
down_revision: Final[str | None] = None
branch_labels: Final[str | Sequence[str] | None] = None
depends_on: Final[str | Sequence[str] | None] = None


def _column(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "auth_nonces",
        _column("nonce", sa.String(128)),
        _column("expires_at_ms", sa.BigInteger()),
        sa.PrimaryKeyConstraint("nonce", name="pk_auth_nonces"),
    )
    op.create_index("ix_auth_nonces_expires_at_ms", "auth_nonces", ["expires_at_ms"])
    op.create_table(
        "auth_sessions",
        _column("id", sa.String(64)),
        _column("account", sa.Text()),
        _column("refresh_id", sa.String(64)),
        _column("opened_at_ms", sa.BigInteger()),
        _column("refresh_expires_at_ms", sa.BigInteger()),
        _column("ends_at_ms", sa.BigInteger()),
        _column("used_at_ms", sa.BigInteger()),
        _column("address", sa.Text()),
        _column("user_agent", sa.Text()),
        _column("void_tokens", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_auth_sessions"),
    )
    op.create_index(
        "ix_auth_sessions_account_opened_at_ms", "auth_sessions", ["account", "opened_at_ms"]
    )
    op.create_table(
        "auth_api_keys",
        _column("id", sa.String(64)),
        _column("account", sa.Text()),
        _column("name", sa.Text()),
        _column("kind", sa.String(16)),
        sa.Column("material", sa.LargeBinary(), nullable=False),
        _column("scopes", sa.Text()),
        _column("markets", sa.Text()),
        _column("networks", sa.Text()),
        _column("created_at_ms", sa.BigInteger()),
        _column("expires_at_ms", sa.BigInteger()),
        _column("used_at_ms", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_auth_api_keys"),
    )
    op.create_index(
        "ix_auth_api_keys_account_created_at_ms", "auth_api_keys", ["account", "created_at_ms"]
    )
    op.create_table(
        "auth_roles",
        _column("account", sa.Text()),
        _column("role", sa.String(16)),
        _column("granted_at_ms", sa.BigInteger()),
        _column("granted_by", sa.Text()),
        sa.PrimaryKeyConstraint("account", name="pk_auth_roles"),
    )
    op.create_table(
        "auth_audit",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        _column("at_ms", sa.BigInteger()),
        _column("actor", sa.Text()),
        _column("action", sa.String(64)),
        _column("subject", sa.Text()),
        _column("detail", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_auth_audit"),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    """Drop the tables."""
    for name in ("auth_audit", "auth_roles", "auth_api_keys", "auth_sessions", "auth_nonces"):
        op.drop_table(name)
