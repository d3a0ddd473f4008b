"""Read which article stands where on a home or section page, whatever its markup; pure."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from digest import text
from digest.errors import IngestError
from digest.ingest import html, xml
from digest.ingest.addresses import is_web
from digest.ingest.decode import decode
from digest.ingest.html import Element
from digest.model import Document

FEWEST = 3  #: headlines; a page with fewer is a wall, an error or no front page
_MOST = 5_000  #: links looked at
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
#: Never the news itself.
_FURNITURE_TAGS = frozenset({"nav", "footer", "aside"})
_FURNITURE_ROLES = frozenset({"navigation", "contentinfo", "complementary", "search", "menu"})
_FURNITURE_NAME = re.compile(
    r"(?i)(?:site|main|primary|secondary|page|global|top|mega|left|right)?[-_]?"
    r"(?:nav|navbar|navigation|mega-?menu|menu|footer|sidebar|side-?bar|widget-area"
    r"|breadcrumbs?|most[-_]?(?:read|popular|viewed|shared|commented)|popular|trending|tag-?cloud"
    r"|recommended|sponsored|promo(?:ted)?|advert\w*|comments?|cookie\w*|consent|share|social)"
    r"(?:[-_](?:list|block|box|area|wrapper|container|inner|posts|stories|articles|items|left|right"
    r"|menu|links|widget|bar|module|section|\d+))*"
)
_HEADLINE_NAME = re.compile(r"(?i)head-?line|(?:^|[-_\s])title(?:$|[-_\s])|hed(?:$|[-_\s])")
_NO_ARTICLE = re.compile(
    r"(?i)/(?:tags?|categor(?:y|ies)|topics?|authors?|profile|by|search|login|signin|register"
    r"|account|subscribe|newsletters?|about(?:-us)?|contact|privacy|terms|jobs|feed|rss)(?:/|$)"
)
_CJK = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


@dataclass(frozen=True, slots=True)
class Headline:
    """One headline of a page, in its place."""

    url: str
    title: str

    @property
    def key(self) -> str:
        """Return the canonical address, by which articles are known."""
        return text.canonical_url(self.url)


@dataclass(frozen=True, slots=True)
class _Link:
    """A link that reads like a headline."""

    node: Element
    url: str
    title: str
    heading: bool  #: it is, holds or stands in a heading


def headlines(document: Document) -> tuple[Headline, ...]:
    """Return the page's headlines in order, each article once; IngestError when there are none."""
    if xml.root_name(document) in {"rss", "feed", "rdf", "urlset", "sitemapindex"}:
        raise IngestError(f"{document.url}: is a feed and no page; add it without --front-page")
    root = html.parse_page(decode(document.content, document.content_type))
    links = _without_sections(_without_furniture(_links(root, html.base_of(root, document.url))))
    found: dict[str, Headline] = {}
    for headline in _in_order(links):
        found.setdefault(headline.key, headline)
    if len(found) < FEWEST:
        raise IngestError(
            f"{document.url}: shows fewer than {FEWEST} headlines; is it a home page?"
        )
    return tuple(found.values())


def positions(found: Sequence[Headline], known: Mapping[str, str], page_url: str) -> dict[str, int]:
    """Return article id -> place from 1, for the articles we know by canonical address.

    Unknown headlines of the page's own site take a place, those of other sites do not.
    """
    host = text.host_of(page_url)
    placed: dict[str, int] = {}
    place = 0
    for headline in found:
        article_id = known.get(headline.key, "")
        if article_id or _is_host(text.host_of(headline.url), host):
            place += 1
        if article_id:
            placed.setdefault(article_id, place)
    return placed


def _is_host(one: str, other: str) -> bool:
    return one == other or one.endswith("." + other) or other.endswith("." + one)


