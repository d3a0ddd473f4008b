"""Counts from other programs become readings of the stored articles."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urljoin

from digest.app import App
from digest.errors import IngestError
from digest.ingest import counts
from digest.ingest.counts import Count
from digest.ingest.files import documents
from digest.model import Reading
from digest.store import articles
from digest.text import canonical_url


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
    given = [row.count for row in rows if row.count]
    refused = tuple(row.problem for row in rows if row.problem)
    keys = {count.address: _key(app, count) for count in given}
    with app.database.transaction() as tx:
        ids = articles.known(tx, [key for key in keys.values() if key])
        matched = [(ids[keys[c.address]], c) for c in given if keys[c.address] in ids]
        readings = [Reading(i, c.metric, c.value, c.read_at or written) for i, c in matched]
        added = articles.add_new_readings(tx, readings)
    unmatched = tuple(dict.fromkeys(c.address for c in given if keys[c.address] not in ids))
    return Counted(added, len(readings) - added, unmatched, refused)


def _key(app: App, count: Count) -> str:
    """Return the canonical address of a count; a path starts at the publication's site."""
    try:
        return canonical_url(urljoin(app.settings.publication.url, count.address))
    except ValueError:
        return ""
