"""beehiiv: the export of its subscribers."""

from digest.audience.exchange.base import (
    ACTIVE,
    BOUNCED,
    ENDED,
    PENDING,
    Format,
    Row,
    full_name,
    moment,
    split_words,
    stand,
    standing,
)
from digest.model import Incoming

_STATUS = {
    "active": ACTIVE,
    "pending": PENDING,
    "validating": PENDING,
    "needs_attention": PENDING,
    "inactive": ENDED,
    "unsubscribed": ENDED,
    "invalid": BOUNCED,
}


def read(row: Row) -> Incoming:
    """Return the row; a date of leaving counts whatever the status says."""
    found, ended = standing(row["status"], _STATUS), moment(row.get("unsubscribed_at", ""))
    if ended and found in (ACTIVE, PENDING):
        found = ENDED
    return Incoming(
        row["email"],
        full_name(row.get("first name", ""), row.get("last name", "")),
        created_at=moment(row["created_at"]),
        ended_at=ended,
        tags=split_words(row.get("tags", ""), ","),
        **stand(found),
    )


BEEHIIV = Format("beehiiv", (frozenset({"email", "status", "tier", "created_at"}),), read)
