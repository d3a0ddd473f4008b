"""Read the scraped plain text of an article page: one article, without the page's furniture."""

import re
from collections import Counter
from html import escape
from itertools import chain

from digest import text
from digest.errors import IngestError
from digest.ingest import dates, furniture, lines
from digest.ingest.addresses import is_web, slug
from digest.ingest.decode import decode
from digest.ingest.furniture import Kind
from digest.ingest.sources.base import Parsed
from digest.model import Document, Image, Item

_LONGEST = 500_000  #: characters
_SPONSOR = re.compile(r"(?i)\W*(?:sponsor(?:ed)?(?: (?:by|content|message))?|anzeige)\W*")
_ABOUT = re.compile(
    r"(?i)(?:about (?:the )?author|author bio(?:graphy)?|bio(?:graphy)?"
    r"|über (?:den|die) autor(?:in)?|zur person|à propos de l[’']auteure?"
    r"|sobre el autor)s?\s*:?\s*(.*)"
)
_FIELD = re.compile(
    r"(?i)(source|url|link|title|headline|author|written by|date|published(?: on)?|posted(?: on)?"
    r"|updated|section|category|categories|tags|image|photo url|language)\s*:\s*(\S.*)"
)
_PICTURE = re.compile(r"(?i)https?://\S+\.(?:jpe?g|png|webp|avif)(?:\?\S*)?")
_CRUMB = 2  #: words; the name of a section has no more
_NEAR = 40  #: lines in which a name may come again
_MORE_TITLES = 12  #: lines in which the headline may come again


class PlainText:
    """Scraped text of one article page; accepts what no other source did."""

    name = "plain text"

    def accepts(self, document: Document) -> bool:
        """Say whether the bytes are readable text with some prose in it."""
        head = document.content[:4_096]
        kind = document.content_type.partition(";")[0].strip().lower()
        if kind and not kind.startswith("text/") and kind != "application/octet-stream":
            return False
        decoded = decode(document.content[:200_000])
        if "\0" in decoded or head.lstrip().startswith((b"<", b"%PDF", b"PK\x03\x04", b"{\\rtf")):
            return False
        odd = sum(not (char.isprintable() or char.isspace()) for char in decoded[:4_096])
        return odd <= 8 and len(text.words(decoded[:20_000])) >= 8 and "\n" in decoded.strip()

    def parse(self, document: Document) -> Parsed:
        """Read the one article."""
        raw = decode(document.content, document.content_type)[:_LONGEST]
        found = [line for line in map(text.clean, raw.splitlines()) if line]
        page = _Page()
        rest = _without_comments(lines.unfolded(_head(found, page)))
        rest = _titles(rest, page)
        page.author = page.author or _author(rest)
        rest = _without_lists(rest, page.author)
        rest = _people(rest, page)
        body = _body(rest, page)
        if not page.title or not body:
            raise IngestError("is text without a headline and a paragraph below it")
        return Parsed(items=(_item(page, body, document),))


class _Page:
    """What was found so far, while the lines are gone through."""

    def __init__(self) -> None:
        self.title = ""
        self.summary = ""
        self.author = ""
        self.bio = ""
        self.caption = ""
        self.date = ""
        self.image = ""
        self.fields: dict[str, str] = {}


def _head(given: list[str], page: _Page) -> list[str]:
    """Take "URL: …" and the like, and a bare address, out of the first lines."""
    rest = []
    for n, line in enumerate(given):
        found = _FIELD.fullmatch(line) if n < _MORE_TITLES else None
        if n < 3 and is_web(line) and " " not in line and not _PICTURE.fullmatch(line):
            page.fields.setdefault("url", line)
        elif found and _believable(found[1].lower(), found[2]):
            page.fields.setdefault(found[1].lower(), found[2])
        else:
            rest.append(line)
    return rest


def _believable(name: str, value: str) -> bool:
    """Say whether a labelled line is a field: addresses are addresses and dates are dates."""
    if name in {"source", "url", "link", "image", "photo url"}:
        return is_web(value)
    if name.startswith(("date", "published", "posted", "updated")):
        return dates.moment(value) is not None
    return len(value) <= 200


