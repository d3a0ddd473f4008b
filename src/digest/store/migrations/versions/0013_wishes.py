"""Find people by what they wish and by domain at once; indexes an import can make anew."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_DOMAIN = """
UPDATE subscriber SET domain =
  substr(email_key, length(rtrim(email_key, replace(email_key, '@', ''))) + 1)
"""
_PART = "CAST(length({0}) AS VARCHAR) || ':' || {0}"
_WISHES = """
UPDATE subscriber SET wishes = {language} || {timezone} || coalesce((
  SELECT {gather}(open.wish, '') FROM (
    SELECT {newsletter} || {density} || {muted} AS wish FROM subscription
    WHERE subscription.subscriber_id = subscriber.id AND subscription.state <> 'ended'
    ORDER BY subscription.newsletter) AS open), '')
"""
_NAMES = ("language", "timezone", "newsletter", "density", "muted")


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    op.drop_index("subscriber_tagged", "subscriber")
    with op.batch_alter_table("subscriber") as subscriber:
        for name in ("domain", "wishes"):
            column = sa.Column(name, sa.String(), nullable=False, server_default="")
            subscriber.add_column(column)
        subscriber.drop_constraint(op.f("uq_subscriber_email"), type_="unique")
        subscriber.drop_constraint(op.f("uq_subscriber_email_key"), type_="unique")
    with op.batch_alter_table("subscription") as subscription:
        subscription.drop_constraint(op.f("uq_subscription_public_id"), type_="unique")
    parts = {name: _PART.format(name) for name in _NAMES}
    op.execute(_DOMAIN)
    op.execute(_WISHES.format(gather="group_concat" if sqlite else "string_agg", **parts))
    op.create_index("subscriber_key", "subscriber", ["email_key"], unique=True)
    op.create_index("subscription_public_id", "subscription", ["public_id"], unique=True)
    op.create_index("subscriber_wishes", "subscriber", ["wishes", "status", "created_at", "tags"])
    op.create_index("subscriber_domain", "subscriber", ["domain", "status", "wishes"])
    some = sa.text("tags <> ''")
    op.create_index(
        "subscriber_tagged",
        "subscriber",
        ["tags", "domain", "status", "wishes", "created_at"],
        sqlite_where=some,
        postgresql_where=some,
    )
