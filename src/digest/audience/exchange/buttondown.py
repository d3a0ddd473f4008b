"""Buttondown: the export of its subscribers."""

from digest.audience.exchange.base import (
    ACTIVE,
    ADMIN,
    BOUNCED,
    COMPLAINED,
    ENDED,
    PENDING,
    Format,
    Row,
    Standing,
    moment,
    split_words,
    stand,
    standing,
)
from digest.model import Incoming

_PAYING = "regular premium gifted trialed churning churned past_due unpaid upcoming"
_STATUS: dict[str, Standing] = (
    dict.fromkeys(_PAYING.split(), ACTIVE)
    | {"unactivated": PENDING, "unsubscribed": ENDED, "removed": ENDED, "paused": ENDED}
    | {"undeliverable": BOUNCED, "complained": COMPLAINED}
    | dict.fromkeys("blocked spammy malicious".split(), ADMIN)
)


def read(row: Row) -> Incoming:
    """Return the row; a date of leaving counts whatever the type says."""
    found = standing(row["subscriber_type"], _STATUS)
    ended = moment(row.get("unsubscription_date", ""))
    if ended and found in (ACTIVE, PENDING):
        found = ENDED
    return Incoming(
        row["email"],
        created_at=moment(row.get("creation_date", "")),
        confirmed_at=moment(row.get("subscription_date", "")) if found != PENDING else None,
        ended_at=ended,
        tags=split_words(row.get("tags", ""), ";"),
        ip=row.get("ip_address", ""),
        **stand(found),
    )


BUTTONDOWN = Format("Buttondown", (frozenset({"email", "subscriber_type", "creation_date"}),), read)
