"""Read articles as CSV: the first line names columns as `records` names fields.

Cells are separated by comma, semicolon or tab; several categories in a cell by `|`, `;` or `,`.
Columns we do not know are passed over; a bad row is refused with its line.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from typing import Any

from digest.errors import IngestError
from digest.ingest import xml
from digest.ingest.decode import decode
from digest.ingest.sources import records
from digest.ingest.sources.base import Parsed
from digest.model import Document, Item

_DELIMITERS = ",;\t"
_HEAD = 4_096
_BROKEN = 20  #: rows that cannot be split, until the rest is given up: each costs a new reading
_YES = frozenset({"1", "true", "yes", "y", "x"})
_NO = frozenset({"0", "false", "no", "n", ""})
_FLAGS = ("featured", "sponsored", "hidden")
_NUMBERS = ("comments", "views", "image_width", "image_height")
_TEXTS = (
    *("url", "title", "author", "author_bio", "summary", "content", "guid", "categories"),
    *("image_url", "image_caption", "image_alt", "published_at", "updated_at", "language"),
)
_COLUMNS = frozenset((*_FLAGS, *_NUMBERS, *_TEXTS))

Cells = list[str]


class CsvFile:
    """Tables of articles."""

    name = "csv"

    def accepts(self, document: Document) -> bool:
        """Say whether name or type say CSV, or the first line names `title` and another column."""
        path = (document.path or document.url).lower().partition("?")[0]
        kind = document.content_type.lower()
        if path.endswith((".csv", ".tsv")) or kind.startswith(("text/csv", "text/tab-sep")):
            return True
        names = _names(_first_line(decode(document.content, document.content_type)))[1]
        return "title" in names and len(_COLUMNS.intersection(names)) > 1

    def parse(self, document: Document) -> Parsed:
        """Read every row that can be read and say why the others cannot."""
        text = decode(document.content, document.content_type)
        delimiter, names = _names(_first_line(text))
        if "title" not in names:
            raise IngestError(_no_title(names))
        items: list[Item] = []
        refused: list[str] = []
        for line, cells in _rows(text, delimiter):
            if len(items) == xml.ITEMS and not document.path:
                refused.append(f"line {line} and after: more than {xml.ITEMS} in one answer")
                break
            try:
                items.append(_item(names, cells))
            except IngestError as exc:
                refused.append(f"line {line}: {exc}")
        return Parsed(items=tuple(items), refused=tuple(refused))


def _no_title(names: Sequence[str]) -> str:
    if not any(names):
        return "is empty; the first line must name the columns, `title` among them"
    seen = ", ".join(names)[:120]
    return f"is CSV without a column `title`; its first line names {seen}"


def _lines(text: str) -> list[str]:
    """Return the lines with their ends; a line of Excel's own that names the delimiter is empty."""
    lines = re.split(r"(?<=\n)|(?<=\r)(?!\n)", text)
    if lines and re.match(r"(?i)sep=.\s*$", lines[0]):
        lines[0] = "\n"
    return lines


def _first_line(text: str) -> str:
    return next((line for line in _lines(text[:_HEAD]) if line.strip()), "")


def _names(line: str) -> tuple[str, list[str]]:
    """Return the delimiter that gives the first line the most names we know, and the names."""
    found = []
    for delimiter in _DELIMITERS:
        try:
            cells = next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
        except csv.Error:
            cells = []
        names = [re.sub(r"[\s-]+", "_", cell.strip().lower()) for cell in cells]
        found.append((delimiter, names))
    return max(found, key=lambda pair: (len(_COLUMNS.intersection(pair[1])), len(pair[1])))


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, Cells | IngestError]]:
    """Yield each row with its first line; after one that cannot be split, begin a line later."""
    lines = _lines(text)
    start, broken = 0, 0
    header = True
    while start < len(lines):
        reader = csv.reader(lines[start:], delimiter=delimiter, skipinitialspace=True, strict=True)
        at = start
        try:
            for cells in reader:
                if any(cell.strip() for cell in cells) and not header:
                    yield at + 1, cells
                header = header and not any(cell.strip() for cell in cells)
                at = start + reader.line_num
            return
        except csv.Error as exc:
            broken += 1
            yield at + 1, _unsplit(exc, last=broken == _BROKEN)
            start = at + 1 if broken < _BROKEN else len(lines)


def _unsplit(exc: csv.Error, *, last: bool) -> IngestError:
    reason = str(exc)
    if "unexpected end" in reason:
        reason = "a quotation mark is opened and never closed"
    elif "expected after" in reason:
        reason = 'text follows a closing quotation mark; write "" for one inside a cell'
    more = "; too many such rows, what follows was not read" if last else ""
    return IngestError(f"{reason}{more}")


def _item(names: Sequence[str], cells: Cells | IngestError) -> Item:
    if isinstance(cells, IngestError):
        raise cells
    if any(cell.strip() for cell in cells[len(names) :]):
        raise IngestError(f"has {len(cells)} cells, the first line names {len(names)} columns")
    pairs = dict(zip(names, cells, strict=False))
    return records.item({name: _value(name, cell) for name, cell in pairs.items()})


def _value(name: str, cell: str) -> Any:
    bare = cell.strip()
    if name in _FLAGS:
        return _flag(name, bare)
    if name in _NUMBERS:
        if bare and not (bare.isascii() and bare.isdecimal() and len(bare) < 16):
            raise IngestError(f"{name} must be a whole number from 0: {bare[:40]!r}")
        return int(bare) if bare else None
    if name == "categories":
        mark = next((mark for mark in "|;" if mark in bare), ",")
        return [part.strip() for part in bare.split(mark) if part.strip()]
    return cell


def _flag(name: str, word: str) -> bool:
    if word.lower() not in _YES | _NO:
        raise IngestError(f"{name} must be true or false: {word[:40]!r}")
    return word.lower() in _YES
