"""The schema of the records, one step a module in `versions`, applied by Alembic.

A step is never changed after a release: a new one follows it. A test holds the sum of all steps
to the tables that `sql_tables` declares.
"""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

__all__ = ["newest_revision", "revision_of", "upgrade"]

_LOCK: Final = 0x68_64_65_78
"""Which PostgreSQL advisory lock keeps two starting processes from upgrading at once."""


def upgrade(connection: Connection, revision: str = "head", *, only_empty: bool = False) -> None:
    """Bring the schema up to a step, the newest by default, inside the connection's transaction.

    Args:
        connection: on which nothing was done yet.
        revision: up to which step.
        only_empty: leave a schema alone that is there.

    Raises:
        alembic.util.CommandError: the database was written by a newer version.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # the driver begins none for DDL
    if only_empty and revision_of(connection) is not None:
        return
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def revision_of(connection: Connection) -> str | None:
    """Return the step that a database's schema is at, ``None`` for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def newest_revision() -> str:
    """Return the step that this program knows as the last."""
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    assert newest is not None, "there is a first step"
    return newest


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return config
