"""Remember since when a feed fails, and whether somebody was told."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("feed", sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True))
    told: sa.Column[bool] = sa.Column(
        "told", sa.Boolean(), nullable=False, server_default=sa.false()
    )
    op.add_column("feed", told)
