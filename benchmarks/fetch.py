"""How long until 100 good feeds are stored while 100 others are slow, dead or endless?

Each feed has a host of its own on the loopback (127.0.KIND.N), served by a process of its own.
First the good feeds are fetched alone, then all of them in a new database.
"""

import asyncio
import json
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path

from digest.app import App, make_key_file, open_app
from digest.ingest.limits import Limits
from digest.pipeline import Gathered, fetch_feeds
from digest.store import feeds

GOOD, SLOW, DEAD, ENDLESS = range(1, 5)  #: the third number of a host's address
FEEDS = 200
ITEMS = 20
WHO = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
_CONFIG = """\
[publication]
name = "Bench"
url = "https://news.example"
postal_address = "1 Main Street"
[mail]
from = "weekly@news.example"
transport = "memory"
[fetch]
allow_networks = ["127.0.0.0/8"]
[newsletters.weekly]
title = "Bench Weekly"
"""
_ITEM = (
    "<item><title>Story {n} of {host}</title><link>https://{host}.example/{n}</link>"
    "<pubDate>Sun, 22 Nov 2026 08:00:00 GMT</pubDate><description>{text}</description></item>"
)


def hosts(count: int = FEEDS) -> list[str]:
    """Return addresses: one half good, the other half slow, dead and endless in turn."""
    bad = [f"127.0.{(SLOW, DEAD, ENDLESS)[n % 3]}.{n + 1}" for n in range(count // 2)]
    good = [f"127.0.{GOOD}.{n + 1}" for n in range(count - len(bad))]
    return [host for pair in zip(bad, good, strict=True) for host in pair]


def is_good(host: str) -> bool:
    """Say whether a host, or an address at it, is one that answers."""
    return f"127.0.{GOOD}." in host


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer by the kind of the address that was connected to."""
    host = writer.get_extra_info("sockname")[0]
    kind = int(host.split(".")[2])
    try:
        await reader.readuntil(b"\r\n\r\n")
        if kind == DEAD:
            await reader.read()
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<rss><channel><title>t</title>")
        while kind == SLOW:
            await asyncio.sleep(1)
            writer.write(b" ")
            await writer.drain()
        while kind == ENDLESS:
            writer.write(b"<item><title>again</title></item>" * 1_000)
            await writer.drain()
        text = "Ships move again. " * 60
        items = (_ITEM.format(n=n, host=host.replace(".", "-"), text=text) for n in range(ITEMS))
        writer.write("".join(items).encode() + b"</channel></rss>")
        await writer.drain()
    except (OSError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


def _serve(ready: Connection, addresses: list[str]) -> None:
    async def run() -> None:
        first = await asyncio.start_server(_answer, addresses[0], 0)
        port = first.sockets[0].getsockname()[1]
        await asyncio.start_server(_answer, addresses[1:], port)
        ready.send(port)
        await asyncio.Event().wait()

    asyncio.run(run())


@contextmanager
def serving(addresses: list[str]) -> Iterator[int]:
    """Serve on all addresses in a process of its own; yields the port."""
    context = multiprocessing.get_context("spawn")
    near, far = context.Pipe()
    process = context.Process(target=_serve, args=(far, addresses), daemon=True)
    process.start()
    try:
        yield near.recv()
    finally:
        process.terminate()
        process.join()


@dataclass(frozen=True, slots=True)
class Run:
    """What one fetch of many feeds took."""

    good: float  #: seconds until the last good feed was stored
    whole: float
    failed: int
    stored: int


def run(app: App, urls: list[str]) -> Run:
    """Fetch these feeds into an app's empty database."""
    with app.database.transaction() as tx:
        for url in urls:
            feeds.add(tx, url)
    good: list[float] = []
    began = time.monotonic()

    def note(done: Gathered) -> None:
        if is_good(done.name) and not done.error:
            good.append(time.monotonic() - began)

    done = fetch_feeds(app, on_done=note)
    stored = sum(gathered.stored.new for gathered in done)
    failed = sum(bool(gathered.error) for gathered in done)
    return Run(max(good), time.monotonic() - began, failed, stored)


def an_app(folder: Path, limits: Limits | None = None) -> App:
    """Open an app on a new SQLite file."""
    path = folder / "config.toml"
    path.write_text(_CONFIG)
    make_key_file(folder / "digest.key")
    app = open_app(path, {}, current=False)
    app.database.upgrade()
    return replace(app, limits=limits)


def main() -> None:
    """Fetch the good ones alone and then all, print each figure, then everything as JSON."""
    addresses = hosts()
    figures = {}
    with serving(addresses) as port:
        for name, some in {"alone": [h for h in addresses if is_good(h)], "all": addresses}.items():
            with tempfile.TemporaryDirectory() as folder:
                app = an_app(Path(folder))
                found = run(app, [f"http://{host}:{port}/feed" for host in some])
                app.close()
            figures[name] = found
            peak = sum(resource.getrusage(who).ru_maxrss for who in WHO) // 1_024
            print(f"{name}: {len(some)} feeds, {found.stored:,} articles, {found.failed} failed; "
                  f"good ones after {found.good:.2f} s, all after {found.whole:.1f} s")  # fmt: skip
    limit = 2 * figures["alone"].good + 1
    print(
        f"good ones at most {limit:.2f} s, all at most 75 s; "
        f"peak memory with the reading process {peak} MB (below 300)"
    )
    alone, every = figures["alone"].good, figures["all"]
    result = {"alone": alone, "good": every.good, "whole": every.whole, "peak_mb": peak}
    print(json.dumps({"fetch": result}))


if __name__ == "__main__":
    main()
