"""Read a saved article page: its text without the page around it, and what the page says of it."""

import re
from dataclasses import replace
from html import escape

from digest.errors import IngestError
from digest.ingest import clutter, furniture, html, metadata, pictures, xml
from digest.ingest.addresses import is_web, slug
from digest.ingest.decode import decode
from digest.ingest.html import Element
from digest.ingest.metadata import Metadata
from digest.ingest.normalize import title_of
from digest.ingest.sources.base import Parsed
from digest.ingest.sources.json_feed import paragraphs
from digest.model import Document, Image, Item

_PAGE = re.compile(r"(?i)<(?:!doctype\s+html|html)\b")


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
        clutter.prune(root)
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
    return pictures.best(None, clutter.main(root), url)


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
    clutter.polish(body, clutter.headings(root))
    return html.inner(body)
