"""Front pages: which stored article stands where, read on a schedule."""

from dataclasses import replace

from digest.app import App
from digest.ingest import front_page
from digest.ingest.http import Fetched, Fetcher
from digest.model import Feed, Reading
from digest.store import articles

METRIC = "position"


def watch(app: App, fetcher: Fetcher, feed: Feed) -> tuple[Fetched, str]:
    """Keep the place of every article we know that a front page shows; say what was seen.

    IngestError when the page cannot be read or shows no headlines; then nothing is kept.
    """
    fetched = fetcher.fetch(feed.url)
    if fetched.document is None:
        return fetched, ""
    found = front_page.headlines(fetched.document)
    now = app.now()
    with app.database.transaction() as tx:
        known = articles.known(tx, [headline.key for headline in found])
        placed = front_page.positions(found, known, fetched.url)
        readings = [Reading(article_id, METRIC, place, now) for article_id, place in placed.items()]
        articles.add_readings(tx, readings, every=True)
    # How long a page may be cached says nothing of how often its order is worth a look.
    fetched = replace(fetched, max_age=None)
    return fetched, f"{len(found)} headlines, {len(placed)} of articles we know"
