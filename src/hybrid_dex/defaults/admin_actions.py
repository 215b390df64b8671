"""AdminActions: what who runs the exchange asked for, kept until it is decided and after.

An action has an id of the asker's choosing, so that a repeat finds the first one. One that takes two
waits as proposed until another admin takes it, somebody cancels it, or its time is over. Whoever
takes an action does it and finishes it; one that a crash left running is never done again by itself,
its outcome is unknown and says so. Every step is a line of the audit log, in the same transaction.

It does nothing but remember: what an action means, its asker knows.
"""

import enum
import hashlib
from collections.abc import Collection
from typing import Final

import attrs
from sqlalchemy import RowMapping, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hybrid_dex.defaults.auth_database import AuthDatabase
from hybrid_dex.defaults.auth_tables import ActionRow, AuditRow, RoleRow
from hybrid_dex.defaults.roles import Role
from hybrid_dex.defaults.sql_values import is_id
from hybrid_dex.errors import FormatError
from hybrid_dex.interfaces.clock import Clock
from hybrid_dex.model.units import AccountId

__all__ = ["ActionRefusal", "ActionRefusedError", "ActionState", "AdminAction", "AdminActions"]

_MS_NS: Final = 1_000_000
_MAX_ENTRIES: Final = 500
_NOBODY: Final = "exchange"
"""Who lets an action expire, and finds that its outcome is unknown."""


class ActionState(enum.StrEnum):
    """How far an action has come. The words are stored: never change one."""

    PROPOSED = "proposed"
    """It waits for a second admin."""
    RUNNING = "running"
    """It is being done."""
    DONE = "done"
    REFUSED = "refused"
    CANCELED = "canceled"
    EXPIRED = "expired"
    """Nobody confirmed it in time."""
    UNKNOWN = "unknown"
    """The exchange ended while it was being done: look whether it was."""


class ActionRefusal(enum.Enum):
    """Why an action can not be taken, begun or canceled."""

    UNKNOWN = "there is no action of this id"
    ID_USED = "this id is that of another action; choose a new one"
    DECIDED = "it does not wait any more"
    EXPIRED = "it has expired; propose it anew"
    CHANGED = "the digest is that of another action: read it again"
    SAME_ADMIN = "who proposed it can not confirm it: another admin has to"
    PROPOSER_CHANGED = "who proposed it is no longer an admin; propose it anew"
    NOT_ADMIN = "you are no longer an admin: another one has to confirm it"


class ActionRefusedError(FormatError):
    """An action can not be taken, begun or canceled.

    Attributes:
        refusal: why.
    """

    def __init__(self, refusal: ActionRefusal) -> None:
        super().__init__("id", refusal.value, "an action that waits")
        self.refusal = refusal


