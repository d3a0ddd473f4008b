"""Feeds and files become stored articles."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from digest import text
from digest.app import App
from digest.errors import IngestError
from digest.ingest import Ingested, due, read
from digest.ingest.answers import Fetched
from digest.ingest.files import documents
from digest.ingest.many import ask
from digest.model import Document, Feed, FeedKind, Reading
from digest.pipeline.asking import Answer, ask_feed
from digest.pipeline.counts import read_popular
from digest.pipeline.pages import read_pages
from digest.pipeline.watch import keep_positions
from digest.store import Transaction, articles, feeds, readings
from digest.store.articles import Stored


@dataclass(frozen=True, slots=True)
class Gathered:
    """What one feed or file gave."""

    name: str
    stored: Stored = field(default_factory=Stored)
    refused: tuple[str, ...] = ()
    error: str = ""
    note: str = ""


def fetch_feeds(
    app: App,
    names: Sequence[str] = (),
    *,
    force: bool = False,
    within: timedelta | None = None,
    window_start: datetime | None = None,
    on_start: Callable[[int], None] = lambda _: None,
    on_done: Callable[[Gathered], None] = lambda _: None,
) -> list[Gathered]:
    """Fetch the feeds that are due, or the named ones, and store each as soon as it is there.

    One failing feed stops no other. `force` takes all feeds, due or not, in full; those that have
    not answered `within` the time given are noted as failed; counts of what was published since
    `window_start` are read anew. `on_start` is told how many there are.
    """
    wanted = _wanted(app, names, force=force)
    on_start(len(wanted) + sum(feed.full_text for feed in wanted))
    if not wanted:
        return []
    done = []

    def note(gathered: Gathered) -> None:
        on_done(gathered)
        done.append(gathered)

    seconds = within.total_seconds() if within is not None else None
    with app.open_fetcher() as fetcher, closing(app.apart):
        fetch = partial(ask_feed, app, fetcher, force=force, window_start=window_start)
        for batch in _batches(wanted):
            for feed, answer in ask(fetch, batch, within=seconds):
                note(_take_in(app, feed, answer))
        for found in read_pages(app, fetcher, wanted, within=seconds):
            note(Gathered(found.feed.url, Stored(updated=found.pages), note=found.note))
        if force or window_start:
            read_popular(app, fetcher, wanted, within=seconds)
    return done


def _wanted(app: App, names: Sequence[str], *, force: bool) -> list[Feed]:
    """Return the feeds to read, those in trouble last."""
    with app.database.reading() as tx:
        named = [feeds.find(tx, name) for name in names]
        everything = feeds.every(tx) if force else feeds.due(tx, app.now())
    return sorted(named or everything, key=lambda feed: feed.failures)


def _batches(wanted: Sequence[Feed]) -> list[list[Feed]]:
    """Return articles first: a front page tells of those we know."""
    return [[feed for feed in wanted if feed.kind is kind] for kind in FeedKind]


def refresh(
    app: App, since: datetime, *, window_start: datetime, within: timedelta
) -> list[Gathered]:
    """Ask the feeds that were last read before `since`, due or not; one in trouble only when due.

    So an edition has the newest articles, and the newest counts of those published since
    `window_start`; what does not answer in time stays as it is.
    """
    with app.database.reading() as tx:
        due_now = {feed.id for feed in feeds.due(tx, app.now())}
        stale = [
            feed
            for feed in feeds.every(tx)
            if not feed.ended
            and (feed.last_success_at is None or feed.last_success_at < since)
            and (feed.id in due_now or not feed.failures)
        ]
    names = [str(feed.id) for feed in stale]
    return fetch_feeds(app, names, within=within, window_start=window_start) if stale else []


def _take_in(app: App, feed: Feed, answer: Answer | IngestError) -> Gathered:
    if isinstance(answer, IngestError):
        return _note_failure(app, feed, answer)
    fetched, ingested = answer
    note = "nothing new"
    try:
        if feed.kind is FeedKind.FRONT_PAGE and fetched.document:
            note = keep_positions(app, feed, fetched.document)
            fetched = replace(fetched, max_age=None)  # says nothing of how often a look is worth it
    except IngestError as error:
        return _note_failure(app, feed, error)
    return _note_success(app, feed, fetched, ingested, note)


def _note_failure(app: App, feed: Feed, error: IngestError) -> Gathered:
    failures = feed.failures + 1
    again = due.next_due(app.now(), failures=failures, retry_after=error.retry_after)
    with app.database.transaction() as tx:
        facts = {"failing_since": feed.failing_since or app.now(), "next_due_at": again}
        feeds.update(tx, feed.id, last_error=str(error), failures=failures, **facts)
    return Gathered(feed.url, error=str(error))


def _note_success(
    app: App, feed: Feed, fetched: Fetched, ingested: Ingested | None, note: str
) -> Gathered:
    now = app.now()
    if fetched.status == "gone":
        with app.database.transaction() as tx:
            feeds.update(tx, feed.id, ended=True, last_error="the server says it is gone (410)")
        return Gathered(feed.url, error="the feed is gone (410) and is not asked again")
    published = [a.published_at for a in ingested.articles if a.published_at] if ingested else []
    again = due.next_due(
        now, published=published, retry_after=fetched.retry_after, max_age=fetched.max_age
    )
    facts = _facts(feed, fetched, ingested, now, again)
    with app.database.transaction() as tx:
        rights = _rights(tx, feed, str(facts.get("title", "")))
        stored = _store(tx, ingested, now, may_change=rights) if ingested else Stored()
        if feeds.has(tx, str(facts.get("url", ""))):
            facts |= {"ended": True, "last_error": f"moved to another feed: {facts.pop('url')}"}
        feeds.update(tx, feed.id, **facts)
    refused = ingested.refused if ingested else ()
    return Gathered(feed.url, stored, refused, note="" if ingested else note)


def _facts(
    feed: Feed, fetched: Fetched, ingested: Ingested | None, now: datetime, again: datetime
) -> dict[str, object]:
    facts: dict[str, object] = {
        "last_success_at": now,
        "last_error": "",
        "failures": 0,
        "failing_since": None,
        "told": False,
        "next_due_at": again,
    }
    if ingested:
        facts |= {"etag": fetched.etag, "last_modified": fetched.last_modified}
        facts["title"] = feed.title or ingested.title
    if fetched.moved_permanently_to not in ("", feed.url):
        facts["url"] = fetched.moved_permanently_to
    return facts


def _rights(tx: Transaction, feed: Feed, title: str) -> Callable[[str, str], bool]:
    """Return whether a feed may change an article of an outlet that a feed of some title told.

    It may at its own site, and what it told itself. A title that feeds of other hosts have too
    proves nothing: anyone can choose it.
    """
    host = text.host_of(feed.url)
    alone = bool(title) and all(text.host_of(f.url) == host for f in feeds.titled(tx, title))
    return lambda outlet, told_by: text.same_site(host, outlet) or (alone and told_by == title)


def _store(
    tx: Transaction,
    ingested: Ingested,
    now: datetime,
    may_change: Callable[[str, str], bool] = lambda *_: True,
) -> Stored:
    done, ids = articles.store(
        tx, ingested.articles, now, apart=ingested.apart, may_change=may_change
    )
    readings.add(tx, _readings(ingested.counts, ids, now))
    return done


def _readings(
    counts: Mapping[str, Mapping[str, int]], ids: Mapping[str, str], now: datetime
) -> Iterable[Reading]:
    return [
        Reading(ids[article_id], metric, value, now)
        for article_id, metrics in counts.items()
        if article_id in ids
        for metric, value in metrics.items()
    ]


def import_files(app: App, paths: Sequence[Path], *, section: str = "") -> list[Gathered]:
    """Import files and folders; a file that cannot be read is reported, the rest is imported."""
    done = []
    for found in documents(paths):
        if found.document is None:
            done.append(Gathered(found.path, error=found.problem))
        else:
            done.append(import_document(app, found.document, section))
    return done


def import_document(app: App, document: Document, section: str = "") -> Gathered:
    """Import the articles of one document; what cannot be read is said."""
    site_url = app.settings.publication.url
    try:
        ingested = read(document, section=section, site_url=site_url, now=app.now())
    except IngestError as error:
        return Gathered(document.path, error=str(error))
    with app.database.transaction() as tx:
        stored = _store(tx, ingested, app.now())
    return Gathered(document.path, stored, ingested.refused)
