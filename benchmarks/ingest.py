"""How long to take in 10,000 entries of real feeds, beside feedparser alone on the same bytes?

The feeds of `--data DIR` (a folder `feeds_realworld`; without it the small ones of the tests) are
repeated with new guids, links and titles. feedparser runs with its sanitiser off; we parse the same
bytes, clean every body, and in the last row store the articles in an SQLite file, one transaction a
feed. They take turns feed by feed in one process, and CPU time is counted, so that what else the
machine does weighs on all alike; the median ratio of `--rounds` counts.
"""

import argparse
import json
import os
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from io import BytesIO
from pathlib import Path
from statistics import median

import feedparser
from lxml import etree

from digest.errors import IngestError
from digest.ingest import read, xml
from digest.ingest.sources.rss import Rss
from digest.model import Document
from digest.store import Database, articles

ENTRIES = 10_000
NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
SMALL = Path(__file__).parent.parent / "tests" / "data" / "feeds"
STORED = "read and store"
AIMS = {"read": 1.5, STORED: 2.5}  #: times feedparser


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


def alone(document: Document) -> int:
    """Parse with feedparser and nothing else."""
    return len(feedparser.parse(BytesIO(document.content), sanitize_html=False).entries)


def reading(document: Document) -> int:
    """Parse and clean."""
    return len(read(document, now=NOW).articles)


def storing(database: Database, document: Document) -> int:
    """Parse, clean and store, in a transaction of its own."""
    ingested = read(document, now=NOW)
    with database.transaction() as tx:
        return articles.store(tx, ingested.articles, NOW)[0].new


def turns(documents: list[Document]) -> tuple[dict[str, float], Counter[str]]:
    """Return the CPU seconds of each work, and how much it found; all works for each document."""
    seconds: dict[str, float] = defaultdict(float)
    found: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/digest.db")
        database.upgrade()
        works: dict[str, Callable[[Document], int]] = {}
        works |= {"feedparser": alone, "read": reading, STORED: partial(storing, database)}
        for document in documents:
            for name, work in works.items():
                began = time.process_time()
                found[name] += work(document)
                seconds[name] += time.process_time() - began
        database.close()
    return seconds, found


def main() -> None:
    """Take turns, print each figure, then everything as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default=os.environ.get("DIGEST_TEST_DATA", ""), metavar="DIR")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    folder = Path(given.data) / "feeds_realworld"
    documents = list(repeated(feeds(folder if given.data and folder.is_dir() else SMALL)))
    rounds = [turns(documents) for _ in range(given.rounds)]
    size = sum(len(document.content) for document in documents)
    print(f"{len(documents)} documents, {size:,} bytes; CPU seconds, {len(rounds)} rounds' median")
    figures = []
    for name, found in rounds[0][1].items():
        seconds = round(median(spent[name] for spent, _ in rounds), 2)
        ratios = sorted(round(spent[name] / spent["feedparser"], 2) for spent, _ in rounds)
        aim = f" (at most {AIMS[name]})" if name in AIMS else ""
        print(f"{name}: {seconds:.2f} s, {found:,} found, {median(ratios)} times feedparser{aim}")
        figures.append(
            {"name": name, "seconds": seconds, "found": found, "ratio": median(ratios)}
            | {"ratios": ratios}
        )
    print(json.dumps({"ingest": figures}))


if __name__ == "__main__":
    main()
