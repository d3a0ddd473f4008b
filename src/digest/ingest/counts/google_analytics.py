"""Read the CSV of the pages and screens report of Google Analytics 4."""

from collections.abc import Iterator

from digest.ingest.counts import tables
from digest.ingest.counts.base import Kind, Row
from digest.model import Document

_PAGES = ("page path and screen class", "page path", "page path + query string")


def accepts(document: Document) -> bool:
    """Say whether the columns are those of the report."""
    heads = tables.heads(document)
    return "views" in heads and not heads.isdisjoint(_PAGES)


def parse(document: Document) -> Iterator[Row]:
    """Read the views of each page."""
    return tables.page_views(document, _PAGES, ("views",))


GOOGLE_ANALYTICS = Kind("Google Analytics", accepts, parse)
