"""listmonk: the export of its subscribers page, and the file its importer takes."""

from digest.audience.exchange import base
from digest.model import Incoming

#: A blocklisted person gets no list's mail any more: by their own word, or after bounces.
_STATUS = base.standings(active="enabled", ended="disabled", asked="blocklisted, blacklisted")


def read(row: base.Row) -> Incoming:
    """Return the row; the import file has no status."""
    word = row.get("status", "")
    found = base.stand(base.standing(word, _STATUS)) if word else {}
    created = base.moment(row.get("created_at", ""))
    return Incoming(row["email"], base.full_name(row["name"]), created_at=created, **found)


LISTMONK = base.Format("listmonk", (frozenset({"email", "name", "attributes"}),), read)
