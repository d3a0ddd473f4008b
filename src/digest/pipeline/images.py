"""Local copies of the pictures editions show: fetched once, made small, named by their content."""

import base64
import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from digest.app import App
from digest.errors import IngestError, NotFound
from digest.ingest.limits import Limits
from digest.ingest.many import ask
from digest.ingest.shrink import Small, shrink
from digest.model import Edition, Image
from digest.render import places_of
from digest.render.shown import Place
from digest.settings import Theme

_NAME = re.compile(r"[0-9a-f]{64}\.(?:jpg|png)")
_KINDS = {".jpg": "image/jpeg", ".png": "image/png"}
_SECONDS = 20.0  #: for all of an edition's pictures together
_AGAIN = timedelta(minutes=10)  #: after which one that could not be copied is asked for again
_LIMITS = Limits(connect=5, first_byte=8, whole=15, wire=15_000_000, raw=15_000_000, pause=0.2)


@dataclass(frozen=True, slots=True)
class Copies:
    """What stands in for an edition's pictures."""

    found: Mapping[tuple[str, int], Image]  #: by address and width in the layout
    problems: Mapping[str, str]  #: address of a picture without a copy -> why


NO_COPIES = Copies({}, {})


@dataclass(frozen=True, slots=True)
class _Kept:
    """What became of a picture for one place; kept, so that the same edition shows the same."""

    place: Place
    at: str
    name: str = ""  #: of the file; empty: there is none
    width: int = 0
    height: int = 0
    problem: str = ""


def local_copies(
    app: App,
    edition: Edition,
    picture: Callable[[str], bytes] | None = None,
    theme: Theme | None = None,
) -> Copies:
    """Copy the pictures an edition shows, side by side, within seconds; no transaction is open.

    One that was copied before is not asked for again. `picture` says where the bytes come from,
    when that is not the web, and `theme` which places there are, when not the newsletter's.
    """
    places = places_of(edition, theme or app.newsletter(edition.newsletter).theme)
    if not app.settings.images.local:
        return Copies({}, {place.url: "" for place in places if place.url.startswith("http:")})
    known = {place: kept for place in places if (kept := _kept(app, place))}
    known |= _copied(app, [place for place in places if place not in known], picture)
    url = f"{app.settings.web.base_url}/images"
    return Copies(
        {
            (place.url, place.width): Image(f"{url}/{kept.name}", "", "", kept.width, kept.height)
            for place, kept in known.items()
            if kept.name
        },
        {place.url: kept.problem for place, kept in known.items() if kept.problem},
    )


def _copied(
    app: App, places: Sequence[Place], picture: Callable[[str], bytes] | None
) -> dict[Place, _Kept]:
    fetching = app if app.limits else replace(app, limits=_LIMITS)
    budget = app.settings.images.max_bytes
    done = {}
    with fetching.open_fetcher() as fetcher:
        read = picture or fetcher.picture

        def copied(place: Place) -> Small:
            return app.apart.call(shrink, read(place.url), place.width, budget, place.shape)

        for place, small in ask(copied, places, within=_SECONDS) if places else ():
            if isinstance(small, IngestError):
                problem = str(small).removeprefix(place.url).lstrip(": ")
                kept = _Kept(place, app.now().isoformat(), problem=problem)
            else:
                kept = _stored(app, place, small)
            _write(_note_path(app, place), json.dumps(asdict(kept)).encode())
            done[place] = kept
    return done


def _stored(app: App, place: Place, small: Small) -> _Kept:
    name = f"{hashlib.sha256(small.content).hexdigest()}.{small.suffix}"
    _write(_folder(app) / name, small.content)
    return _Kept(place, app.now().isoformat(), name, small.width, small.height)


def _kept(app: App, place: Place) -> _Kept | None:
    """Return what is known of a picture; None: ask for it."""
    try:
        read = json.loads(_note_path(app, place).read_bytes())
        kept = _Kept(**read | {"place": place})
    except (OSError, ValueError, TypeError):
        return None
    if kept.problem:
        return kept if app.now() < datetime.fromisoformat(kept.at) + _AGAIN else None
    return kept if (_folder(app) / kept.name).is_file() else None


def _note_path(app: App, place: Place) -> Path:
    recipe = f"{place.width} {place.shape:.3f} {app.settings.images.max_bytes} {place.url}"
    return _folder(app) / "known" / f"{hashlib.sha256(recipe.encode()).hexdigest()}.json"


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: it may be served at this moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{hashlib.sha256(content).hexdigest()[:8]}.part")
    part.write_bytes(content)
    part.replace(path)


def _folder(app: App) -> Path:
    return app.folder / app.settings.images.folder


def image_file(app: App, name: str) -> tuple[Path, str]:
    """Return a copy's file and its kind; NotFound for anything else."""
    path = _folder(app) / name
    if not _NAME.fullmatch(name) or not path.is_file():
        raise NotFound("There is no such picture.")
    return path, _KINDS[path.suffix]


def with_pictures(app: App, html: str) -> str:
    """Return a page that holds its copies itself: to look at where no server runs."""
    address = re.escape(f"{app.settings.web.base_url}/images/")

    def inlined(found: re.Match[str]) -> str:
        try:
            path, kind = image_file(app, found[1])
        except NotFound:
            return found[0]
        return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"

    return re.sub(f"{address}({_NAME.pattern})", inlined, html)
