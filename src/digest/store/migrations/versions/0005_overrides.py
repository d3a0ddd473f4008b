"""Keep what editors decide; keep the articles left out compressed, beside the edition."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "override",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("edition_id", sa.Integer(), nullable=True),
        sa.Column("article_id", sa.String(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", JSON, nullable=True),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["edition_id"],
            ["edition.id"],
            name=op.f("fk_override_edition_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["article_id"],
            ["article.id"],
            name=op.f("fk_override_article_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_override")),
    )
    for column in ("edition_id", "article_id"):
        op.create_index(op.f(f"ix_override_{column}"), "override", [column])
    boost: sa.Column[float] = sa.Column("boost", sa.Float(), nullable=False, server_default="0")
    op.add_column("article", boost)
    op.add_column("article", sa.Column("edits", JSON, nullable=False, server_default="{}"))
    op.add_column("edition", sa.Column("left_out", sa.LargeBinary(), nullable=True))
