"""Keila: the export of its contacts."""

import json

from digest.audience.exchange.base import (
    ACTIVE,
    BOUNCED,
    ENDED,
    Format,
    Row,
    full_name,
    split_words,
    stand,
    standing,
)
from digest.errors import BadRow
from digest.model import Incoming

_STATUS = {"active": ACTIVE, "unsubscribed": ENDED, "unreachable": BOUNCED}


def read(row: Row) -> Incoming:
    """Return the row; a list of words under `tags` in its data becomes tags."""
    return Incoming(
        row["email"],
        full_name(row.get("first name", ""), row.get("last name", "")),
        tags=_tags(row["data"]),
        **stand(standing(row["status"], _STATUS)),
    )


def _tags(cell: str) -> tuple[str, ...]:
    try:
        data = json.loads(cell or "{}")
    except (ValueError, RecursionError) as error:
        raise BadRow(f"the data {cell[:40]!r} is no JSON") from error
    tags = data.get("tags") if isinstance(data, dict) else None
    found = tags if isinstance(tags, list) else []
    return split_words("\n".join(tag for tag in found if isinstance(tag, str)), "\n")


KEILA = Format("Keila", (frozenset({"email", "data", "status", "external id"}),), read)
