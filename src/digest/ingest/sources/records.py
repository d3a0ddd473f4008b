"""Read articles as JSON: a list, an object with `articles`, or one object a line (JSONL).

The field names are those `digest articles list --json` prints, so that what was exported can be
imported: `url`, `title`, `author`, `author_bio`, `summary`, `image_url`, `image_caption`,
`categories`, `published_at`, `updated_at`; besides them `content` (HTML), `image_alt`,
`image_width`, `image_height`, `guid`, `comments`, `views`, `language`, `featured`, `sponsored`.
`title` is needed; `id`, `words`, `feed` and unknown fields are passed over; a row that was hidden
is refused, so that it does not come back to sight.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from digest.errors import IngestError
from digest.ingest import dates, xml
from digest.ingest.decode import decode, read_json
from digest.ingest.sources.base import Parsed
from digest.model import Document, Image, Item

_JSON = re.compile(r"\s*(?:\[\s*[\[{\"\]\d]|\{\s*[\"}])")
_ENDINGS = (".json", ".jsonl", ".ndjson")
_METRICS = ("comments", "views")

Row = Mapping[str, Any]


class Records:
    """JSON lists of articles."""

    name = "records"

    def accepts(self, document: Document) -> bool:
        """Say whether the bytes begin like JSON, or the file's name or type says so."""
        path = document.path or document.url
        if path.lower().endswith(_ENDINGS) or "json" in document.content_type.lower():
            return True
        return _JSON.match(decode(document.content, document.content_type)) is not None

    def parse(self, document: Document) -> Parsed:
        """Read every row that can be read and say why the others cannot."""
        items: list[Item] = []
        refused: list[str] = []
        for where, row in _rows(decode(document.content, document.content_type)):
            if len(items) == xml.ITEMS and not document.path:  # a file of our own may be long
                refused.append(f"{where} and those after it: more than {xml.ITEMS} in one answer")
                break
            try:
                items.append(item(row))
            except IngestError as exc:
                refused.append(f"{where}: {exc}")
        return Parsed(items=tuple(items), refused=tuple(refused))


def _rows(text: str) -> Iterable[tuple[str, object]]:
    """Return each row with its place: by number in a list, by line in JSONL."""
    try:
        whole = read_json(text)
    except IngestError as exc:
        lines = [(n, line) for n, line in enumerate(text.split("\n"), 1) if line.strip()]
        if len(lines) < 2 or not all(line.lstrip().startswith("{") for _, line in lines):
            raise
        rows = [(f"line {n}", _line(line)) for n, line in lines]
        if all(isinstance(row, IngestError) for _, row in rows):
            raise IngestError("is neither JSON nor JSONL") from exc
        return rows
    if isinstance(whole, dict) and isinstance(whole.get("articles"), list):
        whole = whole["articles"]
    elif isinstance(whole, dict) and "title" in whole:
        whole = [whole]
    if not isinstance(whole, list):
        raise IngestError('is JSON but no list of articles: write [{"title": …, "url": …}, …]')
    return [(f"row {n}", row) for n, row in enumerate(whole, 1)]


def _line(line: str) -> object:
    try:
        return read_json(line)
    except IngestError as exc:
        return exc


def item(row: object) -> Item:
    """Return the item a row holds; IngestError names the field that is wrong."""
    if isinstance(row, IngestError):
        raise row
    if not isinstance(row, dict):
        raise IngestError("is no object")
    if _flag(row, "hidden"):
        raise IngestError("was hidden where it comes from")
    return Item(
        title=_title(row),
        url=_text(row, "url"),
        guid=_text(row, "guid"),
        author=_text(row, "author"),
        author_bio=_text(row, "author_bio"),
        summary=_text(row, "summary"),
        content=_text(row, "content"),
        image=_image(row),
        categories=_categories(row),
        published_at=_moment(row, "published_at"),
        updated_at=_moment(row, "updated_at"),
        language=_text(row, "language"),
        featured=_flag(row, "featured"),
        sponsored=_flag(row, "sponsored"),
        counts={name: _number(row, name) for name in _METRICS if row.get(name) is not None},
    )


def _title(row: Row) -> str:
    title = _text(row, "title")
    if not title.strip():
        raise IngestError("has no title")
    return title


def _text(row: Row, name: str) -> str:
    value = row.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise IngestError(f"{name} must be text, not {_kind(value)}")
    return value


def _flag(row: Row, name: str) -> bool:
    value = row.get(name)
    if value is not None and not isinstance(value, bool):
        raise IngestError(f"{name} must be true or false, not {_kind(value)}")
    return bool(value)


def _number(row: Row, name: str) -> int:
    value = row.get(name)
    if value is None:
        return 0
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**53:
        raise IngestError(f"{name} must be a whole number from 0, not {_kind(value)}")
    return value


def _moment(row: Row, name: str) -> datetime | None:
    value = _text(row, name)
    found = dates.moment(value)
    if value.strip() and found is None:
        raise IngestError(f"{name} is no date such as 2026-11-20T08:00:00Z: {value[:40]!r}")
    return found


def _categories(row: Row) -> tuple[str, ...]:
    value = row.get("categories")
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise IngestError("categories must be a list of texts")
    return tuple(value)


def _image(row: Row) -> Image | None:
    url = _text(row, "image_url")
    size = _number(row, "image_width"), _number(row, "image_height")
    found = Image(url, _text(row, "image_caption"), _text(row, "image_alt"), *size)
    return found if url else None


def _kind(value: object) -> str:
    names: dict[type, str] = {bool: "true or false", int: "a number", float: "a number"}
    names |= {str: "text", list: "a list", dict: "an object"}
    return names.get(type(value), "null")
