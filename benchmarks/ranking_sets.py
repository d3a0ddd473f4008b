"""The weeks and clusters that benchmarks/ranking.py measures on, read from their folders."""

import csv
import gzip
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

from digest.model import Article, Reading
from digest.rank.past import METRICS, PAST, RECENT, Past, References, references

WEEK, DAY, HOUR, MONDAY = 604_800, 86_400, 3_600, 345_600
BBC = "bbc.co.uk"

Looks = dict[str, list[tuple[int, int]]]  #: id -> (moment, place), oldest first


@dataclass(frozen=True, slots=True)
class Week:
    """What is known at the end of a week, and what turned out to matter."""

    start: int
    articles: list[Article]
    readings: list[Reading]
    gains: Mapping[str, float]
    past: References = field(default_factory=References)

    @property
    def end(self) -> int:
        """Return the moment the ranking is made."""
        return self.start + WEEK


def moment(unix: float) -> datetime:
    return datetime.fromtimestamp(unix, UTC)


def rows(path: Path) -> Iterator[dict[str, str]]:
    """Yield the rows of a CSV file, packed or not."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", newline="", encoding="utf-8", errors="replace") as stream:
        yield from csv.DictReader(stream)


def whole_weeks(captures: Iterable[int]) -> list[int]:
    """Return the starts of weeks without a gap of a day or more."""
    seen = sorted(set(captures))
    found = []
    for number in range((seen[0] - MONDAY) // WEEK, (seen[-1] - MONDAY) // WEEK + 1):
        start = MONDAY + number * WEEK
        inside = seen[bisect_left(seen, start) : bisect_left(seen, start + WEEK)]
        if max(b - a for a, b in pairwise([start, *inside, start + WEEK])) < DAY:
            found.append(start)
    return found


def next_six(at: int) -> int:
    """Return the next 06:00 UTC after a moment."""
    six = at // DAY * DAY + 6 * HOUR
    return six if six > at else six + DAY


class HackerNews:
    """A front page with votes: points, comments, place."""

    def __init__(self, folder: Path) -> None:
        self.looks: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
        captures = set()
        for row in rows(folder / "snapshots.csv.gz"):
            at = int(row["ts"])
            captures.add(at)
            if row["points"]:
                seen = at, int(row["pos"]), int(float(row["points"]))
                self.looks[row["item_id"]].append(seen)
        for series in self.looks.values():
            series.sort()
        self.weeks = whole_weeks(captures)
        self.articles = [
            _hacker_news_article(row)
            for row in rows(folder / "items.csv.gz")
            if row["item_id"] in self.looks
        ]
        self.by_week = _by_week(self.articles)

    def week(self, start: int, known: str) -> Week:
        """Return a week; its counts are known "fresh", at the next "six", after "three" hours."""
        articles = self.by_week.get(start, [])
        end = start + WEEK
        readings = [r for a in articles for r in self._readings(a, end, known)]
        gains = {article.id: float(self.looks[article.id][-1][2]) for article in articles}
        return Week(start, articles, readings, gains, self._past(start))

    def _readings(self, article: Article, end: int, known: str) -> list[Reading]:
        """Return the count and the place at the one moment the story is looked at."""
        first = _unix(article)
        at = min(end, {"fresh": end, "six": next_six(first), "three": first + 3 * HOUR}[known])
        seen = [look for look in self.looks[article.id] if look[0] <= end]
        later = [look for look in seen if look[0] >= at] if known == "six" else []
        look = later[0] if later else max((s for s in seen if s[0] <= at), default=None)
        if look is None:
            return []
        here = bool(later) or look[0] > at - HOUR
        read_at = moment(look[0] if later else at)
        return [
            Reading(article.id, "points", look[2], read_at),
            Reading(article.id, "position", look[1] if here else 0, read_at),
        ]

    def _past(self, start: int) -> References:
        found = []
        for number in range(1, PAST // timedelta(seconds=WEEK) + 1):
            before = start - number * WEEK
            for article in self.by_week.get(before, []):
                seen = [look for look in self.looks[article.id] if look[0] < start]
                if seen:
                    last = max(seen)
                    age = timedelta(seconds=max(last[0], start) - _unix(article))
                    recent = number * WEEK <= RECENT.total_seconds()
                    found.append(_past(article, "points", last[2], age, recent=recent))
        return references(found)


def _hacker_news_article(row: Mapping[str, str]) -> Article:
    host = (urlsplit(row["url"]).hostname or "news.ycombinator.com").removeprefix("www.")
    at = moment(int(row["first_seen"]))
    return Article(
        row["item_id"], row["url"], row["title"], row["item_id"], author=row["author"],
        published_at=at, first_seen_at=at, outlet=host, feed="Hacker News",
    )  # fmt: skip


class Bbc:
    """An outlet's front page by its editors, and what its readers read most."""

    def __init__(self, folder: Path) -> None:
        self.read, read_at = _places(folder / "most_read.csv.gz", "rank", "aid")
        self.promoted, promoted_at = _places(folder / "promos.csv.gz", "position", "aid")
        both = set(whole_weeks(read_at)) & set(whole_weeks(promoted_at))
        self.weeks, self.promoted_weeks = sorted(both), whole_weeks(promoted_at)
        self.read_for, self.promoted_for = _lasting(read_at), _lasting(promoted_at)
        self.looked = sorted(promoted_at)
        self.articles = [
            _bbc_article(row["aid"], row["url"], row["title"], int(row["first_seen"]))
            for row in rows(folder / "articles.csv.gz")
        ]
        self.by_week = _by_week(self.articles)

    def readers(self, article_id: str, until: float) -> float:
        """Return the audience mass: hours on the most-read list, weighted by rank."""
        seen = self.read.get(article_id, ())
        return sum((11 - rank) / 10 * self.read_for[at] for at, rank in seen if at <= until)

    def editors(self, article_id: str, until: float = 9e18) -> float:
        """Return the position mass: hours on the front page, weighted by place."""
        seen = self.promoted.get(article_id, ())
        return sum((13 - place) / 12 * self.promoted_for[at] for at, place in seen if at <= until)

    def week(self, start: int, known: str) -> Week:
        """Return a week for R4 ("six", "first six"), R6a ("promos") or R6b ("first three")."""
        articles, end = self.by_week.get(start, []), start + WEEK
        readings: list[Reading] = []
        gains = {}
        for article in articles:
            first = _unix(article)
            until = min(end, _known_until(first, end, known))
            readings += self._positions(article.id, until)
            gains[article.id] = self.readers(article.id, first + WEEK)
            if known in ("six", "first six"):
                mass = round(100 * self.readers(article.id, until))
                readings.append(Reading(article.id, "views", mass, moment(until)))
            elif known == "first three":
                gains[article.id] = self.editors(article.id, first + WEEK)
        return Week(start, articles, readings, gains, self._past(start, known))

    def _past(self, start: int, known: str) -> References:
        if known not in ("six", "first six"):
            return References()
        return references(
            _past(article, "views", round(100 * self.readers(article.id, start)), timedelta(days=7))
            for number in range(1, 9)
            for article in self.by_week.get(start - number * WEEK, [])
        )

    def _positions(self, article_id: str, until: int) -> list[Reading]:
        """Return where it stood at each look, and when it was first seen to have left."""
        return list(_watched(article_id, self.promoted.get(article_id, ()), self.looked, until))


