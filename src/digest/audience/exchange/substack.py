"""Substack: the e-mail list, and the export of the subscriber dashboard."""

from digest.audience.exchange.base import (
    ACTIVE,
    ENDED,
    Format,
    Row,
    full_name,
    moment,
    stand,
    yes,
)
from digest.model import Incoming

_DELETED = "@deletion-request.substack.com"


def read(row: Row) -> Incoming | None:
    """Return the row; None for an account that was deleted.

    `active_subscription` is about money; `email_disabled` is what says who gets no mail.
    """
    if row["email"].lower().endswith(_DELETED):
        return None
    disabled = yes(row.get("email_disabled", ""))
    return Incoming(
        row["email"],
        full_name(row.get("name", "")),
        created_at=moment(row.get("created_at", "") or row.get("subscription date", "")),
        **stand(ENDED if disabled else ACTIVE),
    )


SUBSTACK = Format(
    "Substack",
    (
        frozenset({"email", "active_subscription", "email_disabled"}),
        frozenset({"email", "subscription type", "activity", "subscription date"}),
    ),
    read,
)
