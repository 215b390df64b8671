"""SqlRecords: the projection of events into tables, on SQLite or PostgreSQL.

Never on the order path and never the truth: every row can be made again from the journal. The
sequence of the last projected command is stored in the same transaction as its rows, so a crash
loses or repeats nothing; a batch that was projected before is ignored, and one that would leave a
gap is refused. Updates of one call are joined in memory first, so a call writes each row once.

The schema is brought up to date by the migrations beside this module when `open` is called.
"""

import asyncio
from collections.abc import AsyncIterator, Collection
from collections.abc import Sequence as Items
from contextlib import asynccontextmanager
from threading import Lock
from typing import Any, Final

import attrs
from alembic.util import CommandError
from asyncpg import InterfaceError, PostgresError
from sqlalchemy import (
    Connection,
    Dialect,
    RowMapping,
    Select,
    Table,
    delete,
    event,
    insert,
    select,
    update,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, StaticPool
from sqlalchemy.sql.compiler import Compiled, SQLCompiler
from sqlalchemy.sql.dml import Insert, Update

from hybrid_dex.defaults import sql_queries as queries
from hybrid_dex.defaults.migrations import newest_revision, revision_of, upgrade
from hybrid_dex.defaults.sql_lookups import look_up, wanted_by
from hybrid_dex.defaults.sql_projection import Changes
from hybrid_dex.defaults.sql_tables import POSITION_ROW, Atoms, Base, OrderRow, PositionRow
from hybrid_dex.defaults.sql_upgrading import upgrading
from hybrid_dex.defaults.sql_values import first_line, refused_value
from hybrid_dex.errors import ConfigurationError, SequenceError, UnavailableError
from hybrid_dex.interfaces.history import OrderQuery
from hybrid_dex.interfaces.records import FillRecord
from hybrid_dex.model.candles import MINUTE_S, Candle
from hybrid_dex.model.events import EventBatch
from hybrid_dex.model.history import (
    EntryKey,
    LedgerEntry,
    OwnedBalance,
    SettlementRecord,
    TransferKind,
    TransferRecord,
    VoucherRecord,
)
from hybrid_dex.model.units import AccountId, AssetId, FillId, MarketId, OrderId, Sequence
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
_COPIED_FROM: Final = 200
"""So many new rows of a table are copied on PostgreSQL, fewer are inserted."""
_ANSWER_S: Final = 60.0
"""A PostgreSQL that does not answer for so long is taken for gone: nothing else tells."""
_CONNECT_S: Final = 5.0
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

    def __init__(self, url: str, *, upgrades: bool = True) -> None:
        """Check the address without connecting.

        Args:
            url: the database's address; an empty path (``sqlite://``) keeps the rows in memory.
            upgrades: whether `open` brings an older schema up to date; otherwise it refuses one,
                and `hybrid-dex records upgrade` does it when the operator chooses to.

        Raises:
            ConfigurationError: not an address of a supported database.
        """
        self._url = _address(url)
        self._upgrades = upgrades
        self._engine: AsyncEngine | None = None
        self._prepared: dict[Insert | Update, _Prepared] = {}

    def for_another_process(self) -> "SqlRecords | None":
        """Return the same database's records; they can be pickled. ``None`` for rows in memory."""
        if _is_in_memory(self._url):
            return None
        return SqlRecords(self._url.render_as_string(hide_password=False), upgrades=False)

    async def open(self) -> None:
        """Connect and bring the schema up to date; an empty database gets it in any case.

        Raises:
            ConfigurationError: the database can not be used, was written by a newer version, or by
                an older one and is not to be upgraded here.
        """
        if self._engine is not None:
            return
        engine = _make_engine(self._url, _ANSWER_S)
        while not _UPGRADING.acquire(blocking=False):  # noqa: ASYNC110 # other loops hold it too
            await asyncio.sleep(_RETRY_S)
        try:
            async with upgrading(self._url, engine, _make_engine) as connection:
                await connection.run_sync(self._prepare_schema)
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
        except ConfigurationError:
            await engine.dispose()
            raise
        except (SQLAlchemyError, OSError, UnicodeDecodeError) as error:  # its schema may be noise
            await engine.dispose()
            raise ConfigurationError(
                f"the records' database {self._shown} can not be used: {first_line(error)}"
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
            fresh = _following(batches, int(position or 0))
            if not fresh:
                return
            last = fresh[-1].sequence
            changes = Changes(await look_up(connection, wanted_by(fresh)))
            for batch in fresh:
                changes.add(batch)
            for statement, rows in changes.statements():
                await self._write(connection, statement, rows)
            await connection.execute(update(PositionRow).values(sequence=last))

    async def reset(self) -> None:
        """Forget every row and stand at 0, so that the journal can be projected again.

        Raises:
            UnavailableError: the database can not be reached; nothing was forgotten.
        """
        async with self._transaction() as connection:
            await connection.execute(update(PositionRow).values(sequence=0, details_from=1))
            for table in reversed(Base.metadata.sorted_tables):
                if table.name != PositionRow.__tablename__:
                    await connection.execute(delete(table))

    async def position(self) -> Sequence:
        """Return the sequence of the last projected command, 0 when there is none."""
        async with self._transaction() as connection:
            return Sequence(await connection.scalar(select(PositionRow.sequence)) or 0)

    async def order(self, order_id: OrderId) -> OrderView | None:
        """Return one order, live or ended, or ``None``."""
        rows = await self._rows(select(OrderRow.__table__).where(OrderRow.order_id == order_id))
        return queries.order(rows[0]) if rows else None

    async def orders(
        self, account: AccountId, *, before: OrderId | None, limit: int
    ) -> list[OrderView]:
        """Return an account's orders, newest first, with ids below ``before``."""
        return await self.find_orders(account, OrderQuery(), before=before, limit=limit)

    async def find_orders(
        self, account: AccountId, query: OrderQuery, *, before: OrderId | None, limit: int
    ) -> list[OrderView]:
        """Return an account's orders that are meant, newest first, with ids below ``before``."""
        asked = queries.orders(account, query, before=before, limit=_limit(limit))
        return [queries.order(row) for row in await self._rows(asked)]

    async def order_by_client_id(
        self, account: AccountId, client_order_id: str
    ) -> OrderView | None:
        """Return the newest order that an account gave this id, or ``None``."""
        asked = queries.orders(account, OrderQuery(), before=None, limit=1)
        rows = await self._rows(asked.where(OrderRow.client_order_id == client_order_id))
        return queries.order(rows[0]) if rows else None

    async def order_by_hash(self, account: AccountId, order_hash: bytes) -> OrderView | None:
        """Return an account's order by the hash of its signed terms, or ``None``.

        Of a replaced order, the hash is that of its last terms. There is an index of them.
        """
        asked = queries.orders(account, OrderQuery(), before=None, limit=1)
        rows = await self._rows(asked.where(OrderRow.order_hash == order_hash))
        return queries.order(rows[0]) if rows else None

    async def fills(
        self,
        *,
        account: AccountId | None,
        market: MarketId | None,
        before: FillId | None,
        limit: int,
    ) -> list[FillRecord]:
        """Return fills, newest first, with ids below ``before``."""
        asked = queries.fills(account=account, market=market, before=before, limit=_limit(limit))
        return [queries.fill(row) for row in await self._rows(asked)]

    async def details_from(self) -> Sequence:
        """Return the first command whose details are here: 1, or later after an upgrade."""
        async with self._transaction() as connection:
            return Sequence(await connection.scalar(select(PositionRow.details_from)) or 1)

    async def ledger(
        self,
        account: AccountId,
        *,
        asset: AssetId | None = None,
        before: EntryKey | None,
        limit: int,
    ) -> list[LedgerEntry]:
        """Return an account's entries, newest first, with keys below ``before``."""
        asked = queries.ledger(account, asset=asset, before=before, limit=_limit(limit))
        return [queries.entry(row) for row in await self._rows(asked)]

    async def posting(self, sequence: Sequence) -> list[LedgerEntry]:
        """Return all that one command moved, of every account, in order; per asset it sums to 0."""
        return [queries.entry(row) for row in await self._rows(queries.posting(sequence))]

    async def owned(self, account: AccountId) -> list[OwnedBalance]:
        """Return what an account owns by its entries, by asset."""
        return queries.owned_balances(account, await self._rows(queries.owned(account)))

    async def transfers(
        self,
        account: AccountId,
        kinds: Collection[TransferKind],
        *,
        asset: AssetId | None = None,
        before: tuple[Sequence, int] | None,
        limit: int,
    ) -> list[TransferRecord]:
        """Return an account's transfers of these kinds, newest first, with places below ``before``."""
        count = _limit(limit)
        asked = queries.transfers(account, kinds, asset=asset, before=before, limit=count)
        return [queries.transfer(row) for row in await self._rows(asked)]

    async def voucher(self, account: AccountId, salt: int) -> VoucherRecord | None:
        """Return a voucher, open or ended, or ``None``."""
        rows = await self._rows(queries.vouchers(account, salt))
        return queries.voucher(rows[0]) if rows else None

    async def settlements(self, *, before: int | None, limit: int) -> list[SettlementRecord]:
        """Return batches, the highest number first, with numbers below ``before``."""
        rows = await self._rows(queries.settlements(before=before, limit=_limit(limit)))
        carried = await self._rows(queries.transactions({row["batch"] for row in rows}))
        return [queries.settlement(row, carried) for row in rows]

    async def candles(
        self,
        market: MarketId,
        interval_s: int,
        *,
        from_s: int | None = None,
        before_s: int | None = None,
        limit: int,
    ) -> list[Candle]:
        """Return candles of one interval, newest first, that begin within the given time."""
        asked = queries.candles(
            market, interval_s, from_s=from_s, before_s=before_s, limit=_limit(limit)
        )
        return [queries.candle(row) for row in await self._rows(asked)]

    async def minutes(self, market: MarketId, from_s: int) -> tuple[Sequence, list[Candle]]:
        """Return the candles of a minute since a time, oldest first, and the position they are of."""
        rows = await self._rows(queries.minutes(market, MINUTE_S, from_s))
        position = Sequence(rows[0]["sequence"] if rows else 0)
        return position, [queries.candle(row) for row in rows if row["start_s"] is not None]

    async def rows_of(self, table: Table) -> AsyncIterator[tuple[Any, ...]]:
        """Yield every row of one of the records' tables, in no order, as of one moment."""
        async with self._transaction() as connection:
            async for row in await connection.stream(select(table)):
                yield tuple(row)

    def _prepare_schema(self, connection: Connection) -> None:
        upgrade(connection, only_empty=not self._upgrades)
        found, newest = revision_of(connection), newest_revision()
        if found != newest:
            raise ConfigurationError(
                f"the records in {self._shown} have the schema {found}, this program has {newest}: "
                "run `hybrid-dex records upgrade` with this address, or start the program that "
                "wrote them"
            )

    async def _rows(self, query: Select[*tuple[Any, ...]]) -> Items[RowMapping]:
        """Ask. Raises `UnavailableError`, or `FormatError` for a value that the database can not take."""
        async with self._transaction() as connection:
            try:
                found: Items[RowMapping] = (await connection.execute(query)).mappings().all()
            except SQLAlchemyError as error:
                refused = refused_value(error)
                if refused is None:
                    raise
                raise refused from error
            return found

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
        values = [prepared.values(row) for row in rows]
        if len(rows) >= _COPIED_FROM and statement.is_insert and prepared.dialect.name != "sqlite":
            await _copy(connection, str(statement.table), prepared.names, values)
            return
        await connection.exec_driver_sql(prepared.sql, values)

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
                f"the records in {self._shown} can not be used now: {first_line(error)}"
            ) from error


def _address(text: str) -> URL:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):  # a port that is no number, too
        url = None
    if url is None or url.drivername not in _DRIVERS:
        raise ConfigurationError(
            f"records url {text.partition('@')[2] or text!r} is not one of sqlite:///path, "
            "postgresql://user@host/name"
        )
    return url.set(drivername=_DRIVERS[url.drivername])


