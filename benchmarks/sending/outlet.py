"""An outlet with many readers and an edition of a given size, queued; one run of its sender."""

import json
import os
import random
import resource
import sqlite3
import subprocess
import sys
import threading
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from digest.text import TOKEN

_CONFIG = """\
[publication]
name = "Bench"
url = "https://news.example"
postal_address = "1 Main Street"
contact = "editor@news.example"
[mail]
from = "Bench <weekly@news.example>"
connections = {connections}
{mail}
[mail.smtp]
port = {port}
security = "none"
[mail.dkim]
{dkim}
[newsletters.weekly]
title = "Bench Weekly"
"""
_LINK = f"https://digest.news.example/u/0{TOKEN}"
DKIM = {
    "none": "",
    "rsa": 'domain = "news.example"\nselector = "r"\nkey_file = "rsa.pem"',
    "ed25519": 'domain = "news.example"\ned25519_selector = "e"\ned25519_key_file = "ed.pem"',
}


def configure(
    folder: Path, port: int, connections: int, dkim: str = "none", mail: str = ""
) -> None:
    """Write the outlet's config."""
    values = {"port": port, "connections": connections, "dkim": DKIM[dkim], "mail": mail}
    (folder / "config.toml").write_text(_CONFIG.format(**values))


def make(folder: Path, readers: int, size: int) -> Path:
    """Make an outlet with an edition of about `size` bytes a message, queued for its readers."""
    from tests.apps import a_week

    from digest import pipeline
    from digest.app import make_key_file, open_app
    from digest.deliver.head import Recipient
    from digest.deliver.message import build, compile_message
    from digest.pipeline.variants import frozen_variants
    from digest.store import articles

    folder.mkdir()
    configure(folder, 25, 4)
    make_key_file(folder / "digest.key")
    app = open_app(folder / "config.toml", {}, current=False)
    app.database.upgrade()
    now = app.now()
    week = [replace(a, published_at=now, first_seen_at=now) for a in a_week()]
    with app.database.transaction() as tx:
        articles.store(tx, week, now)
    add_readers(folder / "digest.db", readers)
    approved = pipeline.approve_edition(app, pipeline.draft_edition(app, "weekly"))
    (plain, *_), head = frozen_variants(app, approved)
    assert head is not None
    rendered = plain.rendered
    chance, fits = random.Random(1), size
    while True:
        words = some_words(chance, fits)
        text = f"Ships are moving again.\n\nUnsubscribe: {_LINK}\n"
        html = f'<p>{words}</p>\n<p><a href="{_LINK}">Unsubscribe</a></p>\n'
        padded = replace(rendered, html=html, text=text)
        compiled = compile_message(padded, head)
        made = len(build(compiled, Recipient("r1@reader.example", "T" * 32, 1, now)).content)
        if abs(made - size) < 200:
            break
        fits += size - made
    app.close()
    with sqlite3.connect(folder / "digest.db") as db:
        db.execute("UPDATE variant SET html = ?, text = ?", (padded.html, padded.text))
        db.execute("UPDATE edition SET sha256 = ?", (compiled.sha256,))
    if readers:
        app = open_app(folder / "config.toml", {})
        pipeline.queue_edition(app, pipeline.find_edition(app, "latest"))
        app.close()
    _make_keys(folder)
    return folder


def some_words(chance: random.Random, size: int) -> str:
    """Return text of a size in lines of 72 characters: dear lines would slow all but us."""
    lines = ("".join(chance.choices("abcdefgh ", k=71)) + "x" for _ in range(size // 73 + 1))
    return "\n".join(lines)[:size]


def add_readers(path: Path, readers: int) -> None:
    """Put confirmed readers into the tables."""
    from digest.audience.tokens import make_public_id

    when = "2026-01-01 00:00:00.000000"
    with sqlite3.connect(path) as db:
        db.executemany(
            "INSERT INTO subscriber (id, email, email_key, address_digest, name, created_at)"
            " VALUES (?, ?, ?, ?, '', ?)",
            ((n, f"r{n}@reader.example", f"r{n}@reader.example", f"{n:064x}", when)
             for n in range(1, readers + 1)),
        )  # fmt: skip
        db.executemany(
            "INSERT INTO subscription (id, subscriber_id, newsletter, state, public_id, created_at,"
            " confirmed_at) VALUES (?, ?, 'weekly', 'active', ?, ?, ?)",
            ((n, n, make_public_id(n.to_bytes(8, "big")), when, when)
             for n in range(1, readers + 1)),
        )  # fmt: skip
    db.close()


def _make_keys(folder: Path) -> None:
    rsa = ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"]
    for name, kind in (("rsa.pem", rsa), ("ed.pem", ["ED25519"])):
        words = ["openssl", "genpkey", "-algorithm", *kind, "-out", str(folder / name)]
        subprocess.run(words, check=True, stderr=subprocess.DEVNULL)


def send(folder: Path, *, watch: bool = False) -> dict[str, Any]:
    """Drain the outlet in a process of its own; return seconds, CPU and, watched, memory."""
    words = [sys.executable, "-m", "benchmarks.sending.outlet", str(folder)]
    words += ["watch"] if watch else []
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _family() -> list[int]:
    mine = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [os.getpid(), *map(int, mine)]


def pss(pids: list[int]) -> float:
    """Return the memory of processes in MB, what they share counted once."""
    total = 0
    for pid in pids:
        try:
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        total += next(int(row.split()[1]) for row in rollup.splitlines() if row.startswith("Pss:"))
    return total / 1024


def main() -> None:
    """Send, and print what it took."""
    from digest import pipeline
    from digest.app import open_app

    folder = Path(sys.argv[1])
    app = open_app(folder / "config.toml", {})
    edition = pipeline.find_edition(app, "latest")
    app.signers  # noqa: B018 - loaded before the clock starts
    idle, most, done = pss(_family()), [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(0.25):
            most[0] = max(most[0], pss(_family()))

    watcher = threading.Thread(target=watch, daemon=True)
    if len(sys.argv) > 2:
        watcher.start()
    begin, used = time.perf_counter(), _cpu()
    if len(sys.argv) > 3:
        import cProfile

        profile = cProfile.Profile()
        drained = profile.runcall(pipeline.drain_outbox, app, edition)
        profile.dump_stats(sys.argv[3])
    else:
        drained = pipeline.drain_outbox(app, edition)
    seconds, cpu = time.perf_counter() - begin, _cpu() - used
    done.set()
    found = {"seconds": seconds, "cpu": cpu, "idle_mb": idle, "most_mb": most[0]}
    print(json.dumps(found | {"numbers": asdict(drained.numbers), "problem": drained.problem}))
    app.close()


if __name__ == "__main__":
    main()
