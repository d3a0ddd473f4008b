"""How fast an edition goes out, what a message costs, and how the outbox is filled.

Ours, with the full ledger on disk (`synchronous=FULL`), beside other senders, interleaved, into two
servers whose own counts are checked. Peers that are not installed are named as such.
"""

import argparse
import json
import os
import re
import shutil
import smtplib
import sqlite3
import statistics
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.sending import outlet, sinks
from benchmarks.sending.senders import Bench, Sender, ours, senders
from digest.store import outbox

_SIZES = (94_000, 9_000)
_DELAY = 0.010  #: seconds on each way
_SIGNING = "openssl speed -multi 2 rsa2048"


def compare(bench: Bench) -> None:
    """Run everyone in turn into both servers, some rounds; check the counts; print medians."""
    known = senders(bench)
    for name in [name for name, send in known.items() if send is None]:
        bench.tell(name, state="not installed")
    servers: dict[str, Any] = {"fast sink": lambda: sinks.fast(bench.sink)}
    if shutil.which("smtp-sink") and not bench.given.fast_only:
        servers["smtp-sink"] = sinks.postfix
    there = {name: send for name, send in known.items() if send is not None}
    for size in _SIZES:
        for connections in (20,) if bench.given.quick else (1, 4, 20):
            for server, start in servers.items():
                where = f"{size // 1000} KB, {connections} connections, {server}"
                _rounds(bench, there, start, size, connections, where)


def _rounds(
    bench: Bench, there: dict[str, Sender], start: Any, size: int, connections: int, where: str
) -> None:
    """Let each send once a round, and sign as often as the machine can: it drifts by half."""
    seen = defaultdict(list)
    for _ in range(bench.given.rounds):
        for name, send in there.items():
            with start() as counted:
                sent, seconds, cpu = send(counted.port, bench.messages, size, connections)
            assert counted.messages == sent, (name, counted.messages, sent)
            seen[name].append((sent / seconds, cpu / sent))
        seen[_SIGNING].append((_signatures(), 0.0))
    for name, runs in seen.items():
        bench.rates[f"{name}, {where}"] = [rate for rate, _ in runs]
        rates, cpus = zip(*runs, strict=True)
        bench.tell(
            f"{name}, {where}",
            rate=round(statistics.median(rates)),
            **_spread(rates),
            cpu_us=round(statistics.median(cpus) * 1e6),
        )


def ratios(bench: Bench) -> None:
    """Print what is required and what was found: medians of each round's ratio."""
    for size, plain, signed in ((94, 0.9, 0.45), (9, 1.2, 0.5)):
        to = f"{size} KB, 20 connections, fast sink"
        _ratio(bench, "ours", "smtp-source", to, plain)
        _ratio(bench, "ours + RSA-2048", _SIGNING, to, signed)
        _ratio(bench, "ours + RSA-2048", "nodemailer + RSA-2048", to, 8)
        _ratio(bench, "ours", "django-post_office", to, 30)
    to = "94 KB, 20 connections, smtp-sink"
    _ratio(bench, "ours + RSA-2048", "smtp-source", to, 0.75)


def _ratio(bench: Bench, one: str, other: str, to: str, need: float) -> None:
    pairs = zip(*(bench.rates.get(f"{name}, {to}", ()) for name in (one, other)), strict=False)
    if found := [mine / theirs for mine, theirs in pairs]:
        ratio = round(statistics.median(found), 2)
        bench.tell(f"{one} / {other}, {to}", ratio=ratio, **_spread(found, 2), required=need)


def _spread(values: Sequence[float], digits: int | None = None) -> dict[str, float]:
    return {"least": round(min(values), digits), "most": round(max(values), digits)}


def _signatures() -> float:
    words = ["openssl", "speed", "-seconds", "2", "-multi", "2", "rsa2048"]
    said = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    found = re.findall(r"^rsa +2048 bits.*?s +[\d.]+s +([\d.]+)", said, re.MULTILINE)
    return float(found[-1])


def far_relay(bench: Bench) -> None:
    """Send to a relay that is 20 ms away."""
    for connections in (4, 20):
        messages = 600 * connections  # the calls at the start are no part of the rate
        with sinks.fast(bench.sink) as counted, sinks.away(bench.sink, counted.port, _DELAY) as far:
            away = _round_trip(far)
            sent, seconds, _ = ours(bench, "none")(far, messages, 9_000, connections)
        assert counted.messages == sent
        bench.tell(
            f"20 ms away, {connections} connections",
            rate=round(sent / seconds, 1),
            round_trip_ms=round(1_000 * away, 2),
            share=round(sent / seconds * away / connections, 3),
            share_of_20_ms=round(sent / seconds * 2 * _DELAY / connections, 3),
            required=0.9,
        )
    bench.tell("fsync after 20 ms of rest", ms=round(1_000 * _fsync(bench.folder), 2))


