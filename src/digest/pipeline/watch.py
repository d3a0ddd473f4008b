"""Front pages: which stored article stands where, read on a schedule."""

from digest.app import App
from digest.ingest import front_page
from digest.model import Document, Reading
from digest.store import articles

METRIC = "position"


def keep_positions(app: App, page: Document) -> str:
    """Keep the place of every article we know that a front page shows; say what was seen.

    IngestError when it shows no headlines; then nothing is kept.
    """
    found = app.apart.call(front_page.headlines, page)
    now = app.now()
    with app.database.transaction() as tx:
        known = articles.known(tx, [headline.key for headline in found])
        placed = front_page.positions(found, known, page.url)
        readings = [Reading(article_id, METRIC, place, now) for article_id, place in placed.items()]
        articles.add_readings(tx, readings, every=True)
    return f"{len(found)} headlines, {len(placed)} of articles we know"
