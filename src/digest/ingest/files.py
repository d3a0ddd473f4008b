"""Read files and folders from disk as documents."""

import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from digest.model import Document

LARGEST = 20_000_000  #: bytes of one file


@dataclass(frozen=True, slots=True)
class Found:
    """One path and what came of it: a document, or a sentence why there is none."""

    path: str
    document: Document | None = None
    problem: str = ""


def documents(paths: Iterable[Path]) -> Iterator[Found]:
    """Yield a finding for each file named and each file in a folder named, in order of names.

    Inside folders, hidden files and folders are passed over and links are not followed.
    """
    for path in paths:
        if path.is_dir():
            yield from _in_folder(path)
        else:
            yield _file(path)


def _in_folder(folder: Path) -> Iterator[Found]:
    try:
        entries = sorted(folder.iterdir())
    except OSError as exc:
        yield Found(str(folder), problem=f"{folder}: cannot be read ({exc.strerror})")
        return
    for entry in entries:
        if entry.name.startswith(".") or entry.is_symlink():
            continue
        if entry.is_dir():
            yield from _in_folder(entry)
        else:
            yield _file(entry)


def _file(path: Path) -> Found:
    try:
        kind = path.stat()
        if not stat.S_ISREG(kind.st_mode):
            return Found(str(path), problem=f"{path}: is no file")
        if kind.st_size > LARGEST:
            return Found(str(path), problem=f"{path}: is larger than {LARGEST // 10**6} MB")
        content = path.read_bytes()
    except FileNotFoundError:
        return Found(str(path), problem=f"{path}: there is no such file or folder")
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else exc
        return Found(str(path), problem=f"{path}: cannot be read ({reason})")
    return Found(str(path), Document(url=str(path), content=content, path=str(path)))
