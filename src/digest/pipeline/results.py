"""What became of deliveries, kept in a file while the database cannot take it.

A reply that is forgotten makes a second copy, or a row in doubt. So a result the database refuses
is synced at once to a file beside `instance_file`; the next drain reads it back, whether the
process that heard it lived or not.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from digest.app import App
from digest.errors import StoreError
from digest.model import DeliveryState
from digest.store import outbox
from digest.store.outbox import Result

_ROOM = 1 << 16  #: bytes the file always has, so that a full disk still takes results
_KEEP_TRYING = 600.0  #: seconds a result is offered to a database that is away
_AGAIN = 0.5  #: seconds between two tries


def keep(app: App, results: Sequence[Result]) -> None:
    """Add results to the file, synced; StoreError when that cannot be written either."""
    with _opened(app.results_file) as file:
        _write(file, [*_read(file), *results])


def read_back(app: App) -> int:
    """Write to the ledger what the file holds; return of how many rows it was news.

    A row that went on since, under another token, stays as it is.
    """
    with _opened(app.results_file) as file:
        kept = _read(file)
        with app.database.transaction() as tx:
            news = outbox.settle_all(tx, kept)
        if kept or os.fstat(file.fileno()).st_size < _ROOM:
            _write(file, [])
    return news


def waiting(app: App) -> int:
    """Return how many results the database has not taken yet."""
    if not app.results_file.exists():
        return 0
    with _opened(app.results_file) as file:
        return len(_read(file))


@dataclass
class Absence:
    """A database that is away: what is heard meanwhile is kept, and for how long it is borne."""

    app: App
    error: StoreError | None = None  #: why it is away, if it is
    _since: float = 0.0
    _again: float = 0.0
    _kept: int = 0  #: results in the file

    @property
    def too_early(self) -> bool:
        """Say whether it is not yet time to try again."""
        return self.error is not None and time.monotonic() < self._again

    def goes_on(self, error: StoreError) -> None:
        """Take note that it took nothing; raise `error` when that has gone on for too long."""
        now = time.monotonic()
        if self.error is None:
            self._since = now
        self.error, self._again = error, now + _AGAIN
        if now - self._since > _KEEP_TRYING:
            raise error

    def keep(self, results: Sequence[Result]) -> None:
        """Keep those of the results that are new; they only ever grow while it is away."""
        if new := results[self._kept :]:
            with suppress(StoreError):  # then they are in memory only, and offered all the same
                keep(self.app, new)
                self._kept = len(results)

    def ends(self) -> None:
        """Take note that it took everything."""
        if self.error is not None:
            self.error, self._kept = None, 0
            with suppress(StoreError):
                read_back(self.app)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """Open the file for this process alone."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(handle, "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
    except OSError as error:
        raise StoreError(f"{path}: cannot be written: {error.strerror}") from error


def _read(file: BinaryIO) -> list[Result]:
    """Return what stands in the file; a line that a crash cut short is not there."""
    file.seek(0)
    found = []
    for line in file.read().strip().splitlines():
        try:
            number, token, state, reply, at, again = json.loads(line)
        except ValueError:
            continue
        due = datetime.fromisoformat(again) if again else None
        found.append(
            Result(number, token, DeliveryState(state), reply, datetime.fromisoformat(at), due)
        )
    return found


def _write(file: BinaryIO, results: Sequence[Result]) -> None:
    lines = [json.dumps(result, default=datetime.isoformat) for result in results]
    file.seek(0)
    file.write("\n".join(lines).encode().ljust(_ROOM, b"\n"))
    file.truncate()
    file.flush()
    os.fsync(file.fileno())
