"""What the tables of config.toml share: their base, and kinds of values with their checks."""

import re
from datetime import timedelta
from email.utils import parseaddr
from ipaddress import ip_network
from typing import Annotated, Any
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from digest.slots import parse_schedule


class Table(BaseModel):
    """A frozen table that refuses unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


_DURATIONS = 'write e.g. "90m", "24h", "7d" or "2w"'
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def _duration(value: Any) -> Any:
    """Read "90m", "24h", "7d" or "2w"."""
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a duration; {_DURATIONS}")  # noqa: TRY004
    found = re.fullmatch(r"(\d{1,4})([mhdw])", value.strip())
    if not found or int(found[1]) == 0:
        raise ValueError(f"{value!r} is not a duration; {_DURATIONS}")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError(f'{value!r} is not an IANA time zone such as "Europe/Berlin"')
    return value


def _schedule(value: str) -> str:
    parse_schedule(value)
    return value


def _web_url(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", value):
        raise ValueError(f'{value!r} is not a web address such as "https://news.example"')
    return value.rstrip("/")


def _mailbox(value: str) -> str:
    address = parseaddr(value)[1]
    if value and not re.fullmatch(r"[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+", address):
        raise ValueError(f'{value!r} is not an address such as "Atlas <weekly@news.example>"')
    return value


def _line(value: str) -> str:
    if any(ord(char) < 32 or ord(char) == 127 for char in value):
        raise ValueError("must be one line without control characters")
    return value


def _language(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", value):
        raise ValueError(f'{value!r} is not a language tag such as "en" or "de-AT"')
    return value


def _rate(value: str) -> str:
    if value and not re.fullmatch(r"[1-9]\d{0,6}/[smh]", value):
        raise ValueError(
            f'{value!r} is not a rate; write e.g. "20/s" or "5000/h", or leave it empty'
        )
    return value


def _network(value: str) -> str:
    ip_network(value)
    return value


def _slug(value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", value):
        raise ValueError(f"{value!r} cannot name a newsletter; use a-z, 0-9 and _, a letter first")
    return value


Slug = Annotated[str, AfterValidator(_slug)]
Line = Annotated[str, AfterValidator(_line)]
Span = Annotated[timedelta, BeforeValidator(_duration)]
SpanOrNone = Annotated[timedelta, BeforeValidator(lambda v: _duration(v) if v else timedelta())]
Zone = Annotated[str, AfterValidator(_zone)]
WebUrl = Annotated[str, AfterValidator(_web_url)]
Mailbox = Annotated[str, AfterValidator(_line), AfterValidator(_mailbox)]
Language = Annotated[str, AfterValidator(_language)]
Rate = Annotated[str, AfterValidator(_rate)]
Network = Annotated[str, AfterValidator(_network)]
When = Annotated[str, AfterValidator(_schedule)]
