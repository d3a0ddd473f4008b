"""Rendered HTML read once for all rules: its tags, links, words and style."""

from dataclasses import dataclass
from html.parser import HTMLParser

_SILENT = frozenset({"style", "script", "title"})
_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
_INLINE = frozenset("a b i u s em strong span small sub sup bdi font".split())
_HIDDEN = ("display:none", "visibility:hidden")


@dataclass(frozen=True, slots=True)
class Tag:
    """A start tag with its attributes."""

    name: str
    attributes: dict[str, str]


@dataclass(frozen=True, slots=True)
class Anchor:
    """A link with the words a reader sees; pictures speak through their alt text."""

    href: str
    words: str
    hidden: bool


@dataclass(frozen=True, slots=True)
class Page:
    """What is on a page."""

    tags: tuple[Tag, ...]
    anchors: tuple[Anchor, ...]
    words: str  #: visible text, white space collapsed
    style: str

    def named(self, *names: str) -> list[Tag]:
        """Return the tags of these names in order."""
        return [tag for tag in self.tags if tag.name in names]


def read(html: str) -> Page:
    """Read a page; broken markup is read as far as it goes."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return Page(
        tuple(reader.tags),
        tuple(reader.anchors),
        " ".join("".join(reader.words).split()),
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
        self._open: list[tuple[str, bool]] = []
        self._link: tuple[str, int] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a tag; remember where a link's words begin."""
        given = {name: value or "" for name, value in attrs}
        self.tags.append(Tag(tag, given))
        if tag not in _VOID:
            self._open.append((tag, self._is_hidden() or _hides(given)))
        if tag == "a":
            self._link = (given.get("href", ""), len(self.words))
        elif tag == "img" and self._link:
            self.words.append(f" {given.get('alt', '')} ")
        self._part(tag)

    def handle_endtag(self, tag: str) -> None:
        """Finish a link and leave the tag."""
        self._part(tag)
        if tag == "a" and self._link:
            href, start = self._link
            shown = " ".join("".join(self.words[start:]).split())
            self.anchors.append(Anchor(href, shown, self._is_hidden()))
            self._link = None
        while any(name == tag for name, _ in self._open):
            if self._open.pop()[0] == tag:
                break

    def handle_data(self, data: str) -> None:
        """Keep what a reader sees, and the style apart."""
        inside = self._open[-1][0] if self._open else ""
        if inside == "style":
            self.style.append(data)
        elif inside not in _SILENT and not self._is_hidden():
            self.words.append(data)

    def _part(self, tag: str) -> None:
        """Keep words of neighbouring blocks apart."""
        if tag not in _INLINE:
            self.words.append(" ")

    def _is_hidden(self) -> bool:
        return bool(self._open) and self._open[-1][1]


def _hides(given: dict[str, str]) -> bool:
    style = given.get("style", "").replace(" ", "").lower()
    return "hidden" in given or any(way in style for way in _HIDDEN)
