"""What Alembic runs: the steps, over the connection that `upgrade` was given."""

from alembic import context

from hybrid_dex.defaults.sql_detail_tables import CandleRow
from hybrid_dex.defaults.sql_tables import Base

assert CandleRow.metadata is Base.metadata, "both modules' tables are told to Alembic"

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
context.run_migrations()
