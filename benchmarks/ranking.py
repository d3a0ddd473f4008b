"""How well does the product choose, beside simple ways of choosing, week by week?

`--data` names a folder in the format of the ranking sets (hn_frontpage, bbc_frontpage,
google_news_top, og2021; the open sets inside it or beside it). The product ranks every week with
its default constants: nothing is fitted here, so no week has seen itself. The tasks R1-R6, C1, C2,
D1 and S1 are those of docs/ranking.md. Gains are linear (NDCG@10); the interval is a paired
bootstrap over weeks of the product's lead over the plain choice. Ends with one line of JSON.
"""

import argparse
import json
import math
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from statistics import fmean
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks import ranking_sets as sets
from digest.compose.sections import Used, choose
from digest.model import Article, RankedStory
from digest.rank import published, rank
from digest.rank.cluster import cluster, tfidf, tokens
from digest.settings import Newsletter, Ranking

TOP = 10
_RESAMPLES = 2_000
_PAIRS = 200_000
_NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)

Choice = Callable[[sets.Week], list[str]]  #: names, best first


def ndcg(order: Sequence[str], gains: Mapping[str, float]) -> float:
    """Return the discounted gain of the first ten over the best there could be."""
    best = sorted(gains.values(), reverse=True)[:TOP]
    ideal = sum(gain / math.log2(place + 2) for place, gain in enumerate(best))
    got = (gains.get(n, 0.0) / math.log2(place + 2) for place, n in enumerate(order[:TOP]))
    return sum(got) / ideal if ideal else 0.0


def recall(order: Sequence[str], gains: Mapping[str, float]) -> float:
    """Return the share of the ten best that are among the first ten."""
    best = sorted(gains, key=lambda name: (-gains[name], name))[:TOP]
    return len(set(best) & set(order[:TOP])) / max(1, len(best))


def product(week: sets.Week) -> list[str]:
    """Return the articles of a week as the product ranks them, one of each story first."""
    stories = [story.story for story in ranked(week)]
    return [s.lead.id for s in stories] + [a.id for s in stories for a in s.others]


def ranked(week: sets.Week) -> list[RankedStory]:
    start, end = sets.moment(week.start), sets.moment(week.end)
    return rank(week.articles, week.readings, Ranking(), start, end, past=week.past)


def by(score: Callable[[Article, Mapping[str, int]], float]) -> Choice:
    """Return the choice by a score of an article and its last counts."""

    def choose_by(week: sets.Week) -> list[str]:
        last: dict[str, dict[str, int]] = defaultdict(dict)
        for reading in sorted(week.readings, key=lambda r: r.read_at):
            last[reading.article_id][reading.metric] = reading.value
        kept = [(score(article, last[article.id]), article.id) for article in week.articles]
        return [name for _, name in sorted(kept, key=lambda entry: (-entry[0], entry[1]))]

    return choose_by


def count_of(counts: Mapping[str, int]) -> int:
    return counts.get("points", counts.get("views", 0))


def hours_old(article: Article, week: sets.Week) -> float:
    return (week.end - published(article).timestamp()) / 3600


def aged(score: Callable[[int, float], float]) -> Choice:
    """Return the choice by a score of the count and the age in hours."""

    def choose_by(week: sets.Week) -> list[str]:
        return by(lambda a, counts: score(count_of(counts), hours_old(a, week)))(week)

    return choose_by


def at_random(week: sets.Week) -> list[str]:
    names = sorted(article.id for article in week.articles)
    random.Random(week.start).shuffle(names)
    return names


def position_mass(week: sets.Week) -> list[str]:
    """Return the articles by hours on the front page weighted by place."""
    mass: dict[str, float] = defaultdict(float)
    series: dict[str, list[tuple[float, int]]] = defaultdict(list)
    for reading in week.readings:
        if reading.metric == "position":
            series[reading.article_id].append((reading.read_at.timestamp(), reading.value))
    for name, looks in series.items():
        looks.sort()
        for (at, place), (then, _) in zip(
            looks, [*looks[1:], (looks[-1][0] + 3600, 0)], strict=True
        ):
            mass[name] += min(3.0, (then - at) / 3600) * (13 - place) / 12 if place else 0.0
    return sorted((a.id for a in week.articles), key=lambda name: (-mass[name], name))


