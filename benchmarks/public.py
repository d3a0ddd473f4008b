"""How fast are the public pages? Requests a second of one process; its clients share the cores."""

import argparse
import asyncio
import logging
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.apps import an_app, fill
from tests.web.site import served

from digest import membership, pipeline
from digest.app import App
from digest.audience.tokens import UNSUBSCRIBE, make_token
from digest.model import EVERYBODY
from digest.store import subscribers

CLIENTS = 8


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=3000)
    wanted = parser.parse_args().requests
    logging.getLogger("digest.access").setLevel(logging.INFO)
    with tempfile.TemporaryDirectory() as folder:
        app = an_app(Path(folder))
        fill(app, readers=1)
        edition = pipeline.approve_edition(app, pipeline.draft_edition(app, "weekly"))
        pipeline.drain_outbox(app, pipeline.queue_edition(app, edition))
        people(app, Path(folder), wanted)
        with served(app) as (here, base):
            port = int(base.rpartition(":")[2])
            links = list(tokens(here))[:wanted]
            measure(port, "GET", "archive page", ["/editions/weekly/2026-11-23"] * wanted)
            measure(port, "GET", "list of editions", ["/editions"] * wanted)
            measure(port, "GET", "subscribe form", ["/subscribe"] * wanted)
            measure(port, "GET", "unsubscribe page", links)
            measure(port, "POST", "unsubscribe, one click", links)
        app.close()


def people(app: App, folder: Path, count: int) -> None:
    """Subscribe people by an import."""
    path = folder / "people.csv"
    path.write_text("email\n" + "".join(f"p{n}@reader.example\n" for n in range(count)))
    membership.import_file(app, path, membership.Wanted("weekly", "a test"), apply=True)


def tokens(app: App) -> Iterator[str]:
    """Yield everybody's link to unsubscribe."""
    with app.database.reading() as tx:
        for person in subscribers.some(tx, EVERYBODY):
            token = make_token(app.keys, UNSUBSCRIBE, person.subscriptions[0].public_id)
            yield f"/u/{app.keys.current}{token}"


def measure(port: int, method: str, name: str, paths: list[str]) -> None:
    """Ask for every path, several at once, and print how it went."""
    began = time.perf_counter()
    taken = sorted(asyncio.run(ask_all(port, method, paths)))
    rate = len(paths) / (time.perf_counter() - began)
    median, p95 = statistics.median(taken) * 1000, taken[int(len(taken) * 0.95)] * 1000
    print(f"{name:<24} {rate:7.0f}/s  median {median:5.1f} ms  p95 {p95:5.1f} ms")


async def ask_all(port: int, method: str, paths: list[str]) -> list[float]:
    """Share the paths among the clients."""
    shares = [paths[n::CLIENTS] for n in range(CLIENTS)]
    found = await asyncio.gather(*(ask(port, method, share) for share in shares))
    return [seconds for share in found for seconds in share]


async def ask(port: int, method: str, paths: list[str]) -> list[float]:
    """Ask one after the other on one connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = "List-Unsubscribe=One-Click" if method == "POST" else ""
    kind = "Content-Type: application/x-www-form-urlencoded\r\n" if body else ""
    taken = []
    for path in paths:
        began = time.perf_counter()
        head = f"{method} {path} HTTP/1.1\r\nHost: x\r\n{kind}Content-Length: {len(body)}\r\n\r\n"
        writer.write((head + body).encode())
        answer = await reader.readuntil(b"\r\n\r\n")
        if not answer.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"{path}: {answer[:40]!r}")
        length = next(
            int(line.partition(b":")[2])
            for line in answer.lower().split(b"\r\n")
            if line.startswith(b"content-length")
        )
        await reader.readexactly(length)
        taken.append(time.perf_counter() - began)
    writer.close()
    return taken


if __name__ == "__main__":
    main()
