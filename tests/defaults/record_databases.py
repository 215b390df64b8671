"""Empty databases for tests of the records: SQLite files, and databases of a private PostgreSQL.

PostgreSQL is there where the machine has its server binaries, and always in CI, where their absence
is a failure and not a skip.
"""

import os
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.defaults.postgresql_cluster import SERVER_PROGRAMS

DATABASES = ["sqlite"]
if SERVER_PROGRAMS or os.environ.get("CI") == "true":
    DATABASES.append("postgresql")


async def new_postgresql(cluster: Path, name: str) -> str:
    """Create a database in a cluster, named after any text, and return its address."""
    database = f"t{Random(name).getrandbits(64):x}"
    admin = create_async_engine(
        f"postgresql+asyncpg://postgres@/postgres?host={cluster}", isolation_level="AUTOCOMMIT"
    )
    async with admin.connect() as connection:
        await connection.execute(text(f"CREATE DATABASE {database}"))
    await admin.dispose()
    return f"postgresql://postgres@/{database}?host={cluster}"


def driver(url: str) -> str:
    """Return a records' address as SQLAlchemy takes it."""
    return url.replace("sqlite:", "sqlite+aiosqlite:").replace("postgresql:", "postgresql+asyncpg:")


async def raw(url: str, statement: str) -> list[tuple[Any, ...]]:
    """Return what the database itself says."""
    engine = create_async_engine(driver(url))
    async with engine.begin() as connection:
        found = await connection.execute(text(statement))
        rows = [tuple(row) for row in found] if found.returns_rows else []
    await engine.dispose()
    return rows
