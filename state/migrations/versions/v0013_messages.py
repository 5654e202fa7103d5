"""The texts of messages apart from what became of them, so that noting a message as sent writes little."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "messages",
        sa.Column("delivery_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("message", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], name="fk_messages_delivery_id"),
        sa.PrimaryKeyConstraint("delivery_id", name="pk_messages"),
    )
    op.execute(
        "INSERT INTO messages (delivery_id, message) SELECT id, message FROM deliveries WHERE length(message) > 0"
    )
    op.drop_column("deliveries", "message")
