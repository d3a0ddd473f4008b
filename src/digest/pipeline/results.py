"""What became of deliveries, kept in a file while the database cannot take it.

A reply that is forgotten makes a second copy, or a row in doubt. So a result the database refuses
is synced at once to a file beside `instance_file`; the next drain reads it back, whether the
process that heard it lived or not.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from digest.app import App
from digest.errors import StoreError
from digest.model import DeliveryState
from digest.store import deliveries

_ROOM = 1 << 16  #: bytes the file always has, so that a full disk still takes results


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one row, by the token it was claimed under; queued: its dot never left."""

    id: int
    token: str
    state: DeliveryState
    reply: str
    at: datetime
    next_try_at: datetime | None = None


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
            news = [result for result in kept if deliveries.settle_late(tx, *astuple(result))]
        if kept or os.fstat(file.fileno()).st_size < _ROOM:
            _write(file, [])
    return len(news)


def waiting(app: App) -> int:
    """Return how many results the database has not taken yet."""
    if not app.results_file.exists():
        return 0
    with _opened(app.results_file) as file:
        return len(_read(file))


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
    lines = [json.dumps(astuple(result), default=datetime.isoformat) for result in results]
    file.seek(0)
    file.write("\n".join(lines).encode().ljust(_ROOM, b"\n"))
    file.truncate()
    file.flush()
    os.fsync(file.fileno())
