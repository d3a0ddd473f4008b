"""What is in flight, in a small file beside a SQLite database: a transaction for each round of a
big send would cost more than all else.

A sender's rows stay claimed in the ledger for a moment; its file tells which of them were fenced
since, and which the server took. What a frame tells is durable before a dot leaves. Whoever may
change claimed rows in other ways reads the files into the ledger first (`fold`), and by that calls
the sender back to the ledger, before its next dot. The file of a sender that died is read by the
next one (`bring_home`).
"""

import errno
import fcntl
import json
import os
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from glob import escape
from pathlib import Path

from digest.errors import StoreError
from digest.model import DeliveryState
from digest.store.database import Database, Transaction
from digest.store.fence import HAND_SECONDS, Result, keep_handed, settle_all

_ROOM = 1 << 19  #: bytes of the file, all written at the start: a file that grows is synced slowly
_START = 4096  #: where the frames begin; before them stands how often others looked
_LOOKS = struct.Struct(">Q")
_FRAME = struct.Struct(">III")  #: length, turn, and a checksum of turn and text


class Flight:
    """The file of one sender."""

    def __init__(self, database: Database, token: str) -> None:
        """Make it, locked as long as this process lives."""
        self._path = Path(f"{_base(database.name)}-flight-{token}")
        self._turn, self._at, self._looks = 0, _START, 0
        try:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                self._prepare()
            except OSError:
                self.close(done=True)
                raise
        except OSError as error:
            raise StoreError(f"{self._path}: cannot be written: {error.strerror}") from error

    def _prepare(self) -> None:
        fcntl.flock(self._file, fcntl.LOCK_EX)
        if not os.fstat(self._file).st_nlink:  # `bring_home` had the lock first
            raise FileNotFoundError(errno.ENOENT, "another sender took it away")
        _write(self._file, bytes(_ROOM), 0)
        os.fsync(self._file)
        _sync_folder(self._path.parent)

    def add(self, fenced: Sequence[int], taken: Mapping[int, str], at: datetime) -> bool:
        """Keep what was fenced and what servers said; False when it is not kept for certain.

        Also False when somebody looked since `asked`: then the ledger has to be asked again.
        """
        text = json.dumps([list(fenced), list(taken.items()), at.isoformat()]).encode()
        frame = _FRAME.pack(len(text), self._turn, _checksum(self._turn, text)) + text
        if self._at + len(frame) + _FRAME.size > _ROOM:
            return False
        try:
            _write(self._file, frame, self._at)
            getattr(os, "fdatasync", os.fsync)(self._file)  # macOS has the latter alone
        except OSError:
            return False
        self._at += len(frame)
        return self._looked_at() == self._looks

    def asked(self) -> None:
        """Take note that the ledger is asked now; while its lock is held nobody else looks."""
        self._looks = self._looked_at()

    def empty(self) -> None:
        """Begin anew: the ledger has it all."""
        self._turn = (self._turn + 1) % (1 << 32)
        self._at = _START
        with suppress(OSError):  # what is told twice is not done twice
            os.pwrite(self._file, bytes(_FRAME.size), _START)

    def close(self, *, done: bool) -> None:
        """Let it go; what is not `done`, all of it in the ledger, stays for the next sender."""
        if done:
            self._path.unlink(missing_ok=True)
        os.close(self._file)

    def _looked_at(self) -> int:
        return _looks(self._file)


@dataclass(slots=True)
class _Told:
    """What one file tells."""

    token: str
    fenced: set[int] = field(default_factory=set)
    taken: list[Result] = field(default_factory=list)


def fold(tx: Transaction) -> None:
    """Read what is in flight into the ledger; its senders ask there before their next dot.

    For who holds SQLite's write lock: it is kept until what is decided is done.
    """
    for path in _files(tx):
        with _reading(path), path.open("r+b", buffering=0) as file:
            os.pwrite(file.fileno(), _LOOKS.pack(_looks(file.fileno()) + 1), 0)
            _tell(tx, _read(path, file.fileno()), HAND_SECONDS)


def fold_all(database: Database) -> None:
    """Read what is in flight into the ledger, if anything is, for who copies it."""
    with database.reading() as tx:
        flying = bool(_files(tx))
    if flying:
        with database.transaction() as tx:
            fold(tx)


def bring_home(database: Database) -> None:
    """Read what senders left that died, and delete their files; what had no answer is in doubt."""
    if not database.is_sqlite:
        return
    with database.reading() as tx:
        paths = _files(tx)
    for path in paths:
        with _reading(path), path.open("r+b", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with database.transaction() as tx:
                _tell(tx, _read(path, file.fileno()), -1)
            path.unlink(missing_ok=True)


def _tell(tx: Transaction, told: _Told, seconds: int) -> None:
    settle_all(tx, told.taken)
    keep_handed(tx, sorted(told.fenced), told.token, seconds)


def _files(tx: Transaction) -> list[Path]:
    if tx.dialect.name != "sqlite" or not tx.engine.url.database:
        return []
    path = _base(tx.engine.url.database)
    try:
        return sorted(path.parent.glob(f"{escape(path.name)}-flight-*"))
    except OSError as error:
        raise StoreError(f"{path.parent}: cannot be listed: {error.strerror}") from error


def _base(database: str) -> Path:
    """Return where a database's other files stand: where SQLite has them, by whatever name."""
    return Path(database).resolve()


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Pass over a file that is gone or has a sender; say of another that it cannot be read."""
    try:
        yield
    except (FileNotFoundError, BlockingIOError):
        pass
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror}") from error


def _read(path: Path, file: int) -> _Told:
    told = _Told(path.name.rpartition("-")[2])
    for text in _frames(os.pread(file, _ROOM, _START)):
        fenced, taken, at = json.loads(text)
        moment = datetime.fromisoformat(at)
        told.fenced.update(fenced)
        told.fenced.difference_update([number for number, _ in taken])
        told.taken += [Result(n, told.token, DeliveryState.SENT, said, moment) for n, said in taken]
    return told


def _frames(data: bytes) -> Iterator[bytes]:
    """Yield the frames of the turn the first one is of, up to one that is not whole."""
    at, first = 0, None
    while at + _FRAME.size <= len(data):
        length, turn, checksum = _FRAME.unpack_from(data, at)
        at += _FRAME.size
        text = data[at : at + length]
        first = turn if first is None else first
        if not length or turn != first or _checksum(turn, text) != checksum:
            return
        yield text
        at += length


def _looks(file: int) -> int:
    """Return how often others looked; a file that has nothing yet was looked at by nobody."""
    return int.from_bytes(os.pread(file, _LOOKS.size, 0))


def _write(file: int, data: bytes, at: int) -> None:
    """Write all of it; a disk may take a part and fail only at the next write."""
    if os.pwrite(file, data, at) < len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _checksum(turn: int, text: bytes) -> int:
    return zlib.crc32(text, turn)


def _sync_folder(folder: Path) -> None:
    """Have a new file's name outlast a power cut too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
