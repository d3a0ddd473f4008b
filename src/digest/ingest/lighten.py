"""Make a feed light for feedparser, which takes its time for each element and each line."""

import re
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy

from digest.ingest import xml
from digest.ingest.html import Element

_LONG = 100  #: characters of text that feedparser need not see
_TEXTS = frozenset({"text", "html", "text/plain", "text/html"})
_TEXTUAL = ("{*}encoded", "{*}description", "{*}summary", "{*}content")
_MEDIA = "{http://search.yahoo.com/mrss/}"
CATEGORIES = ("category", "{http://www.w3.org/2005/Atom}category")
_DIV = "{http://www.w3.org/1999/xhtml}div"
AUTHORS = ("{*}author", "{*}creator", "dc:creator")
#: Of a feed and of an item, what feedparser has to see: local names in lower case.
_OF_FEED = frozenset({"title", "language", "channel", "item", "entry"})
_OF_ITEM = frozenset(
    "title link id guid description summary abstract content encoded fullitem body date pubdate "
    "published issued created updated modified image enclosure origlink comments total group "
    "category categories subject keywords".split()
)
_UNREAD = ("{*}items", *AUTHORS, f"{_MEDIA}thumbnail")
_WINDOWS = {
    n: bytes([n]).decode("cp1252") for n in range(128, 160) if n not in b"\x81\x8d\x8f\x90\x9d"
}
_CONTROLS = re.compile("[\x80-\x9f]")


def lightened(root: Element) -> tuple[bytes, dict[str, str]]:
    """Return what feedparser has to see, and the long texts by the marks that stand for them.

    It is slow for each element and each line. Left out are elements read from the tree or not at
    all, and texts without elements inside, which it would give back unchanged but for two mends.
    """
    from lxml import etree

    light = deepcopy(root)
    etree.strip_elements(light, *_UNREAD, with_tail=False)
    texts: dict[str, str] = {}
    items = xml.items(light)
    inside = set(items)
    holders = {item.getparent() for item in items} - {None} - inside
    for holder in holders:
        _prune(holder, lambda child: child in holders or xml.local(child) in _OF_FEED)
    for item in items:  # a broken feed may have one inside the other
        _prune(item, lambda child: child in inside or _is_read(child))
    for element in light.iter(*_TEXTUAL):
        value = _whole(element)
        if len(value) > _LONG:
            del element[:]
            element.text = f"text {len(texts)} put aside"
            texts[element.text] = mended(value)
    return etree.tostring(light, encoding="utf-8", xml_declaration=True), texts


def _prune(parent: Element, is_read: Callable[[Element], bool]) -> None:
    """Take out the children that feedparser need not see, and the space between the others."""
    parent.text = None
    for child in list(parent):
        if is_read(child):
            child.tail = None
        else:
            parent.remove(child)


def _is_read(child: Element) -> bool:
    """Say whether feedparser has to see a child of an item."""
    name = xml.local(child)
    if child.tag in CATEGORIES or child.tag == "comments":
        return False
    if name == "content" and child.tag.startswith(_MEDIA):
        return child.find(f"{_MEDIA}description") is not None
    return name in _OF_ITEM


def _whole(element: Element) -> str:
    """Return a text as feedparser would: what is neither text nor XHTML is left to it."""
    from lxml import etree

    kind = element.get("type", "text")
    whole = kind == "xhtml" and [child.tag for child in element] == [_DIV]
    if whole and not any(node.prefix for node in element[0].iter()):
        markup: str = etree.tostring(element[0], encoding="unicode", method="html")
        return markup
    plain = kind in _TEXTS and "mode" not in element.attrib and not len(element)
    return element.text or "" if plain else ""


def mended(value: str) -> str:
    """Mend what feedparser mends: UTF-8 read as Latin-1, and Windows-1252 read as controls."""
    value = value.strip()
    if value.isascii():
        return value
    with suppress(UnicodeError):
        value = value.encode("iso-8859-1").decode("utf-8")
    return value.translate(_WINDOWS) if _CONTROLS.search(value) else value
