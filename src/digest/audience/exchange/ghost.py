"""Ghost: the export of its members page."""

from digest.audience.exchange import base
from digest.model import Incoming


def read(row: base.Row) -> Incoming:
    """Return the row: who has no e-mail subscription left it, a deleted member is out."""
    deleted = base.moment(row["deleted_at"])
    wants = base.yes(row["subscribed_to_emails"]) and not deleted
    return Incoming(
        row["email"],
        base.full_name(row.get("name", "")),
        created_at=base.moment(row.get("created_at", "")),
        ended_at=deleted,
        tags=base.split_words(row.get("labels", ""), ","),
        **base.stand(base.ACTIVE if wants else base.ENDED),
    )


GHOST = base.Format("Ghost", (frozenset({"email", "subscribed_to_emails", "deleted_at"}),), read)