def _make_engine(url: URL, answer_s: float) -> AsyncEngine:
    if not url.drivername.startswith("sqlite"):
        return create_async_engine(
            url,
            pool_size=4,
            max_overflow=4,
            pool_pre_ping=True,
            connect_args={"timeout": _CONNECT_S, "command_timeout": answer_s},
        )
    engine = create_async_engine(url, **({"poolclass": StaticPool} if _is_in_memory(url) else {}))
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    return engine


def _is_in_memory(url: URL) -> bool:
    return url.drivername.startswith("sqlite") and url.database in {None, "", ":memory:"}


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


async def _copy(
    connection: AsyncConnection, table: str, names: tuple[str, ...], rows: list[tuple[Any, ...]]
) -> None:
    """Write many new rows the way that is fastest on PostgreSQL, in the open transaction."""
    driver = (await connection.get_raw_connection()).driver_connection
    assert driver is not None
    try:
        await driver.copy_records_to_table(table, records=rows, columns=names)
    except (PostgresError, InterfaceError) as error:
        raise UnavailableError(f"rows of {table} can not be written now: {error}") from error


def _following(batches: Items[EventBatch], last: int) -> list[EventBatch]:
    """Return the batches behind the last. Raises `SequenceError` when one is missing."""
    fresh: list[EventBatch] = []
    for batch in batches:
        if batch.sequence <= last:
            continue
        if batch.sequence != last + 1:
            raise SequenceError(
                f"records stand at {last} and were given {batch.sequence}; "
                f"project {last + 1} first, or rebuild"
            )
        fresh.append(batch)
        last = batch.sequence
    return fresh
