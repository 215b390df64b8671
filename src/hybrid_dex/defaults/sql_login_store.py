"""SqlLoginStore: nonces and sessions in a database, shared by processes and kept across restarts.

Each method is one transaction, and what decides is always one statement: a nonce is taken by the
one ``DELETE`` that finds it, a refresh token by the one ``UPDATE`` that still finds it current.

A session is asked for on every request. Where this process is the only one that ends sessions
(``alone``) it remembers those it has read and forgets them as it ends them, so a request costs no
query and a revocation still counts at once. Where several processes share the database every
request asks it.
"""

import asyncio
import logging
from collections import OrderedDict
from typing import Any, Final

import attrs
from sqlalchemy import RowMapping, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hybrid_dex.defaults.auth_database import AuthDatabase, lock_account
from hybrid_dex.defaults.auth_tables import NonceRow, SessionRow
from hybrid_dex.defaults.login_store import MAX_VOID_TOKENS, LoginSession, Rotation
from hybrid_dex.defaults.sql_values import is_id
from hybrid_dex.errors import UnavailableError
from hybrid_dex.model.units import AccountId

__all__ = ["SqlLoginStore"]

_log: Final = logging.getLogger(__name__)
_SWEEP_EVERY: Final = 64
"""Nonces, and logins, between two looks for those that are too many or too old."""
_NOTE_EVERY_MS: Final = 60_000
"""How exact the time of a session's last use is in the database."""


