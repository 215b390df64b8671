"""The schema of the records, one step a module in `versions`, applied by Alembic.

A step is never changed after a release: a new one follows it. A test holds the sum of all steps
to the tables that `sql_tables` declares.
"""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

__all__ = ["upgrade"]

_LOCK: Final = 0x68_64_65_78
"""Which PostgreSQL advisory lock keeps two starting processes from upgrading at once."""


def upgrade(connection: Connection) -> None:
    """Bring the schema up to date inside the connection's transaction.

    Raises:
        alembic.util.CommandError: the database was written by a newer version.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # the driver begins none for DDL
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    command.upgrade(config, "head")