RECENCY = by(lambda article, _: published(article).timestamp())
PLAIN = by(lambda _, counts: count_of(counts))
#: other people's formulae, as their code has them
WITH_COUNTS: dict[str, Choice] = {
    "plain": PLAIN,
    "random": at_random,
    "recency": RECENCY,
    "hacker news gravity": aged(lambda n, h: max(0, n - 1) ** 0.8 / (h + 2) ** 1.8),
    "reddit hot": aged(lambda n, h: math.log10(max(1, n)) - h * 3600 / 45_000),
    "half-life 72 h": aged(lambda n, h: n * 0.5 ** (h / 72)),
}
WITHOUT_COUNTS: dict[str, Choice] = {
    "plain": position_mass, "random": at_random, "recency": RECENCY,
}  # fmt: skip


def interval(leads: Sequence[float]) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of the mean lead over weeks."""
    chance = random.Random(1)
    means = sorted(fmean(chance.choices(leads, k=len(leads))) for _ in range(_RESAMPLES))
    return round(means[_RESAMPLES // 40], 4), round(means[-_RESAMPLES // 40], 4)


def compare(
    weeks: Sequence[sets.Week], ours: Choice, others: Mapping[str, Choice], **measures: Any
) -> dict[str, Any]:
    """Return each measure of the product and of the other choices, with the interval."""
    orders = {"product": [ours(w) for w in weeks]}
    orders |= {name: [choice(w) for w in weeks] for name, choice in others.items()}
    found: dict[str, Any] = {}
    for name, measure in (measures or {"NDCG@10": ndcg}).items():
        values = {
            who: [measure(order, week.gains) for order, week in zip(made, weeks, strict=True)]
            for who, made in orders.items()
        }
        leads = [a - b for a, b in zip(values["product"], values["plain"], strict=True)]
        found[name] = {
            "product": round(fmean(values.pop("product")), 4),
            "baselines": {who: round(fmean(v), 4) for who, v in values.items()},
            "ci95": interval(leads),
            "weeks": len(weeks),
        }
    return found


def audience_tasks(root: Path) -> dict[str, Any]:
    """Measure R1-R3: votes known at the end, once a day, after three hours."""
    news = sets.HackerNews(root / "hn_frontpage")
    found = {}
    for task, known in (("R1", "fresh"), ("R2", "six"), ("R3", "three")):
        weeks = [news.week(start, known) for start in news.weeks]
        both = {"NDCG@10": ndcg, "recall@10": recall}
        found[task] = compare(weeks, product, WITH_COUNTS, **both)
    return found


def outlet_tasks(bbc: sets.Bbc) -> dict[str, Any]:
    """Measure R4 and R6: one outlet, by its readers and by its editors."""
    tasks = (
        ("R4a", "six", WITH_COUNTS),
        ("R4b", "first six", WITH_COUNTS),
        ("R6a", "promos", WITHOUT_COUNTS),
        ("R6b", "first three", WITHOUT_COUNTS),
    )
    return {
        task: compare([bbc.week(start, known) for start in bbc.weeks], product, others)
        for task, known, others in tasks
    }


def coverage_task(root: Path, bbc: sets.Bbc) -> dict[str, Any]:
    """Measure R5: many outlets without counts; what another outlet's editors led with."""
    news = sets.GoogleNews(root / "google_news_top")
    editors = {a.id: mass for a in bbc.articles if (mass := bbc.editors(a.id)) > 0}
    weeks = []
    orders: dict[int, dict[str, list[str]]] = {}
    for start in sorted(set(news.weeks) & set(bbc.promoted_weeks)):
        week = news.week(start)
        saga_of = _sagas(week.articles)
        gains = _gold(week, saga_of, [a for a in bbc.articles if a.id in editors], editors)
        weeks.append(replace(week, gains=gains))
        orders[start] = _saga_orders(week, saga_of)
    names = ("plain", "random", "recency", "position mass")
    others = {name: partial(_of, orders, name) for name in names}
    return {"R5": compare(weeks, partial(_of, orders, "product"), others)}


