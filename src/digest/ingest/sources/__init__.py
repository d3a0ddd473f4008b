"""The formats ingest understands, tried in this order: the first that accepts a document wins."""

from digest.ingest.sources.base import Parsed, Source
from digest.ingest.sources.rss import Rss

__all__ = ["SOURCES", "Parsed", "Source"]

SOURCES: tuple[Source, ...] = (Rss(),)
