"""What a file format is, and how the cells of its rows are read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from digest.errors import BadRow
from digest.model import Incoming, SubscriptionState, SuppressionReason
from digest.text import clean

Row = Mapping[str, str]  #: cells by the names of the columns in lower case, outer spaces cut

#: What starts a formula, with the full-width forms.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_EARLIEST, _LATEST = 1970, 2100
_MONTH_FIRST, _DAY_FIRST = datetime(2001, 1, 1), datetime(2002, 2, 2)  # noqa: DTZ001


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file, known by its header."""

    name: str
    signatures: tuple[frozenset[str], ...]  #: columns in lower case; one set must be there whole
    read: Callable[[Row], Incoming | None]  #: BadRow for a wrong value; None: not a person's row
    escape: str | None = None  #: what stands before a quote inside quotes, if not a quote


#: What a status word means: consent, and the reason the address must not be mailed.
Standing = tuple[SubscriptionState, SuppressionReason | None]
ACTIVE: Standing = (SubscriptionState.ACTIVE, None)
PENDING: Standing = (SubscriptionState.PENDING, None)
ENDED: Standing = (SubscriptionState.ENDED, None)
BOUNCED: Standing = (SubscriptionState.ENDED, SuppressionReason.BOUNCED)
COMPLAINED: Standing = (SubscriptionState.ENDED, SuppressionReason.COMPLAINED)
ASKED: Standing = (SubscriptionState.ENDED, SuppressionReason.ASKED)
ADMIN: Standing = (SubscriptionState.ENDED, SuppressionReason.ADMIN)


def standings(**words: str) -> dict[str, Standing]:
    """Return what each status word means, as in `ended="unsubscribed, left"`."""
    known = {"active": ACTIVE, "pending": PENDING, "ended": ENDED, "bounced": BOUNCED}
    known |= {"complained": COMPLAINED, "asked": ASKED, "admin": ADMIN}
    return {word: known[name] for name, text in words.items() for word in text.split(", ")}


def standing(word: str, known: Mapping[str, Standing]) -> Standing:
    """Return what a status means; BadRow for one that is not known: guessing could revive."""
    found = known.get(word.lower())
    if found is None:
        raise BadRow(f"the status {word[:40]!r} is not one of {', '.join(known)}")
    return found


@lru_cache(maxsize=4096)  # most files have days
def moment(text: str) -> datetime | None:
    """Return a moment in UTC, None for an empty cell; BadRow when it is none or could be two."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = _loose(text)
    found = found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    if not _EARLIEST <= found.year < _LATEST:
        raise BadRow(f"the date {text[:40]!r} lies outside the years 1970 to 2099")
    return found


def _loose(text: str) -> datetime:
    """Read "Jan 2, 2024 at 3:04 PM", "2024-01-02 03:04:05 UTC"; 3/4/2024 could be two days."""
    from dateutil import parser

    try:
        if len(text) > 60:
            raise BadRow(f"the date {text[:40]!r} cannot be read")
        one, other = (
            parser.parse(text, default=default, dayfirst=turned and not text[:4].isdecimal())
            for default, turned in ((_MONTH_FIRST, False), (_DAY_FIRST, True))
        )
    except (ValueError, OverflowError, TypeError) as error:
        raise BadRow(f"the date {text[:40]!r} cannot be read; write 2026-01-31") from error
    if one != other:
        raise BadRow(f"the date {text[:40]!r} is incomplete or could be two; write 2026-01-31")
    return one


def split_words(text: str, separator: str) -> tuple[str, ...]:
    """Return the words of a cell, each once, in their order."""
    if not text:
        return ()
    return tuple(dict.fromkeys(filter(None, (clean(word)[:100] for word in text.split(separator)))))


def full_name(*parts: str) -> str:
    """Return a name on one line."""
    return clean(" ".join(parts))[:200]


def yes(text: str) -> bool:
    """Read a cell that says true or false; BadRow for anything else."""
    word = text.lower()
    if word in {"true", "1", "yes", "t", "y"}:
        return True
    if word in {"false", "0", "no", "f", "n", ""}:
        return False
    raise BadRow(f"{text[:40]!r} is neither true nor false")


def stand(found: Standing) -> dict[str, Any]:
    """Return a standing as the fields of a row."""
    return {"state": found[0], "suppressed": found[1]}


def cell(text: str) -> str:
    """Return a cell that no spreadsheet program runs as a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
