"""Files of subscribers that came over the web: kept for an hour, until they are imported."""

import re
import secrets
import shutil
import time
from pathlib import Path
from typing import BinaryIO

from digest.app import App
from digest.errors import NotFound

_HOUR = 3_600
_NAME = re.compile(r"[0-9a-f]{32}")


def keep(app: App, stream: BinaryIO, name: str) -> str:
    """Keep a file under a name nobody can guess; those of more than an hour ago go."""
    _forget_old(_folder(app))
    kept = secrets.token_hex(16)
    place = _folder(app) / kept
    place.mkdir(mode=0o700, parents=True)
    tidy = re.sub(r"[^\w.-]+", "-", Path(name).name).lstrip(".")[-80:] or "people.csv"
    with (place / tidy).open("wb") as file:
        shutil.copyfileobj(stream, file, 1 << 20)
    return kept


def find(app: App, kept: str) -> Path:
    """Return a kept file; NotFound when its hour is over."""
    place = _folder(app) / kept
    if not _NAME.fullmatch(kept) or not place.is_dir():
        raise NotFound("the file is not kept any more: choose it again")
    return next(path for path in sorted(place.iterdir()) if ".refused" not in path.name)


def _folder(app: App) -> Path:
    return app.instance_file.parent / "uploads"


def _forget_old(folder: Path) -> None:
    for place in folder.glob("*"):
        if _NAME.fullmatch(place.name) and time.time() - place.stat().st_mtime > _HOUR:
            shutil.rmtree(place, ignore_errors=True)
