"""What Alembic runs: the migrations on the connection, and inside the transaction, that ``state.schema`` gives it."""

from alembic import context

from state.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    transactional_ddl=True,
    render_as_batch=connection.dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
