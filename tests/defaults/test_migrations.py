"""Every schema that was ever there comes up to date with its rows, on both databases."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import create_async_engine

from hybrid_dex.defaults import migrations
from hybrid_dex.defaults.migrations import newest_revision, upgrade
from hybrid_dex.defaults.sql_records import SqlRecords
from hybrid_dex.defaults.sql_tables import Base
from hybrid_dex.errors import ConfigurationError
from hybrid_dex.model.events import Deposited, EventBatch, FillSettled
from hybrid_dex.model.history import EntryKind
from hybrid_dex.model.order import OrderStatus
from hybrid_dex.model.settlement import SettlementStage
from hybrid_dex.model.units import MAX_AMOUNT
from tests.defaults.postgresql_cluster import private_cluster
from tests.defaults.record_databases import DATABASES, driver, new_postgresql, raw

REVISIONS = sorted(
    step.revision
    for step in ScriptDirectory(str(Path(migrations.__file__).parent)).walk_revisions()
)
OLD = REVISIONS[:-1]
WITHOUT_DETAILS = OLD[: OLD.index("records_0003")]
ORDER = (
    "INSERT INTO orders (order_id, account, market, side, order_type, time_in_force, post_only,"
    " self_trade, price, quantity, open, filled, status, accepted_at_ns, expires_at_ns,"
    " client_order_id, order_hash, nonce) VALUES (256, 'alice', 'ETH-USDC', 0, 1, 1, {no}, 1,"
    " 250000, 10, 6, 4, 2, 1000, NULL, 'mine', {hash}, {nonce})"
)
FILL = (
    "INSERT INTO fills VALUES (131072, 2000, 'ETH-USDC', 250000, 4, 1, 256, 512, 'alice', 'bob',"
    " 6, 0, 4, 4, {fee}, {fee}, 1, 0, '', 0)"
)
TRANSFER = (
    'INSERT INTO transfers (sequence, "index", at_ns, kind, account, asset, amount, available)'
    " VALUES (1, 2, 1000, 'deposit', 'alice', 'USDC', {fee}, {fee})"
)
MARKET = (
    "INSERT INTO markets (id, number, base, quote, lot_size, tick_size, maker_fee_ppm,"
    " taker_fee_ppm, minimum_notional, state)"
    " VALUES ('ETH-USDC', 0, 'ETH', 'USDC', {lot}, {tick}, 100, 200, {none}, 1)"
)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Path]:
    with private_cluster() as folder:
        yield folder


@pytest.fixture(params=DATABASES)
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/records.sqlite"
    return await new_postgresql(request.getfixturevalue("cluster"), str(tmp_path))


async def begin_at(url: str, revision: str) -> None:
    """Make the schema of an earlier program, and rows as it wrote them."""
    engine = create_async_engine(driver(url))
    async with engine.begin() as connection:
        await connection.run_sync(upgrade, revision)
    await engine.dispose()
    sqlite = url.startswith("sqlite")
    words = {
        "no": "0" if sqlite else "false",
        "hash": "x'00ff'" if sqlite else "'\\x00ff'",
    }
    numbers = {"nonce": 2**64 - 1, "fee": MAX_AMOUNT, "lot": 10**14, "tick": 1, "none": 0}
    words |= {name: f"'{value}'" if sqlite else str(value) for name, value in numbers.items()}
    await raw(url, "INSERT INTO position (id, sequence) VALUES (1, 2)")
    for statement in (ORDER, FILL, TRANSFER, MARKET):
        await raw(url, statement.format(**words))


def test_there_are_steps_and_the_last_is_the_newest() -> None:
    assert REVISIONS[-1] == newest_revision() == "records_0004"


@pytest.mark.parametrize("revision", OLD)
async def test_an_upgrade_keeps_every_row(url: str, revision: str) -> None:
    await begin_at(url, revision)
    records = SqlRecords(url)
    await records.open()
    assert await records.position() == 2
    (order,) = await records.orders("alice", before=None, limit=9)  # type: ignore[arg-type]
    assert (order.nonce, order.order_hash, order.client_order_id) == (2**64 - 1, b"\0\xff", "mine")
    assert (order.status, order.open, order.waiting) == (OrderStatus.PARTIALLY_FILLED, 6, False)
    assert order.linked_to is None
    (fill,) = await records.fills(account=None, market=None, before=None, limit=9)
    assert (fill.fill.maker_fee, fill.reason) == (MAX_AMOUNT, 0)
    (transfer,) = await records.transfers("alice", ["deposit"], before=None, limit=9)  # type: ignore[list-item,arg-type]
    assert (transfer.amount, transfer.salt) == (MAX_AMOUNT, None)
    ((market, lot),) = await raw(url, "SELECT id, lot_size FROM markets")
    assert (market, int(lot)) == ("ETH-USDC", 10**14)
    await records.close()


@pytest.mark.parametrize("revision", WITHOUT_DETAILS)
async def test_details_begin_where_the_upgrade_was_and_a_rebuild_completes_them(
    url: str, revision: str
) -> None:
    """The records say so themselves; a fill from before that fails is booked by its row."""
    await begin_at(url, revision)
    records = SqlRecords(url)
    await records.open()
    assert await records.details_from() == 3
    failed = FillSettled(
        131072, "ETH-USDC", "alice", "bob", 256, 512, SettlementStage.FAILED, 1, "0x1", 3
    )
    await records.project([EventBatch(3, 3000, (failed,))])
    kinds = [one.kind for one in await records.posting(3)]
    assert kinds.count(EntryKind.TRADE_REVERSED) == 4
    assert sum(one.amount for one in await records.posting(3)) == 0
    await records.reset()
    assert await records.details_from() == 1
    await records.project([EventBatch(1, 1000, (Deposited("alice", "USDC", 5, 5),))])
    assert [one.total for one in await records.owned("alice")] == [5]
    await records.close()


@pytest.mark.parametrize("revision", ["", *REVISIONS])
async def test_all_steps_together_make_exactly_the_declared_tables(url: str, revision: str) -> None:
    """From an empty database and from every earlier schema; types are compared too."""
    if revision:
        engine = create_async_engine(driver(url))
        async with engine.begin() as connection:
            await connection.run_sync(upgrade, revision)
        await engine.dispose()
    records = SqlRecords(url)
    await records.open()
    await records.close()
    engine = create_async_engine(driver(url))

    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, Base.metadata))

    def atoms(connection: Connection) -> set[str]:
        columns = inspect(connection).get_columns("ledger_entries")
        return {str(one["type"]) for one in columns if one["name"] in {"amount", "balance"}}

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
        kinds = await connection.run_sync(atoms)
    await engine.dispose()
    assert kinds == {"VARCHAR(79)" if url.startswith("sqlite") else "NUMERIC(78, 0)"}


async def test_where_upgrades_are_the_operators_choice_an_older_schema_is_refused(
    url: str,
) -> None:
    """In words that name the command; the rows are untouched, and an empty database is no upgrade."""
    await begin_at(url, OLD[-1])
    with pytest.raises(ConfigurationError, match="hybrid-dex records upgrade"):
        await SqlRecords(url, upgrades=False).open()
    assert await raw(url, "SELECT version_num FROM alembic_version") == [(OLD[-1],)]
    for upgrades in (True, False):
        records = SqlRecords(url, upgrades=upgrades)
        await records.open()
        assert await records.position() == 2
        await records.close()


async def test_an_empty_database_gets_its_schema_in_any_case(url: str) -> None:
    records = SqlRecords(url, upgrades=False)
    await records.open()
    assert (await records.position(), await records.details_from()) == (0, 1)
    await records.close()


async def test_an_old_schema_may_be_opened_by_several_at_once(url: str) -> None:
    """One upgrades, the others wait for it; each row is there once."""
    await begin_at(url, OLD[0])
    opened = [SqlRecords(url) for _ in range(4)]
    await asyncio.gather(*(records.open() for records in opened))
    assert [await records.details_from() for records in opened] == [3, 3, 3, 3]
    assert await raw(url, "SELECT count(*) FROM fills") == [(1,)]
    for records in opened:
        await records.close()


async def test_an_upgrade_may_take_longer_than_an_answer(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(connection: Connection, *, only_empty: bool) -> None:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_sleep(1)"))
        upgrade(connection, only_empty=only_empty)

    monkeypatch.setattr("hybrid_dex.defaults.sql_records._ANSWER_S", 0.2)
    monkeypatch.setattr("hybrid_dex.defaults.sql_records.upgrade", slowly)
    records = SqlRecords(url)
    await records.open()
    assert await records.position() == 0
    await records.close()
