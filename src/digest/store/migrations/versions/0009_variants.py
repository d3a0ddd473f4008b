"""Keep several variants of an edition, and which one a reader gets; find people faster."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("variant") as variant:
        for name in ("number", "readers", "nearest"):
            column = sa.Column(name, sa.Integer(), nullable=False, server_default="0")
            variant.add_column(column)
        for name in ("muted", "density", "language"):
            text = sa.Column(name, sa.String(), nullable=False, server_default="")
            variant.add_column(text)
        variant.drop_constraint(op.f("pk_variant"), type_="primary")
        variant.create_primary_key(op.f("pk_variant"), ["edition_id", "number"])
    number = sa.Column("variant", sa.Integer(), nullable=False, server_default="0")
    op.add_column("delivery", number)
    op.drop_index("subscriber_created", "subscriber")
    op.create_index("subscriber_created", "subscriber", ["created_at", "status"])
    some = sa.text("tags <> ''")
    op.create_index(
        "subscriber_tagged",
        "subscriber",
        ["tags", "email_key", "status"],
        sqlite_where=some,
        postgresql_where=some,
    )
