"""An article with the words of a stored one: its old address tells whether it moved."""

from collections.abc import Iterable, Sequence
from http import HTTPStatus

from digest.app import App
from digest.errors import IngestError
from digest.ingest.answers import Want
from digest.ingest.http import Fetcher
from digest.model import Article
from digest.store import articles
from digest.text import canonical_url

MOST = 10  #: old addresses asked at one read of a feed; what they say holds for the others too
_GONE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})


def ask_old(app: App, fetcher: Fetcher, given: Sequence[Article]) -> frozenset[str]:
    """Return the ids of articles that are others than the stored ones with the same words.

    One moved when its old address is gone or leads to the new one. When an answer is neither, or
    does not come, there are two articles: writing one over the other could not be undone.
    """
    with app.database.reading() as tx:
        old = articles.renamed(tx, given)
    keys = {article.id: article.key for article in given if article.id in old}
    asked = dict(list(old.items())[:MOST])
    apart = frozenset(_not_moved(fetcher, asked, keys))
    return apart | (old.keys() - asked.keys() if apart else frozenset())


def _not_moved(fetcher: Fetcher, asked: dict[str, str], keys: dict[str, str]) -> Iterable[str]:
    """Yield the ids whose old address answers; after a failure the server is left in peace."""
    failed = False
    for article_id, url in asked.items():
        try:
            answer = None if failed else fetcher.answer(url, Want.HEAD)
        except IngestError:
            answer, failed = None, True
        gone = answer is not None and answer.status in _GONE
        if not gone and (answer is None or canonical_url(answer.url) != keys[article_id]):
            yield article_id
