"""Popularity counts from the exports of other programs; the first kind that accepts a file."""

from digest.errors import IngestError
from digest.ingest.counts.base import Count, Kind, Row
from digest.ingest.counts.google_analytics import GOOGLE_ANALYTICS
from digest.ingest.counts.plausible import PLAUSIBLE
from digest.ingest.counts.rows import ROWS
from digest.ingest.counts.wordpress import WORDPRESS
from digest.model import Document

__all__ = ["KINDS", "Count", "Kind", "Row", "read"]

KINDS: tuple[Kind, ...] = (WORDPRESS, GOOGLE_ANALYTICS, PLAUSIBLE, ROWS)


def read(document: Document) -> list[Row]:
    """Return the rows of an export; IngestError when no kind understands the file."""
    for kind in KINDS:
        if kind.accepts(document):
            return list(kind.parse(document))
    names = ", ".join(kind.name for kind in KINDS)
    raise IngestError(
        f"{document.path}: holds no counts we know ({names}); "
        "a CSV needs the columns address, metric, value and read_at"
    )
