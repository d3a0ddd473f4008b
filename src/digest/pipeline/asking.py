"""Ask one feed for its articles: one answer, or the pages of a WordPress site."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain

from digest.app import App
from digest.errors import IngestError
from digest.ingest import Ingested, paging, read
from digest.ingest.http import Fetched, Fetcher
from digest.model import Document, Feed, FeedKind
from digest.pipeline.pages import TRIES
from digest.pipeline.renamed import ask_old

Answer = tuple[Fetched, Ingested | None]


def ask_feed(
    app: App, fetcher: Fetcher, feed: Feed, *, force: bool, window_start: datetime | None = None
) -> Answer:
    """Return the first answer and all articles that came; IngestError when nothing did.

    With `window_start` WordPress is asked anew for what was published since then: a new comment is
    no change of a post. The answer of a front page holds no articles of its own; it is always
    asked for whole.
    """
    fetched, found = _ask(app, fetcher, feed, force=force, window_start=window_start)
    return fetched, replace(found, apart=ask_old(app, fetcher, found.articles)) if found else None


def _ask(
    app: App, fetcher: Fetcher, feed: Feed, *, force: bool, window_start: datetime | None
) -> Answer:
    if feed.kind is FeedKind.FRONT_PAGE:
        return fetcher.fetch(feed.url), None
    if paging.is_posts(feed.url):
        since = None if force else feed.last_success_at
        return _ask_wordpress(app, fetcher, feed, since, window_start)
    marks = {} if force else {"etag": feed.etag, "last_modified": feed.last_modified}
    fetched = fetcher.fetch(feed.url, **marks)
    return fetched, _read(app, feed, fetched.document) if fetched.document else None


def _ask_wordpress(
    app: App, fetcher: Fetcher, feed: Feed, since: datetime | None, window_start: datetime | None
) -> Answer:
    asked = paging.first(feed.url, since)
    fetched = fetcher.fetch(asked)
    moved = fetched.moved_permanently_to
    plain = replace(
        fetched, etag="", last_modified="", moved_permanently_to=paging.bare(moved) if moved else ""
    )
    if fetched.document is None:
        return plain, None
    first = _read(app, feed, fetched.document)
    parts = [first, *_pages(app, fetcher, feed, asked, first, fetched.pages, since)]
    if since and window_start:
        asked = paging.published(feed.url, window_start)
        again = _page(app, fetcher, feed, asked, 1)
        parts += [again, *_pages(app, fetcher, feed, asked, again, 0, None)]
    return plain, _joined(parts)


def _pages(
    app: App,
    fetcher: Fetcher,
    feed: Feed,
    asked: str,
    part: Ingested,
    offered: int,
    since: datetime | None,
) -> Iterator[Ingested]:
    """Yield what stands on the pages after the first."""
    page = 1
    while asked := _following(asked, page, part, offered, since):
        page += 1
        part = _page(app, fetcher, feed, asked, page)
        yield part


def _following(asked: str, page: int, part: Ingested, offered: int, since: datetime | None) -> str:
    changed = [a.updated_at for a in part.articles if a.updated_at]
    given = len(part.articles) + len(part.refused)
    oldest = min(changed, default=None)
    return paging.following(asked, page, given=given, offered=offered, since=since, oldest=oldest)


def _page(app: App, fetcher: Fetcher, feed: Feed, asked: str, page: int) -> Ingested:
    """Return a further page; one that fails takes nothing from those before it."""
    try:
        document = fetcher.fetch(asked).document
        return _read(app, feed, document) if document else Ingested()
    except IngestError as error:
        return Ingested(refused=(f"page {page} and those after it: {error}",))


def _read(app: App, feed: Feed, document: Document) -> Ingested:
    found = app.apart.call(
        read,
        document,
        feed_title=feed.title,
        section=feed.section,
        site_url=app.settings.publication.url,
        now=app.now(),
        feeds_only=True,
    )
    if not feed.full_text:
        return found
    return replace(found, articles=tuple(replace(a, pages_left=TRIES) for a in found.articles))


def _joined(parts: Sequence[Ingested]) -> Ingested:
    """Return the pages as one; an article that moved on to the next page counts once."""
    articles = {a.id: a for part in reversed(parts) for a in reversed(part.articles)}
    counts = {article_id: c for part in parts for article_id, c in part.counts.items()}
    return Ingested(
        title=parts[0].title,
        language=parts[0].language,
        articles=tuple(reversed(articles.values()))[: paging.ITEMS],
        counts={article_id: c for article_id, c in counts.items() if article_id in articles},
        refused=tuple(chain.from_iterable(part.refused for part in parts)),
    )
