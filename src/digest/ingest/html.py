"""Pure helpers over HTML fragments: parse within limits, read as text, reduce to an allow-list."""

import re
from collections.abc import Iterator, Set
from functools import cache
from html import unescape
from typing import Any
from urllib.parse import urljoin

from digest import text
from digest.errors import IngestError

#: An lxml element. lxml has no types of its own.
Element = Any

MAX_DEPTH = 100  #: nh3 takes time by the square of the depth; no article needs more
_MAX_ATTRIBUTE = 8_192
_LONGEST_PAGE = 2_000_000  #: characters; what matters of a page lies well before

TAGS = frozenset(
    "a b blockquote br code em figcaption figure h2 h3 h4 hr i img li ol p pre strong sub sup "
    "ul".split()
)
ATTRIBUTES = {"a": {"href", "title"}, "img": {"src", "alt", "width", "height"}}
SCHEMES = frozenset({"http", "https", "mailto"})

BLOCKS = frozenset(
    "address article aside blockquote body dd details div dl dt fieldset figcaption figure footer "
    "form h1 h2 h3 h4 h5 h6 header hr html li main nav ol p pre section summary table tbody td "
    "tfoot th thead tr ul".split()
)
_BREAKS = BLOCKS | {"br"}
#: Elements that are dropped with everything in them.
_SILENT = frozenset(
    "script style template noscript iframe object embed applet svg math form button input select "
    "textarea option head title meta link base audio video canvas map frame frameset noframes "
    "xmp plaintext noembed".split()
)
#: Controls, surrogates and what turns the direction of the text around it.
_CONTROLS = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
#: Tags a title or a plain field may carry; anything else in angle brackets is text.
_INLINE_TAG = re.compile(
    r"(?is)<(script|style)\b.*?</\1\s*>|</?(?:a|abbr|b|big|br|cite|code|del|div|em|font|h[1-6]|i|img"
    r"|ins|li|mark|nobr|p|q|s|script|small|span|strike|strong|style|sub|sup|tt|u|ul|wbr)"
    r"(?:\s[^<>]*)?/?>|<!--.*?-->"
)


def plain(markup: str) -> str:
    """Return a field that may hold entities or inline tags as clean text, unescaped once."""
    if "<" in markup:
        markup = _INLINE_TAG.sub(lambda m: " " if _breaks(m[0]) else "", markup)
    return text.clean(unescape(markup))


def _breaks(tag: str) -> bool:
    return re.match(r"(?i)</?(?:br|div|h\d|li|p|ul)\b", tag) is not None


def parse(markup: str) -> Element:
    """Return the `body` element of a fragment, never deeper than MAX_DEPTH.

    The address a `base` element gives is kept as its `data-base` attribute.
    """
    from lxml import etree

    parser = etree.HTMLParser(encoding="utf-8", remove_pis=True, remove_comments=True)
    data = _CONTROLS.sub("", markup).encode("utf-8", "ignore")
    root: Element = etree.fromstring(b"<html><body>" + data + b"</body></html>", parser)
    found = None if root is None else root.find("body")
    body = etree.Element("body") if found is None else found
    _flatten(body)
    for element in tagged(body, _SILENT):
        if element.tag == "base":
            body.set("data-base", element.get("href") or "")
        remove(element)
    return body


def tagged(root: Element, tags: Set[str]) -> list[Element]:
    """Return the elements with one of these names in order; lxml's own search takes four times."""
    return [element for element in root.iter() if element.tag in tags]


def parse_page(markup: str) -> Element:
    """Return the root of a whole page, head and all; IngestError when it is none."""
    from lxml import etree, html

    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    data = _CONTROLS.sub("", markup[:_LONGEST_PAGE]).encode("utf-8", "ignore")
    try:
        return html.document_fromstring(data, parser)
    except (etree.LxmlError, ValueError) as exc:
        raise IngestError("is not readable as HTML") from exc


def _flatten(body: Element) -> None:
    """Cut what is nested too deep, keeping its text."""
    level, depth = [body], 0
    while level and depth < MAX_DEPTH:
        level, depth = [child for element in level if len(element) for child in element], depth + 1
    for element in level:
        if len(element):
            kept = "".join(element.itertext())
            del element[:]
            element.text = kept


