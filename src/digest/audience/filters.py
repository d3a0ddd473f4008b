"""Expressions that pick subscribers: `status:active category:World since:2026-01-01`.

Terms stand side by side and all must hold; `OR` between them asks for one, `-` before one for its
opposite, brackets keep them together, commas inside one mean any of its values.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, tzinfo

from digest.errors import BadFilter
from digest.model import AllOf, AnyOf, Filter, Not, Term

_STATUSES = ("pending", "active", "ended", "suppressed")
_DENSITIES = ("full", "compact", "headlines")
_DEEPEST, _LONGEST = 20, 4_000
_TOKEN = re.compile(r"""\s*(?:([()])|(-?)([a-z_]+):((?:"[^"]*"|[^\s"()])+)|(-)(?=\()|(OR)\b)""")
_VALUE = re.compile(r'"([^"]*)"|([^,"]+)')


def _word(known: tuple[str, ...]) -> Callable[[str, tzinfo], str]:
    def read(text: str, zone: tzinfo) -> str:
        del zone
        if text not in known:
            raise BadFilter(f"{text!r} is not one of {', '.join(known)}")
        return text

    return read


def _text(text: str, zone: tzinfo) -> str:
    del zone
    return text


def _day(text: str, zone: tzinfo) -> datetime:
    """Return the moment a day begins in the publication's zone."""
    try:
        day = date.fromisoformat(text)
        return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BadFilter(f"{text!r} is not a day such as 2026-01-31") from error


#: Every field there is, and how its values are read.
FIELDS: dict[str, Callable[[str, tzinfo], str | datetime]] = {
    "status": _word(_STATUSES),
    "newsletter": _text,
    "category": _text,
    "tag": _text,
    "email": _text,
    "domain": _text,
    "name": _text,
    "language": _text,
    "timezone": _text,
    "density": _word(_DENSITIES),
    "since": _day,
    "until": _day,
}


def parse_filter(text: str, zone: tzinfo = UTC) -> Filter:
    """Return the tree of an expression, empty: everybody. BadFilter says what is wrong."""
    if len(text) > _LONGEST:
        raise BadFilter(f"it is longer than {_LONGEST} characters")
    tokens = _tokens(text)
    found = _either(tokens, zone, 0)
    if tokens:
        raise BadFilter("there is a bracket too many: )")
    return found


def _tokens(text: str) -> list[tuple[str, ...]]:
    tokens, place = [], 0
    text = text.rstrip()
    while place < len(text):
        found = _TOKEN.match(text, place)
        if not found:
            rest = text[place:].strip()[:40]
            raise BadFilter(f"{rest!r}: write FIELD:VALUE, with FIELD one of {', '.join(FIELDS)}")
        tokens.append(tuple(part or "" for part in found.groups()))
        place = found.end()
    return tokens[::-1]


def _either(tokens: list[tuple[str, ...]], zone: tzinfo, depth: int) -> Filter:
    if depth > _DEEPEST:
        raise BadFilter(f"brackets are nested more than {_DEEPEST} deep")
    choices: list[list[Filter]] = [[]]
    while tokens and tokens[-1][0] != ")":
        bracket, minus, field, value, minus_bracket, either = tokens.pop()
        if either:
            choices.append([])
        elif bracket or minus_bracket:
            if minus_bracket:
                tokens.pop()
            inner = _either(tokens, zone, depth + 1)
            if not tokens:
                raise BadFilter("a bracket is not closed")
            tokens.pop()
            choices[-1].append(Not(inner) if minus_bracket else inner)
        else:
            term = _term(field, value, zone)
            choices[-1].append(Not(term) if minus else term)
    if len(choices) > 1 and not all(choices):
        raise BadFilter("OR stands between two terms")
    every = [AllOf(tuple(parts)) for parts in choices]
    return every[0] if len(every) == 1 else AnyOf(tuple(every))


def _term(field: str, value: str, zone: tzinfo) -> Term:
    read = FIELDS.get(field)
    if read is None:
        raise BadFilter(f"there is no field {field!r}; there is {', '.join(FIELDS)}")
    texts = [quoted or plain for quoted, plain in _VALUE.findall(value)]
    if not texts or any("\0" in text for text in texts):
        raise BadFilter(f"{field}: has no value")
    return Term(field, tuple(read(text, zone) for text in texts))
