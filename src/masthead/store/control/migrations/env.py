"""What Alembic runs for every migration: on the connection, and in the transaction, that `Database.migrate` opened."""

from alembic import context

from masthead.store.control.tables import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
context.run_migrations()