def remove(element: Element) -> None:
    """Take an element out and leave the text that follows it."""
    parent = element.getparent()
    if parent is None:
        return
    if element.tail:
        before = element.getprevious()
        if before is None:
            parent.text = (parent.text or "") + element.tail
        else:
            before.tail = (before.tail or "") + element.tail
    parent.remove(element)


def drop_empty(body: Element) -> None:
    """Take out blocks that hold neither text nor a picture."""
    for element in reversed(tagged(body, BLOCKS)):
        idle = not len(element) and not (element.text or "").strip()
        if idle and element is not body and element.tag != "hr":
            remove(element)


def text_of(element: Element) -> str:
    """Return an element's text on one line, with spaces between blocks."""
    if not len(element):
        return text.clean(element.text or "")
    inline = not any(below.tag in _BREAKS for below in element.iterdescendants())
    return text.clean("".join(element.itertext() if inline else _pieces(element)))


def _pieces(element: Element) -> Iterator[str]:
    from lxml import etree

    for event, node in etree.iterwalk(element, events=("start", "end")):
        if node.tag in _BREAKS:
            yield " "
        if event == "start":
            yield node.text or ""
        elif node is not element:
            yield node.tail or ""


def blocks(body: Element) -> list[Element]:
    """Return the innermost block elements in order: paragraphs, headings, list items."""
    found = tagged(body, BLOCKS)
    outer: set[Element] = set()
    for element in found:
        up = element.getparent()
        while up is not None and up not in outer:
            outer.add(up)
            up = up.getparent()
    return [element for element in found if element not in outer]


def absolute(base: str, url: str) -> str:
    """Return `url` joined to `base` when the result is http(s), else ""."""
    joined = _joined(base, url.strip())
    return text.link_url(joined) and joined


def _joined(base: str, url: str) -> str:
    if url.startswith(("https://", "http://")):
        return url
    try:
        return urljoin(base, url)
    except ValueError:
        return ""


def base_of(root: Element, url: str) -> str:
    """Return what relative addresses in a page refer to: its own word, else its address."""
    given = next((node.get("href") or "" for node in root.iter("base")), "")
    return absolute(url, given) or url


def absolutize(body: Element, base: str) -> None:
    """Make every link and picture address absolute; those that cannot be lose the attribute."""
    for element in body.iter("a", "img"):
        name = "href" if element.tag == "a" else "src"
        value = element.get(name)
        if value is None or (name == "href" and value.strip().lower().startswith("mailto:")):
            continue
        joined = _joined(base, value.strip()) if len(value) <= _MAX_ATTRIBUTE else ""
        if linked := text.link_url(joined):
            element.set(name, linked if name == "href" else joined)
        else:
            del element.attrib[name]


def inner(body: Element) -> str:
    """Return what stands between the tags of `body`, as it is."""
    from lxml import etree

    markup: str = etree.tostring(body, encoding="unicode", method="html")
    return markup.partition(">")[2].rpartition("</body>")[0]


def flatten_tables(body: Element) -> None:
    """Make a paragraph of each row of a table of data; what lays out a page is left alone."""
    for row in list(body.iter("tr")):
        cells = [cell for cell in row if cell.tag in {"td", "th"}]
        if any(below.tag in BLOCKS for cell in cells for below in cell.iterdescendants()):
            continue
        for cell in cells:
            cell.tag, cell.tail = "span", " · "
        if cells:
            row.tag, cells[-1].tail = "p", ""


def reduced(body: Element) -> str:
    """Return the inner HTML of `body` with nothing but TAGS, ATTRIBUTES and SCHEMES."""
    for element in body.iter("h1"):
        element.tag = "h2"
    for element in body.iter("h5", "h6"):
        element.tag = "h4"
    cleaned = _cleaner().clean(inner(body))
    return re.sub(r"\n\s*\n", "\n", _CONTROLS.sub("", cleaned)).strip()


@cache
def _cleaner() -> Any:
    """Return the one cleaner: making it takes longer than a clean."""
    import nh3

    return nh3.Cleaner(
        tags=TAGS, attributes=ATTRIBUTES, url_schemes=SCHEMES, link_rel=None, url_relative="deny"
    )
