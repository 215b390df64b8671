"""SqlRecords: the projection of events into tables, on SQLite or PostgreSQL.

Never on the order path and never the truth: every row can be made again from the journal. The
sequence of the last projected command is stored in the same transaction as its rows, so a crash
loses or repeats nothing; a batch that was projected before is ignored, and one that would leave a
gap is refused. Updates of one call are joined in memory first, so a call writes each row once.

The schema is brought up to date by the migrations beside this module when `open` is called.
"""

import asyncio
from collections.abc import AsyncIterator
from collections.abc import Sequence as Items
from contextlib import asynccontextmanager
from threading import Lock
from typing import Any, Final

import attrs
import msgspec
from alembic.util import CommandError
from sqlalchemy import Dialect, delete, event, insert, select, union, update
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, StaticPool
from sqlalchemy.sql.compiler import Compiled, SQLCompiler
from sqlalchemy.sql.dml import Insert, Update

from hybrid_dex.defaults.migrations import upgrade
from hybrid_dex.defaults.sql_projection import Changes
from hybrid_dex.defaults.sql_tables import POSITION_ROW, Atoms, Base, FillRow, OrderRow, PositionRow
from hybrid_dex.errors import ConfigurationError, SequenceError, UnavailableError
from hybrid_dex.interfaces.records import FillRecord
from hybrid_dex.model.events import EventBatch, FillMade
from hybrid_dex.model.order import Side
from hybrid_dex.model.settlement import SettlementStage
from hybrid_dex.model.units import AccountId, FillId, MarketId, OrderId, Sequence
from hybrid_dex.model.views import OrderView

__all__ = ["SqlRecords"]

_DRIVERS: Final = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}
_MAX_LIMIT: Final = 1000
_UPGRADING: Final = Lock()
"""Alembic's `op` is one object for the whole process, so upgrades take turns in it."""
_RETRY_S: Final = 0.01
_ATOMS: Final = Atoms()


@attrs.frozen
class _Prepared:
    """A statement as one driver takes it: text, names in their order, and who needs converting."""

    sql: str
    names: tuple[str, ...]
    atoms: tuple[int, ...]
    dialect: Dialect

    @classmethod
    def of(cls, compiled: Compiled, dialect: Dialect) -> "_Prepared":
        assert isinstance(compiled, SQLCompiler)
        names = tuple(compiled.positiontup or ())
        atoms = [i for i, name in enumerate(names) if isinstance(compiled.binds[name].type, Atoms)]
        return cls(str(compiled), names, tuple(atoms), dialect)

    def values(self, row: dict[str, Any]) -> tuple[Any, ...]:
        found = [row[name] for name in self.names]
        for index in self.atoms:
            found[index] = _ATOMS.process_bind_param(found[index], self.dialect)
        return tuple(found)


