"""Read news sitemaps: addresses with headline, date, language, keywords and picture."""

from collections.abc import Iterator
from datetime import UTC, datetime

from digest.errors import IngestError
from digest.ingest import dates, xml
from digest.ingest.html import Element
from digest.ingest.sources.base import Parsed
from digest.model import Document, Image, Item

_NAMED = 5  #: sitemaps of an index that are named
_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


class Sitemap:
    """News sitemaps."""

    name = "sitemap"

    def accepts(self, document: Document) -> bool:
        """Say whether the first element is that of a sitemap or of an index of them."""
        return xml.root_name(document) in {"urlset", "sitemapindex"}

    def parse(self, document: Document) -> Parsed:
        """Read the 500 newest entries that have a headline; an index is refused."""
        root = xml.parse(document)
        if xml.local(root) == "sitemapindex":
            raise IngestError(_index(root))
        entries = [entry for entry in root if xml.local(entry) == "url"]
        items = [item for entry in entries if (item := _item(entry)).title.strip()]
        if entries and not items:
            raise IngestError(
                "is a sitemap without headlines; add the site's news sitemap or its feed instead"
            )
        bare = len(entries) - len(items)
        refused = (f"{bare} of {len(entries)} addresses have no headline",) if bare else ()
        names = (_inside(entry, "publication", "name") for entry in entries)
        title = next(filter(None, names), "")
        return Parsed(title=title, items=tuple(_newest(items)), refused=refused)


def _index(root: Element) -> str:
    """Return what to do about an index: add one of its sitemaps, those of news named first."""
    found = [_inside(entry, "sitemap", "loc") for entry in root]
    named = sorted(filter(None, found), key=lambda url: "news" not in url.lower())
    if not named:
        return "is an index of sitemaps that lists none"
    rest = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return f"is an index of sitemaps; add one of these: {', '.join(named[:_NAMED])}{rest}"


def _item(entry: Element) -> Item:
    published = _text(entry, "publication_date")
    changed = _own(entry, "lastmod")
    keywords = _text(entry, "keywords").split(",")
    return Item(
        title=_inside(entry, "news", "title"),
        url=_own(entry, "loc"),
        image=_image(entry),
        categories=tuple(word.strip() for word in keywords if word.strip()),
        published_at=dates.moment(published or changed),
        updated_at=dates.moment(changed),
        language=_inside(entry, "publication", "language"),
        sponsored="advertorial" in _text(entry, "genres").lower(),
    )


def _image(entry: Element) -> Image | None:
    for found in _all(entry, "image"):
        if url := _own(found, "loc"):
            return Image(url, caption=_own(found, "caption"), alt=_own(found, "title"))
    return None


def _all(entry: Element, name: str) -> Iterator[Element]:
    return (element for element in entry.iter() if xml.local(element) == name)


def _own(element: Element, name: str) -> str:
    """Return the text of a direct child."""
    texts = ((child.text or "").strip() for child in element if xml.local(child) == name)
    return next(filter(None, texts), "")


def _inside(entry: Element, parent: str, name: str) -> str:
    """Return the text of the child `name` of a `parent` somewhere in, or at, an entry."""
    return next(filter(None, (_own(found, name) for found in _all(entry, parent))), "")


def _text(entry: Element, name: str) -> str:
    return next(((found.text or "").strip() for found in _all(entry, name)), "")


def _newest(items: list[Item]) -> list[Item]:
    """Return the newest items in their order: sitemaps are in none."""
    if len(items) <= xml.ITEMS:
        return items
    ordered = sorted(items, key=lambda item: item.published_at or _LONG_AGO, reverse=True)
    return ordered[: xml.ITEMS]