@attrs.frozen(kw_only=True)
class AdminAction:
    """Something that was asked for.

    Attributes:
        id: the asker's name for it.
        kind: what is asked for, in a word.
        subject: of whom or what.
        content: the whole of it, as JSON.
        reason: why, in the asker's words.
        state: how far it has come.
        proposer: who asked for it.
        created_at_ms: when, Unix milliseconds.
        expires_at_ms: until when another admin may confirm it; ``None`` when it takes one person.
        decided_by: who did, confirmed or canceled it; empty until then.
        decided_at_ms: when; ``None`` until then.
        before: how it was before; empty until it is done.
        after: how it is since.
        refusal: why it was refused, as JSON; empty when it was not.
    """

    id: str
    kind: str
    subject: str
    content: str
    reason: str
    state: ActionState
    proposer: AccountId
    created_at_ms: int
    expires_at_ms: int | None = None
    decided_by: str = ""
    decided_at_ms: int | None = None
    before: str = ""
    after: str = ""
    refusal: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 over kind, content, reason and proposer: what a second admin confirms."""
        told = f"{self.id}\n{self.kind}\n{self.content}\n{self.reason}\n{self.proposer}"
        return hashlib.sha256(told.encode()).hexdigest()


@attrs.frozen(kw_only=True)
class AdminActions:
    """The actions, in an `AuthDatabase`. Each method is atomic, also between processes.

    Attributes:
        database: opened and closed by its owner.
        clock: read, never waited on.
        life_s: how long a proposal waits.
    """

    database: AuthDatabase
    clock: Clock
    life_s: int = attrs.field(default=3_600, validator=attrs.validators.ge(1))

    async def begin(
        self,
        id: str,
        *,
        kind: str,
        subject: str,
        content: str,
        reason: str,
        by: AccountId,
        proposes: bool,
    ) -> tuple[AdminAction, bool]:
        """Keep an action under an id; return it, and whether it is new.

        A repeat of the same action by the same account returns the first one.

        Args:
            id: the asker's name for it.
            kind: what is asked for.
            subject: of whom or what.
            content: the whole of it.
            reason: why.
            by: who asks.
            proposes: it waits for a second admin; otherwise the caller does it now and finishes it.

        Raises:
            ActionRefusedError: the id is another action's.
        """
        now_ms = self._now_ms()
        action = AdminAction(
            id=id,
            kind=kind,
            subject=subject,
            content=content,
            reason=reason,
            state=ActionState.PROPOSED if proposes else ActionState.RUNNING,
            proposer=by,
            created_at_ms=now_ms,
            expires_at_ms=now_ms + self.life_s * 1_000 if proposes else None,
        )
        async with self.database.writing() as connection:
            await _lock(connection)
            known = await _find(connection, id)
            if known is None:
                await connection.execute(insert(ActionRow).values(**attrs.asdict(action)))
                if proposes:
                    await _note(connection, now_ms, by, action, "proposed")
                return action, True
            if known.digest != action.digest or (known.expires_at_ms is None) is proposes:
                known = None
                detail = ActionRefusal.ID_USED.value
                await _note(connection, now_ms, by, action, "refused", detail=detail)
        if known is None:  # outside of the transaction, which keeps the line about it
            raise ActionRefusedError(ActionRefusal.ID_USED)
        return known, False

    async def take(self, id: str, by: AccountId, digest: str) -> AdminAction:
        """Take a proposed action to do it now; the caller finishes it.

        Raises:
            ActionRefusedError: it does not wait, or this account may not; that is in the log.
        """
        now_ms = self._now_ms()
        async with self.database.writing() as connection:
            await _lock(connection)
            action = await _find(connection, id)
            refusal = await self._refuse(connection, action, by, digest, now_ms)
            if refusal is None:
                assert action is not None, "only one that is known is not refused"
                taken = attrs.evolve(
                    action, state=ActionState.RUNNING, decided_by=by, decided_at_ms=now_ms
                )
                await _store(connection, taken)
                return taken
            if action is not None:
                if refusal is ActionRefusal.EXPIRED and action.state is ActionState.PROPOSED:
                    await self._expire(connection, action, now_ms)
                await _note(connection, now_ms, by, action, "refused", detail=refusal.value)
        raise ActionRefusedError(refusal)

    async def _refuse(
        self,
        connection: AsyncConnection,
        action: AdminAction | None,
        by: AccountId,
        digest: str,
        now_ms: int,
    ) -> ActionRefusal | None:
        if action is None:
            return ActionRefusal.UNKNOWN
        if action.state is ActionState.EXPIRED:
            return ActionRefusal.EXPIRED
        if action.state is not ActionState.PROPOSED:
            return ActionRefusal.DECIDED
        if _is_over(action, now_ms):
            return ActionRefusal.EXPIRED
        if action.proposer == by:
            return ActionRefusal.SAME_ADMIN
        if action.digest != digest:
            return ActionRefusal.CHANGED
        both = RoleRow.account.in_((action.proposer, by))
        admins = select(RoleRow.account).where(both, RoleRow.role == Role.ADMIN.value)
        found = set(await connection.scalars(admins))
        if action.proposer not in found:
            return ActionRefusal.PROPOSER_CHANGED
        return None if by in found else ActionRefusal.NOT_ADMIN

    async def cancel(self, id: str, by: AccountId, reason: str) -> AdminAction:
        """Take a proposed action back.

        Raises:
            ActionRefusedError: it does not wait; that is in the log.
        """
        now_ms = self._now_ms()
        async with self.database.writing() as connection:
            await _lock(connection)
            action = await _find(connection, id)
            refusal = ActionRefusal.UNKNOWN
            if action is not None:
                refusal = ActionRefusal.DECIDED
                if action.state is ActionState.PROPOSED and not _is_over(action, now_ms):
                    ended = attrs.evolve(
                        action, state=ActionState.CANCELED, decided_by=by, decided_at_ms=now_ms
                    )
                    await _store(connection, ended)
                    await _note(connection, now_ms, by, ended, "canceled", detail=reason)
                    return ended
                if action.state is ActionState.PROPOSED:
                    refusal = ActionRefusal.EXPIRED
                    await self._expire(connection, action, now_ms)
                await _note(connection, now_ms, by, action, "refused", detail=refusal.value)
        raise ActionRefusedError(refusal)

    async def finish(
        self,
        action: AdminAction,
        *,
        before: str = "",
        after: str = "",
        refusal: str = "",
        detail: str = "",
        unknown: bool = False,
    ) -> AdminAction:
        """Write down what came of an action that was begun or taken; return it as it stands.

        Args:
            action: what was done.
            before: how it was.
            after: how it is.
            refusal: why it was refused, as JSON; empty when it was done.
            detail: for the log.
            unknown: whether it was done can not be told.
        """
        now_ms = self._now_ms()
        state = ActionState.UNKNOWN if unknown else ActionState.DONE
        if refusal and not unknown:
            state = ActionState.REFUSED
        ended = attrs.evolve(
            action,
            state=state,
            decided_by=action.decided_by or action.proposer,
            decided_at_ms=now_ms,
            before=before,
            after=after,
            refusal=refusal,
        )
        async with self.database.writing() as connection:
            await _store(connection, ended)
            await _note(connection, now_ms, ended.decided_by, ended, state.value, detail=detail)
        return ended

    async def get(self, id: str) -> AdminAction | None:
        """Return an action, or ``None``."""
        await self.sweep()
        async with self.database.reading() as connection:
            return await _find(connection, id)

    async def page(
        self,
        *,
        states: Collection[ActionState] | None = None,
        before: tuple[int, str] | None = None,
        limit: int,
    ) -> list[AdminAction]:
        """Return actions, newest first, that are in one of the states, with keys below ``before``.

        The key is when it was created, and its id.
        """
        await self.sweep()
        query = select(ActionRow.__table__).order_by(
            ActionRow.created_at_ms.desc(), ActionRow.id.desc()
        )
        if states is not None:
            query = query.where(ActionRow.state.in_([state.value for state in states]))
        if before is not None:
            at_ms, id = before
            query = query.where(
                or_(
                    ActionRow.created_at_ms < at_ms,
                    (ActionRow.created_at_ms == at_ms) & (ActionRow.id < id),
                )
            )
        async with self.database.reading() as connection:
            found = await connection.execute(query.limit(min(limit, _MAX_ENTRIES)))
            return [_action(row) for row in found.mappings()]

    async def newest_done(self, kinds: Collection[str]) -> AdminAction | None:
        """Return the newest action of these kinds that was done, or may have been, or ``None``."""
        done = [ActionState.DONE.value, ActionState.UNKNOWN.value]
        query = (
            select(ActionRow.__table__)
            .where(ActionRow.kind.in_(list(kinds)), ActionRow.state.in_(done))
            .order_by(ActionRow.decided_at_ms.desc(), ActionRow.created_at_ms.desc())
            .limit(1)
        )
        async with self.database.reading() as connection:
            row = (await connection.execute(query)).mappings().first()
            return None if row is None else _action(row)

    async def sweep(self) -> None:
        """Let proposals expire whose time is over; each is a line of the log."""
        now_ms = self._now_ms()
        waiting = ActionRow.state == ActionState.PROPOSED.value
        over = (waiting, ActionRow.expires_at_ms <= now_ms)
        async with self.database.reading() as connection:
            if await connection.scalar(select(ActionRow.id).where(*over).limit(1)) is None:
                return
        async with self.database.writing() as connection:
            await _lock(connection)
            rows = await connection.execute(select(ActionRow.__table__).where(*over))
            for row in rows.mappings().all():
                await self._expire(connection, _action(row), now_ms)

    async def recover(self) -> int:
        """Say of what a crash left running that its outcome is unknown; return how many there were.

        Called once at the start, by the one process that does actions.
        """
        now_ms = self._now_ms()
        async with self.database.writing() as connection:
            await _lock(connection)
            running = ActionRow.state == ActionState.RUNNING.value
            rows = await connection.execute(select(ActionRow.__table__).where(running))
            left = [_action(row) for row in rows.mappings().all()]
            for action in left:
                ended = attrs.evolve(
                    action,
                    state=ActionState.UNKNOWN,
                    decided_by=action.decided_by or action.proposer,
                    decided_at_ms=now_ms,
                )
                await _store(connection, ended)
                detail = "what came of it was not written down; look whether it was done"
                await _note(connection, now_ms, _NOBODY, ended, "unknown", detail=detail)
        return len(left)

    async def _expire(self, connection: AsyncConnection, action: AdminAction, now_ms: int) -> None:
        ended = attrs.evolve(
            action, state=ActionState.EXPIRED, decided_by=_NOBODY, decided_at_ms=now_ms
        )
        await _store(connection, ended)
        await _note(connection, now_ms, _NOBODY, ended, "expired")

    def _now_ms(self) -> int:
        return self.clock.now_ns() // _MS_NS


def _is_over(action: AdminAction, now_ms: int) -> bool:
    return action.expires_at_ms is not None and action.expires_at_ms <= now_ms


async def _lock(connection: AsyncConnection) -> None:
    """Let nobody else decide meanwhile; SQLite's writing transactions do so anyway."""
    if connection.dialect.name == "postgresql":
        await connection.exec_driver_sql("LOCK TABLE auth_actions IN EXCLUSIVE MODE")


async def _find(connection: AsyncConnection, id: str) -> AdminAction | None:
    if not is_id(id):
        return None
    query = select(ActionRow.__table__).where(ActionRow.id == id)
    row = (await connection.execute(query)).mappings().first()
    return None if row is None else _action(row)


async def _store(connection: AsyncConnection, action: AdminAction) -> None:
    values = attrs.asdict(action) | {"state": action.state.value}
    await connection.execute(update(ActionRow).where(ActionRow.id == action.id).values(**values))


async def _note(
    connection: AsyncConnection,
    now_ms: int,
    actor: str,
    action: AdminAction,
    outcome: str,
    *,
    detail: str = "",
) -> None:
    await connection.execute(
        insert(AuditRow).values(
            at_ms=now_ms,
            actor=actor,
            action=action.kind,
            subject=action.subject,
            detail=detail,
            request=action.id,
            reason=action.reason,
            before=action.before,
            after=action.after,
            outcome=outcome,
        )
    )


def _action(row: RowMapping) -> AdminAction:
    return AdminAction(**{**row, "state": ActionState(row["state"])})
