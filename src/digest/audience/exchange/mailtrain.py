"""Mailtrain: the export of a list."""

from digest.audience.exchange.base import (
    ACTIVE,
    BOUNCED,
    COMPLAINED,
    ENDED,
    Format,
    Row,
    full_name,
    moment,
    stand,
    standing,
)
from digest.errors import BadRow
from digest.model import Incoming

_STATUS = {"1": ACTIVE, "2": ENDED, "3": BOUNCED, "4": COMPLAINED}


def read(row: Row) -> Incoming:
    """Return the row; of some people only the hash of the address is left."""
    if not row["email"]:
        raise BadRow("the address was deleted there; only its hash is left")
    return Incoming(
        row["email"],
        full_name(
            row.get("first_name", "") or row.get("merge_first_name", ""),
            row.get("last_name", "") or row.get("merge_last_name", ""),
        ),
        created_at=moment(row.get("created", "")),
        **stand(standing(row["status"], _STATUS)),
    )


MAILTRAIN = Format("Mailtrain", (frozenset({"cid", "status", "hash_email", "email"}),), read)
