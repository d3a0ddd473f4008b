"""Read what an HTML page says of itself: JSON-LD, OpenGraph and common meta elements."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, islice

from digest.ingest import dates, furniture, html, lines, linked, pictures
from digest.ingest.addresses import is_web
from digest.ingest.decode import comments
from digest.ingest.html import Element
from digest.ingest.linked import Node
from digest.model import Image

_DATED = re.compile(
    r"(?i)\b(?:entry-date|post-date|article-date|published|publish-date|dateline|datepublished)\b"
)
_DATES = (
    *("article:published_time", "og:article:published_time", "og:published_time", "datepublished"),
    *("parsely-pub-date", "sailthru.date", "pubdate", "publishdate", "publish-date", "dc.date"),
    *("dc.date.issued", "dcterms.created", "date", "article.published", "published-date"),
)
_TITLES = "og:title parsely-title sailthru.title dc.title dcterms.title twitter:title".split()
_AUTHORS = ("author", "article:author", "parsely-author", "sailthru.author", "byl", "dc.creator")
_BYLINE = re.compile(r"(?i)byline|(?:^|[\s_-])(?:author|auteur|autor)s?(?:[_-]*names?)?(?=$|\s)")
_TEASER = re.compile(r"(?i)comment|related|sidebar|footer|teaser|recommend|promo|card")
_WRITTEN = re.compile(
    r"(?i)^\W*(?:(?:written|words|text|story|reported|posted|published) )?"
    r"(?:by|par|von|por|di|door|автор:)(?:[:\s]\s*)"
)
#: What follows a name in a byline: a date, a separator, an office.
_AFTER_NAME = re.compile(
    r"(?i)\s*(?:[|·•/]|\s[-–—]\s|,?\s+(?:on\s+)?(?=(?:mon|tues|wednes|thurs|fri|satur|sun)day\b)"
    r"|,?\s+(?:on\s+)?(?=(?:jan|feb|mar|apr|may|june?|july?|aug|sep|oct|nov|dec)[a-z]*\.?\s+\d)"
    r"|,?\s+(?:on\s+)?(?=\d)|,\s+(?=(?:senior|staff|chief|deputy|associate|special|editor|reporter"
    r"|correspondent|writer|columnist|contributor|contributing)\b)|\bupdated\b|\bpublished\b)\s*"
)
_NAME_WORDS = 8
_MARKED = 50  #: elements with a byline's class
_LOOKED = 5  #: marked elements that are looked at
_SHOWN = re.compile(
    r"(?i)(?:^|[\s_-])(?:[a-z]*date(?:line)?|[a-z]*time(?:stamp)?|published|posted)(?:$|[\s_-])"
)
_LATER = re.compile(r"(?i)updat|modif|aktualisiert|mis à jour")
_DATE_LINE = 60  #: characters
_NEAR = 80  #: elements after the headline in which its date is shown
_META_DATE = re.compile(
    r"(?i)(?:^|[.:_-])(?:publish(?:ed|ing)?|publication|pub|release|issue)[._-]?(?:time|date)$"
)
_MODIFIED = "article:modified_time"


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a page says; every field may be empty."""

    title: str = ""
    site: str = ""
    url: str = ""
    author: str = ""
    summary: str = ""
    language: str = ""
    image: Image | None = None
    categories: tuple[str, ...] = ()
    published_at: datetime | None = None
    updated_at: datetime | None = None
    text: str = ""  #: the whole article, where JSON-LD has it
    counts: Mapping[str, int] = field(default_factory=dict)


