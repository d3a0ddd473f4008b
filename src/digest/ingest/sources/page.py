"""Read a saved article page: its text without the page around it, and what the page says of it."""

import re
from dataclasses import replace
from html import escape

from digest.errors import IngestError
from digest.ingest import furniture, html, metadata, pictures, xml
from digest.ingest.addresses import is_web, slug
from digest.ingest.decode import decode
from digest.ingest.html import Element
from digest.ingest.metadata import Metadata
from digest.ingest.normalize import title_of
from digest.ingest.sources.base import Parsed
from digest.ingest.sources.json_feed import paragraphs
from digest.model import Document, Image, Item

_PAGE = re.compile(r"(?i)<(?:!doctype\s+html|html)\b")
#: Names of what stands around and between the paragraphs, as whole words of a class or id.
_NAMES = re.compile(
    r"(?i)(?:^|[\s_-])(?:"
    r"(?:img|image|photo|picture|media|figure|gallery|wp|video)?[_-]?(?:caption|credits?)(?:[_-]?text)?"
    r"|newsletter(?:s|[_-]?\w+)?|sign[_-]?up|subscri(?:be|ption)\w*"
    r"|related(?:[_-]?\w+)?|recirc\w*|read[_-]?(?:more|also|next)|also[_-]?read"
    r"|more[_-]?(?:stories|articles|news|from|in|on|posts)|(?:most|top)[_-]?(?:read|popular|stories)"
    r"|recommend(?:ed|ations?)|trending|outbrain|taboola|promo(?:s|tion)?|sponsor(?:ed|s)?|advert\w*"
    r"|share(?:[_-]?\w+)?|sharing|social(?:[_-]?\w+)?|addthis\w*|sharedaddy|comments?"
    r"|breadcrumbs?|dec?k|stand[_-]?first"
    r"|(?:article[_-]?)?sub[_-]?(?:headline|title|heading|head|line)|copyright|reprints?|print[_-]?(?:only|header|footer)"
    r")(?=$|[\s_-])"
)
_KEPT = frozenset({"html", "body", "main", "article", "head", "meta", "link", "script", "title"})
#: A line above the text that says who or when: a date with its year, an hour.
_DATED = re.compile(r"\b(?:19|20)\d\d\b|\b\d{1,2}:\d{2}\b")
_ENDS = re.compile(r"[.!?…:][\"'”’»)\]]*$")
_WORDLESS = frozenset({"a", "script", "style", "noscript", "template", "head", "nav", "footer"})
_HEAD = 3  #: blocks in which a dateline may stand
_LINE = 15  #: words
_LINKED = 0.8  #: share of the text that is links
_MOST = 0.25  #: share of a page's text that clutter can hold; more is the article itself


class Page:
    """A saved HTML page with one article."""

    name = "page"

    def accepts(self, document: Document) -> bool:
        """Say whether the bytes open like an HTML page."""
        if xml.root_name(document) in {"html", "head", "body", "article", "main"}:
            return True
        head = decode(document.content[:4_096], document.content_type)
        return head.lstrip().startswith("<") and _PAGE.search(head) is not None

    def parse(self, document: Document) -> Parsed:
        """Read the one article; IngestError when the page holds none."""
        text = decode(document.content, document.content_type)
        root = html.parse_page(text)
        found = metadata.read(root)
        bio = furniture.take_author_box(root)
        title = title_of(found.title, found.site)
        own = document.url if is_web(document.url) else ""
        item = _item(found, root, found.url or own or slug(title))
        _prune(root)
        content = _content(root) or _content(html.parse_page(text)) or paragraphs(found.text)
        if not title or not (content or found.summary):
            raise IngestError("is a page without an article that could be found")
        item = replace(item, title=escape(title, quote=False), content=content, author_bio=bio)
        return Parsed(title=found.site, language=found.language, items=(item,))


def _item(found: Metadata, root: Element, url: str) -> Item:
    return Item(
        title=found.title,
        url=url,
        author=found.author,
        summary=found.summary,
        image=_picture(found, root, url),
        categories=found.categories,
        published_at=found.published_at,
        updated_at=found.updated_at,
        language=found.language,
        counts=found.counts,
    )


def _picture(found: Metadata, root: Element, url: str) -> Image | None:
    """Return the picture the page names, with its caption, else the best one beside the text."""
    if found.image is not None and pictures.is_fit(found.image):
        return pictures.best(found.image, root, url)
    return pictures.best(None, _main(root), url)


def _content(root: Element) -> str:
    """Return the article's HTML; empty when trafilatura finds none or gives up."""
    import trafilatura
    from lxml import etree

    try:
        found = trafilatura.extract(
            root,
            output_format="html",
            include_comments=False,
            include_tables=True,
            include_images=False,
            include_links=True,
            include_formatting=True,
        )
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError, etree.LxmlError):
        return ""
    body = html.parse(re.sub(r"(?is)^.*?<body[^>]*>|</body>.*$", "", found or ""))
    _polish(body, {html.text_of(heading) for heading in root.iter("h1")})
    return html.inner(body)


def _prune(root: Element) -> None:
    """Take captions, share rows, teasers, sign-ups and stand-firsts out of a page."""
    for quote in root.iter("blockquote"):
        quote.attrib.pop("class", None)
    sizes = _sizes(root)
    for element in list(root.iter()):
        if _is_clutter(element) and sizes[element] <= _MOST * sizes[root]:
            html.remove(element)


def _is_clutter(element: Element) -> bool:
    if not isinstance(element.tag, str) or element.tag in _KEPT:
        return False
    if element.tag == "figcaption":
        return True
    if element.tag == "header" and next(element.iter("h1"), None) is not None:
        return True
    return any(_NAMES.search(element.get(name) or "") for name in ("class", "id"))


def _main(root: Element) -> Element:
    """Return the smallest element that holds more than half of a page's text."""
    sizes, found = _sizes(root), root
    while inner := [child for child in found if 2 * sizes[child] > sizes[root]]:
        found = inner[0]
    return found


def _polish(body: Element, known: set[str]) -> None:
    """Take `known` headings, datelines and lists of links out of an extracted text."""
    for block in html.blocks(body)[:_HEAD]:
        line = html.text_of(block)
        if line in known or _is_dateline(line):
            html.remove(block)
    for block in body.xpath(".//ul|.//ol|.//p"):
        if _is_links(block):
            html.remove(block)


def _is_dateline(line: str) -> bool:
    short = len(line.split()) <= _LINE and _ENDS.search(line) is None
    return short and _DATED.search(line) is not None


def _is_links(block: Element) -> bool:
    """Say whether a block is two links or more with hardly a word between them."""
    links = [html.text_of(link) for link in block.iter("a")]
    linked, whole = sum(map(len, links)), len(html.text_of(block))
    return len(links) > 1 and linked >= _LINKED * whole


def _sizes(root: Element) -> dict[Element, int]:
    """Return how many characters of text stand in each element, without links and scripts."""
    sizes: dict[Element, int] = {}
    for element in reversed(list(root.iter())):
        if element.tag in _WORDLESS:
            sizes[element] = 0
        else:
            own = len((element.text or "").strip())
            inner = (sizes[child] + len((child.tail or "").strip()) for child in element)
            sizes[element] = own + sum(inner)
    return sizes
