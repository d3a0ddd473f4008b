"""Choose, from what a page says and what answers, the feed to read a site by; pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import parse_qsl, urljoin, urlsplit

from digest import text
from digest.errors import IngestError
from digest.ingest import html, paging
from digest.ingest.decode import decode
from digest.ingest.html import Element
from digest.ingest.inflate import unpacked
from digest.ingest.sources import SOURCES
from digest.model import Document

USUAL = ("/feed/", "/rss", "/feed.xml", "/atom.xml", "/feed.json", "/index.xml")
_MOST = 6  #: feeds of one page that are tried
_PAGES = frozenset({"page", "plain text", "markdown"})
_FORMATS = {
    "application/rss+xml": "RSS",
    "application/atom+xml": "Atom",
    "application/rdf+xml": "RSS 1.0",
    "application/feed+json": "JSON Feed",
    "application/json": "JSON Feed",
}
_API = "https://api.w.org/"
#: A section page of WordPress names itself in the API; so do the pages of a tag and an author.
_PART = re.compile(r"/wp/v2/(categories|tags|users)/(\d+)/?$")
_PARAMETER = {"categories": "categories", "tags": "tags", "users": "author"}
_COMMENTS = re.compile(r"(?i)/comments?(?:/|\.|$)|feed=comments|comments?[-_]feed")


@dataclass(frozen=True, slots=True)
class Candidate:
    """An address that may be the feed, and why we think so."""

    url: str
    why: str
    title: str = ""  #: of the site, where the feed will not say it
    declared: bool = True  #: the page names it; else it is a usual path


class Tried(NamedTuple):
    """What a candidate gave."""

    candidate: Candidate
    articles: int = 0
    problem: str = ""


class Choice(NamedTuple):
    """The feed to read, why, and the addresses that were passed over."""

    url: str
    why: str
    title: str = ""
    others: tuple[str, ...] = ()


def format_of(document: Document) -> str:
    """Return the name of the feed format a document is in, "" when it is a page or text."""
    content = unpacked(document)
    found = next((source.name for source in SOURCES if source.accepts(content)), "")
    return "" if found in _PAGES else found


def candidates(page: Document) -> tuple[Candidate, ...]:
    """Return what a page may be read by, best first: WordPress, its feeds, then usual paths."""
    root = html.parse_page(decode(page.content, page.content_type))
    links = list(_links(root, html.base_of(root, page.url)))
    feeds = _feeds(links, page.url)
    declared = [*_wordpress(root, links, page.url), *feeds[:_MOST]]
    known = {candidate.url for candidate in declared}
    return (*declared, *(guess for guess in _guesses(page.url) if guess.url not in known))


def is_of_comments(title: str) -> bool:
    """Say whether a feed's title tells that it holds comments on one article or on all."""
    return title.lower().startswith(("comments on ", "comments for "))


def choose(asked: str, tried: Sequence[Tried]) -> Choice:
    """Return the first that gives articles, else the first feed named that is readable.

    IngestError says what was looked at when there is none.
    """
    good = [one for one in tried if one.articles]
    quiet = [one for one in tried if one.candidate.declared and not one.problem]
    best = next(iter(good or quiet), None)
    if best is None:
        raise IngestError(_refusal(asked, tried))
    others = tuple(one.candidate.url for one in tried if one.candidate.declared and one is not best)
    why = best.candidate.why if best.articles else f"{best.candidate.why}; it has no articles now"
    return Choice(best.candidate.url, why, best.candidate.title, others)


def _refusal(asked: str, tried: Sequence[Tried]) -> str:
    named = [one for one in tried if one.candidate.declared]
    usual = ", ".join(USUAL)
    if not named:
        reason = f"the page names no feed, and none is at {usual}"
    else:
        reason = f"no feed it names can be read ({named[0].problem}), and none is at {usual}"
    return (
        f"{asked}: {reason}; give the feed's own address, or a page to watch with --front-page, "
        "or add it without looking with --as-is"
    )


class _Link(NamedTuple):
    rel: frozenset[str]
    url: str
    kind: str
    title: str


def _links(root: Element, base: str) -> Iterator[_Link]:
    for node in root.iter("link", "a"):
        rel = frozenset((node.get("rel") or "").lower().split())
        url = html.absolute(base, node.get("href") or "") if rel else ""
        if url:
            kind = (node.get("type") or "").partition(";")[0].strip().lower()
            yield _Link(rel, url, kind, text.clean(node.get("title") or ""))


def _feeds(links: Sequence[_Link], page_url: str) -> list[Candidate]:
    """Return the feeds a page names, those that lie under the page itself first."""
    found: dict[str, Candidate] = {}
    for link in links:
        name = _FORMATS.get(link.kind, "")
        is_feed = name and link.rel & {"alternate", "feed"} and "/wp/v2/" not in link.url
        if is_feed and not _leads_to_comments(link):
            found.setdefault(link.url, Candidate(link.url, f"the page names it as its {name}"))
    own = page_url.rstrip("/") + "/"
    return sorted(found.values(), key=lambda candidate: not candidate.url.startswith(own))


def _leads_to_comments(link: _Link) -> bool:
    parts = urlsplit(link.url)
    return bool(_COMMENTS.search(f"{parts.path}?{parts.query}")) or "comment" in link.title.lower()


def _wordpress(root: Element, links: Sequence[_Link], page_url: str) -> Iterator[Candidate]:
    """Yield the posts of the WordPress API a page names: of its own section where it is one."""
    api = next((link.url for link in links if _API in link.rel), "")
    if not api:
        return
    filters = {}
    for link in links:
        route = dict(parse_qsl(urlsplit(link.url).query)).get("rest_route", link.url)
        part = _PART.search(route) if "alternate" in link.rel and "json" in link.kind else None
        if part:
            filters = {_PARAMETER[part[1]]: part[2]}
    why = "the page names its WordPress API, which has biographies, captions and sticky posts"
    yield Candidate(paging.posts_of(api, **filters), why, _site(root, links, page_url))


def _site(root: Element, links: Sequence[_Link], page_url: str) -> str:
    """Return the site's name: the API does not say it."""
    for node in root.iter("meta"):
        if node.get("property") == "og:site_name" and (
            name := text.clean(node.get("content") or "")
        ):
            return name
    feed = next((link.title for link in links if link.kind in _FORMATS and link.title), "")
    return re.split(r"\s*[»›|]\s*", feed)[0] or text.host_of(page_url)


def _guesses(page_url: str) -> Iterator[Candidate]:
    why = "the page names no feed that can be read; this usual path holds one"
    path = urlsplit(page_url).path
    if path.strip("/"):
        yield Candidate(urljoin(page_url, path.rstrip("/") + "/feed/"), why, declared=False)
    for usual in USUAL:
        yield Candidate(urljoin(page_url, usual), why, declared=False)
