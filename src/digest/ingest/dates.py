"""Read moments as feeds, pages and people write them; never guess a part that is not there."""

from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

_EARLIEST = 1700  #: newspapers are not older; year 1 is what empty values of some programs print
_LONGEST = 80  #: characters; no date is longer
#: Abbreviations that mean one thing in news; IST, for one, means three.
_HOURS = (
    {"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}
    | {"WET": 0, "WEST": 1, "BST": 1, "CET": 1, "MEZ": 1, "CEST": 2, "MESZ": 2, "EET": 2}
    | {"EEST": 3, "MSK": 3, "JST": 9, "KST": 9, "AEST": 10, "AEDT": 11, "UTC": 0, "GMT": 0}
)


def moment(text: str) -> datetime | None:
    """Return the moment `text` states in UTC, or None; without a zone it is read as UTC."""
    text = text.strip()
    if not text or len(text) > _LONGEST or not text.isprintable():
        return None
    for read in (datetime.fromisoformat, _loose):
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
    """Read "Fri, 20 Nov 2026 08:00:00 GMT", "November 20, 2026" and the like.

    dateutil fills what is missing from a default and takes 3/4 for March; so two readings, with
    other defaults and the other order, must agree.
    """
    from dateutil import parser

    first, second = (
        parser.parse(
            text,
            default=datetime(year, month, day),  # noqa: DTZ001
            dayfirst=turned and not text[:4].isdecimal(),
            tzinfos=_zone,
        )
        for year, month, day, turned in ((2001, 1, 1, False), (2002, 2, 2, True))
    )
    return first if first == second else None


def _zone(name: str | None, offset: int | None) -> tzinfo | None:
    """Return the zone of an abbreviation; an unknown one is read as UTC, like none at all."""
    if offset is not None:
        return timezone(timedelta(seconds=offset))
    hours = _HOURS.get((name or "").upper())
    return None if hours is None else timezone(timedelta(hours=hours))
