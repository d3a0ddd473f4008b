"""What the templates of an edition need: plain values, cut to length, nothing left to decide."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from digest.language import Speech, direction
from digest.model import Article, Edition, Image, PlacedStory, Placement, Section
from digest.render.look import hue_of
from digest.render.shown import (
    EditionView,
    Hue,
    Link,
    Picture,
    Place,
    SectionView,
    SponsorView,
    StoryView,
    WriterView,
)
from digest.settings import Publication, Theme
from digest.text import TOKEN, clean, host_of, shorten, truncate

_WIDE, _THUMB, _THUMB_SHAPE = 592, 120, 4 / 3
_LINE, _ROW_LINE = 86, 74  #: characters of a summary that is one line, in a section, in a row
_MOST_OF_IT = 0.75  #: of a line; what follows its last sentence would be a word or two
_THUMB_RANKS = range(2, 5)
_SPONSOR_AFTER_STORY, _SPONSOR_AFTER_SECTION = 5, 2
_OTHERS = 3
_NAME = 80
#: An address with nothing that could end an attribute, split a line or look like a template.
_ADDRESS = re.compile(r"(?i)https?://[^\s<>\"'\\^`{|}\x00-\x20]{1,1900}")


@dataclass(frozen=True, slots=True)
class _Shape:
    """How much of a story is shown."""

    summary: int  #: characters
    image: int = 0  #: pixels wide; 0: none
    full: bool = False  #: with byline, category and biography
    meta: bool = True

    def cut(self, summary: str) -> str:
        """Cut at a sentence; in a teaser only at one that leaves most of the line."""
        least = 0.5 if self.summary > _LINE else _MOST_OF_IT
        return shorten(summary, self.summary, least) if self.summary else ""


@dataclass(frozen=True, slots=True)
class _Density:
    """The shapes of an edition's stories."""

    lead: _Shape
    row: _Shape
    teaser: _Shape
    thumbs: int = 0  #: pixels


_DENSITIES = {
    "full": _Density(
        _Shape(320, _WIDE, full=True), _Shape(180), _Shape(_LINE, meta=False), thumbs=_THUMB
    ),
    "compact": _Density(_Shape(320, _WIDE, full=True), _Shape(_ROW_LINE), _Shape(0)),
    "headlines": _Density(_Shape(180, full=True), _Shape(0), _Shape(0, meta=False)),
}


@dataclass(frozen=True, slots=True)
class Frame:
    """What an edition is shown in: whose, called what, where its pages are, in which look."""

    publication: Publication
    title: str
    base_url: str
    theme: Theme
    short: int = 0  #: so many of the last parts are headlines only
    copies: Mapping[tuple[str, int], Image] = field(default_factory=dict)
    language: str = ""  #: spoken around the stories; empty: the publication's
    key_id: str = "0"  #: before the token of a link

    @property
    def told_in(self) -> str:
        """Return the language of stories that do not say theirs; "" when it need not be said."""
        return self.publication.language if self.language else ""


def places_of(edition: Edition, theme: Theme) -> tuple[Place, ...]:
    """Return where an edition shows pictures, in order."""
    density = _DENSITIES[theme.density]
    found = [
        Place(placed.lead.image.url, width, _THUMB_SHAPE if width == _THUMB else 0)
        for n, placed in enumerate(edition.top_stories, 1)
        if placed.lead.image and (width := _shape(n, density).image)
    ]
    found += [Place(placement.image_url, _THUMB) for placement in edition.placements]
    return tuple(place for place in dict.fromkeys(found) if _address(place.url))


