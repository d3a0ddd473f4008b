"""Mailchimp: the subscribed, unsubscribed and cleaned files of an audience export."""

import csv

from digest.audience.exchange import base
from digest.errors import BadRow
from digest.model import Incoming


def read(row: base.Row) -> Incoming:
    """Return the row: the file it stands in is its status."""
    get = row.get
    return Incoming(
        row["email address"],
        base.full_name(get("first name", ""), get("last name", "")),
        created_at=base.moment(get("optin_time", "") or get("confirm_time", "")),
        confirmed_at=base.moment(get("confirm_time", "")),
        ended_at=base.moment(get("unsub_time", "") or get("clean_time", "")),
        tags=_tags(get("tags", "")),
        ip=get("confirm_ip", "") or get("optin_ip", ""),
        **base.stand(_standing(row)),
    )


def _standing(row: base.Row) -> base.Standing:
    if "clean_time" in row:
        return base.BOUNCED
    if "unsub_time" not in row:
        return base.ACTIVE
    reason = (row.get("unsub_reason", "") + row.get("unsub_reason_other", "")).lower()
    return base.COMPLAINED if "abuse" in reason or "complain" in reason else base.ENDED


def _tags(cell: str) -> tuple[str, ...]:
    """Read `"one","two, with a comma"`: the cell is a line of CSV itself."""
    try:
        return base.split_words("\n".join(next(csv.reader([cell], strict=True), [])), "\n")
    except csv.Error as error:
        raise BadRow(f"the tags {cell[:40]!r} cannot be read: {error}") from error


MAILCHIMP = base.Format(
    "Mailchimp",
    tuple(
        frozenset({"email address", column})
        for column in ("member_rating", "unsub_time", "clean_time", "leid", "euid")
    ),
    read,
)
