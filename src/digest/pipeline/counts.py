"""Counts from other programs become readings of the stored articles."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urljoin

from digest.app import App
from digest.errors import IngestError
from digest.ingest import counts, paging
from digest.ingest.counts import Count, Row
from digest.ingest.files import documents
from digest.ingest.http import Fetcher
from digest.ingest.many import ask
from digest.model import Feed, Reading
from digest.store import articles, readings
from digest.text import canonical_url, host_of


@dataclass(frozen=True, slots=True)
class Counted:
    """What one file of counts gave."""

    added: int
    known: int  #: the same as before: nothing was added
    unmatched: tuple[str, ...] = ()  #: addresses of no stored article
    refused: tuple[str, ...] = ()


def import_counts(app: App, path: Path) -> Counted:
    """Import counts; a bad row is refused with its line, the same file twice adds nothing.

    A row without a moment counts as read when the file was last written.
    """
    found = next(iter(documents([path])), None)
    if found is None or found.document is None:
        raise IngestError(found.problem if found else f"{path}: is an empty folder")
    rows = counts.read(found.document)
    written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    refused = tuple(row.problem for row in rows if row.problem)
    done = _keep(app, [row.count for row in rows if row.count], written)
    return replace(done, refused=refused)


def read_popular(app: App, fetcher: Fetcher, read: Sequence[Feed], *, within: float | None) -> None:
    """Keep the views WordPress Popular Posts counted, at the sites of these feeds that have it.

    A site tells of its own articles only; most have no such plugin, and need no word.
    """
    urls = dict.fromkeys(paging.popular(feed.url) for feed in read if paging.is_posts(feed.url))
    places = [Feed(0, url) for url in urls]
    for place, rows in ask(lambda place: _popular(app, fetcher, place), places, within=within):
        found = [] if isinstance(rows, IngestError) else [row.count for row in rows if row.count]
        _keep(app, [c for c in found if host_of(c.address) == host_of(place.url)], app.now())


def _popular(app: App, fetcher: Fetcher, place: Feed) -> list[Row]:
    document = fetcher.fetch(place.url).document
    return app.apart.call(counts.read, document) if document else []


def _keep(app: App, given: Sequence[Count], moment: datetime) -> Counted:
    """Keep the counts of stored articles; one without a moment counts as read at that given."""
    keys = {count.address: _key(app, count) for count in given}
    with app.database.transaction() as tx:
        ids = articles.known(tx, [key for key in keys.values() if key])
        matched = [(ids[keys[c.address]], c) for c in given if keys[c.address] in ids]
        found = [Reading(i, c.metric, c.value, c.read_at or moment) for i, c in matched]
        added = readings.add_new(tx, found)
    unmatched = tuple(dict.fromkeys(c.address for c in given if keys[c.address] not in ids))
    return Counted(added, len(found) - added, unmatched)


def _key(app: App, count: Count) -> str:
    """Return the canonical address of a count; a path starts at the publication's site."""
    try:
        return canonical_url(urljoin(app.settings.publication.url, count.address))
    except ValueError:
        return ""
