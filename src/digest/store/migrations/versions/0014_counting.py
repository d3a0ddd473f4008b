"""Let indexes tell who wants an edition another way: counting them looks at nobody else."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_INDEXES = (
    ("subscriber_speaks", "subscriber", ["language"], "language <> ''"),
    (
        "subscription_wishes",
        "subscription",
        ["newsletter", "state", "muted", "density"],
        "muted <> '' OR density <> ''",
    ),
)


def upgrade() -> None:
    for name, table, columns, where in _INDEXES:
        some = sa.text(where)
        op.create_index(name, table, columns, sqlite_where=some, postgresql_where=some)
