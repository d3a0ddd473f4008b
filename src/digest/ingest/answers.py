"""Read what an HTTP answer's status and head say; pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import Enum
from http import HTTPStatus

from digest.errors import IngestError
from digest.ingest.limits import Limits
from digest.model import Document

REDIRECTS = frozenset({301, 302, 303, 307, 308})
PERMANENT = frozenset({301, 308})
OK = frozenset({200, 203})

_NEVER = r"(?i)\s*(audio|video|font|{})/|\s*application/(pdf|zip|msword)\b"
_LONGEST = timedelta(days=365)


class Want(Enum):
    """What is asked for, and the kinds of content that certainly are something else."""

    HEAD = ""  #: no body
    TEXT = _NEVER.format("image")
    PICTURE = _NEVER.format("text")


_ACCEPT = (
    "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, "
    "application/json;q=0.9, text/html;q=0.8, */*;q=0.5"
)
ACCEPT = {
    Want.HEAD: _ACCEPT,
    Want.TEXT: _ACCEPT,
    Want.PICTURE: "image/jpeg, image/png, image/gif;q=0.9, image/webp;q=0.8",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: header names are lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes = b""
    url: str = ""  #: the one that gave it, after redirects


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a server had to say in the end."""

    status: str  #: "new", "unchanged" or "gone"
    url: str  #: the last one asked, after redirects
    document: Document | None = None  #: set when new
    etag: str = ""
    last_modified: str = ""
    moved_permanently_to: str = ""  #: set when every redirect up to it was a permanent one
    retry_after: timedelta | None = None
    max_age: timedelta | None = None  #: how long the answer stays fresh by its own word
    pages: int = 0  #: X-WP-TotalPages: how many answers a WordPress list has; 0 unknown


def fetched(url: str, answer: Answer, moved: str) -> Fetched:
    """Return what an answer that is no redirect means; IngestError when it is a refusal."""
    names = {200: "new", 203: "new", 304: "unchanged", 410: "gone"}
    if answer.status not in names:
        raise IngestError(_refusal(answer.status), retry_after=retry_after(answer.headers))
    kind = answer.headers.get("content-type", "")
    return Fetched(
        status=names[answer.status],
        url=url,
        document=Document(url, answer.content, kind) if answer.status in OK else None,
        etag=answer.headers.get("etag", ""),
        last_modified=answer.headers.get("last-modified", ""),
        moved_permanently_to=moved,
        retry_after=retry_after(answer.headers),
        max_age=max_age(answer.headers),
        pages=_pages(answer.headers.get("x-wp-totalpages", "")),
    )


def picture(answer: Answer) -> bytes:
    """Return the bytes of an answer; IngestError when it is a refusal."""
    if answer.status not in OK:
        raise IngestError(_refusal(answer.status))
    return answer.content


def refuse_by_head(headers: Mapping[str, str], limits: Limits, want: Want = Want.TEXT) -> None:
    """Refuse, before reading it, a body that is too large or certainly not what is wanted."""
    kind = headers.get("content-type", "")
    if re.match(want.value, kind):
        name = kind.partition(";")[0].strip()
        what = "no picture" if want is Want.PICTURE else "neither a feed nor a page"
        raise IngestError(f"the server sent {name}, which is {what}")
    length = headers.get("content-length", "")
    if length.isdecimal() and (len(length) > 12 or int(length) > limits.raw):
        raise IngestError(f"announces more than {limits.raw:,} bytes")


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """Return how long the server asks us to stay away (RFC 9110, 10.2.3), at most a year.

    A date is read against the server's own Date, so our clock does not matter.
    """
    value = headers.get("retry-after", "").strip()
    if value.isdecimal():
        return min(timedelta(seconds=int(value[:9])), _LONGEST)
    until, since = _http_date(value), _http_date(headers.get("date", ""))
    if until is None or since is None:
        return None
    return min(max(until - since, timedelta(0)), _LONGEST)


def max_age(headers: Mapping[str, str]) -> timedelta | None:
    """Return the freshness Cache-Control gives the answer, at most a year."""
    found = re.search(r"(?i)\bmax-age\s*=\s*\"?(\d{1,9})", headers.get("cache-control", ""))
    return min(timedelta(seconds=int(found[1])), _LONGEST) if found else None


def _pages(value: str) -> int:
    return int(value) if value.isascii() and value.isdecimal() and len(value) < 7 else 0


def _http_date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return found if found.tzinfo else None


def _refusal(status: int) -> str:
    if status in {401, 403, 407}:
        return f"the server answered {status}: it does not let us read this"
    if status == 404:
        return "the server answered 404: there is nothing at this address"
    if status == 429:
        return "the server answered 429: we asked too often; tried again later"
    if status >= 500:
        return f"the server answered {status}; tried again at the next fetch"
    known = f" ({HTTPStatus(status).phrase})" if status in set(HTTPStatus) else ""
    return f"the server answered {status}{known}, which is no feed or page"
