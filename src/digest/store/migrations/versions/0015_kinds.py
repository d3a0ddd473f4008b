"""Let an index tell the wishes of who wants another language; let names be looked through alone."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_INDEXES = (
    ("subscriber_speaks", ["language", "wishes", "id"], "language <> ''"),
    ("subscriber_named", ["name"], "name <> ''"),
)


def upgrade() -> None:
    op.drop_index("subscriber_speaks", "subscriber")
    for name, columns, where in _INDEXES:
        some = sa.text(where)
        op.create_index(name, "subscriber", columns, sqlite_where=some, postgresql_where=some)
