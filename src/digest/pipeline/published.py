"""Ask whether an edition's articles are still published; those that are not are never sent."""

from datetime import datetime, timedelta
from http import HTTPStatus

from digest.app import App
from digest.compose.sections import UNPUBLISHED
from digest.ingest.answers import Want
from digest.ingest.many import ask
from digest.model import Article, Edition
from digest.pipeline.edit import compose_next
from digest.slots import Slot
from digest.store import articles

_GONE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
_TIME = timedelta(seconds=60)
_ROUNDS = 3


def check_articles(app: App, edition: Edition, *, within: timedelta = _TIME) -> list[Article]:
    """Ask each address of an edition's stories; return and mark those that answer 404 or 410.

    One that was marked and answers again is unmarked. A server in trouble changes nothing.
    """
    asked = [article for placed in edition.stories for article in placed.ranked.story.articles]
    with app.database.reading() as tx:
        unpublished = [e.article_id for e in edition.left_out if e.reason.startswith(UNPUBLISHED)]
        asked += [articles.find(tx, article_id) for article_id in unpublished]
    seconds = within.total_seconds()
    gone: list[Article] = []
    back: list[Article] = []
    with app.open_fetcher() as fetcher:

        def status(article: Article) -> int:
            return fetcher.answer(article.url, Want.HEAD).status

        for article, answer in ask(status, asked, within=seconds):
            if isinstance(answer, int) and answer in _GONE:
                gone.append(article)
            elif answer == HTTPStatus.OK and article.gone_at is not None:
                back.append(article)
    with app.database.transaction() as tx:
        articles.mark(tx, [article.id for article in gone if article.gone_at is None], app.now())
        articles.mark(tx, [article.id for article in back], None)
    return [article for article in gone if article.gone_at is None]


def drop_unpublished(app: App, slug: str, at: datetime | Slot | None = None) -> list[Article]:
    """Check the edition a slot would get, again when others took the place of those gone."""
    gone: list[Article] = []
    for _ in range(_ROUNDS):
        found = check_articles(app, compose_next(app, slug, at))
        gone += found
        if not found:
            break
    return gone
