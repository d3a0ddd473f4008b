"""MailPoet: the export of its subscribers page, one row for each list; quotes as `\\"`."""

from digest.audience.exchange import base
from digest.model import Incoming

#: Inactive people have not opened a mail for long; they have not left.
_STATUS = base.standings(
    active="subscribed, inactive",
    pending="unconfirmed",
    ended="unsubscribed",
    bounced="bounced",
)


def read(row: base.Row) -> Incoming:
    """Return the row: whoever left the list or everything is out; the list becomes a tag."""
    both = [base.standing(row[column], _STATUS) for column in _COLUMNS if row[column]]
    worst = max(
        both or [base.PENDING], key=[base.ACTIVE, base.PENDING, base.ENDED, base.BOUNCED].index
    )
    return Incoming(
        row["email"],
        base.full_name(row.get("first name", ""), row.get("last name", "")),
        created_at=base.moment(row.get("subscription time", "")),
        confirmed_at=base.moment(row.get("confirmation time", "")),
        tags=base.split_words(row["list"], "\n"),
        ip=row.get("confirmation ip", "") or row.get("subscription ip", ""),
        **base.stand(worst),
    )


_COLUMNS = ("global status", "list status")
MAILPOET = base.Format("MailPoet", (frozenset({"email", "list", *_COLUMNS}),), read, escape="\\")