def read(root: Element) -> Metadata:
    """Return what the page under `root` says of itself; nothing is guessed."""
    meta = _meta(root)
    node = linked.article(root)
    publisher = node.get("publisher")
    return Metadata(
        title=_first(
            _str(node, "headline"),
            *(meta.get(name) for name in _TITLES),
            _str(node, "name"),
            _title(root),
        ),
        site=_first(meta.get("og:site_name"), _str(publisher, "name")),
        url=_address(root, meta, node),
        author=_author(root, meta, node),
        summary=_first(
            _str(node, "description"), meta.get("og:description"), meta.get("description")
        ),
        language=_first(_str(node, "inLanguage"), root.get("lang"), meta.get("og:locale")),
        image=_ld_image(node.get("image")) or _og_image(meta),
        categories=_categories(root, meta, node),
        published_at=_published(root, meta, node),
        updated_at=dates.moment(_str(node, "dateModified") or meta.get(_MODIFIED, "")),
        text=_str(node, "articleBody"),
        counts=comments(node.get("commentCount")),
    )


def _first(*values: str | None) -> str:
    return next((value.strip() for value in values if value and value.strip()), "")


def _meta(root: Element) -> dict[str, str]:
    found: dict[str, str] = {}
    for element in root.iter("meta"):
        name = element.get("property") or element.get("name") or element.get("itemprop") or ""
        content = element.get("content") or ""
        if name and content:
            found.setdefault(name.strip().lower(), content)
    return found


def _str(node: object, name: str) -> str:
    value = node.get(name) if isinstance(node, dict) else None
    return value if isinstance(value, str) else ""


def _title(root: Element) -> str:
    """Return the heading of first rank that the title opens with, else the longer of the two."""
    headings = [found for found in map(html.text_of, root.iter("h1")) if found]
    title = next((html.text_of(t) for t in root.iter("title")), "")
    inside = [h for h in headings if title.casefold().startswith(h.casefold())]
    alone = headings[0] if len(headings) == 1 and _is_longer(headings[0], title) else ""
    return _first(*inside, alone, title)


def _is_longer(heading: str, title: str) -> bool:
    """Say whether a heading tells more than a title without the site's names behind it."""
    return len(heading.split()) > len(re.split(r"\s[|–—»·-]\s", title)[0].split())


def _address(root: Element, meta: Mapping[str, str], node: Node) -> str:
    page = node.get("mainEntityOfPage")
    links = [
        link.get("href") or ""
        for link in root.iter("link")
        if "canonical" in (link.get("rel") or "").lower().split()
    ]
    own = page if isinstance(page, str) else _str(page, "@id")
    found = [*links, meta.get("og:url", ""), _str(node, "url"), own]
    return next((url.strip() for url in found if is_web(url) and not _is_home(url)), "")


def _is_home(url: str) -> bool:
    return re.fullmatch(r"https?://[^/?#]+/?", url.strip()) is not None


def _author(root: Element, meta: Mapping[str, str], node: Node) -> str:
    stated = (_person(meta.get(name)) for name in _AUTHORS)
    return _first(_names(node.get("author")), *stated, _marked(root))


def _names(value: object) -> str:
    people = value if isinstance(value, list) else [value]
    names = [person if isinstance(person, str) else _str(person, "name") for person in people[:10]]
    return ", ".join(dict.fromkeys(name.strip() for name in names if _person(name)))


def _person(name: str | None) -> str:
    """Return a name, "" for an address of a profile or a whole sentence."""
    name = re.sub(r"\s*\(https?://[^)]*\)\s*$", "", name or "")
    usable = "://" not in name and len(name) <= 120 and not name.startswith(("@", "/"))
    return name if usable else ""


def _marked(root: Element) -> str:
    """Return the name a page marks as its author's; bylines of teasers and comments are none."""
    elements = list(root.iter("a", "span", "address", "div", "p", "li", "h3", "h4"))
    classed = [e for e in elements if _BYLINE.search(e.get("class") or "")][:_MARKED]
    shown = (element for element in classed if not _is_aside(element))
    names = (
        _name(html.text_of(e)) for e in chain(filter(_is_author, elements), islice(shown, _LOOKED))
    )
    return next((name for name in names if name), "")