def _without_comments(given: list[str]) -> list[str]:
    """Cut where the readers' comments begin, below some paragraphs."""
    seen = 0
    for n, line in enumerate(given):
        seen += lines.is_prose(line)
        if seen > 1 and lines.opens_comments(line):
            return given[:n]
    return given


def _titles(given: list[str], page: _Page) -> list[str]:
    """Take the headline with its repetitions, the stand-first below it, the menus above it."""
    stated = page.fields.get("title") or page.fields.get("headline") or ""
    page.author = page.fields.get("author") or page.fields.get("written by") or ""
    top = next((n for n, line in enumerate(given) if lines.is_prose(line)), len(given))
    first = _headline(given[: min(top, _NEAR)])
    if stated:
        first = next(
            (n for n, line in enumerate(given[:_NEAR]) if lines.same_title(line, stated)), 0
        )
    elif first is None:
        return given
    known = stated or given[first]
    near = range(first, min(first + _MORE_TITLES, len(given)))
    again = [n for n in near if lines.same_title(given[n], known)]
    page.title = min([known, *(given[n] for n in again)], key=len)
    rest = [line for n, line in enumerate(given) if n >= first and n not in again]
    if len(rest) > 1 and _is_stand_first(rest[0], rest[1]):
        page.summary = rest.pop(0)
    return rest


def _headline(given: list[str]) -> int | None:
    """Return which line is the headline: one that is there twice, else the first of three words."""
    usable = [n for n, line in enumerate(given) if lines.may_be_title(line)]
    twice = (
        n for n in usable if any(m > n and lines.same_title(given[m], given[n]) for m in usable)
    )
    long = (n for n in usable if len(given[n].split()) > _CRUMB or _is_credited(given, n + 1))
    return next(chain(twice, long, usable), None)


def _is_credited(given: list[str], n: int) -> bool:
    """Say whether a line tells who wrote the text above it, or when."""
    line = given[n] if n < len(given) else ""
    return bool(
        lines.by(line) or lines.date(line) or lines.is_name(line) or lines.dated_name(line)[0]
    )


def _is_stand_first(line: str, following: str) -> bool:
    """Say whether a line sums the article up: between the headline and the byline."""
    told = len(line.split()) > _CRUMB and lines.may_be_title(line) and not lines.is_name(line)
    return told and _is_credited([following], 0)


def _without_lists(given: list[str], author: str) -> list[str]:
    """Drop labels, and after a list's label everything that is no full paragraph."""
    rest, skipping = [], False
    for n, line in enumerate(given):
        kind = furniture.kind_of(line)
        if kind is Kind.LIST:
            skipping = True
        elif kind is Kind.TEXT and (not skipping or _ends_list(line, author)):
            skipping = False
            if not _is_sponsor(given, n):
                rest.append(line)
    return rest


def _is_sponsor(given: list[str], n: int) -> bool:
    """Say whether a line is the name below a sponsor's label: short, once, and no one's byline."""
    line = given[n]
    if not n or not _SPONSOR.fullmatch(given[n - 1]) or lines.ends(line):
        return False
    around = given[max(n - _NEAR, 0) : n + _NEAR]
    named = around.count(line) > 1 or any(other.startswith(f"{line} ") for other in around)
    return len(line.split()) <= 4 and not named


def _ends_list(line: str, author: str) -> bool:
    about = _ABOUT.fullmatch(line) is not None or line == author
    return about or lines.is_prose(line) or lines.is_bio(line, author, after_name=False)


def _people(given: list[str], page: _Page) -> list[str]:
    """Take bylines and the biography."""
    rest: list[str] = []
    after_name = about = False
    for line in given:
        found = _ABOUT.fullmatch(line)
        if found and not found[1]:
            about = True
        elif found and len(found[1]) > 20:
            page.bio = page.bio or found[1]
        elif _is_author(line, page):
            after_name = True
        elif after_name and lines.is_office(line):
            continue
        elif not page.bio and (about or lines.is_bio(line, page.author, after_name=after_name)):
            page.bio, about, after_name = line[: lines.BIO], False, False
        else:
            after_name = False
            rest.append(line)
    page.author = page.author or lines.subject(page.bio)
    return rest


