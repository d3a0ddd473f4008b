"""Keep readers' choices, evidence of consent, and imports that can be taken back."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(JSONB(), "postgresql")
_TEXTS = {
    "subscriber": ("tags", "language", "timezone"),
    "subscription": ("muted", "density"),
    "consent_event": ("words", "by", "ip"),
    "suppression": ("note",),
}
_STATUS = """
UPDATE subscriber SET status = CASE
  WHEN EXISTS (SELECT 1 FROM suppression x WHERE x.address_digest = subscriber.address_digest)
    THEN 'suppressed'
  WHEN EXISTS (SELECT 1 FROM subscription s WHERE s.subscriber_id = subscriber.id
    AND s.state = 'active') THEN 'active'
  WHEN EXISTS (SELECT 1 FROM subscription s WHERE s.subscriber_id = subscriber.id
    AND s.state = 'pending') THEN 'pending'
  WHEN EXISTS (SELECT 1 FROM subscription s WHERE s.subscriber_id = subscriber.id)
    THEN 'ended'
  ELSE 'pending' END
"""


def upgrade() -> None:
    for table, names in _TEXTS.items():
        for name in names:
            op.add_column(table, sa.Column(name, sa.String(), nullable=False, server_default=""))
        op.add_column(table, sa.Column("import_id", sa.Integer(), nullable=True))
    status = sa.Column("status", sa.String(), nullable=False, server_default="pending")
    op.add_column("subscriber", status)
    op.add_column("subscription", sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(_STATUS)
    op.create_index("subscriber_listed", "subscriber", ["status", "id"])
    op.create_index("subscriber_created", "subscriber", ["status", "created_at"])
    _import()


def _import() -> None:
    op.create_table(
        "import",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("newsletter", sa.String(), nullable=False),
        sa.Column("consent", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("counts", JSON, nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import")),
    )
    op.create_table(
        "import_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("subscriber_id", sa.Integer(), nullable=False),
        sa.Column("subscription_id", sa.Integer(), nullable=True),
        sa.Column("before", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["import.id"],
            name=op.f("fk_import_change_import_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_change")),
    )
    op.create_index(op.f("ix_import_change_import_id"), "import_change", ["import_id"])