def _known_until(first: int, end: int, known: str) -> int:
    return {
        "six": next_six(first),
        "first six": first + 6 * HOUR,
        "promos": end,
        "first three": first + 3 * HOUR,
    }[known]


def _bbc_article(aid: str, url: str, title: str, first: int) -> Article:
    at = moment(first)
    return Article(aid, url, title, aid, published_at=at, first_seen_at=at, outlet=BBC, feed=BBC)


class GoogleNews:
    """Headlines of many outlets on one page, without counts."""

    def __init__(self, folder: Path) -> None:
        self.places, captures = _places(folder / "captures.csv.gz", "pos", "hid")
        self.weeks, self.looked = whole_weeks(captures), sorted(captures)
        self.articles = [
            Article(
                row["hid"], f"https://headlines.example/{row['hid']}", row["title"], row["hid"],
                published_at=moment(int(row["first_seen"])), outlet=row["source"].casefold(),
                first_seen_at=moment(int(row["first_seen"])), feed="Google News",
            )
            for row in rows(folder / "headlines.csv.gz")
            if "bbc" not in row["source"].casefold()
        ]  # fmt: skip
        self.by_week = _by_week(self.articles)

    def week(self, start: int) -> Week:
        """Return a week's headlines and where each stood; another outlet says what matters."""
        articles, end = self.by_week.get(start, []), start + WEEK
        readings: list[Reading] = []
        for article in articles:
            readings += _watched(article.id, self.places.get(article.id, ()), self.looked, end)
        return Week(start, articles, readings, {})