def _of(orders: Mapping[int, Mapping[str, list[str]]], name: str, week: sets.Week) -> list[str]:
    return orders[week.start][name]


def _sagas(articles: Sequence[Article]) -> dict[str, str]:
    ordered = sorted(articles, key=lambda a: (published(a), a.key))
    return {a.id: str(told.saga) for told in cluster(ordered, published) for a in told.articles}


def _saga_orders(week: sets.Week, saga_of: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the sagas as each choice orders them: a saga is as good as its best article."""
    outlets: dict[str, set[str]] = defaultdict(set)
    for article in week.articles:
        outlets[saga_of[article.id]].add(article.outlet)
    choices = {
        "product": product, "random": at_random, "recency": RECENCY, "position mass": position_mass,
    }  # fmt: skip
    orders = {
        name: list(dict.fromkeys(saga_of[article] for article in choice(week)))
        for name, choice in choices.items()
    }
    orders["plain"] = sorted(outlets, key=lambda saga: (-len(outlets[saga]), saga))
    return orders


def _gold(
    week: sets.Week,
    saga_of: Mapping[str, str],
    told: Sequence[Article],
    mass: Mapping[str, float],
) -> dict[str, float]:
    """Return saga -> the largest mass of an article whose nearest headline is in it."""
    about = [
        a for a in told if week.start - sets.DAY <= published(a).timestamp() < week.end + sets.DAY
    ]
    vectors = tfidf([tokens(a.title) for a in [*week.articles, *about]])
    pool, wanted = vectors[: len(week.articles)], vectors[len(week.articles) :]
    by_word: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for number, vector in enumerate(pool):
        for word, value in vector.items():
            by_word[word].append((number, value))
    gains = dict.fromkeys(saga_of.values(), 0.0)
    for article, vector in zip(about, wanted, strict=True):
        similar: dict[int, float] = defaultdict(float)
        for word, value in vector.items():
            for number, other in by_word.get(word, ()):
                similar[number] += value * other
        nearest = max(similar, key=lambda n: (similar[n], -n), default=-1)
        if nearest >= 0 and similar[nearest] >= 0.30:
            saga = saga_of[week.articles[nearest].id]
            gains[saga] = max(gains[saga], mass[article.id])
    return gains


def cluster_tasks(root: Path) -> dict[str, Any]:
    """Measure C1: stories as people put them together, by B-cubed (Bagga and Baldwin 1998)."""
    found = {}
    for name, articles, stories in sets.clusters(root):
        told = cluster(articles, published)
        strict = {a.id: n for n, story in enumerate(told) for a in story.articles}
        loose = {a.id: story.saga for story in told for a in story.articles}
        labels = [
            ("product", strict),
            ("loose layer", loose),
            ("token Jaccard", _jaccard(articles)),
        ]
        values = {who: b_cubed([m[a.id] for a in articles], stories) for who, m in labels}
        precision, recalled, f1 = values.pop("product")
        found[name] = {
            "product": f1, "precision": precision, "recall": recalled,
            "baselines": {who: v[2] for who, v in values.items()}, "titles": len(articles),
        }  # fmt: skip
    return {"C1": found} if found else {}


def b_cubed(found: Sequence[object], stories: Sequence[str]) -> tuple[float, float, float]:
    """Return precision, recall and F1, averaged over titles."""
    both, mine, theirs = Counter(zip(found, stories, strict=True)), Counter(found), Counter(stories)
    total = len(stories)
    precision = sum(n * n / mine[a] for (a, _), n in both.items()) / total
    recalled = sum(n * n / theirs[b] for (_, b), n in both.items()) / total
    f1 = 2 * precision * recalled / (precision + recalled)
    return round(precision, 4), round(recalled, 4), round(f1, 4)


def _jaccard(articles: Sequence[Article]) -> dict[str, int]:
    """Return each title's story by its nearest earlier title of three days, Jaccard from 0.3."""
    story: dict[str, int] = {}
    by_word: dict[str, list[int]] = defaultdict(list)
    kept = [set(tokens(article.title)) for article in articles]
    for number, words in enumerate(kept):
        shared = Counter(n for word in words for n in by_word[word])
        oldest = published(articles[number]) - timedelta(days=3)
        near = [
            (n / (len(words) + len(kept[other]) - n), -other)
            for other, n in shared.items()
            if published(articles[other]) >= oldest
        ]
        share, other = max(near, default=(0.0, 0))
        story[articles[number].id] = story[articles[-other].id] if share >= 0.3 else number
        for word in words:
            by_word[word].append(number)
    return story


def rewrite_task(root: Path) -> dict[str, Any]:
    """Measure C2: a rewritten headline is known by its words, at one random pair in a thousand."""
    series = [titles for titles in sets.rewrites(root) if titles]
    flat = [title for titles in series for title in titles]
    vectors = dict(zip(flat, tfidf([tokens(title) for title in flat]), strict=True))
    exact = {title: title.casefold().strip() for title in flat}
    pairs = [(t[n], t[n + 1]) for t in series for n in range(len(t) - 1) if t[n] != t[n + 1]]
    chance = random.Random(1)
    strangers = [chance.sample(range(len(series)), 2) for _ in range(_PAIRS)]
    apart = sorted(_cosine(vectors[series[a][0]], vectors[series[b][0]]) for a, b in strangers)
    threshold = apart[int(_PAIRS * 0.999)]
    alike = fmean(_cosine(vectors[a], vectors[b]) > threshold for a, b in pairs)
    same = fmean(exact[a] == exact[b] for a, b in pairs)
    wrong = sum(value > threshold for value in apart) / _PAIRS
    found = {"product": round(alike, 4), "baselines": {"same words": round(same, 4)}}
    found |= {"threshold": round(threshold, 3), "random pairs": wrong, "pairs": len(pairs)}
    return {"C2": {"recall": found}}


def _cosine(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    return sum(value * other.get(word, 0.0) for word, value in one.items())


def variety_task(root: Path) -> dict[str, Any]:
    """Measure D1: how many of the first ten tell what another one or an earlier edition told.

    Judged by other means than the product's: half the plain words of two headlines in common,
    within the top ten or with the top tens of the four weeks before.
    """
    news = sets.GoogleNews(root / "google_news_top")
    weeks = [news.week(start) for start in news.weeks]
    ours, plain = _editions(weeks), [_most_places(week) for week in weeks]
    found = {"product": _repeats(ours), "baselines": {"plain": _repeats(plain)}}
    return {"D1": {"per ten": found | {"weeks": len(weeks)}}}


def _editions(weeks: Sequence[sets.Week]) -> list[list[str]]:
    """Return the headlines of successive editions of ten."""
    newsletter = Newsletter(title="Bench", top_stories=TOP, sections=())
    made: list[list[str]] = []
    sent: list[tuple[str, datetime, tuple[Article, ...]]] = []
    for week in weeks:
        start, end = sets.moment(week.start), sets.moment(week.end)
        told = [article for _, _, articles in sent[-4:] for article in articles]
        stories = rank(week.articles, week.readings, Ranking(), start, end, told)
        used = Used(
            {a.id: name for name, _, articles in sent[-4:] for a in articles},
            {name: at for name, at, _ in sent[-4:]},
        )
        top = choose(newsletter, stories, used, ()).top_stories
        made.append([placed.lead.title for placed in top])
        shown = tuple(a for placed in top for a in placed.ranked.story.articles)
        sent.append((str(week.start), end, shown))
    return made


def _most_places(week: sets.Week) -> list[str]:
    titles = {a.id: a.title for a in week.articles}
    return [titles[name] for name in position_mass(week)[:TOP]]


def _repeats(editions: Sequence[Sequence[str]]) -> float:
    repeated = []
    for number, titles in enumerate(editions):
        before = [t for earlier in editions[max(0, number - 4) : number] for t in earlier]
        again = [
            any(_alike(title, other) for other in [*before, *titles[:place]])
            for place, title in enumerate(titles)
        ]
        repeated.append(sum(again) * TOP / max(1, len(titles)))
    return round(fmean(repeated), 3)


def _alike(one: str, other: str) -> bool:
    mine, theirs = ({w for w in t.casefold().split() if len(w) > 3} for t in (one, other))
    return 2 * len(mine & theirs) >= max(1, min(len(mine), len(theirs)))


def speed_task(root: Path) -> dict[str, Any]:
    """Measure S1: stored titles, read, clustered and ranked, each size in its own process."""
    found: dict[str, Any] = {}
    for count in (10_000, 100_000):
        words = [sys.executable, __file__, "--data", str(root), "--titles", str(count)]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        found[f"{count} titles"] = json.loads(done.stdout)
    one, ten = found["10000 titles"], found["100000 titles"]
    found["growth"] = {"product": round(ten["product"] / one["product"], 2)}
    return {"S1": found}


def one_size(root: Path, count: int) -> dict[str, float]:
    """Store real headlines evenly over a week; time clustering and ranking, then reading too."""
    from digest.store import Database, articles, readings
    from digest.text import short_id

    known = sets.titles(root)
    start = _NOW - timedelta(days=7)
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/digest.db")
        database.upgrade()
        made = []
        for number in range(count):
            key = f"https://news.example/{number}"
            at = start + timedelta(days=7) * (number / count)
            title = known[number * len(known) // count] if known else f"headline {number}"
            made.append(
                Article(short_id(key), key, title, key, published_at=at, outlet="n.example")
            )
        with database.transaction() as tx:
            articles.store(tx, made, _NOW)
        del made
        begin = time.perf_counter()
        with database.reading() as tx:
            found = articles.published_between(tx, start, _NOW)
            counts = readings.of(tx, [a.id for a in found], _NOW)
        read = time.perf_counter()
        rank(found, counts, Ranking(), start, _NOW)
        done = time.perf_counter()
        database.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "product": round(done - read, 3),
        "read_s": round(read - begin, 3),
        "peak_mb": round(peak, 1),
    }


def summary(tasks: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the product's figure of each task, flat."""
    flat = {}
    for task, measures in tasks.items():
        for name, found in measures.items():
            first = name == next(iter(measures))
            flat[task if first and task != "C1" else f"{task} {name}"] = found["product"]
    return flat


def show(tasks: Mapping[str, Mapping[str, Any]]) -> None:
    for task, measures in tasks.items():
        for name, found in measures.items():
            others = {k: v for k, v in found.items() if k not in ("product", "baselines")}
            beside = "  ".join(f"{k} {v}" for k, v in found.get("baselines", {}).items())
            print(f"{task} {name}: product {found['product']}  {beside}  {others or ''}".rstrip())


def main() -> None:
    """Print one line per figure and end with JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--only", nargs="*", default=[], metavar="TASK")
    parser.add_argument("--titles", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    root = given.data
    if given.titles:
        print(json.dumps(one_size(root, given.titles)))
        return
    done: dict[str, Any] = {}
    for names, needs, task in _tasks(root):
        there = all((root / need).is_dir() for need in needs)
        if there and (not given.only or set(given.only) & set(names)):
            found = task()
            show(found)
            done |= found
    print(json.dumps(done | {"summary": summary(done)}))


def _tasks(
    root: Path,
) -> list[tuple[tuple[str, ...], tuple[str, ...], Callable[[], dict[str, Any]]]]:
    @cache
    def outlet() -> sets.Bbc:
        return sets.Bbc(root / "bbc_frontpage")

    return [
        (("R1", "R2", "R3"), ("hn_frontpage",), lambda: audience_tasks(root)),
        (("R4a", "R4b", "R6a", "R6b"), ("bbc_frontpage",), lambda: outlet_tasks(outlet())),
        (
            ("R5",),
            ("google_news_top", "bbc_frontpage"),
            lambda: coverage_task(root, outlet()),
        ),
        (("C1",), (), lambda: cluster_tasks(root)),
        (("C2",), ("bbc_frontpage",), lambda: rewrite_task(root)),
        (("D1",), ("google_news_top",), lambda: variety_task(root)),
        (("S1",), (), lambda: speed_task(root)),
    ]


if __name__ == "__main__":
    main()
