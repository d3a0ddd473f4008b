"""Read CSV with a line of column names, leniently about comments, case and separators."""

import csv
from collections.abc import Iterator, Mapping, Sequence

from digest.errors import IngestError
from digest.ingest.counts.base import Count, Row
from digest.ingest.decode import decode
from digest.model import Document

_MOST = 2**53


def lines(document: Document) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Yield each row with its line number, by lower-case column name; comments are passed over."""
    text = decode(document.content, document.content_type)
    kept = [(n, line) for n, line in enumerate(text.splitlines(), 1) if _says_something(line)]
    reader = csv.reader(line for _, line in kept)
    heads: list[str] = []
    try:
        for cells in reader:
            if not heads:
                heads = [cell.strip().lower() for cell in cells]
            else:
                yield kept[reader.line_num - 1][0], dict(zip(heads, cells, strict=False))
    except csv.Error as exc:
        raise IngestError(f"{document.path}: is no readable CSV ({exc})") from exc


def heads(document: Document) -> frozenset[str]:
    """Return the lower-case names of the columns, empty when it is no table."""
    text = decode(document.content[:16_384], document.content_type)
    first = next((line for line in text.splitlines() if _says_something(line)), "")
    try:
        return frozenset(cell.strip().lower() for row in csv.reader([first]) for cell in row)
    except csv.Error:
        return frozenset()


def _says_something(line: str) -> bool:
    return bool(line.strip()) and not line.startswith("#")


def page_views(document: Document, pages: Sequence[str], views: Sequence[str]) -> Iterator[Row]:
    """Read a table of pages and views: the first of the columns named that is there."""
    for number, cells in lines(document):
        where = f"line {number}"
        address = next((cells[name].strip() for name in pages if name in cells), "")
        value = number_of(next((cells[name] for name in views if name in cells), ""))
        if value is None or not address:
            yield Row(where, problem=f"{where}: needs an address and a whole number of views")
        else:
            yield Row(where, Count(address, "views", value))


def number_of(text: str) -> int | None:
    """Return a whole number from 0, written with or without thousands commas."""
    bare = text.strip().replace(",", "")
    return int(bare) if bare.isascii() and bare.isdecimal() and int(bare) < _MOST else None
