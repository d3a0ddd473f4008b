"""What templates are given: plain frozen values, ready to print."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hue:
    """A category's colour on the light card, and its twin on the dark one."""

    number: int
    light: str
    dark: str


@dataclass(frozen=True, slots=True)
class Picture:
    """An image as it is shown."""

    url: str
    alt: str
    caption: str
    width: int  #: CSS pixels in the layout; the file itself should be twice as wide
    height: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where an edition shows a picture."""

    url: str  #: of the picture
    width: int  #: CSS pixels
    shape: float = 0  #: width by height that a copy is cut to; 0: its own


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of a page; docs/themes.md says what each is for."""

    page: str
    card: str
    tint: str
    rule: str
    ink: str
    body: str
    meta: str
    accent: str
    on_accent: str


@dataclass(frozen=True, slots=True)
class Look(Palette):
    """How a mail looks: its colours by day, by night, its fonts and its logo."""

    dark: Palette
    heading_font: str
    text_font: str
    density: str
    logo: Picture | None


@dataclass(frozen=True, slots=True)
class Outlet:
    """The publication as every mail shows it."""

    name: str
    url: str
    postal_address: str
    contact: str  #: a bare address


@dataclass(frozen=True, slots=True)
class Link:
    """A name that leads somewhere."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class SponsorView:
    """A placement as it is shown."""

    label: str
    title: str
    text: str
    url: str
    button: str
    image: Picture | None


@dataclass(frozen=True, slots=True)
class WriterView:
    """An author with a biography."""

    name: str
    initial: str
    bio: str  #: without the name it begins with
    run_in: bool  #: the biography began with the name and goes on after it


@dataclass(frozen=True, slots=True)
class StoryView:
    """A story as it is shown: as the lead, a ranked row or a teaser."""

    number: str
    title: str
    url: str
    summary: str
    category: str
    hue: Hue
    update: bool
    byline: str
    meta: tuple[str, ...]  #: author, outlet, reading time: what there is of them
    image: Picture | None
    writer: WriterView | None
    also: tuple[Link, ...]
    dir: str  #: "" unless the story is written the other way than the mail
    lang: str  #: "" unless the story is in another language than the mail
    sponsor: SponsorView | None


@dataclass(frozen=True, slots=True)
class SectionView:
    """A category section as it is shown."""

    title: str
    hue: Hue
    stories: tuple[StoryView, ...]
    sponsor: SponsorView | None


@dataclass(frozen=True, slots=True)
class EditionView:
    """A whole edition as it is shown."""

    subject: str
    title: str
    date: str
    count: str
    stand_first: str
    note: tuple[str, ...]
    lead: StoryView | None
    rows: tuple[StoryView, ...]
    sections: tuple[SectionView, ...]
    closing: tuple[SponsorView, ...]
    hues: tuple[Hue, ...]
    unsubscribe_url: str
    manage_url: str
    browser_url: str
