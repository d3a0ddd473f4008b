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
class Saga:
    """All articles of the window on one happening."""

    articles: Sequence[Article]
    outlets: int  #: how many tell it


@dataclass(frozen=True, slots=True)
class Context:
    """The window a story is judged in; nothing in it is later than `as_of`."""

    start: datetime
    as_of: datetime
    readings: Mapping[str, Mapping[str, Sequence[Reading]]]  #: article id -> metric, oldest first
    outlets: int  #: how many outlets the window has
    published: Callable[[Article], datetime]
    past: References = _NOTHING
    sagas: Mapping[str, Saga] = field(default_factory=dict)
    #: article id -> all that tells of the same happening, when that is more than the story
    watched: frozenset[str] = frozenset()  #: outlets whose front page is watched
    #: id of a saga's most prominent article -> the position mass of the whole saga
    saga_mass: Mapping[str, float] = field(default_factory=dict)
    looks: int = 0  #: how often front pages were looked at in the window
    counted: bool = False  #: whether any article of the window has counts
    marked: bool = False  #: whether an editor featured or boosted any article of the window
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

    def saga(self, story: Story) -> Saga | None:
        """Return the saga of the story, unless it is one article."""
        return self.sagas.get(story.lead.id) or (saga_of(story.articles) if story.others else None)


def saga_of(articles: Sequence[Article]) -> Saga:
    """Return the saga that the articles are."""
    return Saga(articles, len({article.outlet for article in articles}))


def _nothing(context: Context) -> Measured | None:
    del context
    return None


@dataclass(frozen=True, slots=True)
class Signal:
    """One reason to rank a story higher.

    The weight is what a full signal adds, in points; settings may change it.
    """

    name: str
    weight: float
    measure: Callable[[Story, Context], Measured]
    #: what it says of every story, when it says the same of all, so that none is asked about
    of_all: Callable[[Context], Measured | None] = _nothing
    #: whether it speaks of the happening, not of an article, and so cannot choose the lead
    of_saga: bool = False


def unless(there: object) -> Measured | None:
    """Return that a signal has nothing to say of any story, unless there is something."""
    return None if there else NOTHING


def within(value: float) -> float:
    """Return a value bounded to -1 and 1."""
    return min(1.0, max(-1.0, value))
