"""Read what an HTML page says of itself: JSON-LD, OpenGraph and common meta elements."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from digest.errors import IngestError
from digest.ingest import dates, pictures
from digest.ingest.addresses import is_web
from digest.ingest.decode import read_json
from digest.ingest.html import Element
from digest.model import Image

_ARTICLE = re.compile(
    r"(?:News|Blog|Report|Opinion|Analysis|Review|Satirical|Scholarly|Background|AskPublic|Social"
    r"|Live|Tech)*(?:Article|Posting|BlogPost|LiveBlogPosting|Report|Review)(?:NewsArticle)?"
)
_DATED = re.compile(
    r"(?i)\b(?:entry-date|post-date|article-date|published|publish-date|dateline|datepublished)\b"
)
_DATES = (
    *("article:published_time", "og:article:published_time", "og:published_time", "datepublished"),
    *("parsely-pub-date", "sailthru.date", "pubdate", "publishdate", "publish-date", "dc.date"),
    *("dc.date.issued", "dcterms.created", "date", "article.published", "published-date"),
)
_AUTHORS = ("author", "article:author", "parsely-author", "sailthru.author", "byl", "dc.creator")
_MODIFIED = "article:modified_time"
_MAX_JSON = 1_000_000
_MAX_NODES = 500

Node = Mapping[str, Any]


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
    node = next((n for n in _nodes(root) if _is_article(n)), {})
    publisher = node.get("publisher")
    return Metadata(
        title=_first(
            _str(node, "headline"), meta.get("og:title"), _str(node, "name"), _title(root)
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
        counts=_counts(node),
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


def _nodes(root: Element) -> Iterator[Node]:
    """Yield the objects of every JSON-LD script, those inside @graph and lists as well."""
    for script in root.iter("script"):
        kind = (script.get("type") or "").lower()
        if "ld+json" not in kind or len(script.text or "") > _MAX_JSON:
            continue
        try:
            stack = [read_json((script.text or "").strip().rstrip(";"))]
        except IngestError:
            continue
        for _ in range(_MAX_NODES):
            if not stack:
                break
            node = stack.pop(0)
            if isinstance(node, list):
                stack[:0] = node
            elif isinstance(node, dict):
                yield node
                stack += [node.get("@graph"), node.get("mainEntity")]


def _is_article(node: Node) -> bool:
    kinds = node.get("@type")
    names = kinds if isinstance(kinds, list) else [kinds]
    return any(isinstance(name, str) and _ARTICLE.fullmatch(name) for name in names)


def _str(node: object, name: str) -> str:
    value = node.get(name) if isinstance(node, dict) else None
    return value if isinstance(value, str) else ""


def _title(root: Element) -> str:
    """Return the only heading of first rank, or the title where it does not say the same."""
    headings = [_words(h) for h in root.iter("h1")]
    title = next((_words(t) for t in root.iter("title")), "")
    inside = [h for h in headings if h and title.casefold().startswith(h.casefold())]
    alone = [h for h in headings if h]
    return _first(*inside, alone[0] if len(alone) == 1 else "", title)


def _words(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


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
    usable = name and "://" not in name and len(name) <= 120 and not name.startswith(("@", "/"))
    return (name or "") if usable else ""


def _marked(root: Element) -> str:
    for element in root.iter("a", "span", "address", "div", "p"):
        marks = f"{element.get('rel') or ''} {element.get('itemprop') or ''}".split()
        if "author" in marks and (name := _words(element)):
            return _person(name)
    for element in root.iter("a", "span", "div", "p", "address"):
        if re.search(
            r"(?i)(?:^|\s)(?:byline|author-name|author_name|p-author)(?:\s|$)",
            element.get("class") or "",
        ):
            name = _words(element)
            return _person(name) if len(name.split()) <= 8 else ""
    return ""


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
    return next((found for found in map(dates.moment, stated) if found), None)


def _marks(element: Element) -> str:
    return f"{element.get('class') or ''} {element.get('itemprop') or ''}"


def _counts(node: Node) -> dict[str, int]:
    count = node.get("commentCount")
    usable = type(count) is int and 0 <= count < 10**9
    return {"comments": count} if usable and isinstance(count, int) else {}
