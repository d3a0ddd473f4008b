"""The formats ingest understands, tried in this order: the first that accepts a document wins."""

from digest.ingest.sources.base import Parsed, Source
from digest.ingest.sources.json_feed import JsonFeed
from digest.ingest.sources.markdown import Markdown
from digest.ingest.sources.page import Page
from digest.ingest.sources.plain_text import PlainText
from digest.ingest.sources.records import Records
from digest.ingest.sources.rss import Rss

__all__ = ["NO_FEEDS", "SOURCES", "Parsed", "Source"]

SOURCES: tuple[Source, ...] = (Rss(), JsonFeed(), Records(), Markdown(), Page(), PlainText())
#: What a fetched address must not turn out to be: one document, not a list of articles.
NO_FEEDS = frozenset({"page", "markdown", "plain text"})
