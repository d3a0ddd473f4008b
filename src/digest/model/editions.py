"""Editions: what stands in them, how they are rendered, what preflight found."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from digest.model.audience import Choice
from digest.model.states import EditionState, Severity
from digest.model.stories import LeftOut, PlacedStory


@dataclass(frozen=True, slots=True)
class Section:
    """A named run of stories."""

    title: str
    category: str
    stories: tuple[PlacedStory, ...]


@dataclass(frozen=True, slots=True)
class Placement:
    """A sponsor's text for a place of an edition."""

    id: int
    sponsor: str
    title: str
    text: str
    url: str
    button: str = ""
    image_url: str = ""
    newsletter: str = ""  #: empty: every newsletter
    starts_on: date | None = None
    ends_on: date | None = None  #: last day it may run, inclusive


@dataclass(frozen=True, slots=True)
class Override:
    """What an editor decided, who and when; of two with one name the later counts.

    Of an article in one edition: `place`, `{"to": "top", "place": 2}`, a section's category, or
    "out"; and `title`, `summary`, `image_url` ("none": no picture). Of an edition: `subject`,
    `stand_first`, `note`. Of an article everywhere: `hidden`, `boost` or the name of an edited
    field. None undoes it.
    """

    name: str
    value: Any
    by: str
    at: datetime
    article_id: str = ""

    @property
    def done(self) -> str:
        """Return what was decided in words, as in "pinned to place 2"."""
        match self.name, self.value:
            case "place", {"to": "out"}:
                return "dropped"
            case "place", {"to": "top", "place": place}:
                return f"pinned to place {place}" if place else "moved to the top stories"
            case "place", {"to": to, "place": place}:
                return f"moved to {to}" + (f", place {place}" if place else "")
            case "hidden", _:
                return "hidden"
            case "boost", points:
                return f"boosted by {points:+g} points"
            case "image_url", "none":
                return "shown without its picture"
            case name, str(text):
                return f"{name.replace('_', ' ')} set to “{text}”"
            case name, several:
                return f"{name.replace('_', ' ')} set to “{', '.join(several)}”"


@dataclass(frozen=True, slots=True)
class Edition:
    """One issue of a newsletter for one slot."""

    newsletter: str
    slot_on: date  #: local calendar date: with the newsletter the slot's key
    slot_at: datetime
    window_start: datetime
    window_end: datetime
    subject: str
    stand_first: str = ""
    note: str = ""  #: an editor's note above the lead
    top_stories: tuple[PlacedStory, ...] = ()
    sections: tuple[Section, ...] = ()
    placements: tuple[Placement, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    spare: tuple[str, ...] = ()  #: leads that did not fit: candidates of the next edition, once
    overrides: tuple[Override, ...] = ()  #: what editors decided, as it stood at the build
    usual_start: datetime | None = None  #: where the window starts when no slot was left unsent
    audience: str = ""  #: the expression that picks its readers, frozen at approval
    id: int = 0  #: 0: not stored
    state: EditionState = EditionState.DRAFT
    reason: str = ""  #: why it is held, skipped, missed or cancelled
    sha256: str = ""  #: of the approved bytes; empty before approval
    finished_at: datetime | None = None  #: when the last delivery was settled

    @property
    def key(self) -> str:
        """Return the name people use, as in `weekly@2026-11-23`."""
        return f"{self.newsletter}@{self.slot_on.isoformat()}"

    @property
    def stories(self) -> tuple[PlacedStory, ...]:
        """Return every story in reading order."""
        return self.top_stories + tuple(s for section in self.sections for s in section.stories)


@dataclass(frozen=True, slots=True)
class Rendered:
    """The rendered content of one variant; recipient tokens are still placeholders."""

    subject: str
    html: str
    text: str
    shortened: tuple[str, ...] = ()  #: parts shown as headlines only, so that it is not clipped


@dataclass(frozen=True, slots=True)
class Variant:
    """An edition as one group of readers gets it."""

    choice: Choice
    rendered: Rendered
    readers: int = 0  #: who want exactly this, when it was made
    nearest: int = 0  #: who want something else and get this, because variants are capped


@dataclass(frozen=True, slots=True)
class Finding:
    """What a preflight rule has to say."""

    rule: str
    severity: Severity
    message: str
    where: str = ""
