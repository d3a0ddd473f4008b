"""Buttondown: the export of its subscribers."""

from digest.audience.exchange import base
from digest.model import Incoming

_STATUS = base.standings(
    active="regular, premium, gifted, trialed, churning, churned, past_due, unpaid, upcoming",
    pending="unactivated",
    ended="unsubscribed, removed, paused",
    bounced="undeliverable",
    complained="complained",
    admin="blocked, spammy, malicious",
)


def read(row: base.Row) -> Incoming:
    """Return the row; a date of leaving counts whatever the type says."""
    found = base.standing(row["subscriber_type"], _STATUS)
    ended = base.moment(row.get("unsubscription_date", ""))
    if ended and found in (base.ACTIVE, base.PENDING):
        found = base.ENDED
    return Incoming(
        row["email"],
        created_at=base.moment(row.get("creation_date", "")),
        confirmed_at=base.moment(row.get("subscription_date", ""))
        if found != base.PENDING
        else None,
        ended_at=ended,
        tags=base.split_words(row.get("tags", ""), ";"),
        ip=row.get("ip_address", ""),
        **base.stand(found),
    )


BUTTONDOWN = base.Format(
    "Buttondown", (frozenset({"email", "subscriber_type", "creation_date"}),), read
)
