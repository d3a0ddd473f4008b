"""MailPoet: the export of its subscribers page, one row for each list; quotes as `\\"`."""

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

#: Inactive people have not opened a mail for long; they have not left.
_STATUS = {
    "subscribed": ACTIVE,
    "inactive": ACTIVE,
    "unconfirmed": PENDING,
    "unsubscribed": ENDED,
    "bounced": BOUNCED,
}


def read(row: Row) -> Incoming:
    """Return the row: whoever left the list or everything is out; the list becomes a tag."""
    both = [standing(row[column], _STATUS) for column in _COLUMNS if row[column]]
    worst = max(both or [PENDING], key=[ACTIVE, PENDING, ENDED, BOUNCED].index)
    return Incoming(
        row["email"],
        full_name(row.get("first name", ""), row.get("last name", "")),
        created_at=moment(row.get("subscription time", "")),
        confirmed_at=moment(row.get("confirmation time", "")),
        tags=split_words(row["list"], "\n"),
        ip=row.get("confirmation ip", "") or row.get("subscription ip", ""),
        **stand(worst),
    )


_COLUMNS = ("global status", "list status")
MAILPOET = Format("MailPoet", (frozenset({"email", "list", *_COLUMNS}),), read, escape="\\")
