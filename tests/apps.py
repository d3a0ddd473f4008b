"""Apps for tests: a real config, database and transport in a folder of their own."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from digest.app import App, make_key_file, open_app
from digest.ingest.limits import Limits
from digest.membership import add_subscriber
from digest.model import Article
from digest.store import articles
from tests.make import NOW, an_article, an_image

CONFIG = """\
[publication]
name = "Atlas Weekly"
url = "https://news.example"
timezone = "Europe/Berlin"
postal_address = "1 Main Street, 10115 Berlin"
contact = "editor@news.example"

[database]
url = "{database}"

[web]
base_url = "https://digest.news.example"

[mail]
transport = "{transport}"
from = "Atlas Weekly <weekly@news.example>"
connections = {connections}
on_uncertain = "{on_uncertain}"

[mail.smtp]
port = {port}
security = "none"

[fetch]
allow_networks = ["127.0.0.0/8"]

[newsletters.weekly]
title = "The Week at Atlas"
sections = [ {{ category = "Sport", stories = 3 }} ]
{more}
"""


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    moment: datetime = NOW
    asked: int = field(default=0)

    def __call__(self) -> datetime:
        """Return the moment it shows."""
        self.asked += 1
        return self.moment

    def move(self, **span: Any) -> None:
        """Move it forward."""
        self.moment += timedelta(**span)


def an_app(
    folder: Path,
    database: str = "sqlite:///digest.db",
    clock: Clock | None = None,
    *,
    transport: str = "memory",
    port: int = 25,
    connections: int = 2,
    on_uncertain: str = "resend",
    more: str = "",
) -> App:
    """Open an app on an up-to-date database."""
    path = folder / "config.toml"
    values = {"transport": transport, "port": port, "connections": connections}
    text = CONFIG.format(database=database, on_uncertain=on_uncertain, more=more, **values)
    path.write_text(text, encoding="utf-8")
    make_key_file(folder / "digest.key")
    app = open_app(path, {}, clock or Clock(), current=False)
    app.database.upgrade()
    return replace(app, limits=Limits(pause=0))


_TITLES = (
    "Harbour reopens after the storm",
    "Parliament votes to publish its letters",
    "A quiet valley learns to live with wolves",
    "Chip maker doubles its night shift",
    "Orchestra finds a lost symphony in the attic",
    "Ferry strike ends in Palermo",
    "Border towns share one fire engine",
    "Nairobi bans loud buses",
    "Goalkeeper saves three penalties in a row",
    "Cyclist crosses the Alps without a chain",
    "Village swims where the mill once stood",
)


def a_week(count: int = len(_TITLES)) -> list[Article]:
    """Return a week of articles, the last three in Sport."""
    return [
        an_article(
            title,
            author=f"Author {number}",
            author_bio="Writes about ports and people.",
            categories=("Sport",) if number > 7 else (f"Category {number}",),
            image=an_image() if number < 3 else None,
            published_at=NOW - timedelta(hours=10 * number + 5),
        )
        for number, title in enumerate(_TITLES[:count])
    ]


def fill(app: App, found: Sequence[Article] | None = None, readers: int = 0) -> None:
    """Store a week of articles and subscribe readers."""
    with app.database.transaction() as tx:
        articles.store(tx, a_week() if found is None else found, app.now())
    for number in range(readers):
        add_subscriber(app, f"r{number}@reader.example", "weekly", confirmed=True)
