"""What the past says: a growth curve of one's own, and what the present weights had chosen."""

from dataclasses import dataclass

from digest.app import App
from digest.errors import WrongState
from digest.model import Edition, Reading
from digest.pipeline.material import compose_slot
from digest.pipeline.usual import usual_values
from digest.rank.past import METRICS, PAST, References
from digest.rank.refit import LEAST, Fitted, refit
from digest.slots import Slot
from digest.store import editions, readings


@dataclass(frozen=True, slots=True)
class Refitted:
    """A growth curve with the data it rests on, and the usual values that go with it."""

    points: list[Fitted]
    articles: int
    usual: References


def refit_ranking(app: App, slug: str) -> Refitted:
    """Estimate the growth curve and the priors; WrongState when there are too few readings."""
    now = app.now()
    with app.database.reading() as tx:
        found = readings.told(tx, now - PAST, now, METRICS)
        published = {one.article_id: one.published_at for one in found}
        counts = [Reading(o.article_id, o.metric, o.value, o.read_at) for o in found]
        points, articles = refit(counts, published)
        if not points:
            raise WrongState(
                f"too few readings: {articles} articles of {PAST.days} days were counted both "
                f"young and after two days; an age needs {LEAST}"
            )
        curve = [(0.0, points[0].growth), *((p.hours, p.growth) for p in points), (48.0, 0.0)]
        return Refitted(points, articles, usual_values(tx, slug, now, curve))


@dataclass(frozen=True, slots=True)
class Replayed:
    """A sent edition beside what the present weights choose for its slot."""

    sent: Edition
    now: Edition

    @property
    def kept(self) -> int:
        """Return how many top stories are the same."""
        return len({p.lead.id for p in self.sent.top_stories} & set(self.top))

    @property
    def top(self) -> list[str]:
        """Return the articles the present weights put on top."""
        return [placed.lead.id for placed in self.now.top_stories]


def backtest(app: App, slug: str, weeks: int) -> list[Replayed]:
    """Choose again for the last sent slots, newest first, with what was known then."""
    with app.database.reading() as tx:
        sent = editions.last_sent(tx, slug, app.now(), weeks)
    return [
        Replayed(e, compose_slot(app, slug, Slot(e.slot_on, e.slot_at), e.window_end)) for e in sent
    ]
