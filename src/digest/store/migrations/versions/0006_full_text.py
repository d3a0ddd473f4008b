"""Remember which feeds' articles are completed from their pages, and which pages to ask."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    wanted: sa.Column[bool] = sa.Column(
        "full_text", sa.Boolean(), nullable=False, server_default=sa.false()
    )
    op.add_column("feed", wanted)
    op.add_column(
        "article", sa.Column("pages_left", sa.Integer(), nullable=False, server_default="0")
    )
