"""The small part of MJML our templates may use: which tags, where, with which attributes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_PX = r"\d{1,3}px"
#: A single value may be a bare 0; in a shorthand the renderer mistakes it (rule TPL-02).
_BOX = re.compile(rf"0|{_PX}(?: {_PX}){{0,3}}")
_LENGTH = re.compile(rf"0|{_PX}")
_WIDTH = re.compile(rf"{_PX}|\d{{1,3}}(?:\.\d+)?%")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}|transparent|none")
_BORDER = re.compile(rf"none|0|{_PX} (?:solid|dashed|dotted) #[0-9a-fA-F]{{6}}")
_SIDE = re.compile(r"left|right|center|justify")
_INTEGER_PX = re.compile(_PX)
_WORD = re.compile(r"[\w\-]+(?: [\w\-]+)*")
_ONE_WORD = re.compile(r"[\w\-]+")
_ANY = re.compile(r".*", re.DOTALL)

_PADDING = {
    "padding": _BOX,
    "padding-top": _LENGTH,
    "padding-right": _LENGTH,
    "padding-bottom": _LENGTH,
    "padding-left": _LENGTH,
}
_BORDERS = {
    "border": _BORDER,
    "border-top": _BORDER,
    "border-right": _BORDER,
    "border-bottom": _BORDER,
    "border-left": _BORDER,
    "border-radius": _BOX,
}
_FONT = {
    "font-family": _ANY,
    "font-size": _INTEGER_PX,
    "font-style": _WORD,
    "font-weight": _WORD,
    "letter-spacing": re.compile(r"-?\d+(?:\.\d+)?px"),
    "line-height": re.compile(rf"{_PX}|\d+(?:\.\d+)?"),
    "text-transform": _WORD,
    "text-decoration": _WORD,
    "color": _COLOUR,
}
_COMMON = {"css-class": _WORD, "mj-class": _ONE_WORD}

Attributes = Mapping[str, re.Pattern[str]]


@dataclass(frozen=True, slots=True)
class Shape:
    """Where a tag may stand and what it may say."""

    parents: frozenset[str]
    attributes: Attributes = field(default_factory=dict)


def _shape(parents: str, *attributes: Attributes, **more: re.Pattern[str]) -> Shape:
    merged: dict[str, re.Pattern[str]] = {}
    for group in attributes:
        merged |= group
    merged |= {name.replace("_", "-"): pattern for name, pattern in more.items()}
    return Shape(frozenset(parents.split()), merged)


_TEXT = {**_COMMON, **_PADDING, **_FONT, "align": _SIDE, "container-background-color": _COLOUR}

SHAPES: Mapping[str, Shape] = {
    "mjml": _shape("", lang=_ONE_WORD, dir=re.compile("ltr|rtl")),
    "mj-head": _shape("mjml"),
    "mj-title": _shape("mj-head"),
    "mj-style": _shape("mj-head"),
    "mj-attributes": _shape("mj-head"),
    "mj-all": _shape("mj-attributes", _PADDING, _FONT),
    "mj-class": _shape("mj-attributes", _PADDING, _FONT, _BORDERS, name=_ONE_WORD, align=_SIDE),
    "mj-body": _shape("mjml", {"css-class": _WORD}, width=_INTEGER_PX, background_color=_COLOUR),
    "mj-wrapper": _shape("mj-body", _COMMON, _PADDING, _BORDERS, background_color=_COLOUR),
    "mj-section": _shape(
        "mj-body mj-wrapper mj-attributes",
        _COMMON,
        _PADDING,
        _BORDERS,
        background_color=_COLOUR,
        direction=re.compile("ltr|rtl"),
        text_align=_SIDE,
        full_width=re.compile("full-width"),
    ),
    "mj-column": _shape(
        "mj-section mj-attributes",
        _COMMON,
        _PADDING,
        _BORDERS,
        width=_WIDTH,
        background_color=_COLOUR,
        direction=re.compile("ltr|rtl"),
        vertical_align=re.compile("top|middle|bottom"),
    ),
    "mj-text": _shape("mj-column mj-attributes", _TEXT),
    "mj-image": _shape(
        "mj-column mj-attributes",
        _COMMON,
        _PADDING,
        src=_ANY,
        alt=_ANY,
        href=_ANY,
        width=_INTEGER_PX,
        height=_INTEGER_PX,
        align=_SIDE,
        border_radius=_BOX,
        font_size=_INTEGER_PX,
        container_background_color=_COLOUR,
    ),
    "mj-button": _shape(
        "mj-column mj-attributes",
        _TEXT,
        _BORDERS,
        href=_ANY,
        width=_INTEGER_PX,
        height=_INTEGER_PX,
        background_color=_COLOUR,
        inner_padding=_BOX,
    ),
    "mj-raw": _shape("mj-head mj-body mj-wrapper mj-section mj-column", {"css-class": _WORD}),
}

#: Tags whose content is HTML of our own.
HOLDS_HTML = frozenset({"mj-text", "mj-raw", "mj-button"})

#: Tags that the renderer knows and we refuse, with what to write instead.
REFUSED: Mapping[str, str] = {
    "mj-include": "use {% include %}",
    "mj-html-attributes": "write the attribute where it belongs",
    "mj-preview": "the stand-first is the preview",
    "mj-social": "use text links",
    "mj-navbar": "use text links",
    "mj-hero": "use a section with an image",
    "mj-carousel": "use a section with an image",
    "mj-accordion": "use mj-text",
    "mj-table": "use a table with role=presentation in mj-raw",
    "mj-font": "use fonts people already have",
}

#: Elements of HTML without an end tag.
VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