def edition_view(edition: Edition, frame: Frame, speech: Speech) -> EditionView:
    """Turn an edition into what its templates show."""
    teller = _Teller(speech, host_of(frame.publication.url), frame)
    top, sections, closing = teller.body(edition)
    base_url = frame.base_url.rstrip("/")
    return EditionView(
        subject=_cut(edition.subject, 250),
        title=_cut(frame.title, _NAME),
        date=speech.day(edition.slot_on),
        count=speech.count("%(count)s story", "%(count)s stories", len(edition.stories)),
        stand_first=_cut(edition.stand_first, 240),
        note=_paragraphs(edition.note),
        lead=next(iter(top), None),
        rows=top[1:],
        sections=sections,
        closing=closing,
        hues=_used(top[:1], sections),
        unsubscribe_url=f"{base_url}/u/{frame.key_id}{TOKEN}",
        manage_url=f"{base_url}/manage",
        browser_url=f"{base_url}/editions/{quote(edition.newsletter)}/{edition.slot_on}",
    )


_Body = tuple[tuple[StoryView, ...], tuple[SectionView, ...], tuple[SponsorView, ...]]


@dataclass(frozen=True, slots=True)
class _Teller:
    """Shows stories and sponsors in one language; `home` is the publication's own host."""

    speech: Speech
    home: str
    frame: Frame

    @property
    def theme(self) -> Theme:
        return self.frame.theme

    @property
    def short(self) -> int:
        return self.frame.short

    def body(self, edition: Edition) -> _Body:
        """Show all stories; each sponsor gets the first free seat, the rest close the edition."""
        waiting = [self.sponsor(placement) for placement in edition.placements]
        at_story = waiting.pop(0) if waiting and edition.top_stories else None
        at_section = waiting.pop(0) if waiting and edition.sections else None
        all_short = self.short > len(edition.sections)
        top = self.top_stories(edition.top_stories, at_story, all_short=all_short)
        return top, self.sections(edition.sections, at_section), tuple(waiting)

    def top_stories(
        self, placed: tuple[PlacedStory, ...], sponsor: SponsorView | None, *, all_short: bool
    ) -> tuple[StoryView, ...]:
        density = _DENSITIES["headlines" if all_short else self.theme.density]
        seat = min(_SPONSOR_AFTER_STORY, len(placed))
        return tuple(
            self.story(story, n, _shape(n, density), sponsor if n == seat else None)
            for n, story in enumerate(placed, 1)
        )

    def sections(
        self, given: tuple[Section, ...], sponsor: SponsorView | None
    ) -> tuple[SectionView, ...]:
        seat = min(_SPONSOR_AFTER_SECTION, len(given))
        density = _DENSITIES[self.theme.density]
        full = len(given) - self.short
        return tuple(
            self.section(
                section,
                density.teaser if n <= full else _DENSITIES["headlines"].teaser,
                sponsor if n == seat else None,
            )
            for n, section in enumerate(given, 1)
        )

    def section(self, section: Section, shape: _Shape, sponsor: SponsorView | None) -> SectionView:
        return SectionView(
            title=_cut(section.title, _NAME),
            hue=hue_of(section.category or section.title, self.theme),
            stories=tuple(self.story(s, k, shape) for k, s in enumerate(section.stories, 1)),
            sponsor=sponsor,
        )

    def story(
        self, placed: PlacedStory, number: int, shape: _Shape, sponsor: SponsorView | None = None
    ) -> StoryView:
        article = placed.lead
        author = _cut(article.author, _NAME)
        category = placed.category or next(iter(article.categories), "")
        language = article.language or self.frame.told_in
        other_way = bool(language) and direction(language) != self.speech.direction
        foreign = _first(language) not in ("", _first(self.speech.language))
        return StoryView(
            number=self.speech.number(number),
            title=_cut(article.title, 140),
            url=_address(article.url),
            summary=shape.cut(clean(article.summary)),
            category=_cut(category, 40) if shape.full else "",
            hue=hue_of(category, self.theme),
            update=placed.update,
            byline=self._by(author) if shape.full else "",
            meta=self._meta(article, "" if shape.full else author) if shape.meta else (),
            image=self._picture(article.image, article.title, shape.image),
            writer=_writer(author, article.author_bio) if shape.full else None,
            also=_also(placed) if shape.meta else (),
            dir=direction(language) if other_way else "",
            lang=language if foreign else "",
            sponsor=sponsor,
        )

    def sponsor(self, placement: Placement) -> SponsorView:
        name = _cut(placement.sponsor, _NAME)
        image = Image(placement.image_url) if placement.image_url else None
        return SponsorView(
            label=f"{self.speech.say('Sponsor')} · {name}",
            title=_cut(placement.title, 140),
            text=shorten(clean(placement.text), 320),
            url=_address(placement.url),
            button=_cut(placement.button, 60) or self.speech.say("Visit %(sponsor)s", sponsor=name),
            image=self._picture(image, name, _THUMB),
        )

    def _by(self, author: str) -> str:
        return self.speech.say("By %(author)s", author=author) if author else ""

    def _meta(self, article: Article, author: str) -> tuple[str, ...]:
        outlet = _cut(article.outlet, _NAME) if article.outlet != self.home else ""
        return tuple(filter(None, (author, outlet, self.speech.reading(article.words))))

    def _photo(self, title: str) -> str:
        return self.speech.say("Photo: %(title)s", title=_cut(title, 140))

    def _picture(self, image: Image | None, title: str, width: int) -> Picture | None:
        """Return a copy if there is one, else the original; clients refuse it over http."""
        if not image or not width:
            return None
        copy = self.frame.copies.get((image.url, width))
        if copy:
            image = replace(image, url=copy.url, width=copy.width, height=copy.height)
        url = _address(image.url)
        if not url or not (copy or url.lower().startswith("https:")):
            return None
        caption = _cut(image.caption, 200)
        alt = _cut(image.alt, 160) or caption or self._photo(title)
        return Picture(url, alt, caption, width, _height(image, width))


