"""Ghost: the export of its members page."""

from digest.audience.exchange.base import (
    ACTIVE,
    ENDED,
    Format,
    Row,
    full_name,
    moment,
    split_words,
    stand,
    yes,
)
from digest.model import Incoming


def read(row: Row) -> Incoming:
    """Return the row: who has no e-mail subscription left it, a deleted member is out."""
    deleted = moment(row["deleted_at"])
    wants = yes(row["subscribed_to_emails"]) and not deleted
    return Incoming(
        row["email"],
        full_name(row.get("name", "")),
        created_at=moment(row.get("created_at", "")),
        ended_at=deleted,
        tags=split_words(row.get("labels", ""), ","),
        **stand(ACTIVE if wants else ENDED),
    )


GHOST = Format("Ghost", (frozenset({"email", "subscribed_to_emails", "deleted_at"}),), read)
