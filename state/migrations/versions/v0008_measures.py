"""What Driftline measures about itself: when findings opened and what became of each, and the measures of each run."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "openings",
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("news", sa.Boolean(), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("objective_ids", sa.Text(), nullable=False),
        sa.Column("changed_in", sa.String(), nullable=False),
        sa.Column("other", sa.String(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reflected", sa.Boolean(), nullable=False),
        sa.Column("reflected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["sequence"], ["transitions.sequence"], name="fk_openings_sequence"),
        sa.PrimaryKeyConstraint("sequence", name="pk_openings"),
    )
    op.create_index("ix_openings_fingerprint", "openings", ["fingerprint"])
    op.create_table(
        "measures",
        sa.Column("run_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_measures_run_id"),
        sa.PrimaryKeyConstraint("run_id", name="pk_measures"),
    )
