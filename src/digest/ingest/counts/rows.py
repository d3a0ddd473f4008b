"""Read counts as CSV or JSON with the fields address, metric, value and read_at."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from digest.errors import IngestError
from digest.ingest import dates
from digest.ingest.counts import tables
from digest.ingest.counts.base import Count, Kind, Row
from digest.ingest.decode import decode, read_json
from digest.model import Document

_NEEDED = frozenset({"address", "metric", "value"})


def accepts(document: Document) -> bool:
    """Say whether it is a JSON list, or a CSV with these columns."""
    return document.content.lstrip().startswith(b"[") or tables.heads(document) >= _NEEDED


def parse(document: Document) -> Iterator[Row]:
    """Read every row that can be read and say why the others cannot."""
    for where, row in _rows(document):
        try:
            yield Row(where, _count(row))
        except IngestError as exc:
            yield Row(where, problem=f"{where}: {exc}")


def _rows(document: Document) -> Iterator[tuple[str, object]]:
    if not document.content.lstrip().startswith(b"["):
        yield from ((f"line {number}", cells) for number, cells in tables.lines(document))
        return
    for number, row in enumerate(read_json(decode(document.content, document.content_type)), 1):
        yield f"row {number}", row


def _count(row: object) -> Count:
    if not isinstance(row, Mapping):
        raise IngestError("is no object")
    cells = {name: _text(row, name) for name in ("address", "metric", "value", "read_at")}
    value, read_at = tables.number_of(cells["value"]), dates.moment(cells["read_at"])
    if not cells["address"]:
        raise IngestError("has no address")
    if not re.fullmatch(r"[a-z][a-z_]{0,30}", cells["metric"]):
        raise IngestError(f"metric must be a word such as views, not {cells['metric'][:40]!r}")
    if value is None:
        raise IngestError(f"value must be a whole number from 0, not {cells['value'][:40]!r}")
    if cells["read_at"] and read_at is None:
        raise IngestError(
            f"read_at is no moment such as 2026-11-20T08:00:00Z: {cells['read_at']!r}"
        )
    return Count(cells["address"], cells["metric"], value, read_at)


def _text(row: Mapping[Any, Any], name: str) -> str:
    value = row.get(name)
    usable = isinstance(value, (str, int)) and not isinstance(value, bool)
    return str(value).strip() if usable else ""


ROWS = Kind("rows", accepts, parse)
