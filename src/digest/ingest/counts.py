"""Read popularity counts from the exports of other programs."""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from digest.errors import IngestError
from digest.ingest import dates
from digest.ingest.decode import decode, read_json
from digest.model import Document

_MOST = 2**53
#: Tables of pages, by program: columns that name the page, and the views; the last must be there.
_REPORTS = {
    "Google Analytics": (
        ("page path and screen class", "page path", "page path + query string"),
        ("views",),
    ),
    "Plausible": (("page", "name"), ("pageviews", "visitors")),
}
_OURS = frozenset({"address", "metric", "value"})


@dataclass(frozen=True, slots=True)
class Count:
    """One count of one address, as an export states it."""

    address: str  #: whole, or a path on the publication's site
    metric: str
    value: int
    read_at: datetime | None = None  #: None: the moment of the import


@dataclass(frozen=True, slots=True)
class Row:
    """One row of an export: a count, or a sentence why there is none."""

    where: str
    count: Count | None = None
    problem: str = ""


Cells = Mapping[str, Any]


def read(document: Document) -> list[Row]:
    """Return the rows of an export; IngestError when it is in no form we know.

    WordPress Popular Posts saves JSON; fields of our own may come as JSON or CSV.
    """
    text = decode(document.content, document.content_type)
    if text.lstrip().startswith("["):
        rows = read_json(text)
        first = rows[0] if rows and isinstance(rows[0], dict) else {}
        how = _of_post if {"link", "pageviews"} <= first.keys() else _of_row
        return _read(how, ((f"row {n}", row) for n, row in enumerate(rows, 1)))
    lines = _lines(text, document.path)
    heads = [cell.strip().lower() for cell in next(lines, (0, []))[1]]
    told = ((f"line {n}", dict(zip(heads, cells, strict=False))) for n, cells in lines)
    for pages, views in _REPORTS.values():
        if views[-1] in heads and not set(heads).isdisjoint(pages):
            return _read(partial(_of_page, pages, views), told)
    if set(heads) >= _OURS:
        return _read(_of_row, told)
    raise IngestError(
        f"{document.path}: holds no counts we know (WordPress Popular Posts, "
        f"{', '.join(_REPORTS)}, rows); a CSV needs the columns address, metric, value and read_at"
    )


def _read(how: Callable[[Cells], Count], rows: Iterable[tuple[str, object]]) -> list[Row]:
    """Return every row that can be read, and why the others cannot."""
    found = []
    for where, row in rows:
        try:
            found.append(Row(where, how(_cells(row))))
        except IngestError as exc:
            found.append(Row(where, problem=f"{where}: {exc}"))
    return found


def _cells(row: object) -> Cells:
    if not isinstance(row, Mapping):
        raise IngestError("is no object")
    return row


def _lines(text: str, path: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a table with their lines; comments and empty lines are passed over."""
    numbered = enumerate(text.splitlines(), 1)
    kept = [(n, line) for n, line in numbered if line.strip() and not line.startswith("#")]
    reader = csv.reader(line for _, line in kept)
    try:
        for cells in reader:
            yield kept[reader.line_num - 1][0], cells
    except csv.Error as exc:
        raise IngestError(f"{path}: is no readable CSV ({exc})") from exc


def _of_post(post: Cells) -> Count:
    link, value = _text(post, "link"), _number(_text(post, "pageviews"))
    if not link or value is None:
        raise IngestError("needs a link and a whole number of pageviews")
    return Count(link, "views", value)


def _of_page(pages: Iterable[str], views: Iterable[str], cells: Cells) -> Count:
    address = next((cells[name].strip() for name in pages if name in cells), "")
    value = _number(next((cells[name] for name in views if name in cells), ""))
    if value is None or not address:
        raise IngestError("needs an address and a whole number of views")
    return Count(address, "views", value)


def _of_row(row: Cells) -> Count:
    address, metric, said, when = (_text(row, n) for n in ("address", "metric", "value", "read_at"))
    value, read_at = _number(said), dates.moment(when)
    if not address:
        raise IngestError("has no address")
    if not re.fullmatch(r"[a-z][a-z_]{0,30}", metric):
        raise IngestError(f"metric must be a word such as views, not {metric[:40]!r}")
    if value is None:
        raise IngestError(f"value must be a whole number from 0, not {said[:40]!r}")
    if when and read_at is None:
        raise IngestError(f"read_at is no moment such as 2026-11-20T08:00:00Z: {when!r}")
    return Count(address, metric, value, read_at)


def _text(row: Cells, name: str) -> str:
    value = row.get(name)
    usable = isinstance(value, (str, int)) and not isinstance(value, bool)
    return str(value).strip() if usable else ""


def _number(text: str) -> int | None:
    """Return a whole number from 0, written with or without thousands commas."""
    bare = text.strip().replace(",", "")
    return int(bare) if bare.isascii() and bare.isdecimal() and int(bare) < _MOST else None
