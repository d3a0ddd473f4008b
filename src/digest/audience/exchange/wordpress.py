"""WordPress.com and Jetpack: the subscribers with the columns of the subscribers page.

A file with nothing but addresses is read as any other CSV.
"""

from digest.audience.exchange import base
from digest.model import Incoming

#: https://wordpress.com/support/subscribers/; "not sending" is theirs to know: bounced, or spam.
_STATUS = base.standings(
    active="subscribed", ended="not subscribed", pending="not confirmed", admin="not sending"
)


def read(row: base.Row) -> Incoming:
    """Return the row."""
    return Incoming(
        row["email"],
        base.full_name(row.get("name", "")),
        created_at=base.moment(row.get("since", "") or row.get("subscription date", "")),
        **base.stand(base.standing(row["email subscription"], _STATUS)),
    )


WORDPRESS = base.Format("WordPress.com", (frozenset({"email", "email subscription"}),), read)