def _is_author(element: Element) -> bool:
    return "author" in f"{element.get('rel') or ''} {element.get('itemprop') or ''}".split()


def _is_aside(element: Element) -> bool:
    """Say whether an element stands in a list, a sidebar or a comment apart from the headline."""
    heading = next(element.getroottree().getroot().iter("h1"), None)
    around = set() if heading is None else set(heading.iterancestors())
    for up in [element, *element.iterancestors()]:
        if up.tag == "body" or up in around:
            return False
        marks = f"{up.get('class') or ''} {up.get('id') or ''}"
        if up.tag in {"aside", "nav", "footer", "ul", "ol"} or _TEASER.search(marks):
            return True
    return False


def _name(line: str) -> str:
    """Return the name in "By Ada Berg, March 25, 2026", "" when the words are no name."""
    plain = _WRITTEN.sub("", line, count=1)
    name = _AFTER_NAME.split(plain, maxsplit=1)[0].strip(" ,;:|-–—")
    wordy = len(name.split()) > _NAME_WORDS or re.search(r"[!?]$|[\d@]", name)
    return "" if wordy else _person(furniture.byline(name))


def _ld_image(value: object) -> Image | None:
    value = value[0] if isinstance(value, list) and value else value
    if isinstance(value, str):
        return Image(value) if value.strip() else None
    url = _str(value, "url") or _str(value, "contentUrl")
    if not isinstance(value, dict) or not url:
        return None
    size = [pictures.size(str(value.get(name) or "")[:12]) for name in ("width", "height")]
    return Image(url, caption=_str(value, "caption"), width=size[0], height=size[1])


def _og_image(meta: Mapping[str, str]) -> Image | None:
    url = _first(
        *(meta.get(n) for n in ("og:image", "og:image:url", "twitter:image", "twitter:image:src"))
    )
    size = [pictures.size(meta.get(f"og:image:{name}")) for name in ("width", "height")]
    alt = _first(meta.get("og:image:alt"), meta.get("twitter:image:alt"))
    return Image(url, alt=alt, width=size[0], height=size[1]) if url else None


def _categories(root: Element, meta: Mapping[str, str], node: Node) -> tuple[str, ...]:
    section = node.get("articleSection")
    names = [name for name in section if isinstance(name, str)] if isinstance(section, list) else []
    names += [_str(node, "articleSection"), meta.get("article:section", "")]
    names += [
        m.get("content") or "" for m in root.iter("meta") if m.get("property") == "article:tag"
    ]
    return tuple(dict.fromkeys(name.strip() for name in names if name.strip()))


def _published(root: Element, meta: Mapping[str, str], node: Node) -> datetime | None:
    stated = [_str(node, "datePublished"), *(meta.get(name, "") for name in _DATES)]
    times = [t for t in root.iter("time") if t.get("datetime")]
    marked = [t for t in times if t.get("pubdate") is not None or _DATED.search(_marks(t))]
    for time in marked or (times if len(times) == 1 else []):
        stated.append(time.get("datetime"))
    stated += [value for name, value in meta.items() if _META_DATE.search(name)]
    return next((found for found in map(dates.moment, (*stated, *_shown(root))) if found), None)


def _shown(root: Element) -> Iterator[str]:
    """Yield what looks like the date below the headline: marked as one, and no later change."""
    heading = next(root.iter("h1"), None)
    for element in islice(heading.xpath("following::*"), _NEAR) if heading is not None else ():
        mark = _marks(element)
        if _LATER.search(mark) or not (element.tag == "time" or _SHOWN.search(mark)):
            continue
        line = html.text_of(element)
        if len(line) <= _DATE_LINE and not _LATER.search(line) and not _is_aside(element):
            yield lines.date(line) or lines.date(line.partition("|")[0].strip())


def _marks(element: Element) -> str:
    return f"{element.get('class') or ''} {element.get('itemprop') or ''}"