class SqlRecords:
    """Rows on SQLite (``sqlite:///path``) or PostgreSQL (``postgresql://user@host/name``).

    Nothing connects before `open`. One writer projects; any number of readers may query.
    """

    def __init__(self, url: str) -> None:
        """Check the address without connecting.

        Args:
            url: the database's address; an empty path (``sqlite://``) keeps the rows in memory.

        Raises:
            ConfigurationError: not an address of a supported database.
        """
        self._url = _address(url)
        self._engine: AsyncEngine | None = None
        self._prepared: dict[Insert | Update, _Prepared] = {}

    async def open(self) -> None:
        """Connect and bring the schema up to date.

        Raises:
            ConfigurationError: the database can not be used, or was written by a newer version.
        """
        if self._engine is not None:
            return
        engine = _make_engine(self._url)
        while not _UPGRADING.acquire(blocking=False):  # noqa: ASYNC110 # other loops hold it too
            await asyncio.sleep(_RETRY_S)
        try:
            async with engine.begin() as connection:
                await connection.run_sync(upgrade)
                found = await connection.scalar(select(PositionRow.sequence))
                if found is None:
                    await connection.execute(
                        insert(PositionRow).values(id=POSITION_ROW, sequence=0)
                    )
        except CommandError as error:
            await engine.dispose()
            raise ConfigurationError(
                f"the records in {self._shown} were written by another version: {error}; "
                "start the version that wrote them, or give an empty database to rebuild into"
            ) from error
        except (SQLAlchemyError, OSError) as error:
            await engine.dispose()
            raise ConfigurationError(
                f"the records' database {self._shown} can not be used: {_first_line(error)}"
            ) from error
        finally:
            _UPGRADING.release()
        self._engine = engine

    async def close(self) -> None:
        """Release every connection. Safe to call twice."""
        engine, self._engine = self._engine, None
        if engine is not None:
            await engine.dispose()

    async def project(self, batches: Items[EventBatch]) -> None:
        """Apply events and the new position in one transaction; repeats are ignored.

        Raises:
            SequenceError: a batch is missing before one of these.
            UnavailableError: the database can not be reached; nothing was written.
        """
        if not batches:
            return
        async with self._transaction() as connection:
            # The update takes the writer's lock on both databases before anything is read.
            position = await connection.scalar(
                update(PositionRow)
                .values(sequence=PositionRow.sequence)
                .returning(PositionRow.sequence)
            )
            changes = Changes()
            last = int(position or 0)
            for batch in batches:
                if batch.sequence <= last:
                    continue
                if batch.sequence != last + 1:
                    raise SequenceError(
                        f"records stand at {last} and were given {batch.sequence}; "
                        f"project {last + 1} first, or rebuild"
                    )
                changes.add(batch)
                last = batch.sequence
            if last == position:
                return
            for statement, rows in changes.statements():
                await self._write(connection, statement, rows)
            await connection.execute(update(PositionRow).values(sequence=last))

    async def reset(self) -> None:
        """Forget every row and stand at 0, so that the journal can be projected again.

        Raises:
            UnavailableError: the database can not be reached; nothing was forgotten.
        """
        async with self._transaction() as connection:
            await connection.execute(update(PositionRow).values(sequence=0))
            for table in reversed(Base.metadata.sorted_tables):
                if table.name != PositionRow.__tablename__:
                    await connection.execute(delete(table))

    async def position(self) -> Sequence:
        """Return the sequence of the last projected command, 0 when there is none."""
        async with self._transaction() as connection:
            return Sequence(await connection.scalar(select(PositionRow.sequence)) or 0)

    async def order(self, order_id: OrderId) -> OrderView | None:
        """Return one order, live or ended, or ``None``."""
        found = await self._orders(select(OrderRow.__table__).where(OrderRow.order_id == order_id))
        return found[0] if found else None

    async def orders(
        self, account: AccountId, *, before: OrderId | None, limit: int
    ) -> list[OrderView]:
        """Return an account's orders, newest first, with ids below ``before``."""
        query = select(OrderRow.__table__).where(OrderRow.account == account)
        if before is not None:
            query = query.where(OrderRow.order_id < before)
        return await self._orders(query.order_by(OrderRow.order_id.desc()).limit(_limit(limit)))

    async def order_by_client_id(
        self, account: AccountId, client_order_id: str
    ) -> OrderView | None:
        """Return the newest order that an account gave this id, or ``None``."""
        found = await self._orders(
            select(OrderRow.__table__)
            .where(OrderRow.account == account, OrderRow.client_order_id == client_order_id)
            .order_by(OrderRow.order_id.desc())
            .limit(1)
        )
        return found[0] if found else None

    async def order_by_hash(self, account: AccountId, order_hash: bytes) -> OrderView | None:
        """Return an account's order by the hash of its signed terms, or ``None``.

        Of a replaced order, the hash is that of its last terms. It reads the account's orders.
        """
        found = await self._orders(
            select(OrderRow.__table__)
            .where(OrderRow.account == account, OrderRow.order_hash == order_hash)
            .limit(1)
        )
        return found[0] if found else None

    async def fills(
        self,
        *,
        account: AccountId | None,
        market: MarketId | None,
        before: FillId | None,
        limit: int,
    ) -> list[FillRecord]:
        """Return fills, newest first, with ids below ``before``."""
        count = _limit(limit)
        table = FillRow.__table__
        query = select(table)
        if market is not None:
            query = query.where(FillRow.market == market)
        if before is not None:
            query = query.where(FillRow.fill_id < before)
        newest = query.order_by(FillRow.fill_id.desc()).limit(count)
        if account is not None:
            # Each side has its own index; an OR over both would use neither.
            sides = [
                select(
                    query.where(column == account)
                    .order_by(FillRow.fill_id.desc())
                    .limit(count)
                    .subquery()
                )
                for column in (FillRow.maker, FillRow.taker)
            ]
            both = union(*sides).subquery()
            newest = select(both).order_by(both.c.fill_id.desc()).limit(count)
        async with self._transaction() as connection:
            rows = (await connection.execute(newest)).mappings().all()
        return [_fill(dict(row)) for row in rows]

    async def _orders(self, query: Any) -> list[OrderView]:  # noqa: ANN401 # Select of any columns
        async with self._transaction() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [msgspec.convert(dict(row), OrderView) for row in rows]

    async def _write(
        self, connection: AsyncConnection, statement: Insert | Update, rows: list[dict[str, Any]]
    ) -> None:
        """Execute a statement for many rows, without what SQLAlchemy does to each of them.

        Only `Atoms` need converting; the drivers take all else as it is.
        """
        prepared = self._prepared.get(statement)
        if prepared is None:
            compiled = statement.compile(
                dialect=connection.dialect,
                column_keys=list(rows[0]) if statement.is_insert else None,
            )
            prepared = self._prepared[statement] = _Prepared.of(compiled, connection.dialect)
        await connection.exec_driver_sql(prepared.sql, [prepared.values(row) for row in rows])

    @property
    def _shown(self) -> str:
        return self._url.render_as_string(hide_password=True)

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncConnection]:
        if self._engine is None:
            raise UnavailableError("the records are not open")
        try:
            async with self._engine.begin() as connection:
                yield connection
        except (SQLAlchemyError, OSError) as error:
            raise UnavailableError(
                f"the records in {self._shown} can not be used now: {_first_line(error)}"
            ) from error


