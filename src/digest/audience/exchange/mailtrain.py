"""Mailtrain: the export of a list."""

from digest.audience.exchange import base
from digest.errors import BadRow
from digest.model import Incoming

_STATUS = {"1": base.ACTIVE, "2": base.ENDED, "3": base.BOUNCED, "4": base.COMPLAINED}


def read(row: base.Row) -> Incoming:
    """Return the row; of some people only the hash of the address is left."""
    if not row["email"]:
        raise BadRow("the address was deleted there; only its hash is left")
    return Incoming(
        row["email"],
        base.full_name(
            row.get("first_name", "") or row.get("merge_first_name", ""),
            row.get("last_name", "") or row.get("merge_last_name", ""),
        ),
        created_at=base.moment(row.get("created", "")),
        **base.stand(base.standing(row["status"], _STATUS)),
    )


MAILTRAIN = base.Format("Mailtrain", (frozenset({"cid", "status", "hash_email", "email"}),), read)
