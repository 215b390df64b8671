"""Upgrading: a connection on which a schema is changed, for the records and for logins."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

__all__ = ["upgrading"]

_UPGRADE_S: Final = 3_600.0
"""The steps of a schema, and waiting for who takes them, take longer than any answer."""


@asynccontextmanager
async def upgrading(
    url: URL, engine: AsyncEngine, make: Callable[[URL, float], AsyncEngine]
) -> AsyncIterator[AsyncConnection]:
    """A transaction of a connection that is waited for as long as an upgrade may take.

    Args:
        url: the database.
        engine: what serves it otherwise, as it does SQLite's upgrades, too.
        make: makes an engine whose answers may take so many seconds.
    """
    patient = engine if url.drivername.startswith("sqlite") else make(url, _UPGRADE_S)
    try:
        async with patient.begin() as connection:
            yield connection
    finally:
        if patient is not engine:
            await patient.dispose()
