"""The database itself refuses to change or delete a transition."""

from alembic import op

from state.append_only import statements

revision = "0005"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in statements("transitions", op.get_bind().dialect.name):
        op.execute(statement)
