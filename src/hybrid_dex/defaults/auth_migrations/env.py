"""What Alembic runs: the steps, over the connection that `upgrade` was given."""

from alembic import context

from hybrid_dex.defaults.auth_migrations import VERSION_TABLE
from hybrid_dex.defaults.auth_tables import AuthBase

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=AuthBase.metadata,
    version_table=VERSION_TABLE,
)
context.run_migrations()
