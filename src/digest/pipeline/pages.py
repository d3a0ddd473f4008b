"""What a feed leaves out of its articles is read from their pages, where the feed wants that."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from digest.app import App
from digest.errors import IngestError
from digest.ingest import complete
from digest.ingest.http import Fetcher
from digest.ingest.many import ask
from digest.ingest.robots import Robots
from digest.model import Article, Feed
from digest.store import articles, feeds

TRIES = 3  #: times the page of a new or changed article is asked for
MOST = 30  #: pages of a feed at one read


@dataclass(frozen=True, slots=True)
class Completed:
    """What the pages of one feed's articles gave."""

    feed: Feed
    pages: int
    problems: tuple[str, ...] = ()  #: how many could not be read, and why

    @property
    def note(self) -> str:
        """Return it in words."""
        return "; ".join(
            [f"{_counted(self.pages, 'article')} completed by the page", *self.problems]
        )


def read_pages(
    app: App, fetcher: Fetcher, read: Sequence[Feed], *, within: float | None
) -> list[Completed]:
    """Complete the articles of feeds that were read just now; one that fails stays as it is."""
    with app.database.reading() as tx:
        found = [feeds.get(tx, feed.id) for feed in read]
        wanted = {f.id: articles.wanting_pages(tx, f.title, MOST) for f in found if f.full_text}
    asked = {article.id: article for some in wanted.values() for article in some}
    robots = Robots(fetcher)
    problems: dict[str, str] = {}
    places = list(asked.values())
    for article, page in ask(lambda a: _page(app, fetcher, robots, a), places, within=within):
        left, done = article.pages_left - 1, article
        if isinstance(page, IngestError):
            problems[article.id] = str(page).removeprefix(article.url).lstrip(": ")
        else:
            left, done = 0, complete.completed(article, page)
        with app.database.transaction() as tx:
            articles.complete(tx, done, pages_left=left)
    return [_told(f, wanted[f.id], problems) for f in found if wanted.get(f.id)]


def _page(app: App, fetcher: Fetcher, robots: Robots, article: Article) -> Article:
    robots.require(article.url)
    fetched = fetcher.fetch(article.url)
    if fetched.document is None:
        raise IngestError(f"{article.url}: the server says it is gone (410)")
    if fetched.url != article.url:
        robots.require(fetched.url)
    return app.apart.call(complete.page, fetched.document, now=app.now())


def _told(feed: Feed, asked: Sequence[Article], problems: dict[str, str]) -> Completed:
    reasons = Counter(problems[article.id] for article in asked if article.id in problems)
    told = [
        f"{_counted(count, 'page')} could not be read: {reason}"
        for reason, count in reasons.most_common()
    ]
    return Completed(feed, len(asked) - reasons.total(), tuple(told))


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}"
