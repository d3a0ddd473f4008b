"""Say of a feed whether it holds articles or is a front page."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("feed", sa.Column("kind", sa.String(), nullable=False, server_default="articles"))
