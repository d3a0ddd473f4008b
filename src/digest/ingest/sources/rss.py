"""Read RSS 0.9x, 1.0 and 2.0 and Atom, with Dublin Core, Media RSS, iTunes and slash."""

from calendar import timegm
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from html import escape
from io import BytesIO
from typing import Any
from urllib.parse import urljoin

from digest.errors import IngestError
from digest.ingest import pictures, xml
from digest.ingest.addresses import is_web
from digest.ingest.decode import comments
from digest.ingest.html import Element
from digest.ingest.lighten import AUTHORS, CATEGORIES, lightened, mended
from digest.ingest.sources.base import Parsed
from digest.model import Document, Image, Item

_ROOTS = frozenset({"rss", "rdf", "feed", "channel", "entry"})
_XML = "application/xml; charset=utf-8"
_PICTURE_ENDS = (".jpg", ".jpeg", ".png", ".webp", ".avif", ".gif")


class Rss:
    """RSS and Atom."""

    name = "rss"

    def accepts(self, document: Document) -> bool:
        """Say whether the first element is that of a feed."""
        return xml.root_name(document) in _ROOTS

    def parse(self, document: Document) -> Parsed:
        """Read at most 500 items."""
        import feedparser

        root = xml.parse(document)
        data, texts = lightened(root)
        try:
            found = feedparser.parse(
                BytesIO(data),
                response_headers={"content-type": _XML},  # no address: we join links ourselves
                sanitize_html=False,
                resolve_relative_uris=False,
            )
        except (RecursionError, ValueError, LookupError, TypeError, AttributeError) as exc:
            raise IngestError(f"is a feed too broken to read ({exc})") from exc
        if not found.entries and not found.get("version"):
            raise IngestError("is XML but no feed")
        base = document.url if is_web(document.url) else ""
        return _parsed(found, root, base, texts)


def _parsed(found: Any, root: Element, base: str, texts: Mapping[str, str]) -> Parsed:
    elements: list[Element | None] = list(xml.items(root))
    if len(elements) != len(found.entries):
        elements = [None] * len(found.entries)
    atom = str(found.get("version") or "").startswith("atom")
    return Parsed(
        title=_markup(found.feed, "title", {}, atom=atom),
        language=str(found.feed.get("language") or ""),
        items=tuple(
            _item(entry, element, base, texts, atom=atom)
            for entry, element in zip(found.entries, elements, strict=True)
        ),
    )


def _item(
    entry: Any, element: Element | None, base: str, texts: Mapping[str, str], *, atom: bool
) -> Item:
    content = _content(entry, base, texts, atom=atom)
    return Item(
        title=_markup(entry, "title", {}, atom=atom),
        url=str(entry.get("feedburner_origlink") or _link(entry)),
        guid=str(entry.get("id") or ""),
        author=_author(entry, element),
        summary=_markup(entry, "summary", texts, atom=atom),
        content=content,
        image=_image(entry, element, base),
        categories=tuple(_categories(entry, element)),
        published_at=_moment(entry, "published_parsed") or _moment(entry, "created_parsed"),
        updated_at=_moment(entry, "updated_parsed"),
        language=_language(entry),
        counts=comments(entry.get("slash_comments"), entry.get("thr_total")),
    )


def _markup(holder: Any, name: str, texts: Mapping[str, str], *, atom: bool) -> str:
    """Return a field as HTML: Atom's plain text is escaped, what RSS says cannot be trusted."""
    value = str(holder.get(name) or "")
    value = texts.get(value, value)
    kind = (holder.get(f"{name}_detail") or {}).get("type")
    return escape(value, quote=False) if atom and kind == "text/plain" else value


def _content(entry: Any, base: str, texts: Mapping[str, str], *, atom: bool) -> str:
    """Return the longest content, told where its relative addresses start."""
    parts = [(str(part.get("value") or ""), part) for part in entry.get("content") or ()]
    whole: list[tuple[str, Any]] = [(texts.get(value, value), part) for value, part in parts]
    nothing: Any = {}
    value, found = max(whole, key=lambda pair: len(pair[0]), default=("", nothing))
    if atom and found.get("type") == "text/plain":
        value = "".join(f"<p>{escape(line)}</p>" for line in value.split("\n\n"))
    own_base = _joined(base, str(found.get("base") or ""))
    if value and is_web(own_base) and own_base != base:
        return f'<base href="{escape(own_base)}">{value}'
    return value


