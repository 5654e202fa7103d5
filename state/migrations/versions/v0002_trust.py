"""Who read a source, which containers were walked, what is held of it and who approved that."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sources", sa.Column("walked_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("sources", sa.Column("identity", sa.String(), nullable=True))
    op.add_column("sources", sa.Column("containers", sa.Text(), nullable=True))
    op.execute("UPDATE sources SET walked_at = read_at")
    op.create_table(
        "holds",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("source", name="pk_holds"),
    )
    op.create_table(
        "approvals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("held_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("approved_by", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_approvals"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_approvals_source", "approvals", ["source"])
