"""From which answer each record was read, so that the same answer need not be read again."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "answers",
        sa.Column("record_id", sa.String(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["record_id"], ["records.id"], name="fk_answers_record_id"),
        sa.PrimaryKeyConstraint("record_id", name="pk_answers"),
        sqlite_with_rowid=False,
    )