def _link(entry: Any) -> str:
    """Return the page of an entry, not a picture or sound that hangs on it."""
    for link in entry.get("links") or ():
        if link.get("rel") == "alternate" and "html" in str(link.get("type") or "html"):
            return str(link.get("href") or "")
    return str(entry.get("link") or "")


def _author(entry: Any, element: Element | None) -> str:
    """Return the names as written; feedparser cuts addresses out of them and takes too much."""
    names = []
    for child in element.iterchildren(*AUTHORS) if element is not None else ():
        named = [part for part in child if xml.local(part) == "name"]
        names += [(part.text or "").strip() for part in named or [child]]
    return ", ".join(dict.fromkeys(filter(None, names))) or str(entry.get("author") or "")


def _categories(entry: Any, element: Element | None) -> Iterator[str]:
    """Yield the names: plain categories from the tree, Dublin Core and others from feedparser."""
    for node in element.iterchildren(*CATEGORIES) if element is not None else ():
        yield mended(node.get("label") or node.get("term") or node.text or "")
    for tag in entry.get("tags") or ():
        yield str(tag.get("label") or tag.get("term") or "")


def _language(entry: Any) -> str:
    found = (part.get("language") for part in entry.get("content") or ())
    return str(next(filter(None, found), "") or "")


def _moment(entry: Any, name: str) -> datetime | None:
    parts = dict.get(entry, name)  # the plain dict: feedparser's own maps one date to another
    try:
        return datetime.fromtimestamp(timegm(parts), UTC) if parts else None
    except (ValueError, OverflowError, OSError, TypeError):
        return None


def _joined(base: str, url: str) -> str:
    """Return an address completed from the feed's; one that cannot be stays as it is."""
    with suppress(ValueError):
        return urljoin(base, url) if base and url and not is_web(url) else url
    return url


def _image(entry: Any, element: Element | None, base: str) -> Image | None:
    """Return the widest fit picture the feed names: Media RSS, then enclosures, then iTunes."""
    href = (entry.get("image") or {}).get("href")
    named = [*_enclosures(entry), *([Image(str(href))] if href else [])]
    found = [*_media(element), *(replace(image, url=_joined(base, image.url)) for image in named)]
    fit = [image for image in found if pictures.is_fit(image)]
    return max(fit, key=lambda image: image.width, default=None)


def _enclosures(entry: Any) -> Iterator[Image]:
    for link in entry.get("enclosures") or ():
        url, kind = str(link.get("href") or ""), str(link.get("type") or "")
        if url and (kind.startswith("image/") or (not kind and _looks_like_picture(url))):
            yield Image(url)


def _media(item: Element | None) -> Iterator[Image]:
    """Yield the pictures of an item's Media RSS, contents before thumbnails."""
    if item is None:
        return
    nodes = [node for node in item.iter("{*}content", "{*}thumbnail") if _is_media(node)]
    for name in ("content", "thumbnail"):
        for node in nodes:
            url = node.get("url") or ""
            if xml.local(node) == name and url and (name == "thumbnail" or _is_picture(node)):
                size = pictures.size(node.get("width")), pictures.size(node.get("height"))
                yield replace(_described(node), url=url, width=size[0], height=size[1])


def _described(node: Element) -> Image:
    """Return caption and alt text: inside the element first, then beside it."""
    caption, alt, credit = (_near(node, name) for name in ("description", "title", "credit"))
    if credit and credit.casefold() not in caption.casefold():
        caption = f"{caption} ({credit})" if caption else pictures.CREDIT + credit
    return Image("", caption=caption, alt=alt)


def _near(node: Element, name: str) -> str:
    parent = node.getparent()
    beside = parent if parent is not None and xml.local(parent) in {"group", "content"} else None
    alone = [n for n in parent if _is_media(n) and n.get("url")] if parent is not None else []
    places = [node, beside if beside is not None or len(alone) != 1 else parent]
    for place in places:
        for child in place if place is not None else ():
            if _is_media(child) and xml.local(child) == name and (child.text or "").strip():
                return str(child.text).strip()
    return ""


def _is_media(node: Element) -> bool:
    return isinstance(node.tag, str) and "/mrss" in node.tag


def _is_picture(node: Element) -> bool:
    kind = node.get("type") or ""
    if node.get("medium") == "image" or kind.startswith("image/"):
        return True
    return not node.get("medium") and not kind and _looks_like_picture(node.get("url") or "")


def _looks_like_picture(url: str) -> bool:
    return url.partition("?")[0].lower().endswith(_PICTURE_ENDS)
