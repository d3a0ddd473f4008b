"""Stories and the reasons for their rank."""

from dataclasses import dataclass

from digest.model.articles import Article

MICRO = 1_000_000  #: scores are integers in millionths, so sums are exact on every machine


@dataclass(frozen=True, slots=True)
class Story:
    """One happening: a lead article and the others that tell it."""

    lead: Article
    others: tuple[Article, ...] = ()
    earlier: tuple[str, ...] = ()  #: ids of articles an earlier edition had that tell it too

    @property
    def articles(self) -> tuple[Article, ...]:
        """Return the lead and the others."""
        return (self.lead, *self.others)


@dataclass(frozen=True, slots=True)
class Part:
    """What one signal gave a story."""

    signal: str
    micro: int  #: millionths of a point
    fact: str = ""  #: the reason in words, with its figures


@dataclass(frozen=True, slots=True)
class RankedStory:
    """A story with its score and the parts that sum to it."""

    story: Story
    parts: tuple[Part, ...] = ()

    @property
    def score(self) -> int:
        """Return the score in micro-units: exactly the sum of the parts."""
        return sum(part.micro for part in self.parts)

    @property
    def telling(self) -> tuple[Part, ...]:
        """Return the parts that have something to say."""
        return tuple(part for part in self.parts if part.micro or part.fact)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An article of the window that is not in the edition, and why."""

    article_id: str
    title: str
    reason: str
    score: int = 0


@dataclass(frozen=True, slots=True)
class PlacedStory:
    """A ranked story in its place of an edition."""

    place: int  #: counted from 1 inside its section
    ranked: RankedStory
    category: str = ""
    update: bool = False  #: a running story that an earlier edition already had
    note: str = ""  #: what an editor, the caps or the window did to its place

    @property
    def lead(self) -> Article:
        """Return the article shown for the story."""
        return self.ranked.story.lead
