"""The pages with a million subscribers and a hundred thousand articles: server time of each.

`--folder` keeps the outlet between runs: filling it takes minutes, measuring it does not. The last
line is one JSON document.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from fastapi.testclient import TestClient

from benchmarks.audience import CONFIG, a_file
from digest import membership, pipeline
from digest.app import App, make_key_file, open_app
from digest.model import Article, EditionState
from digest.store import admins, articles, consent, editions, searching, subscribers
from digest.text import canonical_url, short_id
from digest.web import build
from digest.web.admin import accounts

ADDRESS = 'postal_address = "1 Main Street"\ncontact = "editor@news.example"'
WORDS = "harbour council storm valley orchestra ferry border village goal chip vote river".split()
#: What some readers want otherwise: one in ten without Sport, one in fifteen short, one in twenty
#: in German; and a few who are kept out.
WISHES = (
    "UPDATE subscription SET muted = char(10) || 'Sport' || char(10) WHERE id % 10 = 0",
    "UPDATE subscription SET density = 'compact' WHERE id % 15 = 0",
    "UPDATE subscriber SET language = 'de' WHERE id % 20 = 0",
    """INSERT INTO suppression (address_digest, reason, at, note) SELECT address_digest, 'bounced',
    '2024-03-01 00:00:00.000000', '' FROM subscriber WHERE id % 2000 = 0""",
)
MOST = {"median_ms": 200, "p95_ms": 400}  #: of an admin page
Pages = dict[str, Callable[[], object]]


def an_outlet(folder: Path, people: int, stories: int) -> App:
    """Open the outlet in a folder, filled when it is new."""
    config = folder / "config.toml"
    is_new = not config.exists()
    if is_new:
        folder.mkdir(parents=True, exist_ok=True)
        text = CONFIG.format(url="sqlite:///digest.db")
        config.write_text(text.replace("[database]", f"{ADDRESS}\n[database]", 1), "utf-8")
        make_key_file(folder / "digest.key")
    app = open_app(config, {}, current=False)
    app.database.upgrade()
    if is_new:
        _fill(app, folder / "people.csv", people, stories)
    return app


def _fill(app: App, path: Path, people: int, stories: int) -> None:
    began = time.perf_counter()
    a_file(path, people)
    membership.import_file(app, path, membership.Wanted("weekly", "double opt-in"), apply=True)
    with app.database.transaction() as tx:
        for statement in WISHES:
            tx.exec_driver_sql(statement)
        consent.refresh(tx, sa.true())
        articles.store(tx, list(_articles(app, stories)), app.now())
    edition = pipeline.draft_edition(app, "weekly", app.now() - timedelta(days=7))
    edition = pipeline.queue_edition(app, pipeline.approve_edition(app, edition))
    with app.database.transaction() as tx:  # as if it had gone out
        tx.exec_driver_sql("UPDATE delivery SET state = 'sent', attempts = 1, reply = '250 ok'")
        editions.move(tx, edition, EditionState.SENT, app.now())
    accounts.create_admin(app, "bench", "owner", "a password to measure")
    print(f"filled in {time.perf_counter() - began:.0f} s", flush=True)


def _articles(app: App, count: int) -> Iterator[Article]:
    """Yield articles of as many weeks as there are, some 700 each week."""
    for number in range(count):
        title = " ".join(WORDS[(number // (3**place)) % len(WORDS)] for place in range(6))
        url = f"https://news.example/{number}/"
        moment = app.now() - timedelta(minutes=14.4 * number + 5)
        yield Article(
            id=short_id(canonical_url(url)),
            key=canonical_url(url),
            url=url,
            title=f"{title.capitalize()} {number}",
            author=f"Author {number % 40}",
            summary=f"What {title} means for the region, in two sentences. It is number {number}.",
            categories=(("World", "Sport", "Culture", "Politics")[number % 4],),
            published_at=moment,
            words=400,
            outlet="news.example",
        )


def admin_pages(app: App) -> Pages:
    """Return the desk's pages, each as something to call."""
    token = _log_in(app)
    client = TestClient(build(app), base_url="http://127.0.0.1:8025")
    client.cookies.set("digest_desk", token)
    key = pipeline.draft_edition(app, "weekly").key
    with app.database.reading() as tx:
        article = searching.search(tx, "harbour", 1)[0].id
        somebody = next(iter(subscribers.some(tx, limit=1)))
        person, email = somebody.id, somebody.email
        sent = editions.last_sent(tx, "weekly", app.now(), 1)[0].key
    paths = [
        "",
        "/editions",
        f"/editions/{key}",
        f"/editions/{key}/left",
        f"/editions/{key}/preview",
        f"/editions/{key}/frame",
        f"/editions/{key}/approve",
        f"/editions/{key}/find?find=harbour",
        f"/editions/{sent}",
        f"/editions/{sent}/progress",
        "/articles",
        "/articles?q=harbour+council",
        "/articles?skip=5000",
        f"/articles/{article}",
        "/feeds",
        "/subscribers",
        "/subscribers?filter=status:active+since:2024-03-05",
        f"/subscribers?filter={email}",
        "/subscribers?filter=tag:vip+domain:web.example",
        f"/subscribers/{person}",
        "/import",
        "/placements",
        "/schedule",
        "/settings",
        "/log",
        "/account",
    ]

    def ask(path: str) -> None:
        answer = client.get(f"/admin{path}")
        assert answer.status_code == 200, (path, answer.status_code)

    names = [p.replace(key, "DRAFT").replace(sent, "SENT").replace(email, "ADDRESS") for p in paths]
    return {f"/admin{n}": lambda p=p: ask(p) for n, p in zip(names, paths, strict=True)}  # type: ignore[misc]


def _log_in(app: App) -> str:
    with app.database.transaction() as tx:
        admin = admins.named(tx, "bench")
        assert admin is not None
        token, now = f"bench {time.time_ns()}", app.now()
        admins.begin_session(tx, accounts._kept(token), admin.id, now, now + timedelta(hours=1))  # noqa: SLF001
    return token


def measured(page: Callable[[], object], times: int) -> dict[str, float]:
    """Return the median and the 95th percentile of a page, after one for warming up."""
    page()
    spans = []
    for _ in range(times):
        began = time.perf_counter()
        page()
        spans.append((time.perf_counter() - began) * 1000)
    return {
        "median_ms": round(statistics.median(spans), 1),
        "p95_ms": round(sorted(spans)[int(0.95 * (len(spans) - 1) + 0.5)], 1),
    }


def main() -> None:
    """Run it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--people", type=int, default=1_000_000)
    options.add_argument("--articles", type=int, default=100_000)
    options.add_argument("--times", type=int, default=20)
    options.add_argument("--folder", type=Path, help="keeps the outlet here")
    options.add_argument("--fill", action="store_true", help="only fill it")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        app = an_outlet(given.folder or Path(name), given.people, given.articles)
        found: dict[str, dict[str, float]] = {}
        pages = {} if given.fill else admin_pages(app)
        for path, page in pages.items():
            found[path] = measured(page, given.times)
            slow = [k for k, most in MOST.items() if found[path][k] > most]
            print(f"{path:<50} {found[path]}{'  TOO SLOW' if slow else ''}", flush=True)
        app.close()
    print(json.dumps({"people": given.people, "articles": given.articles, "pages": found}))


if __name__ == "__main__":
    main()
