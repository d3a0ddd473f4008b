"""A sample outlet, its edition and its preview files: offline, the same each time."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from digest import explain, membership, pipeline
from digest.app import App, make_key_file, open_app
from digest.demo.pictures import draw, scene_for
from digest.errors import WrongState
from digest.model import Edition

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)  #: Monday 07:30 in Berlin: every date follows
_PICTURES = "https://news.example/pictures/"
_MARK = ".digest-demo"  #: says that a folder is ours to make anew
_READERS = ("ada@reader.example", "grace@reader.example", "jörg@reader.example")

_CONFIG = """\
# The sample outlet of `digest demo`. config.example.toml in the repository shows every setting.

[publication]
name = "Atlas Weekly"
url = "https://news.example"
language = "en"
timezone = "Europe/Berlin"
postal_address = "1 Main Street, 10115 Berlin"
contact = "editor@news.example"

[web]
base_url = "https://digest.news.example"   # where readers would reach the pages of `digest run`

[mail]
transport = "folder"             # writes one .eml per delivery into outbox/: nothing leaves
from = "Atlas Weekly <weekly@news.example>"

[images]
local = true                     # the pictures are served by `digest run` from images/

[newsletters.weekly]
title = "The Week at Atlas"
schedule = "monday 07:30"
sections = [
  { category = "World", stories = 4 },
  { category = "Climate", stories = 4 },
  { category = "Culture", stories = 4 },
]
"""

_PLACEMENTS = (
    {
        "sponsor": "Larkspur Bank",
        "title": "A savings account you can explain in one sentence",
        "text": "Two per cent on every euro, paid monthly, no small print. Readers of Atlas get "
        "the first year without fees.",
        "url": "https://larkspur.example/atlas",
        "button": "Open an account",
    },
    {
        "sponsor": "Nordlys Rail",
        "title": "Sleep your way to Stockholm",
        "text": "The night train from Berlin is back from 4 December. Two-bed cabins from €89, "
        "breakfast included.",
        "url": "https://nordlys.example/night",
        "button": "See the timetable",
    },
)


@dataclass(frozen=True, slots=True)
class Demo:
    """What the demo made."""

    folder: Path
    edition: Edition
    files: tuple[Path, ...]
    articles: int


def make_demo(folder: Path) -> Demo:
    """Make the sample outlet in a fresh folder; one made before is made anew."""
    _clear(folder)
    config = folder / "config.toml"
    config.write_text(_CONFIG, encoding="utf-8")
    make_key_file(folder / "digest.key")
    shutil.copytree(Path(__file__).parent / "feeds", folder / "feeds")
    app = open_app(config, {}, lambda: NOW, current=False)
    try:
        app.database.upgrade()
        return _run(app, folder)
    finally:
        app.close()


def _run(app: App, folder: Path) -> Demo:
    """Do the main job: articles in, a ranked edition, rendered, explained."""
    gathered = pipeline.import_files(app, [folder / "feeds"])
    for values in _PLACEMENTS:
        pipeline.add_placement(app, values)
    for reader in _READERS:
        membership.add_subscriber(app, reader, "weekly", confirmed=True)
    edition = pipeline.draft_edition(app, "weekly", NOW)
    pipeline.local_copies(app, edition, _drawer(edition))
    files = pipeline.write_preview(app, pipeline.proof(app, edition), folder)
    explained = folder / "explain.txt"
    explained.write_text(explain.as_text(edition), encoding="utf-8")
    stored = sum(done.stored.new for done in gathered)
    return Demo(folder, edition, (*files, explained), stored)


def _clear(folder: Path) -> None:
    """Empty a folder made by an earlier demo; refuse one that holds anything else."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / _MARK).exists():
            raise WrongState(f"{folder} is not empty; give another folder with --dir")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _MARK).write_text("made by `digest demo`, which makes it anew each time\n")


def _drawer(edition: Edition) -> Callable[[str], bytes]:
    """Return what draws an edition's pictures: nothing is fetched."""
    shown = {placed.lead.image.url: placed for placed in edition.stories if placed.lead.image}

    def picture(url: str) -> bytes:
        placed = shown[url]
        alt = placed.lead.image.alt if placed.lead.image else ""
        return draw(url.removeprefix(_PICTURES), scene_for(placed.category, alt))

    return picture
