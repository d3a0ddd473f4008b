"""Read JSON Feed 1.0 and 1.1, with our extension.

The extension is an object `_digest` in an item: `author_bio`, `image_caption`, `comments`.
"""

import re
from collections.abc import Mapping
from html import escape
from typing import Any

from digest.errors import IngestError
from digest.ingest import dates, xml
from digest.ingest.decode import comments, decode, read_json
from digest.ingest.sources.base import Parsed
from digest.model import Document, Image, Item

_VERSION = re.compile(
    r"\s*\{.{0,4000}?\"version\"\s*:\s*\"https?:\\?/\\?/(?:www\.)?jsonfeed\.org", re.S
)
_START = re.compile(r"\s*\{")


class JsonFeed:
    """JSON Feed."""

    name = "json feed"

    def accepts(self, document: Document) -> bool:
        """Say whether the bytes are an object that names the JSON Feed version."""
        text = decode(document.content, document.content_type)
        if "feed+json" in document.content_type and _START.match(text):
            return True
        return bool(_VERSION.match(text)) or ("jsonfeed.org/version" in text and _is_feed(text))

    def parse(self, document: Document) -> Parsed:
        """Read at most 500 items; an item that is no object is refused."""
        feed = read_json(decode(document.content, document.content_type))
        if not isinstance(feed, dict) or not isinstance(feed.get("items"), list):
            raise IngestError("is JSON but no JSON Feed: it has no list of items")
        rows = list(enumerate(feed["items"][: xml.ITEMS], 1))
        return Parsed(
            title=_text(feed, "title"),
            language=_text(feed, "language"),
            items=tuple(_item(row, feed) for _, row in rows if isinstance(row, dict)),
            refused=tuple(f"item {n} is no object" for n, row in rows if not isinstance(row, dict)),
        )


def _is_feed(text: str) -> bool:
    """Say whether `version` stands late in the object, behind the items."""
    if not _START.match(text):
        return False
    try:
        feed = read_json(text)
    except IngestError:
        return False
    return isinstance(feed, dict) and "jsonfeed.org/version" in _text(feed, "version")


def _item(row: Mapping[str, Any], feed: Mapping[str, Any]) -> Item:
    extra = row.get("_digest")
    own: Mapping[str, Any] = extra if isinstance(extra, dict) else {}
    return Item(
        title=escape(_text(row, "title"), quote=False),
        url=_text(row, "url") or _text(row, "external_url"),
        guid=_text(row, "id"),
        author=_author(row) or _author(feed),
        author_bio=_text(own, "author_bio"),
        summary=escape(_text(row, "summary"), quote=False),
        content=_text(row, "content_html") or paragraphs(_text(row, "content_text")),
        image=_image(row, _text(own, "image_caption")),
        categories=tuple(str(tag) for tag in _list(row, "tags") if isinstance(tag, str)),
        published_at=dates.moment(_text(row, "date_published")),
        updated_at=dates.moment(_text(row, "date_modified")),
        language=_text(row, "language"),
        counts=comments(own.get("comments")),
    )


def paragraphs(plain: str) -> str:
    """Return plain text as HTML, one paragraph for each block of lines."""
    found = (escape(block.strip(), quote=False) for block in re.split(r"\n\s*\n", plain))
    return "".join(f"<p>{block}</p>" for block in found if block)


def _text(row: Mapping[str, Any], name: str) -> str:
    """Return a member as text; identifiers may come as numbers (JSON Feed 1.1, items)."""
    value = row.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) < 10**30 else ""
    return value if isinstance(value, str) else ""


def _list(row: Mapping[str, Any], name: str) -> list[Any]:
    value = row.get(name)
    return value if isinstance(value, list) else []


def _author(row: Mapping[str, Any]) -> str:
    """Return names from `authors` (1.1) or `author` (1.0)."""
    people = [*_list(row, "authors"), row.get("author")]
    names = [_text(person, "name") for person in people if isinstance(person, dict)]
    return ", ".join(dict.fromkeys(filter(None, names)))


def _image(row: Mapping[str, Any], caption: str) -> Image | None:
    url = _text(row, "image") or _text(row, "banner_image")
    return Image(url, caption=caption) if url else None
