"""What a judgement of a few changes looks up by something else than ids: needs by the name that they want, and records
without a category, which is how a status of unknown meaning is stored."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_needs_wanted_normalised", "needs", ["wanted_normalised"])
    op.create_index("ix_needs_wanted_rest", "needs", ["wanted_rest"])
    op.create_index(
        "ix_records_without_category",
        "records",
        ["category", "kind"],
        sqlite_where=sa.text("category IS NULL"),
        postgresql_where=sa.text("category IS NULL"),
    )
