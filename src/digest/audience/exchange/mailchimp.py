"""Mailchimp: the subscribed, unsubscribed and cleaned files of an audience export."""

import csv

from digest.audience.exchange.base import (
    ACTIVE,
    BOUNCED,
    COMPLAINED,
    ENDED,
    Format,
    Row,
    Standing,
    full_name,
    moment,
    split_words,
    stand,
)
from digest.errors import BadRow
from digest.model import Incoming


def read(row: Row) -> Incoming:
    """Return the row: the file it stands in is its status."""
    get = row.get
    return Incoming(
        row["email address"],
        full_name(get("first name", ""), get("last name", "")),
        created_at=moment(get("optin_time", "") or get("confirm_time", "")),
        confirmed_at=moment(get("confirm_time", "")),
        ended_at=moment(get("unsub_time", "") or get("clean_time", "")),
        tags=_tags(get("tags", "")),
        ip=get("confirm_ip", "") or get("optin_ip", ""),
        **stand(_standing(row)),
    )


def _standing(row: Row) -> Standing:
    if "clean_time" in row:
        return BOUNCED
    if "unsub_time" not in row:
        return ACTIVE
    reason = (row.get("unsub_reason", "") + row.get("unsub_reason_other", "")).lower()
    return COMPLAINED if "abuse" in reason or "complain" in reason else ENDED


def _tags(cell: str) -> tuple[str, ...]:
    """Read `"one","two, with a comma"`: the cell is a line of CSV itself."""
    try:
        return split_words("\n".join(next(csv.reader([cell], strict=True), [])), "\n")
    except csv.Error as error:
        raise BadRow(f"the tags {cell[:40]!r} cannot be read: {error}") from error


MAILCHIMP = Format(
    "Mailchimp",
    tuple(
        frozenset({"email address", column})
        for column in ("member_rating", "unsub_time", "clean_time", "leid", "euid")
    ),
    read,
)
