"""Articles to stories, best first, with the reason for every point."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from statistics import median

from digest.model import MICRO, Article, Part, RankedStory, Reading, Story
from digest.rank.cluster import cluster
from digest.rank.signals import SIGNALS, audience
from digest.rank.signals.base import Context, Signal
from digest.settings import Ranking


def rank(
    articles: Iterable[Article],
    readings: Iterable[Reading],
    ranking: Ranking,
    start: datetime,
    as_of: datetime,
    earlier: Iterable[Article] = (),
) -> list[RankedStory]:
    """Return the stories of a window, highest score first.

    `earlier` are articles that sent editions had: they only show which stories go on, and are
    never shown again. Nothing later than `as_of` is read. A score is the exact sum of its parts
    in micro-units; ties go to the newer story, then to the canonical address, so any input
    order gives the same list.
    """
    candidates = sorted(articles, key=_by_moment)
    fresh = {article.id for article in candidates}
    known = [article for article in earlier if article.id not in fresh]
    context = _context(candidates, readings, start, as_of)
    context = replace(context, section_weights=ranking.section_weights)
    groups = cluster(sorted(candidates + known, key=_by_moment), published)
    stories = [_story(group, fresh) for group in groups if any(a.id in fresh for a in group)]
    return sorted((_rank_story(story, ranking, context) for story in stories), key=_order)


def _by_moment(article: Article) -> tuple[datetime, str]:
    return published(article), article.key


def _story(group: Sequence[Article], fresh: set[str]) -> Story:
    mine = [article for article in group if article.id in fresh]
    return Story(mine[0], tuple(mine[1:]), tuple(a.id for a in group if a.id not in fresh))


def published(article: Article) -> datetime:
    """Return the moment an article counts as published: its date, else when it was first seen."""
    moment = article.published_at or article.first_seen_at
    if moment is None:
        raise ValueError(f"article {article.id} has neither a date nor a first-seen time")
    return moment


def unknown_weights(weights: Mapping[str, float]) -> list[str]:
    """Return the names that are no signal's."""
    return [name for name in weights if name not in {signal.name for signal in SIGNALS}]


def _context(
    articles: Sequence[Article], readings: Iterable[Reading], start: datetime, as_of: datetime
) -> Context:
    counts: dict[str, list[Reading]] = defaultdict(list)
    for reading in readings:
        if reading.read_at <= as_of:
            counts[reading.article_id].append(reading)
    outlets = len({article.outlet for article in articles})
    context = Context(start, as_of, dict(counts), outlets, published)
    return replace(context, usual_points=_usual_points(articles, context))


def _usual_points(articles: Sequence[Article], context: Context) -> dict[str, float]:
    """Return each outlet's median audience: a missing count is not a count of zero."""
    known: dict[str, list[float]] = defaultdict(list)
    for article in articles:
        reading = audience.best_reading(article, context)
        if reading:
            known[article.outlet].append(audience.points(reading, article, context))
    return {outlet: median(values) for outlet, values in known.items()}


def _rank_story(story: Story, ranking: Ranking, context: Context) -> RankedStory:
    """Score the story and show its best article as the lead."""
    alone = {a.id: _score(Story(a), ranking, context) for a in story.articles}
    best = sorted(story.articles, key=lambda a: (-alone[a.id], -published(a).timestamp(), a.key))
    led = Story(best[0], tuple(best[1:]), story.earlier)
    return RankedStory(led, tuple(_part(signal, led, ranking, context) for signal in SIGNALS))


def _score(story: Story, ranking: Ranking, context: Context) -> int:
    return sum(_part(signal, story, ranking, context).micro for signal in SIGNALS)


def _part(signal: Signal, story: Story, ranking: Ranking, context: Context) -> Part:
    measured = signal.measure(story, context)
    weight = ranking.weights.get(signal.name, signal.weight)
    return Part(signal.name, round(measured.value * weight * MICRO), measured.fact)


def _order(ranked: RankedStory) -> tuple[int, float, str]:
    lead = ranked.story.lead
    return -ranked.score, -published(lead).timestamp(), lead.key
