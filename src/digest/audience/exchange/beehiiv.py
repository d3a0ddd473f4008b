"""beehiiv: the export of its subscribers."""

from digest.audience.exchange import base
from digest.model import Incoming

_STATUS = base.standings(
    active="active",
    pending="pending, validating, needs_attention",
    ended="inactive, unsubscribed",
    bounced="invalid",
)


def read(row: base.Row) -> Incoming:
    """Return the row; a date of leaving counts whatever the status says."""
    found, ended = (
        base.standing(row["status"], _STATUS),
        base.moment(row.get("unsubscribed_at", "")),
    )
    if ended and found in (base.ACTIVE, base.PENDING):
        found = base.ENDED
    return Incoming(
        row["email"],
        base.full_name(row.get("first name", ""), row.get("last name", "")),
        created_at=base.moment(row["created_at"]),
        ended_at=ended,
        tags=base.split_words(row.get("tags", ""), ","),
        **base.stand(found),
    )


BEEHIIV = base.Format("beehiiv", (frozenset({"email", "status", "tier", "created_at"}),), read)
