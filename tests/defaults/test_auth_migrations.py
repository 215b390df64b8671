"""The steps of auth's schema come to the tables that are declared, once, whoever starts."""

import asyncio
from pathlib import Path

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from hybrid_dex.defaults.auth_database import AuthDatabase
from hybrid_dex.defaults.auth_migrations import VERSION_TABLE, upgrade
from hybrid_dex.defaults.auth_tables import AuthBase
from hybrid_dex.errors import ConfigurationError
from tests.defaults.databases import DATABASES, auth_cluster, auth_url, opened

__all__ = ["auth_cluster", "auth_url"]


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "version_table": VERSION_TABLE}
    )
    return list(compare_metadata(context, AuthBase.metadata))


async def test_the_steps_come_to_the_declared_tables(auth_url: str) -> None:
    async with opened(auth_url) as database, database.writing() as connection:
        assert await connection.run_sync(differences) == []


async def test_several_may_start_at_once(auth_url: str) -> None:
    databases = [AuthDatabase(auth_url) for _ in range(4)]
    try:
        await asyncio.gather(*(database.open() for database in databases))
        async with databases[0].reading() as connection:
            versions = await connection.scalars(text(f"SELECT version_num FROM {VERSION_TABLE}"))
            assert versions.all() == ["auth_0002"]
    finally:
        await asyncio.gather(*(database.close() for database in databases))


async def test_an_upgrade_may_take_longer_than_an_answer(
    auth_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(connection: Connection) -> None:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_sleep(1)"))
        upgrade(connection)

    monkeypatch.setattr("hybrid_dex.defaults.auth_database._ANSWER_S", 0.2)
    monkeypatch.setattr("hybrid_dex.defaults.auth_database.upgrade", slowly)
    async with opened(auth_url) as database, database.reading() as connection:
        assert await connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}"))


@pytest.mark.skipif("postgresql" not in DATABASES, reason="SQLite has no users")
async def test_a_user_with_a_schema_needs_no_right_to_make_one(auth_cluster: Path) -> None:
    admin = await asyncpg.connect(host=str(auth_cluster), user="postgres", database="postgres")
    await admin.execute("CREATE ROLE gateway LOGIN")
    await admin.execute("CREATE DATABASE of_a_gateway")
    await admin.close()
    owner = await asyncpg.connect(host=str(auth_cluster), user="postgres", database="of_a_gateway")
    await owner.execute("CREATE SCHEMA hybrid_dex_auth AUTHORIZATION gateway")
    await owner.close()
    for _ in range(2):
        async with (
            opened(f"postgresql://gateway@/of_a_gateway?host={auth_cluster}") as database,
            database.writing() as connection,
        ):
            assert await connection.run_sync(differences) == []


async def test_a_database_of_a_newer_version_is_refused(auth_url: str) -> None:
    async with opened(auth_url) as database, database.writing() as connection:
        await connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = 'auth_9999'"))
    with pytest.raises(ConfigurationError, match="was written by another version"):
        await AuthDatabase(auth_url).open()
