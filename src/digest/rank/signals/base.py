"""What a signal is and what it may look at."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from digest.model import Article, Reading, Story


@dataclass(frozen=True, slots=True)
class Measured:
    """A value from 0 to 1 with the fact behind it."""

    value: float
    fact: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """The window a story is judged in; nothing in it is later than `as_of`."""

    start: datetime
    as_of: datetime
    readings: Mapping[str, Sequence[Reading]]  #: article id -> its readings
    outlets: int  #: how many outlets the window has
    published: Callable[[Article], datetime]
    #: outlet -> median audience points of its articles that have counts
    usual_points: Mapping[str, float] = field(default_factory=dict)
    section_weights: Mapping[str, float] = field(default_factory=dict)  #: category -> points

    def newest(self, article: Article) -> Mapping[str, Reading]:
        """Return the last reading of each metric of an article."""
        found = sorted(self.readings.get(article.id, ()), key=lambda r: (r.read_at, r.value))
        return {reading.metric: reading for reading in found}


@dataclass(frozen=True, slots=True)
class Signal:
    """One reason to rank a story higher.

    The weight is what a full signal adds, in points; settings may change it.
    """

    name: str
    weight: float
    measure: Callable[[Story, Context], Measured]