@attrs.define(kw_only=True)
class SqlLoginStore:
    """Nonces and sessions in an `AuthDatabase`; see the module.

    Attributes:
        database: opened and closed by its owner.
        alone: no other process ends sessions of this database.
        nonce_limit: nonces kept at most.
        session_limit: sessions kept at most, of all accounts together.
        memory_limit: sessions remembered at most, where ``alone``.
    """

    database: AuthDatabase
    alone: bool = False
    nonce_limit: int = attrs.field(default=100_000, validator=attrs.validators.ge(1))
    session_limit: int = attrs.field(default=200_000, validator=attrs.validators.ge(1))
    memory_limit: int = attrs.field(default=20_000, validator=attrs.validators.ge(1))
    _issued: int = attrs.field(default=0, init=False)
    _taken: int = attrs.field(default=0, init=False)
    _opened: int = attrs.field(default=0, init=False)
    _known: OrderedDict[str, LoginSession] = attrs.field(
        factory=OrderedDict, init=False, repr=False
    )
    _changes: int = attrs.field(default=0, init=False)
    _used_at: dict[str, int] = attrs.field(factory=dict, init=False, repr=False)
    _unwritten: dict[str, int] = attrs.field(factory=dict, init=False, repr=False)
    _noting: "asyncio.Task[None] | None" = attrs.field(default=None, init=False, repr=False)

    async def put_nonce(self, nonce: str, expires_at_ms: int) -> None:
        """Remember an issued nonce; when there are too many, forget the oldest."""
        self._issued += 1
        async with self.database.writing() as connection:
            await connection.execute(
                insert(NonceRow).values(nonce=nonce, expires_at_ms=expires_at_ms)
            )
            if self._issued % _SWEEP_EVERY == 0:
                await self._sweep_nonces(connection)

    async def take_nonce(self, nonce: str, now_ms: int) -> bool:
        """Return whether the nonce was good, and spend it."""
        taken = delete(NonceRow).where(NonceRow.nonce == nonce).returning(NonceRow.expires_at_ms)
        self._taken += 1
        async with self.database.writing() as connection:
            expires_at_ms = await connection.scalar(taken)
            if self._taken % _SWEEP_EVERY == 0:
                await connection.execute(delete(NonceRow).where(NonceRow.expires_at_ms <= now_ms))
        return expires_at_ms is not None and now_ms < expires_at_ms

    async def open(self, session: LoginSession, most: int) -> None:
        """Keep a new session, closing the account's older ones beyond the limit."""
        mine = SessionRow.account == session.account
        now_ms = session.opened_at_ms
        ended = or_(SessionRow.refresh_expires_at_ms <= now_ms, SessionRow.ends_at_ms <= now_ms)
        self._opened += 1
        async with self.database.writing() as connection:
            await lock_account(connection, session.account)
            await connection.execute(delete(SessionRow).where(mine, ended))
            over = select(SessionRow.id).where(mine)
            over = over.order_by(SessionRow.opened_at_ms.desc(), SessionRow.id).offset(most - 1)
            closed = await _ids(connection, over)
            if closed:
                await connection.execute(delete(SessionRow).where(SessionRow.id.in_(closed)))
            if self._opened % _SWEEP_EVERY == 0:
                closed += await self._sweep_sessions(connection, session.opened_at_ms)
            await connection.execute(insert(SessionRow).values(**_row(session)))
        self._forget(*closed)

    async def get(self, session_id: str, now_ms: int) -> LoginSession | None:
        """Return the session if it is open now."""
        session = self._known.get(session_id) if self.alone else None
        if session is None and is_id(session_id):
            before = self._changes
            async with self.database.reading() as connection:
                found = await connection.execute(
                    select(SessionRow.__table__).where(SessionRow.id == session_id)
                )
                row = found.mappings().one_or_none()
            session = None if row is None else _session(row)
            # What was read before a session ended must not be remembered after it.
            if session is not None and self.alone and before == self._changes:
                self._known[session_id] = session
                if len(self._known) > self.memory_limit:
                    self._known.popitem(last=False)
        return session if session is not None and session.is_open(now_ms) else None

    async def rotate(self, used_refresh_id: str, renewed: LoginSession, now_ms: int) -> Rotation:
        """Replace the session, or close it when its refresh token comes a second time."""
        current = (
            SessionRow.id == renewed.id,
            SessionRow.refresh_expires_at_ms > now_ms,
            SessionRow.ends_at_ms > now_ms,
        )
        replace = (
            update(SessionRow)
            .where(*current, SessionRow.refresh_id == used_refresh_id)
            .values(
                refresh_id=renewed.refresh_id,
                refresh_expires_at_ms=renewed.refresh_expires_at_ms,
                used_at_ms=now_ms,
            )
            .returning(SessionRow.id)
        )
        async with self.database.writing() as connection:
            if await connection.scalar(replace) is not None:
                outcome = Rotation.ROTATED
            else:
                end = delete(SessionRow).where(*current).returning(SessionRow.id)
                found = await connection.scalar(end)
                outcome = Rotation.CLOSED if found is None else Rotation.REUSED
        self._forget(renewed.id)
        return outcome

    async def close(self, session_id: str) -> bool:
        """Close a session; return whether it was there."""
        end = delete(SessionRow).where(SessionRow.id == session_id).returning(SessionRow.id)
        async with self.database.writing() as connection:
            found = await connection.scalar(end)
        self._forget(session_id)
        return found is not None

    async def void(self, session_id: str, token_id: str) -> None:
        """Remember a revoked access token of the session."""
        mine = SessionRow.id == session_id
        async with self.database.writing() as connection:
            held = select(SessionRow.void_tokens).where(mine).with_for_update()
            tokens = await connection.scalar(held)
            if tokens is not None and token_id not in tokens.split():
                every = [*tokens.split(), token_id]
                if len(every) > MAX_VOID_TOKENS:
                    await connection.execute(delete(SessionRow).where(mine))
                else:
                    change = update(SessionRow).where(mine).values(void_tokens=" ".join(every))
                    await connection.execute(change)
        self._forget(session_id)

    async def touch(self, session_id: str, now_ms: int) -> None:
        """Note that the session was used; written beside the request, about once a minute."""
        noted = self._used_at.get(session_id, 0)
        if now_ms < noted + _NOTE_EVERY_MS:
            return
        self._used_at[session_id] = self._unwritten[session_id] = now_ms
        if len(self._used_at) > self.memory_limit:
            self._used_at.pop(next(iter(self._used_at)))
        if self._noting is not None and not self._noting.done():
            return
        self._noting = asyncio.create_task(self._note(), name="last use of sessions")

    async def sessions_of(self, account: AccountId, now_ms: int) -> list[LoginSession]:
        """Return the account's open sessions, oldest first."""
        await self._note()
        mine = select(SessionRow.__table__).where(
            SessionRow.account == account,
            SessionRow.refresh_expires_at_ms > now_ms,
            SessionRow.ends_at_ms > now_ms,
        )
        async with self.database.reading() as connection:
            found = await connection.execute(mine.order_by(SessionRow.opened_at_ms, SessionRow.id))
            return [_session(row) for row in found.mappings()]

    async def settle(self) -> None:
        """Write what is noted and not written. Call it before the database is closed."""
        if self._noting is not None:
            await asyncio.gather(self._noting, return_exceptions=True)
        await self._note()

    async def _note(self) -> None:
        """Write the times of last use. They are for people: losing one changes nothing."""
        used, self._unwritten = self._unwritten, {}
        if not used:
            return
        try:
            async with self.database.writing() as connection:
                for session_id, now_ms in used.items():
                    later = (SessionRow.id == session_id, SessionRow.used_at_ms < now_ms)
                    await connection.execute(
                        update(SessionRow).where(*later).values(used_at_ms=now_ms)
                    )
        except UnavailableError as error:
            _log.warning("the last use of %s sessions was not noted: %s", len(used), error)

    async def _sweep_nonces(self, connection: AsyncConnection) -> None:
        """Keep the newest; those that have expired are the oldest."""
        kept = int(await connection.scalar(select(func.count()).select_from(NonceRow)) or 0)
        surplus = kept - self.nonce_limit
        if surplus > 0:
            oldest = select(NonceRow.nonce).order_by(NonceRow.expires_at_ms).limit(surplus)
            await connection.execute(delete(NonceRow).where(NonceRow.nonce.in_(oldest)))

    async def _sweep_sessions(self, connection: AsyncConnection, now_ms: int) -> list[str]:
        """Remove those that have ended, and the oldest beyond the limit; return these."""
        ended = SessionRow.refresh_expires_at_ms <= now_ms
        await connection.execute(delete(SessionRow).where(ended))
        kept = int(await connection.scalar(select(func.count()).select_from(SessionRow)) or 0)
        surplus = kept - self.session_limit
        if surplus <= 0:
            return []
        oldest = await _ids(
            connection, select(SessionRow.id).order_by(SessionRow.opened_at_ms).limit(surplus)
        )
        await connection.execute(delete(SessionRow).where(SessionRow.id.in_(oldest)))
        return oldest

    def _forget(self, *session_ids: str) -> None:
        self._changes += 1
        for session_id in session_ids:
            self._known.pop(session_id, None)


async def _ids(connection: AsyncConnection, query: Any) -> list[str]:  # noqa: ANN401 # Select of one column
    return [str(found) for found in (await connection.scalars(query)).all()]


def _row(session: LoginSession) -> dict[str, object]:
    fields = attrs.asdict(session, recurse=False)
    return fields | {"void_tokens": " ".join(session.void_tokens)}


def _session(row: RowMapping) -> LoginSession:
    fields: dict[str, Any] = dict(row)
    tokens = tuple(str(fields.pop("void_tokens")).split())
    return LoginSession(**fields, void_tokens=tokens)
