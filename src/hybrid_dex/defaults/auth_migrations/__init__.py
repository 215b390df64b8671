"""The schema of auth, one step a module in `versions`, applied by Alembic.

A step is never changed after a release: a new one follows it. A test holds the sum of all steps
to the tables that `auth_tables` declares.
"""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

__all__ = ["VERSION_TABLE", "upgrade"]

VERSION_TABLE: Final = "auth_version"
"""Where Alembic notes how far it came; the records' note is another."""


def upgrade(connection: Connection) -> None:
    """Bring the schema up to date inside the connection's transaction, which is the only one.

    Raises:
        alembic.util.CommandError: the database was written by a newer version.
    """
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    command.upgrade(config, "head")
