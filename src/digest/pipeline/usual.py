"""What feeds, outlets and authors usually get, from the time before a window."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import fmean

from digest.model import Edition
from digest.rank.past import METRICS, PAST, RECENT, Curve, Past, References, references
from digest.store import Transaction, editions, readings


def usual_values(tx: Transaction, slug: str, start: datetime, curve: Curve) -> References:
    """Return the usual values before a window."""
    best: dict[str, Past] = {}
    order = {metric: place for place, metric in enumerate(METRICS)}
    for one in readings.last_told(tx, start - PAST, start, METRICS):
        known = best.get(one.article_id)
        if known is None or order[one.metric] < order[known.metric]:
            age = one.read_at - one.published_at
            recent = one.published_at >= start - RECENT
            best[one.article_id] = Past(
                one.outlet, one.author, one.category, one.feed, one.metric, one.value, age, recent
            )
    return references([*best.values(), *_clicked(tx, slug, start)], curve)


def _clicked(tx: Transaction, slug: str, start: datetime) -> list[Past]:
    """Return what readers of sent editions followed, beside what each place makes one expect."""
    told = readings.last_told(tx, start - PAST, start, ("clicks",))
    if not told:
        return []
    clicks = {one.article_id: one for one in told}
    shown = _shown(editions.last_sent(tx, slug, start, PAST // timedelta(days=7)), set(clicks))
    by_place: dict[str, list[int]] = defaultdict(list)
    for place, name in shown:
        by_place[place].append(clicks[name].value if name in clicks else 0)
    return [
        Past(
            one.outlet, one.author, one.category, one.feed, "", 0, timedelta(),
            clicks=one.value, expected=fmean(by_place[place]),
        )
        for place, name in shown
        if (one := clicks.get(name))
    ]  # fmt: skip


def _shown(sent: Sequence[Edition], clicked: set[str]) -> list[tuple[str, str]]:
    """Return (place, article) of the editions whose clicks were counted."""
    found = []
    for edition in sent:
        named = [("top", edition.top_stories), *((s.title, s.stories) for s in edition.sections)]
        places = [(f"{part} {p.place}", p.lead.id) for part, placed in named for p in placed]
        if clicked & {name for _, name in places}:
            found += places
    return found
