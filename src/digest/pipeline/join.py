"""A feed is added: a home page's address is enough."""

from collections.abc import Sequence
from dataclasses import dataclass

from digest.app import App
from digest.errors import IngestError, WrongState
from digest.ingest import discover, front_page, guard, read
from digest.ingest.discover import Candidate, Choice, Tried
from digest.ingest.http import Fetcher
from digest.model import Document, Feed, FeedKind
from digest.store import feeds
from digest.text import link_url


@dataclass(frozen=True, slots=True)
class Added:
    """A feed that was added, why this one, and what else the page names."""

    feed: Feed
    why: str = ""
    others: tuple[str, ...] = ()


def add_feed(
    app: App,
    url: str,
    *,
    title: str = "",
    section: str = "",
    kind: FeedKind = FeedKind.ARTICLES,
    as_is: bool = False,
    full_text: bool = False,
) -> Added:
    """Add the feed at an address or the one its page leads to; with `as_is` without looking.

    WrongState when it is there already; IngestError when nothing can be read. Then nothing is
    stored.
    """
    url = url.strip()
    if not link_url(url):
        raise WrongState(f"{url} is not a web address; write e.g. https://news.example/feed/")
    with app.database.reading() as tx:
        if feeds.has(tx, url):
            raise WrongState(f"{url} is one of the feeds already")
    choice = Choice(url, "") if as_is else _looked(app, url, kind)
    with app.database.transaction() as tx:
        feed = feeds.add(tx, choice.url, title or choice.title, section, kind, full_text=full_text)
    return Added(feed, choice.why, choice.others)


def _looked(app: App, url: str, kind: FeedKind) -> Choice:
    with app.open_fetcher() as fetcher:
        try:
            document = _document(fetcher, url)
        except IngestError as error:
            never = guard.ALLOW in str(error)  # nor could it be fetched later
            hint = "" if never else "; --as-is adds it without looking"
            raise IngestError(f"{error}; nothing was added{hint}") from error
        if kind is FeedKind.FRONT_PAGE:
            count = len(app.apart.call(front_page.headlines, document))
            return Choice(url, f"a front page; headlines now: {count}")
        found = app.apart.call(discover.format_of, document)
        if found:
            count = len(app.apart.call(read, document, now=app.now()).articles)
            return Choice(url, f"it is a feed itself ({found}); articles now: {count}")
        return discover.choose(
            url, _try(app, fetcher, app.apart.call(discover.candidates, document))
        )


def _document(fetcher: Fetcher, url: str) -> Document:
    document = fetcher.fetch(url).document
    if document is None:
        raise IngestError(f"{url}: the server says it is gone (410)")
    return document


def _try(app: App, fetcher: Fetcher, found: Sequence[Candidate]) -> list[Tried]:
    """Ask one candidate after the other, until one gives articles; list the others untried."""
    tried: list[Tried] = []
    good = False
    for candidate in found:
        if good:
            tried.append(Tried(candidate))
            continue
        tried.append(_answer(app, fetcher, candidate))
        good = tried[-1].articles > 0
    return tried


def _answer(app: App, fetcher: Fetcher, candidate: Candidate) -> Tried:
    try:
        document = _document(fetcher, candidate.url)
        if not app.apart.call(discover.format_of, document):
            return Tried(candidate, problem=f"{candidate.url}: is no feed")
        ingested = app.apart.call(read, document, now=app.now())
    except IngestError as error:
        return Tried(candidate, problem=str(error))
    if discover.is_of_comments(ingested.title):
        return Tried(candidate, problem=f"{candidate.url}: is a feed of comments")
    return Tried(candidate, len(ingested.articles))
