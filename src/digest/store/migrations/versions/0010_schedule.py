"""Keep notices: one for each fact and target, waiting until it was taken."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

#: What stands in the database at the upgrade is no news.
_OLD = """
INSERT INTO notice (about, fact, target, line, text, html, made_at, told_at, attempts)
SELECT newsletter || '@' || CAST(slot_on AS VARCHAR), {fact}, 'log', '', '', '',
  changed_at, changed_at, 0 FROM edition WHERE state IN ({states})
"""


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    words = ("about", "fact", "target", "line", "text", "html")
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in words),
        sa.Column("made_at", moment, nullable=False),
        sa.Column("told_at", moment, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_at", moment, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("about", "fact", "target", name=op.f("uq_notice_about_fact_target")),
    )
    op.create_index(op.f("ix_notice_next_try_at"), "notice", ["next_try_at"])
    op.create_index("edition_state", "edition", ["state"])
    states = "'held', 'skipped', 'missed', 'paused'"
    op.execute(_OLD.format(fact="state || ': ' || reason", states=states))
    for fact in ("'uncertain'", "'failed'"):
        op.execute(_OLD.format(fact=fact, states="'sent'"))