def _fsync(folder: Path) -> float:
    """Return the seconds a write takes to be on the disk after 20 ms in which nothing was to do."""
    taken = []
    with (folder / "fsync").open("wb", buffering=0) as file:
        for _ in range(50):
            time.sleep(2 * _DELAY)
            file.write(b"x" * 4_096)
            begin = time.perf_counter()
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - begin)
    return statistics.median(taken)


def _round_trip(port: int) -> float:
    """Return the seconds a command and its reply take: timers are a little later than told."""
    taken = []
    with smtplib.SMTP("127.0.0.1", port) as link:
        for _ in range(50):
            begin = time.perf_counter()
            link.noop()
            taken.append(time.perf_counter() - begin)
    return statistics.median(taken)


def memory(bench: Bench) -> None:
    """Print the memory of all our processes, and how it grows with the readers."""
    most = {}
    for readers in (1_000, 20_000 if bench.given.quick else 100_000):
        run = bench.folder / "run"
        shutil.rmtree(run, ignore_errors=True)
        shutil.copytree(bench.base(94_000, readers), run)
        with sinks.fast(bench.sink) as counted:
            outlet.configure(run, counted.port, 20, "rsa")
            found = outlet.send(run, watch=True)
        assert counted.messages == readers
        most[readers] = found["most_mb"]
        above = round(found["most_mb"] - found["idle_mb"], 1)
        all_in = round(found["most_mb"], 1)
        bench.tell(f"memory, {readers} readers", above_idle_mb=above, in_all_mb=all_in)
    few, many = most.values()
    bench.tell("memory, growth", mb=round(many - few, 1), required=5)


def fill(bench: Bench) -> None:
    """Fill the outbox, beside a bare INSERT … SELECT of the same rows under the same indexes."""
    readers = 200_000 if bench.given.quick else 1_000_000
    taken = {}
    for count in (readers // 10, readers):
        folder = bench.base(9_000, 0)
        run = bench.folder / "fill"
        shutil.rmtree(run, ignore_errors=True)
        shutil.copytree(folder, run)
        outlet.add_readers(run / "digest.db", count)
        taken[count] = _filled(run)
        bare = _bare(run / "digest.db")
        ratio = round(taken[count] / bare, 2)
        bench.tell(
            f"outbox, {count} readers",
            seconds=round(taken[count], 2),
            bare=round(bare, 2),
            ratio=ratio,
            required=3,
        )
    few, many = taken.values()
    bench.tell("outbox, ten times the readers", times=round(many / few, 1), required=11)


def _filled(run: Path) -> float:
    from digest import pipeline
    from digest.app import open_app

    with closing(open_app(run / "config.toml", {})) as app:
        edition = pipeline.find_edition(app, "latest")
        begin = time.perf_counter()
        with app.database.transaction() as tx:
            outbox.fill(tx, edition)
        return time.perf_counter() - begin


def _bare(path: Path) -> float:
    """Copy the ledger into a table of the same shape."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA synchronous=FULL")
        (table,) = db.execute("SELECT sql FROM sqlite_master WHERE name = 'delivery'").fetchone()
        db.execute(re.sub(r"TABLE \"?delivery\"?", "TABLE bare", table, count=1))
        indexes = "SELECT sql FROM sqlite_master WHERE tbl_name = 'delivery' AND type = 'index'"
        for (index,) in db.execute(f"{indexes} AND sql NOT NULL").fetchall():
            named = re.sub(r"INDEX \"?(\w+)\"? ON \"?delivery\"?", r"INDEX bare_\1 ON bare", index)
            db.execute(named)
        begin = time.perf_counter()
        # Unordered, SQLite would copy whole tables page by page between two of the same shape.
        db.execute("INSERT INTO bare SELECT * FROM delivery ORDER BY id")
        db.commit()
        return time.perf_counter() - begin


PARTS = {"compare": compare, "ratios": ratios, "far": far_relay, "memory": memory, "fill": fill}


def main() -> None:
    """Measure, print one line for each figure, and all as JSON at the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; all when none is named")
    parser.add_argument("--quick", action="store_true", help="fewer messages, 20 connections only")
    parser.add_argument("--rounds", type=int, default=3, help="how often each sends; medians count")
    parser.add_argument("--messages", type=int, help="how many the fast senders send")
    parser.add_argument("--fast-only", action="store_true", help="without Postfix's smtp-sink")
    parser.add_argument("--node-modules", help="a folder with nodemailer in it")
    parser.add_argument("--peers", help="a Python with aiosmtplib and django-post_office")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), given, sinks.build(Path(folder)))
        for part in given.parts or PARTS:
            PARTS[part](bench)
    print(json.dumps({"at": datetime.now(UTC).isoformat(), "figures": bench.figures}))


if __name__ == "__main__":
    main()