def _address(text: str) -> URL:
    try:
        url = make_url(text)
    except ArgumentError:
        url = None
    if url is None or url.drivername not in _DRIVERS:
        raise ConfigurationError(
            f"records url {text.partition('@')[2] or text!r} is not one of sqlite:///path, "
            "postgresql://user@host/name"
        )
    return url.set(drivername=_DRIVERS[url.drivername])


def _make_engine(url: URL) -> AsyncEngine:
    if not url.drivername.startswith("sqlite"):
        return create_async_engine(url, pool_size=4, max_overflow=4, pool_pre_ping=True)
    in_memory = url.database in {None, "", ":memory:"}
    engine = (
        create_async_engine(url, poolclass=StaticPool) if in_memory else create_async_engine(url)
    )
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _entry: ConnectionPoolEntry) -> None:  # noqa: ANN401 # DBAPI
    """Readers and the writer do not block each other; a crash of the machine keeps the file whole."""
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=10000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _limit(limit: int) -> int:
    if not 1 <= limit <= _MAX_LIMIT:
        raise ValueError(f"limit {limit} is not 1 to {_MAX_LIMIT}")
    return limit


def _fill(row: dict[str, Any]) -> FillRecord:
    made = {name: row[name] for name in FillMade.__struct_fields__}
    made["taker_side"] = Side(made["taker_side"])
    return FillRecord(
        fill=FillMade(**made),
        at_ns=row["at_ns"],
        stage=SettlementStage(row["stage"]),
        batch=row["batch"],
        transaction=row["transaction"],
    )


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]
