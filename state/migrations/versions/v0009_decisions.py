"""What was decided about findings, by whom and until when; the database itself refuses to change or delete it."""

import sqlalchemy as sa
from alembic import op

from state.append_only import statements

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "decisions",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_decisions"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "decided",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["number"], ["decisions.number"], name="fk_decided_number"),
        sa.ForeignKeyConstraint(["fingerprint"], ["findings.fingerprint"], name="fk_decided_fingerprint"),
        sa.PrimaryKeyConstraint("number", "fingerprint", name="pk_decided"),
    )
    op.create_index("ix_decided_fingerprint", "decided", ["fingerprint"])
    for table in ("decisions", "decided"):
        for statement in statements(table, op.get_bind().dialect.name):
            op.execute(statement)
