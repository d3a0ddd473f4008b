"""What an edition is made of is read from the store, ranked and laid out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from digest.app import App
from digest.compose import Brief, compose
from digest.compose.categories import categorised
from digest.compose.hand import retold
from digest.compose.sections import Used
from digest.model import Article, Edition, EditionState, Override, Placement, Reading
from digest.pipeline.usual import usual_values
from digest.rank import rank
from digest.rank.past import GROWTH, References
from digest.settings import Newsletter
from digest.slots import Slot
from digest.store import Transaction, articles, editions, overrides, placements, readings

_WIDEST = 3  #: windows an edition may look back at most


@dataclass(frozen=True, slots=True)
class _Material:
    """What the store has for an edition."""

    start: datetime
    found: list[Article]
    readings: list[Reading]
    sent: list[Edition]
    carried: dict[str, str]  #: id of an article that did not fit last time -> that edition
    marks: dict[str, str]
    here: list[Override]  #: decided of this edition
    decided: list[Override]  #: these, and those of its articles everywhere
    sponsors: list[Placement]
    past: References


def compose_slot(app: App, slug: str, slot: Slot, as_of: datetime) -> Edition:
    """Compose with the newsletter's window; a thin week may widen it, twice at most."""
    newsletter = app.newsletter(slug)
    tries = range(1, _WIDEST + 1) if newsletter.thin_week == "widen" else (1,)
    for times in tries:
        edition = _compose(app, slug, slot, as_of, newsletter.window * times)
        if edition.state is not EditionState.HELD:
            break
    return edition


def same_hand(tx: Transaction, edition: Edition) -> bool:
    """Say whether an edition was built with what is in force for its slot now."""
    theirs = {one.article_id for one in edition.overrides}
    now = overrides.of_slot(tx, edition.newsletter, edition.slot_on)
    return (*now, *overrides.of_articles(tx, theirs)) == edition.overrides


def _compose(app: App, slug: str, slot: Slot, as_of: datetime, window: timedelta) -> Edition:
    newsletter = app.newsletter(slug)
    with app.database.reading() as tx:
        read = _read(tx, slug, newsletter, slot, as_of, window)
    apart = [a for a in read.found if a.hidden or a.sponsored or a.gone_at is not None]
    apart.sort(key=lambda article: article.key)
    kept_out = {article.id for article in apart}
    fit = [article for article in read.found if article.id not in kept_out]
    fit = categorised(fit, newsletter.ranking.categories, _named(newsletter))
    told = _told(read.sent)
    ranked = rank(fit, read.readings, newsletter.ranking, read.start, as_of, told, read.past)
    ranked = retold(ranked, read.here)
    usual = as_of - window
    brief = Brief(slug, slot.on, slot.at, read.start, as_of, usual if usual > read.start else None)
    used = _used(read.sent, read.carried, read.marks)
    return compose(
        brief, newsletter, ranked, used, apart, read.sponsors, read.decided, app.speech.say
    )


def _named(newsletter: Newsletter) -> list[str]:
    rules = newsletter.sections
    return [] if rules == "auto" else [rule.category for rule in rules]


def _read(
    tx: Transaction,
    slug: str,
    newsletter: Newsletter,
    slot: Slot,
    as_of: datetime,
    window: timedelta,
) -> _Material:
    last = editions.last_sent(tx, slug, slot.at, 1)
    start = _window_start(as_of, window, newsletter.window, last)
    remember = newsletter.ranking.already_sent
    sent = [
        edition
        for name in (slug, *newsletter.not_from)
        for edition in editions.last_sent(tx, name, slot.at, remember, reaching_into=start)
    ]
    sent.sort(key=lambda edition: edition.slot_at, reverse=True)
    found = articles.published_between(tx, start, as_of)
    marks = _before(found, as_of - window)
    carried: dict[str, str] = {}
    if last:
        late = articles.seen_late(tx, editions.built_at(tx, last[0].id), start - window, start)
        marks |= {a.id: f"first seen after {last[0].key} was built" for a in late}
        spare = _others(tx, last[0].spare, found + late)
        carried = {article.id: last[0].key for article in spare}
        marks |= {key: f"carried over from {name}" for key, name in carried.items()}
        found += late + spare
    here = overrides.of_slot(tx, slug, slot.on)
    found += _others(tx, [one.article_id for one in here if one.article_id], found)
    ids = [article.id for article in found]
    decided = here + overrides.of_articles(tx, ids)
    counts = readings.of(tx, ids, as_of)
    sponsors = placements.running(tx, slug, slot.on)
    past = usual_values(tx, slug, start, newsletter.ranking.growth or GROWTH)
    return _Material(start, found, counts, sent, carried, marks, here, decided, sponsors, past)


def _others(tx: Transaction, ids: Sequence[str], there: Iterable[Article]) -> list[Article]:
    """Return these articles but for those that are there already."""
    known = {article.id for article in there} if ids else set()
    return articles.with_ids(tx, [key for key in ids if key not in known])


def _before(found: Iterable[Article], usual: datetime) -> dict[str, str]:
    """Mark the articles of days that only a prolonged window reaches."""
    moments = ((a.id, a.published_at or a.first_seen_at) for a in found)
    mark = "from days before the usual window, which no sent edition covered"
    return {key: mark for key, moment in moments if moment and moment < usual}


def _window_start(
    as_of: datetime, window: timedelta, least: timedelta, sent: list[Edition]
) -> datetime:
    """Return where the window starts: where the last sent edition's ended, if that is earlier.

    So nothing falls between after a skipped, held or missed slot; three windows at most.
    """
    start = as_of - window
    if sent and sent[0].window_end < start:
        start = max(sent[0].window_end, as_of - least * _WIDEST)
    return min(start, as_of - window)


def _told(sent: list[Edition]) -> list[Article]:
    return [
        article for e in sent for placed in e.stories for article in placed.ranked.story.articles
    ]


def _used(sent: list[Edition], carried: dict[str, str], marks: dict[str, str]) -> Used:
    by_article: dict[str, str] = {}
    for edition in reversed(sent):
        for placed in edition.stories:
            by_article |= {a.id: edition.key for a in placed.ranked.story.articles}
    ends = {edition.key: edition.window_end for edition in sent}
    return Used(by_article, ends, carried, marks)
