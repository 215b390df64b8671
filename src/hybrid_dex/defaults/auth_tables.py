"""The tables of auth: nonces, sessions, keys, roles, and actions, and the audit log of it all.

Unlike the records they are no projection: nothing can make them again, and rebuilding the records
must not touch them, so they are a schema of their own with migrations of their own. No column
holds anything that a token, a login or a signed request could be made from.
"""

from sqlalchemy import BigInteger, Index, Integer, LargeBinary, MetaData, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

__all__ = ["ActionRow", "ApiKeyRow", "AuditRow", "AuthBase", "NonceRow", "RoleRow", "SessionRow"]


class AuthBase(DeclarativeBase):
    """All tables of auth, with names for every constraint so that migrations can find them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class NonceRow(AuthBase):
    """What is good once: a login's nonce, an action, or a signed request that was seen."""

    __tablename__ = "auth_nonces"
    __table_args__ = (Index(None, "expires_at_ms"),)

    nonce: Mapped[str] = mapped_column(String(128), primary_key=True)
    expires_at_ms: Mapped[int] = mapped_column(BigInteger)


class SessionRow(AuthBase):
    """An open login; see `LoginSession`. ``void_tokens`` are ids, separated by spaces."""

    __tablename__ = "auth_sessions"
    __table_args__ = (Index(None, "account", "opened_at_ms"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    account: Mapped[str] = mapped_column(Text)
    refresh_id: Mapped[str] = mapped_column(String(64))
    opened_at_ms: Mapped[int] = mapped_column(BigInteger)
    refresh_expires_at_ms: Mapped[int] = mapped_column(BigInteger)
    ends_at_ms: Mapped[int] = mapped_column(BigInteger)
    used_at_ms: Mapped[int] = mapped_column(BigInteger)
    address: Mapped[str] = mapped_column(Text)
    user_agent: Mapped[str] = mapped_column(Text)
    void_tokens: Mapped[str] = mapped_column(Text)


class ApiKeyRow(AuthBase):
    """A key that signs requests. ``material`` is a public key, or a secret that is sealed.

    ``scopes``, ``markets`` and ``networks`` are separated by spaces; ``markets`` and ``networks``
    are empty for all.
    """

    __tablename__ = "auth_api_keys"
    __table_args__ = (Index(None, "account", "created_at_ms"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    account: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(String(16))
    material: Mapped[bytes] = mapped_column(LargeBinary)
    scopes: Mapped[str] = mapped_column(Text)
    markets: Mapped[str] = mapped_column(Text)
    networks: Mapped[str] = mapped_column(Text)
    created_at_ms: Mapped[int] = mapped_column(BigInteger)
    expires_at_ms: Mapped[int] = mapped_column(BigInteger)
    used_at_ms: Mapped[int] = mapped_column(BigInteger)


class RoleRow(AuthBase):
    """What an account may do beside trading; who has no row is a trader."""

    __tablename__ = "auth_roles"

    account: Mapped[str] = mapped_column(Text, primary_key=True)
    role: Mapped[str] = mapped_column(String(16))
    granted_at_ms: Mapped[int] = mapped_column(BigInteger)
    granted_by: Mapped[str] = mapped_column(Text)


class AuditRow(AuthBase):
    """Who changed what, when. Rows are only ever added."""

    __tablename__ = "auth_audit"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    at_ms: Mapped[int] = mapped_column(BigInteger)
    actor: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(Text)
    detail: Mapped[str] = mapped_column(Text)
    request: Mapped[str] = mapped_column(Text, server_default="")
    reason: Mapped[str] = mapped_column(Text, server_default="")
    before: Mapped[str] = mapped_column(Text, server_default="")
    after: Mapped[str] = mapped_column(Text, server_default="")
    outcome: Mapped[str] = mapped_column(Text, server_default="")


class ActionRow(AuthBase):
    """Something that was asked for under a name of the asker's; see `AdminAction`."""

    __tablename__ = "auth_actions"
    __table_args__ = (Index(None, "created_at_ms", "id"), Index(None, "state"))

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(Text)
    content: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16))
    proposer: Mapped[str] = mapped_column(Text)
    created_at_ms: Mapped[int] = mapped_column(BigInteger)
    expires_at_ms: Mapped[int | None] = mapped_column(BigInteger)
    decided_by: Mapped[str] = mapped_column(Text)
    decided_at_ms: Mapped[int | None] = mapped_column(BigInteger)
    before: Mapped[str] = mapped_column(Text)
    after: Mapped[str] = mapped_column(Text)
    refusal: Mapped[str] = mapped_column(Text)
