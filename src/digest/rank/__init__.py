"""Articles to stories, best first, with the reason for every point."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from digest.model import MICRO, Article, Part, RankedStory, Reading, Story
from digest.rank.cluster import Told, cluster
from digest.rank.collector import uncollected
from digest.rank.past import METRICS, References
from digest.rank.signals import SIGNALS
from digest.rank.signals.base import NOTHING, Context, Measured, Saga, saga_of
from digest.rank.signals.prominence import METRIC, saga_masses
from digest.settings import Ranking

_NOTHING = References()
_Series = dict[str, dict[str, list[Reading]]]


def rank(
    articles: Iterable[Article],
    readings: Iterable[Reading],
    ranking: Ranking,
    start: datetime,
    as_of: datetime,
    earlier: Iterable[Article] = (),
    past: References = _NOTHING,
) -> list[RankedStory]:
    """Return the stories of a window, highest score first.

    `earlier` are articles that sent editions had: they only show which stories go on, and are
    never shown again; `past` are usual values from before the window. Nothing later than `as_of`
    is read. A score is the exact sum of its parts in micro-units; ties go to the newer story, then
    to the canonical address, so any input order gives the same list.
    """
    with uncollected():
        return _ranked(articles, _series(readings, as_of), ranking, start, as_of, earlier, past)


def _ranked(
    articles: Iterable[Article],
    readings: _Series,
    ranking: Ranking,
    start: datetime,
    as_of: datetime,
    earlier: Iterable[Article],
    past: References,
) -> list[RankedStory]:
    candidates = sorted(articles, key=_by_moment)
    fresh = {article.id for article in candidates}
    known = [article for article in earlier if article.id not in fresh]
    told = cluster(sorted(candidates + known, key=_by_moment), published)
    context = _context(candidates, told, readings, start, as_of)
    context = replace(context, past=past, section_weights=ranking.section_weights)
    stories = [story for t in told if (story := _story(t.articles, fresh))]
    asked = _asked(ranking, context)
    return sorted((_rank_story(story, asked, context) for story in stories), key=_order)


def _by_moment(article: Article) -> tuple[datetime, str]:
    return published(article), article.key


def _story(group: Sequence[Article], fresh: set[str]) -> Story | None:
    mine = tuple([article for article in group if article.id in fresh])
    if len(mine) == len(group):
        return Story(mine[0], mine[1:])
    earlier = tuple([article.id for article in group if article.id not in fresh])
    return Story(mine[0], mine[1:], earlier) if mine else None


def published(article: Article) -> datetime:
    """Return the moment an article counts as published: its date, else when it was first seen."""
    moment = article.published_at or article.first_seen_at
    if moment is None:
        raise ValueError(f"article {article.id} has neither a date nor a first-seen time")
    return moment


def unknown_weights(weights: Mapping[str, float]) -> list[str]:
    """Return the names that are no signal's."""
    return [name for name in weights if name not in {signal.name for signal in SIGNALS}]


def _series(readings: Iterable[Reading], as_of: datetime) -> _Series:
    """Return article id -> metric -> its readings, oldest first."""
    found: _Series = defaultdict(lambda: defaultdict(list))
    for reading in readings:
        if reading.read_at <= as_of:
            found[reading.article_id][reading.metric].append(reading)
    for metrics in found.values():
        for series in metrics.values():
            series.sort(key=lambda r: (r.read_at, r.value))
    return {article_id: dict(metrics) for article_id, metrics in found.items()}


def _context(
    articles: Sequence[Article],
    told: Sequence[Told],
    readings: _Series,
    start: datetime,
    as_of: datetime,
) -> Context:
    outlets = len({article.outlet for article in articles})
    marked = any(article.featured or article.boost for article in articles)
    looks: set[datetime] = set()
    watched: set[str] = set()
    counted = False
    for article in articles:
        for metric, series in readings.get(article.id, {}).items():
            counted |= metric in METRICS
            if metric.partition(":")[0] == METRIC:
                watched.add(article.outlet)
                looks.update(reading.read_at for reading in series)
    sagas = _sagas(told)
    mass = saga_masses(sagas, readings) if watched and outlets > 1 else {}
    return Context(
        start, as_of, readings, outlets, published, sagas=sagas, saga_mass=mass,
        watched=frozenset(watched), looks=len(looks), counted=counted, marked=marked,
    )  # fmt: skip


def _sagas(told: Sequence[Told]) -> dict[str, Saga]:
    """Return article id -> its saga, for sagas of more than one story."""
    whole: dict[int, list[Told]] = defaultdict(list)
    for story in told:
        whole[story.saga].append(story)
    found: dict[str, Saga] = {}
    for stories in whole.values():
        if len(stories) > 1:
            articles = [article for story in stories for article in story.articles]
            found |= dict.fromkeys([article.id for article in articles], saga_of(articles))
    return found


class _Asked(NamedTuple):
    """A signal in the window at hand."""

    measure: Callable[[Story, Context], Measured] | None  #: none when it says the same of all
    points: float  #: micro-units of a full signal
    same: Part  #: its part of a story it is not asked about, or says nothing of
    chooses: bool  #: whether it tells an article from the others of its story


def _asked(ranking: Ranking, context: Context) -> list[_Asked]:
    found: list[_Asked] = []
    for signal in SIGNALS:
        points = ranking.weights.get(signal.name, signal.weight) * MICRO
        same = signal.of_all(context)
        part = _part(signal.name, points, same or NOTHING)
        chooses = not (same or signal.of_saga)
        found.append(_Asked(None if same else signal.measure, points, part, chooses))
    return found


def _part(name: str, points: float, measured: Measured) -> Part:
    return Part(name, round(measured.value * points), measured.fact)


def _rank_story(story: Story, asked: Sequence[_Asked], context: Context) -> RankedStory:
    """Score the story and show its best article as the lead."""
    led = _led(story, asked, context) if story.others else story
    return RankedStory(led, _parts(led, asked, context))


def _led(story: Story, asked: Sequence[_Asked], context: Context) -> Story:
    choosing = [one for one in asked if one.chooses]
    alone = {a.id: _alone(Story(a), choosing, context) for a in story.articles}
    best = sorted(story.articles, key=lambda a: (-alone[a.id], -published(a).timestamp(), a.key))
    return Story(best[0], tuple(best[1:]), story.earlier)


def _alone(story: Story, asked: Iterable[_Asked], context: Context) -> int:
    """Return what an article gets by itself, in micro-units."""
    measured = [(one.measure(story, context), one) for one in asked if one.measure]
    return sum([round(found.value * one.points) for found, one in measured])


def _parts(story: Story, asked: Sequence[_Asked], context: Context) -> tuple[Part, ...]:
    found = []
    for measure, points, same, _ in asked:
        measured = measure(story, context) if measure else NOTHING
        found.append(same if measured is NOTHING else _part(same.signal, points, measured))
    return tuple(found)


def _order(ranked: RankedStory) -> tuple[int, float, str]:
    lead = ranked.story.lead
    return -ranked.score, -published(lead).timestamp(), lead.key
