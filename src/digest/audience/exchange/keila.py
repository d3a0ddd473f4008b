"""Keila: the export of its contacts."""

import json

from digest.audience.exchange import base
from digest.errors import BadRow
from digest.model import Incoming

_STATUS = {"active": base.ACTIVE, "unsubscribed": base.ENDED, "unreachable": base.BOUNCED}


def read(row: base.Row) -> Incoming:
    """Return the row; a list of words under `tags` in its data becomes tags."""
    return Incoming(
        row["email"],
        base.full_name(row.get("first name", ""), row.get("last name", "")),
        tags=_tags(row["data"]),
        **base.stand(base.standing(row["status"], _STATUS)),
    )


def _tags(cell: str) -> tuple[str, ...]:
    try:
        data = json.loads(cell or "{}")
    except (ValueError, RecursionError) as error:
        raise BadRow(f"the data {cell[:40]!r} is no JSON") from error
    tags = data.get("tags") if isinstance(data, dict) else None
    found = tags if isinstance(tags, list) else []
    return base.split_words("\n".join(tag for tag in found if isinstance(tag, str)), "\n")


KEILA = base.Format("Keila", (frozenset({"email", "data", "status", "external id"}),), read)
