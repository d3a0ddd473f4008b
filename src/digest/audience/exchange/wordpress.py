"""WordPress.com and Jetpack: the subscribers with the columns of the subscribers page.

A file with nothing but addresses is read as any other CSV.
"""

from digest.audience.exchange.base import (
    ACTIVE,
    ADMIN,
    ENDED,
    PENDING,
    Format,
    Row,
    full_name,
    moment,
    stand,
    standing,
)
from digest.model import Incoming

#: https://wordpress.com/support/subscribers/; "not sending" is theirs to know: bounced, or spam.
_STATUS = {
    "subscribed": ACTIVE,
    "not subscribed": ENDED,
    "not confirmed": PENDING,
    "not sending": ADMIN,
}


def read(row: Row) -> Incoming:
    """Return the row."""
    return Incoming(
        row["email"],
        full_name(row.get("name", "")),
        created_at=moment(row.get("since", "") or row.get("subscription date", "")),
        **stand(standing(row["email subscription"], _STATUS)),
    )


WORDPRESS = Format("WordPress.com", (frozenset({"email", "email subscription"}),), read)
