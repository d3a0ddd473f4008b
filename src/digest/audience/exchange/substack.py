"""Substack: the e-mail list, and the export of the subscriber dashboard."""

from digest.audience.exchange import base
from digest.model import Incoming

_DELETED = "@deletion-request.substack.com"


def read(row: base.Row) -> Incoming | None:
    """Return the row; None for an account that was deleted.

    `active_subscription` is about money; `email_disabled` is what says who gets no mail.
    """
    if row["email"].lower().endswith(_DELETED):
        return None
    disabled = base.yes(row.get("email_disabled", ""))
    return Incoming(
        row["email"],
        base.full_name(row.get("name", "")),
        created_at=base.moment(row.get("created_at", "") or row.get("subscription date", "")),
        **base.stand(base.ENDED if disabled else base.ACTIVE),
    )


SUBSTACK = base.Format(
    "Substack",
    (
        frozenset({"email", "active_subscription", "email_disabled"}),
        frozenset({"email", "subscription type", "activity", "subscription date"}),
    ),
    read,
)