def _author(given: list[str]) -> str:
    """Return the name of a byline, else one that stands alone twice or has a biography below."""
    top = given[:_NEAR]
    stated = next((name for name in map(lines.by, given) if name), "")
    dated = next((name for name, _ in map(lines.dated_name, top) if name), "")
    alone = Counter(line for line in given if lines.is_name(line)).most_common(1)
    twice = alone[0][0] if alone and alone[0][1] > 1 else ""
    return stated or dated or twice or _told_of(given)


def _told_of(given: list[str]) -> str:
    """Return the name a biography opens with: it has a label, or the name stands alone too."""
    names = {line for line in given if lines.is_name(line)}
    for n, line in enumerate(given):
        name = lines.subject(line) if len(line) <= lines.BIO else ""
        labelled = n > 0 and _ABOUT.fullmatch(given[n - 1]) is not None
        if name and (name in names or labelled):
            return name
    return ""


def _is_author(line: str, page: _Page) -> bool:
    """Say whether a line is the author's name, keeping the date beside it."""
    if not page.author:
        return False
    name, when = lines.dated_name(line)
    page.date = page.date or when
    shown = name or lines.by(line) or re.split(r"\s*(?:[|·•]|\s[-–—]\s)", furniture.byline(line))[0]
    return shown.casefold() == page.author.casefold()


def _body(given: list[str], page: _Page) -> list[str]:
    """Take caption, picture, section and date; what remains are the paragraphs."""
    rest = [line for n, line in enumerate(given) if not _taken(line, n, page)]
    while rest and lines.is_foot(rest[-1]):
        rest.pop()
    top = next((n for n, line in enumerate(rest) if lines.is_prose(line)), 0)
    above = [line for line in rest[:top] if lines.is_section(line) or lines.is_plain_caption(line)]
    captions = [line for line in above if not lines.is_section(line)]
    page.caption = page.caption or next(iter(captions), "")
    while not top and len(rest) > 1 and lines.is_section(rest[0]):
        rest.pop(0)
    return [line for n, line in enumerate(rest) if n >= top or line not in above]


def _taken(line: str, n: int, page: _Page) -> bool:
    """Keep what a line says when it is a picture, a caption, a section or a date."""
    picture, when = _PICTURE.search(line), lines.date(line)
    section = lines.SECTION.fullmatch(line)
    if picture and len(line) < len(picture[0]) + 40:
        page.image = page.image or picture[0]
    elif lines.is_caption(line):
        page.caption = page.caption or line
    elif section and n < _MORE_TITLES:
        page.fields.setdefault("section", section[1])
    elif n < _MORE_TITLES and when:
        page.date = page.date or when
    else:
        return False
    return True


def _item(page: _Page, body: list[str], document: Document) -> Item:
    given = page.fields
    url = given.get("url") or given.get("source") or given.get("link") or ""
    date = next(
        (v for k, v in given.items() if k.startswith(("date", "publ", "posted"))), page.date
    )
    own = document.url if is_web(document.url) else slug(page.title)
    names = (given.get(name, "") for name in ("category", "categories", "section"))
    picture = given.get("image") or given.get("photo url") or page.image
    return Item(
        title=escape(page.title, quote=False),
        url=url or own,
        guid="" if url else f"text:{text.short_id(page.title)}",
        author=escape(page.author, quote=False),
        author_bio=escape(page.bio, quote=False),
        summary=escape(page.summary, quote=False),
        content=lines.markup(body),
        image=Image(picture, caption=page.caption) if picture else None,
        categories=tuple(
            part.strip() for name in names for part in name.split(",") if part.strip()
        ),
        published_at=dates.moment(date),
        updated_at=dates.moment(given.get("updated", "")),
        language=given.get("language", ""),
    )
