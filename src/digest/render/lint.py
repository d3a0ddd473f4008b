"""The strict reading of MJML before the renderer, which itself refuses almost nothing.

Rules: TPL-01 tags, parents, attributes; TPL-02 units; TPL-03 one mj-class, nothing inlined or
included; TPL-04 six-digit colours, alt texts, whole image widths; TPL-05 balanced HTML.
TPL-06 (values are escaped) is kept by the template environment, which has no way around it.
"""

import re
from html.parser import HTMLParser

from digest.render.grammar import HOLDS_HTML, REFUSED, SHAPES, VOID
from digest.render.templates import Marked

MAX_DEPTH = 100
MAX_PROBLEMS = 20
_SHORT_HEX = re.compile(r"#(?:[0-9a-fA-F]{3,5}|[0-9a-fA-F]{7,})(?![0-9a-fA-F])")
_COLOURS = ("color", "border", "background")

_Given = list[tuple[str, str | None]]


def lint(marked: Marked) -> list[str]:
    """Return what is wrong, each with the template's file and line and what to do."""
    reader = _Reader(marked)
    reader.feed(marked.text)
    reader.close()
    reader.finish()
    return list(dict.fromkeys(reader.problems))[:MAX_PROBLEMS]


class _Reader(HTMLParser):
    """Walks the page with a stack of open tags."""

    def __init__(self, marked: Marked) -> None:
        super().__init__(convert_charrefs=False)
        self.problems: list[str] = []
        self._marked = marked
        self._lines = [0, *(found.end() for found in re.finditer("\n", marked.text))]
        self._open: list[tuple[str, int]] = []

    def set_cdata_mode(self, *_args: object, **_more: object) -> None:
        """Read inside every tag: a template has no place for scripts."""

    def handle_starttag(self, tag: str, attrs: _Given) -> None:
        """Check a tag and open it unless it is void."""
        self._check(tag, attrs)
        if tag not in VOID:
            self._open.append((tag, self._offset()))
            if len(self._open) == MAX_DEPTH + 1:
                self._say("TPL-05", f"more than {MAX_DEPTH} tags inside each other")

    def handle_startendtag(self, tag: str, attrs: _Given) -> None:
        """Check a tag that ends itself."""
        self._check(tag, attrs)
        if tag not in VOID and not tag.startswith("mj"):
            self._say("TPL-05", f"<{tag}/> does not end itself; write <{tag}></{tag}>")

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost tag, which must be this one."""
        if tag in VOID:
            self._say("TPL-05", f"</{tag}> ends nothing; leave it out")
        elif not self._open or all(name != tag for name, _ in self._open):
            self._say("TPL-05", f"</{tag}> without <{tag}>")
        else:
            while (last := self._open.pop())[0] != tag:
                self._say("TPL-05", f"<{last[0]}> is not closed before </{tag}>", last[1])

    def handle_data(self, data: str) -> None:
        """Refuse text where the renderer would drop it into the page's structure."""
        if "<" in data and self._parent() != "mj-style":
            self._say("TPL-05", 'a bare "<" in text; write &lt;')
        if data.strip() and self._parent() in SHAPES and self._parent() not in _HOLDS_TEXT:
            self._say("TPL-01", f"text directly in <{self._parent() or 'page'}>; use mj-text")

    def handle_decl(self, decl: str) -> None:
        """Refuse a doctype, which the renderer writes itself."""
        self._say("TPL-01", f"<!{decl[:20]}> is not for templates; leave it out")

    def unknown_decl(self, data: str) -> None:
        """Refuse CDATA."""
        self._say("TPL-01", f"<![{data[:20]} is not for templates; leave it out")

    def handle_pi(self, data: str) -> None:
        """Refuse processing instructions."""
        self._say("TPL-01", f"<?{data[:20]} is not for templates; leave it out")

    def finish(self) -> None:
        """Say what was never closed."""
        for tag, offset in self._open:
            self._say("TPL-05", f"<{tag}> is never closed", offset)

    def _check(self, tag: str, attrs: _Given) -> None:
        names = [name for name, _ in attrs]
        for name in {name for name in names if names.count(name) > 1}:
            self._say("TPL-01", f"<{tag}> has {name} twice")
        given = {name: value or "" for name, value in attrs}
        if tag in REFUSED:
            self._say("TPL-03", f"<{tag}> is not for us: {REFUSED[tag]}")
        elif tag in SHAPES:
            self._check_mjml(tag, given)
        elif tag.startswith("mj"):
            self._say("TPL-01", f"<{tag}> is not a tag of our MJML; use {', '.join(SHAPES)}")
        else:
            self._check_html(tag, given)

    def _check_mjml(self, tag: str, given: dict[str, str]) -> None:
        shape = SHAPES[tag]
        parent = self._parent()
        if parent not in shape.parents and (parent or shape.parents):
            home = " or ".join(f"<{name}>" for name in sorted(shape.parents)) or "the top"
            self._say("TPL-01", f"<{tag}> in <{parent or 'nothing'}>; its place is {home}")
        for name, value in given.items():
            self._check_attribute(tag, name, value)
        if tag == "mj-image" and parent != "mj-attributes":
            self._wants(tag, given, "alt", "width")

    def _check_attribute(self, tag: str, name: str, value: str) -> None:
        pattern = SHAPES[tag].attributes.get(name)
        if tag == "mj-style" and name == "inline":
            self._say("TPL-03", "<mj-style inline> does nothing; write style= on the tag")
        elif pattern is None:
            self._say("TPL-01", f"<{tag}> has no attribute {name} here")
        elif not pattern.fullmatch(value):
            self._say(*_complaint(tag, name, value))

    def _check_html(self, tag: str, given: dict[str, str]) -> None:
        if not any(name in HOLDS_HTML for name, _ in self._open):
            self._say("TPL-01", f"<{tag}> outside mj-text and mj-raw; put it inside one")
        for found in _SHORT_HEX.findall(given.get("style", "")):
            self._say("TPL-04", f"<{tag}> has the colour {found}; write six digits")
        if tag == "img":
            self._wants(tag, given, "alt", "width")

    def _wants(self, tag: str, given: dict[str, str], *names: str) -> None:
        for name in names:
            if name not in given:
                self._say("TPL-04", f'<{tag}> has no {name}; write {name}="…"')
        width = given.get("width", "1")
        if not re.fullmatch(r"\d+(px)?", width):
            self._say("TPL-04", f'<{tag}> has width "{width}"; write whole pixels')

    def _parent(self) -> str:
        return self._open[-1][0] if self._open else ""

    def _offset(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column

    def _say(self, rule: str, message: str, offset: int | None = None) -> None:
        spot = self._marked.spot(self._offset() if offset is None else offset)
        self.problems.append(f"{spot}: {message} ({rule})")


_HOLDS_TEXT = HOLDS_HTML | {"mj-style", "mj-title"}


def _complaint(tag: str, name: str, value: str) -> tuple[str, str]:
    shown = f'<{tag}> has {name}="{value[:40]}"'
    if name == "mj-class":
        return "TPL-03", f"{shown}; one class only"
    if any(word in name for word in _COLOURS) and "#" in value:
        return "TPL-04", f"{shown}; write six digits, as in #b4530a"
    if name in {"width", "height"}:
        return "TPL-04", f"{shown}; write whole pixels, as in 120px"
    return "TPL-02", f'{shown}; write every value with its unit, as in "0px 24px"'
