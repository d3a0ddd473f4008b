"""Turn feed bytes, pages and files into articles: pick a source, parse, normalize."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from digest.errors import IngestError
from digest.ingest.inflate import unpacked
from digest.ingest.normalize import language_of, normalize
from digest.ingest.sources import NO_FEEDS, SOURCES, Parsed
from digest.ingest.xml import ITEMS
from digest.model import Article, Document, Item
from digest.text import clean, truncate

__all__ = ["ITEMS", "Ingested", "read"]

_READABLE = (
    "readable are RSS, Atom and JSON Feed, WordPress posts (REST), news sitemaps, HTML pages, "
    "Markdown with front matter, JSON, JSONL or CSV lists of articles, and plain text"
)
_ADD_A_FEED = "give the address of a feed, or import a saved file with `digest articles import`"
_MAGIC = {
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"%PDF": "a PDF",
    b"PK\x03\x04": "a ZIP archive or office document",
    b"SQLite format 3": "an SQLite database",
    b"\x7fELF": "a program",
}
_MOST = 2**53  #: counts above it cannot be true


@dataclass(frozen=True, slots=True)
class Ingested:
    """What one document gave."""

    title: str = ""  #: of the feed
    language: str = ""
    articles: tuple[Article, ...] = ()
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  #: article id -> metric
    refused: tuple[str, ...] = ()  #: why items were left out, one sentence each
    apart: frozenset[str] = frozenset()  #: ids: look like a stored article, whose address answers


def read(
    document: Document,
    *,
    feed_title: str = "",
    section: str = "",
    site_url: str = "",
    now: datetime,
    feeds_only: bool = False,
) -> Ingested:
    """Return the articles of a document; IngestError when it cannot be read at all.

    `feed_title` and `section` are what we call the feed; `site_url` completes addresses that a
    file leaves open; `feeds_only` refuses what is no feed, such as a web page. One broken item
    is refused with a reason, the others are kept.
    """
    parsed = _parsed(document, feeds_only=feeds_only)
    title = clean(feed_title) or clean(parsed.title)
    finish = partial(
        normalize,
        document_url=document.url,
        feed_title=title,
        section=section,
        language=parsed.language,
        now=now,
        site_url=site_url,
    )
    return _gathered(parsed, title, finish)


def _parsed(document: Document, *, feeds_only: bool) -> Parsed:
    where = document.path or document.url
    try:
        document = unpacked(document)
        for source in SOURCES:
            if source.accepts(document):
                _refuse_no_feed(source.name, feeds_only=feeds_only)
                return source.parse(document)
    except IngestError as exc:
        raise IngestError(f"{where}: {exc}") from exc
    raise IngestError(f"{where}: {_seen(document)}; {_READABLE}")


def _refuse_no_feed(name: str, *, feeds_only: bool) -> None:
    if feeds_only and name in NO_FEEDS:
        raise IngestError(f"is no feed but looks like {name}; {_ADD_A_FEED}")


def _gathered(parsed: Parsed, title: str, finish: Callable[[Item], Article]) -> Ingested:
    """Finish each item; one address gives one article, the first in the document."""
    articles: dict[str, Article] = {}
    counts: dict[str, Mapping[str, int]] = {}
    refused = list(parsed.refused)
    for item in parsed.items:
        try:
            article = finish(item)
        except IngestError as exc:
            refused.append(str(exc))
            continue
        if (first := articles.setdefault(article.id, article)) is not article:
            refused += _doublet(first, article)
        elif found := _sane(item.counts):
            counts[article.id] = found
    language = language_of(parsed.language)
    return Ingested(title, language, tuple(articles.values()), counts, tuple(refused))


def _seen(document: Document) -> str:
    """Say what a document that nobody reads looks like."""
    content = document.content
    if not content.strip():
        return "is empty"
    known = next((name for magic, name in _MAGIC.items() if content.startswith(magic)), "")
    if known:
        return f"looks like {known}"
    found = re.search(rb"<(\w[\w:.-]{0,40})", content[:4_096])
    if content.lstrip().startswith(b"<") and found:
        name = found[1].decode("ascii", "replace")
        hint = ": a list of feeds, see digest feeds import" if name.lower() == "opml" else ""
        return f"is XML with <{name}>{hint}"
    return "is in no format we know"


def _doublet(first: Article, second: Article) -> list[str]:
    """Say that two different headlines share an address; a plain repetition needs no word."""
    if first.title == second.title:
        return []
    return [f"“{truncate(second.title, 60)}” has the address of “{truncate(first.title, 60)}”"]


def _sane(counts: Mapping[str, int]) -> Mapping[str, int]:
    return {name: value for name, value in counts.items() if 0 <= value < _MOST}
