"""The databases that auth's stores run on in tests: SQLite, and PostgreSQL where it is installed."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from hybrid_dex.defaults.auth_database import AuthDatabase
from tests.defaults.postgresql_cluster import SERVER_PROGRAMS, private_cluster

DATABASES = ["sqlite"]
if SERVER_PROGRAMS or os.environ.get("CI") == "true":
    DATABASES.append("postgresql")


@pytest.fixture(scope="session")
def auth_cluster() -> Iterator[Path]:
    """A private PostgreSQL cluster on a Unix socket; its folder."""
    with private_cluster() as folder:
        yield folder


@pytest.fixture(params=DATABASES)
async def auth_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, that several processes may use."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'auth.sqlite'}"
    folder: Path = request.getfixturevalue("auth_cluster")
    name = f"auth_{uuid4().hex}"
    connection = await asyncpg.connect(host=str(folder), user="postgres", database="postgres")
    try:
        await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()
    return f"postgresql://postgres@/{name}?host={folder}"


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[AuthDatabase]:
    """A database that is open, as one process has it."""
    database = AuthDatabase(url)
    await database.open()
    try:
        yield database
    finally:
        await database.close()
