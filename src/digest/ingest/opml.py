"""Read and write lists of feeds as OPML."""

from collections.abc import Iterable
from dataclasses import dataclass

from digest import text
from digest.errors import IngestError
from digest.ingest import xml
from digest.ingest.addresses import is_web
from digest.ingest.html import Element
from digest.model import Document

_MOST = 10_000  #: feeds in one list


@dataclass(frozen=True, slots=True)
class Listed:
    """One feed of a list."""

    url: str
    title: str = ""
    section: str = ""  #: the folder it lies in, or its category


def parse(content: bytes) -> list[Listed]:
    """Return the feeds of an OPML document in order, each address once."""
    document = Document("", content)
    if xml.root_name(document) != "opml":
        raise IngestError("is no OPML: a list of feeds begins with <opml>")
    found: dict[str, Listed] = {}
    for outline in xml.parse(document).iter():
        if xml.local(outline) == "outline" and (listed := _listed(outline)):
            found.setdefault(listed.url, listed)
    if len(found) > _MOST:
        raise IngestError(f"lists more than {_MOST:,} feeds")
    return list(found.values())


def write(feeds: Iterable[Listed], title: str) -> str:
    """Return feeds as OPML 2.0, grouped by section, in an order that depends on them alone."""
    from lxml import etree

    root = etree.Element("opml", version="2.0")
    etree.SubElement(etree.SubElement(root, "head"), "title").text = text.clean(title)
    body = etree.SubElement(root, "body")
    folders = {"": body}
    for feed in sorted(feeds, key=lambda f: (f.section.casefold(), f.section, f.url)):
        section, name = text.clean(feed.section), text.clean(feed.title or feed.url)
        if section not in folders:
            folders[section] = etree.SubElement(body, "outline", text=section)
        about = {"type": "rss", "text": name, "title": name, "xmlUrl": text.clean(feed.url)}
        etree.SubElement(folders[section], "outline", about)
    written: str = etree.tostring(root, encoding="unicode", pretty_print=True)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{written}'


def _listed(outline: Element) -> Listed | None:
    names = {name.lower(): value for name, value in outline.attrib.items()}
    url = names.get("xmlurl", "").strip()
    if not is_web(url):
        return None
    up = outline.getparent()
    folder = up.get("text") or up.get("title") or "" if xml.local(up) == "outline" else ""
    category = names.get("category", "").partition(",")[0].strip("/").rpartition("/")[2]
    title = names.get("title") or names.get("text") or ""
    return Listed(url, text.clean(title), text.clean(folder or category))
