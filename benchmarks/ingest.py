"""How long to take in 10,000 entries of real feeds, beside feedparser alone on the same bytes?

The feeds of `--data DIR` (a folder `feeds_realworld`; without it the small ones of the tests) are
repeated with new guids, links and titles. feedparser runs with its sanitiser off; we parse the same
bytes, clean every body, and in the last row store the articles in an SQLite file. All runs take
turns in one process, and the best of `--rounds` counts for each.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from lxml import etree

from digest.errors import IngestError
from digest.ingest import read, xml
from digest.ingest.sources.rss import Rss
from digest.model import Document
from digest.store import Database, articles

ENTRIES = 10_000
NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
SMALL = Path(__file__).parent.parent / "tests" / "data" / "feeds"
AIMS = {"read": 1.5, "read and store": 2.5}  #: times feedparser


def feeds(folder: Path) -> list[bytes]:
    """Return the bytes of every feed under a folder that has items."""
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        document = Document("https://feeds.example/", path.read_bytes())
        try:
            if Rss().accepts(document) and Rss().parse(document).items:
                found.append(document.content)
        except IngestError:
            continue
    return found


def repeated(given: list[bytes]) -> Iterator[Document]:
    """Yield feeds until there are ENTRIES entries, each with a guid, link and title of its own."""
    count = turn = 0
    while count < ENTRIES:
        for number, content in enumerate(given):
            root = xml.parse(Document("", content))
            for item in xml.items(root):
                count += 1
                if count > ENTRIES:
                    item.getparent().remove(item)
                else:
                    rename(item, count)
            yield Document(f"https://{number}.feeds.example/{turn}", etree.tostring(root))
            if count >= ENTRIES:
                return
        turn += 1


def rename(item: etree._Element, number: int) -> None:
    """Give an item a guid and a link nobody else has."""
    for child in item:
        if xml.local(child) == "title":
            child.text = f"{child.text or ''} {number}"
        elif xml.local(child) in {"guid", "id"}:
            child.text = f"{(child.text or '').strip()}?entry={number}"
        elif xml.local(child) == "link" and child.get("href"):
            child.set("href", f"https://news.example/{number}")
        elif xml.local(child) in {"link", "origlink"}:
            child.text = f"https://news.example/{number}"


def alone(documents: list[Document]) -> int:
    """Parse with feedparser and nothing else."""
    import feedparser

    found = 0
    for document in documents:
        found += len(feedparser.parse(BytesIO(document.content), sanitize_html=False).entries)
    return found


def reading(documents: list[Document]) -> int:
    """Parse and clean."""
    return sum(len(read(document, now=NOW).articles) for document in documents)


def storing(documents: list[Document]) -> int:
    """Parse, clean and store, one transaction a feed, in a new SQLite file."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/digest.db")
        database.upgrade()
        found = 0
        for document in documents:
            ingested = read(document, now=NOW)
            with database.transaction() as tx:
                found += articles.store(tx, ingested.articles, NOW)[0].new
        database.close()
    return found


def timed(work: Callable[[list[Document]], int], documents: list[Document]) -> tuple[float, int]:
    """Return the seconds some work takes, and how much it found."""
    began = time.perf_counter()
    found = work(documents)
    return time.perf_counter() - began, found


def main() -> None:
    """Take turns, print each figure, then everything as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default=os.environ.get("DIGEST_TEST_DATA", ""), metavar="DIR")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    folder = Path(given.data) / "feeds_realworld"
    documents = list(repeated(feeds(folder if given.data and folder.is_dir() else SMALL)))
    works = {"feedparser": alone, "read": reading, "read and store": storing}
    best: dict[str, tuple[float, int]] = {}
    for _ in range(given.rounds):
        for name, work in works.items():
            best[name] = min(timed(work, documents), best.get(name, (float("inf"), 0)))
    size = sum(len(document.content) for document in documents)
    print(f"{len(documents)} documents, {size:,} bytes")
    figures = []
    for name, (seconds, found) in best.items():
        ratio = round(seconds / best["feedparser"][0], 2)
        aim = f" (at most {AIMS[name]})" if name in AIMS else ""
        print(f"{name}: {seconds:.2f} s, {found:,} found, {ratio} times feedparser{aim}")
        figures.append({"name": name, "seconds": round(seconds, 2), "found": found, "ratio": ratio})
    print(json.dumps({"ingest": figures}))


if __name__ == "__main__":
    main()
