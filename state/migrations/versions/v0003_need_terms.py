"""By which calendar the lag of a need counts, and who looks after the need."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("needs", sa.Column("calendar", sa.String(), nullable=True))
    op.add_column("needs", sa.Column("owner", sa.String(), nullable=True))
