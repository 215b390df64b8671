"""Roles: what accounts may do beside trading. They stand in the database and nowhere else.

Every change is written into the audit log in the transaction that makes it, with who made it. The
first admin is made by a command on the machine; the last one can not be unmade over the network.
"""

import enum
from typing import Final

import attrs
from sqlalchemy import delete, func, insert, select

from hybrid_dex.defaults.auth_database import AuthDatabase
from hybrid_dex.defaults.auth_tables import AuditRow, RoleRow
from hybrid_dex.defaults.sql_values import is_id
from hybrid_dex.errors import FormatError
from hybrid_dex.interfaces.clock import Clock
from hybrid_dex.model.units import AccountId

__all__ = ["AuditEntry", "Role", "RoleGrant", "Roles"]

_MS_NS: Final = 1_000_000
_MAX_ENTRIES: Final = 500


class Role(enum.StrEnum):
    """What an account may do. Each may all that those before it may."""

    TRADER = "trader"
    """Trade for itself: everybody."""
    SUPPORT = "support"
    """See other accounts, and change nothing."""
    OPERATOR = "operator"
    """Run the exchange: markets, limits, halts."""
    ADMIN = "admin"
    """Give and take roles, too."""

    def includes(self, other: "Role") -> bool:
        """Return whether it may all that another may."""
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(other)


@attrs.frozen(kw_only=True)
class RoleGrant:
    """A role above trader.

    Attributes:
        account: who has it.
        role: what.
        granted_at_ms: since when, Unix milliseconds.
        granted_by: who gave it: an account, or ``command`` for the machine's command line.
    """

    account: AccountId
    role: Role
    granted_at_ms: int
    granted_by: str


@attrs.frozen(kw_only=True)
class AuditEntry:
    """One line of the audit log.

    Attributes:
        id: rising, without reuse.
        at_ms: when, Unix milliseconds.
        actor: who did it.
        action: what, in a word.
        subject: to whom or what.
        detail: the rest, in words.
        request: the name of the action that it is about; empty for none, as are the rest.
        reason: why, in the words of who asked for it.
        before: how it was.
        after: how it is.
        outcome: what came of it: ``done``, ``refused``, ``proposed``, ``canceled``, ``expired`` or
            ``unknown``.
    """

    id: int
    at_ms: int
    actor: str
    action: str
    subject: str
    detail: str
    request: str = ""
    reason: str = ""
    before: str = ""
    after: str = ""
    outcome: str = ""


@attrs.frozen(kw_only=True)
class Roles:
    """The roles of all accounts, in an `AuthDatabase`.

    Attributes:
        database: opened and closed by its owner.
        clock: read, never waited on.
    """

    database: AuthDatabase
    clock: Clock

    async def of(self, account: AccountId) -> Role:
        """Return the account's role now: asked of the database each time, so taking it counts at once."""
        if not is_id(account):
            return Role.TRADER
        async with self.database.reading() as connection:
            found = await connection.scalar(select(RoleRow.role).where(RoleRow.account == account))
        return Role.TRADER if found is None else Role(found)

    async def all(self) -> list[RoleGrant]:
        """Return every role above trader, by account."""
        async with self.database.reading() as connection:
            found = await connection.execute(select(RoleRow.__table__).order_by(RoleRow.account))
            return [RoleGrant(**{**row, "role": Role(row["role"])}) for row in found.mappings()]

    async def grant(
        self, account: AccountId, role: Role, by: str, *, keeps_admin: bool = True
    ) -> None:
        """Give an account a role in place of the one it has; trader takes it away.

        Args:
            account: who.
            role: what.
            by: who does it, for the audit log.
            keeps_admin: refuse to leave the exchange without an admin.

        Raises:
            FormatError: it would.
        """
        now_ms = self.clock.now_ns() // _MS_NS
        async with self.database.writing() as connection:
            if connection.dialect.name == "postgresql":
                await connection.exec_driver_sql("LOCK TABLE auth_roles IN EXCLUSIVE MODE")
            others = (RoleRow.role == Role.ADMIN.value, RoleRow.account != account)
            left = await connection.scalar(select(func.count()).select_from(RoleRow).where(*others))
            before = await connection.scalar(select(RoleRow.role).where(RoleRow.account == account))
            if keeps_admin and before == Role.ADMIN.value and role is not Role.ADMIN and not left:
                raise FormatError("role", "the last admin", "another admin first")
            await connection.execute(delete(RoleRow).where(RoleRow.account == account))
            if role is not Role.TRADER:
                await connection.execute(
                    insert(RoleRow).values(
                        account=account, role=role.value, granted_at_ms=now_ms, granted_by=by
                    )
                )
            await connection.execute(
                insert(AuditRow).values(
                    at_ms=now_ms,
                    actor=by,
                    action="role",
                    subject=account,
                    detail=f"{before or Role.TRADER.value} -> {role.value}",
                )
            )

    async def note(
        self, actor: str, action: str, subject: str, detail: str = "", *, outcome: str = ""
    ) -> None:
        """Add a line to the audit log."""
        now_ms = self.clock.now_ns() // _MS_NS
        async with self.database.writing() as connection:
            await connection.execute(
                insert(AuditRow).values(
                    at_ms=now_ms,
                    actor=actor,
                    action=action,
                    subject=subject,
                    detail=detail,
                    outcome=outcome,
                )
            )

    async def audit(self, *, before: int | None, limit: int) -> list[AuditEntry]:
        """Return the audit log, newest first, with ids below ``before``."""
        query = select(AuditRow.__table__).order_by(AuditRow.id.desc())
        if before is not None:
            query = query.where(AuditRow.id < before)
        async with self.database.reading() as connection:
            found = await connection.execute(query.limit(min(limit, _MAX_ENTRIES)))
            return [AuditEntry(**row) for row in found.mappings()]
