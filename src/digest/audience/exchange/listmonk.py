"""listmonk: the export of its subscribers page, and the file its importer takes."""

from digest.audience.exchange.base import (
    ACTIVE,
    ASKED,
    ENDED,
    Format,
    Row,
    full_name,
    moment,
    stand,
    standing,
)
from digest.model import Incoming

#: A blocklisted person gets no list's mail any more: by their own word, or after bounces.
_STATUS = {"enabled": ACTIVE, "disabled": ENDED, "blocklisted": ASKED, "blacklisted": ASKED}


def read(row: Row) -> Incoming:
    """Return the row; the import file has no status."""
    word = row.get("status", "")
    found = stand(standing(word, _STATUS)) if word else {}
    created = moment(row.get("created_at", ""))
    return Incoming(row["email"], full_name(row["name"]), created_at=created, **found)


LISTMONK = Format("listmonk", (frozenset({"email", "name", "attributes"}),), read)
