"""What a signal is and what it may look at."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from digest.model import Article, Reading, Story
from digest.rank.past import METRICS, References, growth, points

#: points of a story without counts where nothing is known of the past: as if ten had read it
UNKNOWN = 2.4


_NOTHING = References()


@dataclass(frozen=True, slots=True)
class Measured:
    """A value from -1 to 1 with the fact behind it; an editor's word may go beyond."""

    value: float
    fact: str = ""


NOTHING = Measured(0.0)  #: what a signal with nothing to say returns


@dataclass(frozen=True, slots=True)
class Context:
    """The window a story is judged in; nothing in it is later than `as_of`."""

    start: datetime
    as_of: datetime
    readings: Mapping[str, Mapping[str, Sequence[Reading]]]  #: article id -> metric, oldest first
    outlets: int  #: how many outlets the window has
    published: Callable[[Article], datetime]
    past: References = _NOTHING
    sagas: Mapping[str, Sequence[Article]] = field(default_factory=dict)
    #: article id -> all that tells of the same happening, when that is more than the story
    watched: frozenset[str] = frozenset()  #: outlets whose front page is watched
    #: id of a saga's most prominent article -> the position mass of the whole saga
    saga_mass: Mapping[str, float] = field(default_factory=dict)
    looks: int = 0  #: how often front pages were looked at in the window
    counted: bool = False  #: whether any article of the window has counts
    section_weights: Mapping[str, float] = field(default_factory=dict)  #: category -> points

    def count(self, article: Article) -> Reading | None:
        """Return the newest reading of the metric that says most, if the article has counts."""
        found = self.readings.get(article.id)
        return next((found[name][-1] for name in METRICS if name in found), None) if found else None

    def points(self, article: Article, reading: Reading) -> float:
        """Return the expected final audience on a logarithmic scale that compares unlike counts."""
        age = reading.read_at - self.published(article)
        raw = points(reading.value, age, self.past.curve)
        return max(0.0, raw - self.above(article, reading)) if reading.value > 0 else 0.0

    def above(self, article: Article, reading: Reading) -> float:
        """Return how far such counts lie above the usual, in points."""
        return self.past.above.get((article.feed, reading.metric), 0.0)

    def growth(self, article: Article, at: datetime) -> float:
        """Return the expected log growth of an article's audience after a moment."""
        return growth(at - self.published(article), self.past.curve)

    def best(self, story: Story) -> tuple[float, Article, Reading] | None:
        """Return the points, article and reading of the story's most read article, if counted."""
        if not self.readings:
            return None
        counted = [(a, reading) for a in story.articles if (reading := self.count(a))]
        found = [(self.points(article, reading), article, reading) for article, reading in counted]
        return max(found, key=lambda entry: (entry[0], entry[1].key)) if found else None

    def saga(self, story: Story) -> Sequence[Article]:
        """Return all articles of the window on the happening, the story's own at least."""
        return self.sagas.get(story.lead.id, story.articles)


def _never(context: Context) -> bool:
    del context
    return False


@dataclass(frozen=True, slots=True)
class Signal:
    """One reason to rank a story higher.

    The weight is what a full signal adds, in points; settings may change it.
    """

    name: str
    weight: float
    measure: Callable[[Story, Context], Measured]
    quiet: Callable[[Context], bool] = _never
    #: whether it has nothing to say of any story, so that no story is asked about


def within(value: float) -> float:
    """Return a value bounded to -1 and 1."""
    return min(1.0, max(-1.0, value))
