"""How long, and how much memory, to cluster, rank, compose and render one week of a full store?

Each size runs in a process of its own, so that its peak memory is its own. Articles lie evenly in
four weeks, so a quarter of them is the week; the last row has all of them in one week. Titles are
drawn from a vocabulary with word frequencies by Zipf's law; every fifth repeats words of another,
so that there are stories to find.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

SIZES = (1_000, 10_000, 100_000)
NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
_CONFIG = """\
[publication]
name = "Bench"
url = "https://news.example"
postal_address = "1 Main Street"
[mail]
from = "weekly@news.example"
transport = "memory"
[newsletters.weekly]
title = "Bench Weekly"
"""


def titles(count: int, chance: random.Random) -> list[str]:
    """Return made-up headlines of 5 to 12 words."""
    vocabulary = [f"{a}{b}" for a in "ba ke li mo nu pa re si to vu".split() for b in range(3_000)]
    weights = [1 / (rank + 10) for rank in range(len(vocabulary))]
    drawn: list[str] = []
    for number in range(count):
        words = chance.choices(vocabulary, weights, k=chance.randint(5, 12))
        if number % 5 == 4:
            words[: len(words) // 2] = drawn[-chance.randint(1, 4)].split()[: len(words) // 2]
        drawn.append(" ".join(words))
    return drawn


def measure(count: int, weeks: int) -> dict[str, float]:
    """Fill a store with `count` articles over `weeks` weeks; time the steps of one week."""
    from digest import pipeline
    from digest.app import make_key_file, open_app
    from digest.model import Article, Reading
    from digest.store import articles, readings
    from digest.text import short_id

    chance = random.Random(count)
    span = timedelta(weeks=weeks)
    made = []
    for number, title in enumerate(titles(count, chance)):
        key = f"https://news.example/{number}"
        moment = NOW - span * ((number + 1) / (count + 1))
        category, author = f"Category {number % 9}", f"Author {number % 40}"
        made.append(
            Article(
                short_id(key), key, title, key, author=author, categories=(category,),
                summary=title, published_at=moment, first_seen_at=moment, outlet="news.example",
            )
        )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.toml"
        path.write_text(_CONFIG)
        make_key_file(path.parent / "digest.key")
        app = open_app(path, {}, lambda: NOW, current=False)
        app.database.upgrade()
        begin = time.perf_counter()
        with app.database.transaction() as tx:
            articles.store(tx, made, NOW)
            counts = [Reading(a.id, "comments", chance.randint(0, 400), NOW) for a in made]
            readings.add(tx, counts)
        stored = time.perf_counter()
        del made, counts
        edition = pipeline.draft_edition(app, "weekly", NOW)
        ranked = time.perf_counter()
        looked = pipeline.proof(app, edition)
        rendered = time.perf_counter()
        app.close()
    assert looked.rendered is not None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "articles": count,
        "in_the_week": count // weeks,
        "store_s": round(stored - begin, 3),
        "cluster_rank_compose_s": round(ranked - stored, 3),
        "render_preflight_s": round(rendered - ranked, 3),
        "peak_mb": round(peak, 1),
    }


def main() -> None:
    """Run each size in its own process and print its line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", nargs=2, type=int, metavar=("ARTICLES", "WEEKS"))
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measure(*given.one)))
        return
    rows = []
    for count, weeks in [(size, 4) for size in SIZES] + [(SIZES[-1], 1)]:
        words = [sys.executable, __file__, "--one", str(count), str(weeks)]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        row = json.loads(done.stdout)
        print("  ".join(f"{name} {value:,}" for name, value in row.items()))
        rows.append(row)
    print(json.dumps({"week": rows}))


if __name__ == "__main__":
    main()