def _links(root: Element, base: str) -> list[_Link]:
    own = text.canonical_url(base)
    found = []
    for node in list(root.iter("a"))[:_MOST]:
        href = (node.get("href") or "").strip()
        url = html.absolute(base, href) if href and not href.startswith("#") else ""
        if url and is_web(url) and _may_be_article(url, own) and (link := _link(node, url)):
            found.append(link)
    return found


def _may_be_article(url: str, own: str) -> bool:
    parts = urlsplit(url)
    somewhere = parts.path.strip("/") or parts.query
    return bool(somewhere) and not _NO_ARTICLE.search(parts.path) and text.canonical_url(url) != own


def _link(node: Element, url: str) -> _Link | None:
    """Return the link when its words are a headline: enough of them, or fewer in a heading."""
    inside = next(node.iter(*_HEADINGS), None)
    title = html.text_of(node if inside is None else inside)
    heading = inside is not None or _in_heading(node)
    size = len(text.words(title)) + len(_CJK.findall(title)) // 2
    fits = 2 <= size <= 60 if heading else 4 <= size <= 40
    return _Link(node, url, title, heading) if fits else None


def _in_heading(node: Element) -> bool:
    if next(node.iterancestors(*_HEADINGS), None) is not None:
        return True
    near = [node, *list(node.iterancestors())[:2], *node.iterdescendants()]
    return any(_HEADLINE_NAME.search(part.get("class") or "") for part in near)


def _without_furniture(links: Sequence[_Link]) -> list[_Link]:
    """Drop what stands in navigation, footers and side bars.

    Class names are only a hint: a part that holds most of the page's headlines is the page, and
    hints that would drop most headlines say nothing.
    """
    fit = [link for link in links if not _is_furniture(link)]
    around = [[up for up in link.node.iterancestors() if _is_hint(up)] for link in fit]
    held = Counter(up for ups in around for up in ups)
    kept = [
        link
        for link, ups in zip(fit, around, strict=True)
        if not any(2 * held[up] <= len(fit) for up in ups)
    ]
    trusted = len(kept) >= max(FEWEST, len(fit) / 4)
    return kept if trusted else fit


def _is_furniture(link: _Link) -> bool:
    for up in link.node.iterancestors():
        if up.tag in _FURNITURE_TAGS or (up.get("role") or "").lower() in _FURNITURE_ROLES:
            return True
        inside = up.tag == "header" and not link.heading
        if inside and next(up.iterancestors("article", "main", "section"), None) is None:
            return True
    return False


def _is_hint(node: Element) -> bool:
    if node.tag in {"html", "body", "main", "article", "a"}:
        return False
    names = [*(node.get("class") or "").split(), node.get("id") or ""]
    return any(_FURNITURE_NAME.fullmatch(name) for name in names if len(name) < 80)


def _without_sections(links: Sequence[_Link]) -> list[_Link]:
    """Drop links to what other links lie under: a section, not an article."""
    above = {
        parent for link in links for parent in _parents(text.canonical_url(link.url).split("?")[0])
    }
    return [link for link in links if text.canonical_url(link.url) not in above]


def _parents(url: str) -> Iterable[str]:
    host, *parts = url.removeprefix("https://").split("/")
    return ("https://" + "/".join([host, *parts[:n]]) for n in range(1, len(parts)))


def _in_order(links: Sequence[_Link]) -> list[Headline]:
    """Return headlines in the page's order.

    Where most articles stand under headings, an article's place is that of its heading, and lists
    of plain links before the first heading are a block beside the news.
    """
    under_heading = {text.canonical_url(link.url) for link in links if link.heading}
    everything = {text.canonical_url(link.url) for link in links}
    if len(under_heading) < FEWEST or 3 * len(under_heading) < len(everything):
        return [Headline(link.url, link.title) for link in links]
    found: list[Headline] = []
    begun = False
    for link in links:
        begun = begun or link.heading
        twice = not link.heading and text.canonical_url(link.url) in under_heading
        beside = not begun and next(link.node.iterancestors("ul", "ol"), None) is not None
        if not twice and not beside:
            found.append(Headline(link.url, link.title))
    return found
