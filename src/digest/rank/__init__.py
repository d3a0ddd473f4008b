"""Articles to stories, best first, with the reason for every point."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from digest.model import MICRO, Article, Part, RankedStory, Reading, Story
from digest.rank.cluster import Told, cluster
from digest.rank.past import METRICS, References
from digest.rank.signals import SIGNALS
from digest.rank.signals.base import NOTHING, Context, Measured
from digest.rank.signals.prominence import METRIC, saga_masses
from digest.settings import Ranking

_NOTHING = References()


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
    candidates = sorted(articles, key=_by_moment)
    fresh = {article.id for article in candidates}
    known = [article for article in earlier if article.id not in fresh]
    told = cluster(sorted(candidates + known, key=_by_moment), published)
    context = _context(candidates, told, _series(readings, as_of), start, as_of)
    context = replace(context, past=past, section_weights=ranking.section_weights)
    stories = [_story(t.articles, fresh) for t in told if any(a.id in fresh for a in t.articles)]
    weighted = _weighted(ranking, context)
    return sorted((_rank_story(story, weighted, context) for story in stories), key=_order)


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


_Series = dict[str, dict[str, list[Reading]]]


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
        watched=frozenset(watched), looks=len(looks), counted=counted,
    )  # fmt: skip


def _sagas(told: Sequence[Told]) -> dict[str, list[Article]]:
    """Return article id -> all articles of its saga, for sagas of more than one story."""
    whole: dict[int, list[Told]] = defaultdict(list)
    for story in told:
        whole[story.saga].append(story)
    found: dict[str, list[Article]] = {}
    for stories in whole.values():
        if len(stories) > 1:
            articles = [article for story in stories for article in story.articles]
            found |= dict.fromkeys((article.id for article in articles), articles)
    return found


#: how a signal measures, the micro-units of a full one, and its part where nothing is said
_Weighted = tuple[Callable[[Story, Context], Measured] | None, float, Part]


def _weighted(ranking: Ranking, context: Context) -> list[_Weighted]:
    return [
        (
            None if signal.quiet(context) else signal.measure,
            ranking.weights.get(signal.name, signal.weight) * MICRO,
            Part(signal.name, 0),
        )
        for signal in SIGNALS
    ]


def _rank_story(story: Story, weighted: Sequence[_Weighted], context: Context) -> RankedStory:
    """Score the story and show its best article as the lead."""
    led = _led(story, weighted, context) if story.others else story
    return RankedStory(led, _parts(led, weighted, context))


def _led(story: Story, weighted: Sequence[_Weighted], context: Context) -> Story:
    alone = {a.id: _total(_parts(Story(a), weighted, context)) for a in story.articles}
    best = sorted(story.articles, key=lambda a: (-alone[a.id], -published(a).timestamp(), a.key))
    return Story(best[0], tuple(best[1:]), story.earlier)


def _total(parts: Sequence[Part]) -> int:
    return sum([part.micro for part in parts])


def _parts(story: Story, weighted: Sequence[_Weighted], context: Context) -> tuple[Part, ...]:
    found = []
    for measure, points, nothing in weighted:
        measured = measure(story, context) if measure else NOTHING
        if measured is NOTHING:
            found.append(nothing)
        else:
            found.append(Part(nothing.signal, round(measured.value * points), measured.fact))
    return tuple(found)


def _order(ranked: RankedStory) -> tuple[int, float, str]:
    lead = ranked.story.lead
    return -ranked.score, -published(lead).timestamp(), lead.key
