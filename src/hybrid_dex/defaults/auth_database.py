"""AuthDatabase: the one connection pool of everything that auth keeps, on SQLite or PostgreSQL.

What is taken once must be taken once whatever happens: a writing transaction holds SQLite's lock
from its beginning, and is on the disk before it is believed. On PostgreSQL the tables stand in a
schema of their own, ``hybrid_dex_auth``, so that the records can share the database.

It decides nothing: the stores beside it do.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from threading import Lock
from typing import Any, Final

from alembic.util import CommandError
from sqlalchemy import Connection, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry

from hybrid_dex.defaults.auth_migrations import upgrade
from hybrid_dex.defaults.sql_upgrading import upgrading
from hybrid_dex.defaults.sql_values import first_line, refused_value
from hybrid_dex.errors import ConfigurationError, UnavailableError
from hybrid_dex.model.units import AccountId

__all__ = ["AuthDatabase", "lock_account"]

_log: Final = logging.getLogger(__name__)
_DRIVERS: Final = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}
_SCHEMA: Final = "hybrid_dex_auth"
_LOCK: Final = 0x68_64_61_75
"""Which PostgreSQL advisory lock keeps two starting processes from upgrading at once."""
_UPGRADING: Final = Lock()
"""Alembic's `op` is one object for the whole process, so upgrades take turns in it."""
_RETRY_S: Final = 0.01
_CONNECT_S: Final = 5.0
"""A host that does not answer at all is waited for so long."""
_ANSWER_S: Final = 10.0
"""A PostgreSQL that does not answer for so long is taken for gone: nothing else tells."""
_MEMORY: Final = ":memory:"
_READS: Final = "hybrid_dex_reads"
_AWAY: Final = "logins can not be looked up now: try again in a few seconds"


class AuthDatabase:
    """Nothing connects before `open`. Any number of processes may use one database.

    Args:
        url: ``sqlite:///path``, ``postgresql://user@host/name``, or ``sqlite://`` for the memory.
        guard: entered around every transaction, such as a circuit breaker; what it raises instead
            is an `UnavailableError`.

    Raises:
        ConfigurationError: not an address of a supported database.
    """

    def __init__(
        self,
        url: str,
        *,
        guard: Callable[[], AbstractAsyncContextManager[None]] = nullcontext,
    ) -> None:
        self._url = _address(url)
        self._guard = guard
        self._engine: AsyncEngine | None = None
        self._under_way = 0
        self._quiet = asyncio.Event()
        self._quiet.set()

    async def open(self) -> None:
        """Connect and bring the schema up to date. Safe to call twice.

        Raises:
            ConfigurationError: the database can not be used, or was written by a newer version.
        """
        if self._engine is not None:
            return
        self._check_folder()
        engine = _make_engine(self._url, _ANSWER_S)
        while not _UPGRADING.acquire(blocking=False):  # noqa: ASYNC110 # other loops hold it too
            await asyncio.sleep(_RETRY_S)
        try:
            async with upgrading(self._url, engine, _make_engine) as connection:
                if connection.dialect.name == "postgresql":
                    lock = text("SELECT pg_advisory_xact_lock(:lock)")
                    await connection.execute(lock, {"lock": _LOCK})
                    # Asked first: making it needs a right, also where it is there.
                    known = text(f"SELECT to_regnamespace('{_SCHEMA}')")
                    if await connection.scalar(known) is None:
                        await connection.execute(text(f"CREATE SCHEMA {_SCHEMA}"))
                await connection.run_sync(upgrade)
        except CommandError as error:
            await engine.dispose()
            raise ConfigurationError(
                f"the auth database {self.shown} was written by another version: {error}; "
                "start the version that wrote it, or restore a backup from before"
            ) from error
        except (SQLAlchemyError, OSError) as error:
            await engine.dispose()
            raise ConfigurationError(
                f"the auth database {self.shown} can not be used: {first_line(error)}"
            ) from error
        finally:
            _UPGRADING.release()
        self._engine = engine

    def _check_folder(self) -> None:
        """Refuse a file that can not be made, before a thread of the driver's tries."""
        file = self._url.database
        if self._url.get_backend_name() != "sqlite" or not file or file == _MEMORY:
            return
        if not Path(file).parent.is_dir():
            raise ConfigurationError(
                f"the auth database {self.shown} can not be used: "
                f"there is no folder {Path(file).parent}; make it, or set auth.database"
            )

    async def close(self) -> None:
        """Let what is under way end, begin nothing more, and release every connection.

        Safe to call twice.
        """
        engine, self._engine = self._engine, None
        await self._quiet.wait()
        if engine is not None:
            await engine.dispose()

    @property
    def shown(self) -> str:
        """The address without its password."""
        return self._url.render_as_string(hide_password=True)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that only reads.

        Raises:
            UnavailableError: the database can not be reached; it names no machine.
            FormatError: a value of a statement is none that the database takes.
        """
        async with self._guard(), self._connected(reads=True) as connection:
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that writes, committed at the end. Raises what `reading` raises."""
        async with self._guard(), self._connected(reads=False) as connection:
            yield connection

    @asynccontextmanager
    async def _connected(self, *, reads: bool) -> AsyncIterator[AsyncConnection]:
        if self._engine is None:
            raise UnavailableError("the auth database is not open")
        self._under_way += 1
        self._quiet.clear()
        try:
            async with (
                self._engine.connect() as plain,
                (await plain.execution_options(**{_READS: reads})).begin(),
            ):
                yield plain
        except (SQLAlchemyError, OSError) as error:
            refused = refused_value(error)
            if refused is not None:
                raise refused from error
            # Not the driver's own message: it repeats the values of the statement.
            _log.warning("the auth database %s is away: %s", self.shown, type(error).__name__)
            raise UnavailableError(_AWAY) from error
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._quiet.set()


async def lock_account(connection: AsyncConnection, account: AccountId) -> None:
    """Let what counts an account's rows take turns; SQLite lets all writers do so."""
    if connection.dialect.name == "postgresql":
        lock = text("SELECT pg_advisory_xact_lock(hashtextextended(:account, 0))")
        await connection.execute(lock, {"account": account})


def _address(text_: str) -> URL:
    try:
        url = make_url(text_)
    except (ArgumentError, ValueError):  # a port that is no number, too
        url = None
    if url is None or url.drivername not in _DRIVERS:
        raise ConfigurationError(
            f"auth database {text_.partition('@')[2] or text_!r} is not one of sqlite:///path, "
            "postgresql://user@host/name"
        )
    return url.set(drivername=_DRIVERS[url.drivername])


def _make_engine(url: URL, answer_s: float) -> AsyncEngine:
    if not url.drivername.startswith("sqlite"):
        return create_async_engine(
            url,
            pool_size=8,
            max_overflow=8,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args={
                "server_settings": {"search_path": _SCHEMA},
                "timeout": _CONNECT_S,
                "command_timeout": answer_s,
            },
        )
    in_memory = url.database in {None, "", _MEMORY}
    engine = create_async_engine(
        url,
        poolclass=AsyncAdaptedQueuePool,
        pool_size=1 if in_memory else 4,
        max_overflow=0,
        hide_parameters=True,
    )
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _entry: ConnectionPoolEntry) -> None:  # noqa: ANN401 # DBAPI
    """Leave transactions to `_begin_sqlite`; a nonce that was taken stays taken after a power cut."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """Take the writer's lock at the beginning, so that what was read stays true."""
    reads = connection.get_execution_options().get(_READS, False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
