"""A million subscribers: import beside a bare loop, first page, count, export, memory.

The bare loop reads the same file with the csv module, matches each address against a regular
expression and puts the rows into one table of a SQLite file with `executemany`: once without and
once with the unique address that a list of subscribers needs.
"""

import argparse
import random
import re
import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from csv import reader
from pathlib import Path

import sqlalchemy as sa

from digest import membership
from digest.app import App, make_key_file, open_app
from digest.store import consent, subscribers

CONFIG = """\
[publication]
name = "Atlas"
url = "https://news.example"
[database]
url = "{url}"
[mail]
from = "Atlas <weekly@news.example>"
[newsletters.weekly]
title = "The Week"
"""
PATTERN = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
FILTERS = (
    "status:active",
    "status:pending",
    "status:ended",
    "status:suppressed",
    "newsletter:weekly",
    "newsletter:daily",
    "category:Sport",
    "density:compact",
    "language:de",
    "timezone:Europe/Berlin",
    "tag:vip",
    "domain:web.example",
    "since:2024-03-05",
    "until:2024-03-05",
    "email:anna.1",
    'name:"Reader 77"',
    "status:active since:2024-03-05",
    "status:active newsletter:daily",
    "status:active category:World since:2024-03-05",
    "status:active language:de category:Sport",
    "status:active,pending -newsletter:daily",
    "newsletter:weekly tag:vip since:2024-03-05",
    "newsletter:daily domain:web.example",
    "status:active domain:web.example,mail.example language:de",
    "tag:vip domain:web.example",
    "-status:active",
    "newsletter:weekly -tag:vip",
)
#: What readers did since: some left, some are suppressed, some get a second newsletter, some chose.
SINCE = (
    "UPDATE subscription SET state = 'ended' WHERE subscriber_id % 11 = 0",
    "UPDATE subscription SET state = 'pending' WHERE subscriber_id % 29 = 0",
    """INSERT INTO suppression (address_digest, reason, at, note)
     SELECT address_digest, 'bounced', created_at, '' FROM subscriber WHERE id % 50 = 0""",
    """INSERT INTO subscription
     (subscriber_id, newsletter, state, public_id, created_at, muted, density)
     SELECT subscriber_id, 'daily', 'active', '!' || substr(public_id, 2), created_at, '', ''
     FROM subscription WHERE subscriber_id % 3 = 0""",
    "UPDATE subscription SET muted = '\nSport\n' WHERE subscriber_id % 7 = 0",
    "UPDATE subscription SET muted = '\nSport\nWorld\n' WHERE subscriber_id % 13 = 0",
    "UPDATE subscription SET density = 'compact' WHERE subscriber_id % 17 = 0",
    "UPDATE subscriber SET language = 'de' WHERE id % 5 = 0",
    "UPDATE subscriber SET timezone = 'Europe/Berlin' WHERE id % 6 = 0",
)


def a_file(path: Path, rows: int) -> None:
    """Write a CSV of made-up people: a name, a date, for every tenth a tag."""
    chance = random.Random(1)
    names, hosts = ("anna", "bob", "chris", "dora"), ("mail.example", "web.example", "post.example")
    with path.open("w", encoding="utf-8") as file:
        file.write("email,name,created_at,tags\n")
        for number in range(rows):
            left = f"{chance.choice(names)}.{chance.getrandbits(40):x}{number % 7}"
            tag = "vip" if number % 10 == 0 else ""
            day = f"2024-03-0{number % 9 + 1}"
            file.write(f"{left}@{chance.choice(hosts)},Reader {number},{day},{tag}\n")


def bare(path: Path, folder: Path, kind: str) -> None:
    """Run the bare loop."""
    database = sqlite3.connect(folder / f"bare{len(kind)}.db")
    database.execute(f"CREATE TABLE s (email TEXT {kind}, name TEXT, created_at TEXT, tags TEXT)")
    with path.open(encoding="utf-8", newline="") as file:
        rows = reader(file)
        next(rows)
        good = (row for row in rows if PATTERN.fullmatch(row[0]))
        database.executemany("INSERT INTO s VALUES (?, ?, ?, ?)", good)
    database.commit()
    database.close()


def both(work: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds on the clock and of computing."""
    clock, computing = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - clock, time.process_time() - computing


def timed(work: Callable[[], object]) -> float:
    """Return the seconds `work` takes, the best of three."""
    best = 1e9
    for _ in range(3):
        began = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - began)
    return best


def memory() -> float:
    """Return the most memory this process had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def lists(app: App) -> None:
    """Print the first page and the count of filtered lists, and the export."""
    began = time.perf_counter()
    with app.database.transaction() as tx:
        for statement in SINCE:
            tx.execute(sa.text(statement))
        consent.refresh(tx, sa.true())
    print(f"what readers did since, written in {time.perf_counter() - began:.1f} s")
    with app.database.reading() as tx:
        for text in FILTERS:
            wanted = membership.reading_filter(app, text)
            page = timed(lambda wanted=wanted: list(subscribers.some(tx, wanted, limit=50)))  # type: ignore[misc]
            count = timed(lambda wanted=wanted: subscribers.count(tx, wanted))  # type: ignore[misc]
            print(f"{text}: first page {page * 1000:.0f} ms, count {count * 1000:.0f} ms")
        wanted = membership.reading_filter(app, "status:active")
        for order in ("-created", "email"):
            page = timed(lambda order=order: list(subscribers.some(tx, wanted, order, 50)))  # type: ignore[misc]
            print(f"status:active by {order}: first page {page * 1000:.0f} ms")
    began, size, people, spans = time.perf_counter(), 0, 0, []
    for piece in membership.export_people(app, "csv"):
        size, people = size + len(piece), people + 1
        if people % 250_000 == 0:
            spans.append(time.perf_counter() - began)
            began = time.perf_counter()
    each = ", ".join(f"{span:.1f}" for span in spans)
    print(f"export: {people - 1:,} people, {size / 1e6:.0f} MB; seconds per 250,000: {each}")


def main() -> None:
    """Run it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--database", default="sqlite:///digest.db")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "people.csv"
        a_file(path, given.rows)
        (folder / "config.toml").write_text(CONFIG.format(url=given.database), "utf-8")
        make_key_file(folder / "digest.key")
        app = open_app(folder / "config.toml", {}, current=False)
        app.database.upgrade()
        wanted = membership.Wanted("weekly", "double opt-in 2024")
        ours = both(lambda: membership.import_file(app, path, wanted, apply=True))
        print(f"import: {given.rows:,} rows in {ours[0]:.1f} s, of computing {ours[1]:.1f} s")
        for kind in ("", "UNIQUE"):
            theirs = both(lambda kind=kind: bare(path, folder, kind))  # type: ignore[misc]
            shares = ", ".join(f"{theirs[n] / ours[n]:.2f}" for n in (0, 1))
            name = "with a unique address" if kind else "without an index"
            seconds = f"{theirs[0]:.1f} s, of computing {theirs[1]:.1f} s"
            print(f"bare loop {name}: {seconds}; our share of its rate: {shares}")
        print(f"memory: {memory():.0f} MB", flush=True)
        lists(app)
        print(f"memory at the end: {memory():.0f} MB")
        app.close()
    sys.stdout.flush()


if __name__ == "__main__":
    main()
