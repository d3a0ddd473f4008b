"""Editions: what stands in them, how they are rendered, what preflight found."""

from dataclasses import dataclass
from datetime import date, datetime

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
    id: int = 0  #: 0: not stored
    state: EditionState = EditionState.DRAFT
    reason: str = ""  #: why it is held, skipped, missed or cancelled
    sha256: str = ""  #: of the approved bytes; empty before approval

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
class Finding:
    """What a preflight rule has to say."""

    rule: str
    severity: Severity
    message: str
    where: str = ""
