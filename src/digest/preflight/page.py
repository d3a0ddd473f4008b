"""Rendered HTML read once for all rules: its tags, links, words and style."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from html.parser import HTMLParser

_SILENT = frozenset({"style", "script", "title"})
_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
_INLINE = frozenset("a b i u s em strong span small sub sup bdi font".split())
_HIDDEN = (("display", "none"), ("visibility", "hidden"), ("opacity", "0"))
_COLOUR = re.compile(r"#[0-9a-f]{6}\b")
_PIXELS = re.compile(r"(\d+(?:\.\d+)?)px")


@dataclass(frozen=True, slots=True)
class Tag:
    """A start tag with its attributes."""

    name: str
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Ink:
    """How words look by the inline style they stand in; "" and 0 where that does not say."""

    colour: str = ""
    ground: str = ""
    size: float = 0
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """Words in one look."""

    words: str
    ink: Ink


@dataclass(frozen=True, slots=True)
class Anchor:
    """A link with the words a reader sees; pictures speak through their alt text."""

    href: str
    words: str
    hidden: bool
    fill: str = ""  #: the ground of its own, as a button has


@dataclass(frozen=True, slots=True)
class Page:
    """What is on a page."""

    tags: tuple[Tag, ...]
    anchors: tuple[Anchor, ...]
    words: str  #: visible text, white space collapsed
    runs: tuple[Run, ...]  #: all text that is not only space, hidden or not
    style: str

    def named(self, *names: str) -> list[Tag]:
        """Return the tags of these names in order."""
        return [tag for tag in self.tags if tag.name in names]


@lru_cache(maxsize=16)
def read(html: str) -> Page:
    """Read a page; broken markup is read as far as it goes. The same page is read once."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return Page(
        tuple(reader.tags),
        tuple(reader.anchors),
        " ".join("".join(reader.words).split()),
        tuple(reader.runs),
        "".join(reader.style),
    )


class _Reader(HTMLParser):
    """Collects what a page holds."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[Tag] = []
        self.anchors: list[Anchor] = []
        self.words: list[str] = []
        self.style: list[str] = []
        self.runs: list[Run] = []
        self._open: list[tuple[str, Ink]] = []
        self._link: tuple[str, int, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a tag; remember where a link's words begin."""
        given = {name: value or "" for name, value in attrs}
        style = _declared(given.get("style", ""))
        self.tags.append(Tag(tag, given))
        if tag not in _VOID:
            self._open.append((tag, _inked(self._ink, given, style)))
        if tag == "a":
            self._link = (given.get("href", ""), len(self.words), _ground(given, style))
        elif tag == "img" and self._link:
            self.words.append(f" {given.get('alt', '')} ")
        self._part(tag)

    def handle_endtag(self, tag: str) -> None:
        """Finish a link and leave the tag."""
        self._part(tag)
        if tag == "a" and self._link:
            href, start, fill = self._link
            shown = " ".join("".join(self.words[start:]).split())
            self.anchors.append(Anchor(href, shown, self._ink.hidden, fill))
            self._link = None
        while any(name == tag for name, _ in self._open):
            if self._open.pop()[0] == tag:
                break

    def handle_data(self, data: str) -> None:
        """Keep what a reader sees, and the style apart."""
        inside = self._open[-1][0] if self._open else ""
        if inside == "style":
            self.style.append(data)
        elif inside not in _SILENT:
            if not self._ink.hidden:
                self.words.append(data)
            if words := " ".join(data.split()):
                self.runs.append(Run(words, self._ink))

    def _part(self, tag: str) -> None:
        """Keep words of neighbouring blocks apart."""
        if tag not in _INLINE:
            self.words.append(" ")

    @property
    def _ink(self) -> Ink:
        return self._open[-1][1] if self._open else Ink()


def _declared(style: str) -> dict[str, str]:
    parts = (part.partition(":") for part in style.lower().split(";"))
    return {name.strip(): value.strip() for name, _, value in parts if value.strip()}


def _inked(outer: Ink, given: dict[str, str], style: dict[str, str]) -> Ink:
    """Return the look inside a tag: what it says itself, else what is around it."""
    size = _PIXELS.fullmatch(style.get("font-size", ""))
    return replace(
        outer,
        colour=_first_colour(style["color"]) if "color" in style else outer.colour,
        ground=_ground(given, style) or outer.ground,
        size=float(size[1]) if size else outer.size,
        hidden=outer.hidden or _hides(given, style),
    )


def _ground(given: dict[str, str], style: dict[str, str]) -> str:
    said = (style.get(name, "") for name in ("background", "background-color"))
    return next(filter(None, map(_first_colour, (*said, given.get("bgcolor", "").lower()))), "")


def _first_colour(value: str) -> str:
    found = _COLOUR.search(value)
    return found[0] if found else ""


def _hides(given: dict[str, str], style: dict[str, str]) -> bool:
    return "hidden" in given or any(style.get(name) == value for name, value in _HIDDEN)