def _places(path: Path, place: str, name: str) -> tuple[Looks, set[int]]:
    found: Looks = defaultdict(list)
    captures = set()
    for row in rows(path):
        found[row[name]].append((int(row["ts"]), int(row[place])))
        captures.add(int(row["ts"]))
    return {name: sorted(_best_places(series).items()) for name, series in found.items()}, captures


def _best_places(looks: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Return the best place at each look: a page may show an article twice."""
    seen: dict[int, int] = {}
    for at, place in looks:
        seen[at] = min(place, seen.get(at, place))
    return seen


def _watched(
    name: str, places: Iterable[tuple[int, int]], looked: list[int], until: int
) -> Iterator[Reading]:
    """Yield the places as a front-page watch keeps them: each one, and 0 once it has left."""
    seen = {at: place for at, place in places if at <= until}
    if not seen:
        return
    there = False
    for at in looked[bisect_left(looked, min(seen)) : bisect_right(looked, until)]:
        if at in seen or there:
            yield Reading(name, "position", seen.get(at, 0), moment(at))
        there = at in seen


def _lasting(captures: Iterable[int]) -> dict[int, float]:
    """Return the hours until the next capture, three at most."""
    ordered = sorted(captures)
    following = [*ordered[1:], ordered[-1] + HOUR]
    return {at: min(3.0, (then - at) / HOUR) for at, then in zip(ordered, following, strict=True)}


def _past(
    article: Article, metric: str, value: int, age: timedelta, *, recent: bool = True
) -> Past:
    if metric not in METRICS:
        raise ValueError(metric)
    return Past(article.outlet, article.author, "", article.feed, metric, value, age, recent=recent)


def _unix(article: Article) -> int:
    return int((article.published_at or moment(0)).timestamp())


def _by_week(articles: Iterable[Article]) -> dict[int, list[Article]]:
    found: dict[int, list[Article]] = defaultdict(list)
    for article in articles:
        found[MONDAY + (_unix(article) - MONDAY) // WEEK * WEEK].append(article)
    return dict(found)


def clusters(root: Path) -> Iterator[tuple[str, list[Article], list[str]]]:
    """Yield each set of titles with the story people put them in, as far as it is there."""
    og2021 = root / "og2021" / "og2021.csv"
    if og2021.exists():
        yield _labelled("OG2021-English", _og2021(og2021, "eng"))
    uci = _beside(root, "uci_news_subset/uci-news-aggregator-first6366.csv")
    if uci:
        found = [row for row in rows(uci) if row["STORY"] and (row["TIMESTAMP"] or "").isdigit()]
        yield _labelled(
            "UCI", ((int(r["TIMESTAMP"]) / 1000, r["TITLE"], r["STORY"]) for r in found)
        )


def _og2021(path: Path, language: str) -> Iterator[tuple[float, str, str]]:
    for row in rows(path):
        if row["lang"] == language:
            at = datetime.fromisoformat(row["published_at"])
            yield at.replace(tzinfo=at.tzinfo or UTC).timestamp(), row["title"], row["cluster_id"]


def _labelled(
    name: str, entries: Iterable[tuple[float, str, str]]
) -> tuple[str, list[Article], list[str]]:
    ordered = sorted(entries)
    articles = [
        Article(str(n), "", title, f"{n:09}", published_at=moment(at))
        for n, (at, title, _) in enumerate(ordered)
    ]
    return name, articles, [story for _, _, story in ordered]


def rewrites(root: Path) -> list[list[str]]:
    """Return the successive headlines of each article that had several."""
    found: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for row in rows(root / "bbc_frontpage" / "titles.csv.gz"):
        found[row["aid"]].append((int(row["first_ts"]), row["title"]))
    return [[title for _, title in sorted(series)] for series in found.values()]


def titles(root: Path) -> list[str]:
    """Return all headlines at hand, a set after the other."""
    places = (
        ("hn_frontpage/items.csv.gz", "title"),
        ("google_news_top/headlines.csv.gz", "title"),
        ("bbc_frontpage/titles.csv.gz", "title"),
        ("reddit_top_news/posts.csv.gz", "title"),
        ("reddit_headlines_2022/headlines.csv.gz", "title"),
    )
    files = [(_beside(root, path), column) for path, column in places]
    return [row[column] for path, column in files if path for row in rows(path)]


def _beside(root: Path, path: str) -> Path | None:
    """Return a file of the folder, or of the one around it where the open sets lie."""
    return next((p for p in (root / path, root.parent / path) if p.exists()), None)