def _writer(name: str, biography: str) -> WriterView | None:
    bio = shorten(clean(biography), 300)
    if not name or not bio:
        return None
    initial = next((char.upper() for char in name if char.isalpha()), "")
    return WriterView(name, initial, bio.removeprefix(f"{name} "), bio.startswith(f"{name} "))


def _shape(place: int, density: _Density) -> _Shape:
    if place == 1:
        return density.lead
    return replace(density.row, image=density.thumbs) if place in _THUMB_RANKS else density.row


def _first(language: str) -> str:
    return language.partition("-")[0].lower()


def _cut(text: str, limit: int) -> str:
    return truncate(clean(text), limit)


def _address(url: str) -> str:
    """Return `url` when it is a plain web address, else ""."""
    return url if _ADDRESS.fullmatch(url) and host_of(url) else ""


def _height(image: Image, width: int) -> int:
    """Return the height that keeps the picture's shape, 16:9 or 4:3 when it is not known."""
    if image.width > 0 and image.height > 0:
        return max(1, min(width * 2, round(width * image.height / image.width)))
    return width * 9 // 16 if width == _WIDE else width * 3 // 4


def _also(placed: PlacedStory) -> tuple[Link, ...]:
    """Return the other outlets that tell the story, each once."""
    found: dict[str, Link] = {}
    for other in placed.ranked.story.others:
        name = _cut(other.outlet or other.feed, _NAME)
        if name and name != placed.lead.outlet and _address(other.url):
            found.setdefault(name, Link(name, other.url))
    return tuple(found.values())[:_OTHERS]


def _paragraphs(note: str) -> tuple[str, ...]:
    parts = (_cut(part, 1200) for part in re.split(r"\n\s*\n", note))
    return tuple(part for part in parts if part)[:6]


def _used(lead: tuple[StoryView, ...], sections: tuple[SectionView, ...]) -> tuple[Hue, ...]:
    shown = {hue.number: hue for hue in [s.hue for s in lead] + [s.hue for s in sections]}
    return tuple(shown[number] for number in sorted(shown))
