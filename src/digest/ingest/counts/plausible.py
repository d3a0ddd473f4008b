"""Read the page exports of Plausible: `page,visitors,pageviews…` or `name,visitors`."""

from collections.abc import Iterator

from digest.ingest.counts import tables
from digest.ingest.counts.base import Kind, Row
from digest.model import Document

_PAGES = ("page", "name")
_VIEWS = ("pageviews", "visitors")


def accepts(document: Document) -> bool:
    """Say whether the columns are those of a page export."""
    heads = tables.heads(document)
    return "visitors" in heads and not heads.isdisjoint(_PAGES)


def parse(document: Document) -> Iterator[Row]:
    """Read page views, or visitors where there are no others."""
    return tables.page_views(document, _PAGES, _VIEWS)


PLAUSIBLE = Kind("Plausible", accepts, parse)
