"""Front pages: which stored article stands where, read on a schedule."""

from datetime import timedelta

from digest.app import App
from digest.ingest import front_page
from digest.model import Document, Feed, Reading
from digest.rank.signals.prominence import METRIC
from digest.store import articles, readings

_FORGOTTEN = timedelta(days=8)  #: what was not on the page for so long is not followed any more


def keep_positions(app: App, feed: Feed, page: Document) -> str:
    """Keep the place of every article we know that a front page shows; say what was seen.

    An article that stood there at the last look and does not now gets the place 0, once.
    IngestError when the page shows no headlines; then nothing is kept.
    """
    found = front_page.headlines(page)
    now = app.now()
    metric = f"{METRIC}:{feed.id}"
    with app.database.transaction() as tx:
        known = articles.known(tx, [headline.key for headline in found])
        placed = front_page.positions(found, known, page.url)
        there = readings.above_zero(tx, metric, now - _FORGOTTEN)
        left = dict.fromkeys(there - placed.keys(), 0)
        places = [Reading(name, metric, place, now) for name, place in (placed | left).items()]
        readings.add_all(tx, places)
    return f"{len(found)} headlines, {len(placed)} of articles we know"
