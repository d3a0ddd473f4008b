"""Read moments as feeds, pages and people write them; never guess a part that is not there."""

from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime

_EARLIEST = 1700  #: newspapers are not older; year 1 is what empty values of some programs print
_LONGEST = 80  #: characters; no date is longer


def moment(text: str) -> datetime | None:
    """Return the moment `text` states in UTC, or None; without a zone it is read as UTC."""
    text = text.strip()
    if not text or len(text) > _LONGEST or not text.isprintable():
        return None
    for read in (datetime.fromisoformat, parsedate_to_datetime, _loose):
        try:
            found = read(text)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        if found is not None:
            return utc(found)
    return None


def utc(found: datetime | date) -> datetime | None:
    """Return `found` as an aware moment in UTC, None when it cannot be a date of an article."""
    if not isinstance(found, datetime):
        found = datetime(found.year, found.month, found.day, tzinfo=UTC)
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
    try:
        found = found.astimezone(UTC)
    except (OverflowError, ValueError):
        return None
    return found if found.year >= _EARLIEST and found.timestamp() != 0 else None


def _loose(text: str) -> datetime | None:
    """Read "November 20, 2026" and the like; None unless year, month and day are all there.

    dateutil fills what is missing from a default, so two defaults must give the same date.
    """
    from dateutil import parser

    first, second = (
        parser.parse(text, default=datetime(year, month, day), ignoretz=False)  # noqa: DTZ001
        for year, month, day in ((2001, 1, 1), (2002, 2, 2))
    )
    return first if first == second else None
