"""Read the scraped plain text of an article page: one article, without the page's furniture.

Such a text has the headline and the byline, often twice, a short biography, a photo caption,
sponsor labels, "Week's Top Stories" and "More In This Category" with teasers cut by an ellipsis.
"""

import re
from collections import Counter
from html import escape
from itertools import pairwise

from digest import text
from digest.errors import IngestError
from digest.ingest import dates, furniture
from digest.ingest.addresses import is_web, slug
from digest.ingest.decode import decode
from digest.ingest.furniture import Kind
from digest.ingest.sources.base import Parsed
from digest.model import Document, Image, Item

_LONGEST = 500_000  #: characters
_PROSE = 90  #: characters; teasers and labels are shorter or cut
_BIO = 600
_FIELD = re.compile(
    r"(?i)(source|url|link|title|headline|author|written by|date|published(?: on)?|posted(?: on)?"
    r"|updated|section|category|categories|tags|image|photo url|language)\s*:\s*(\S.*)"
)
_CAPTION = re.compile(
    r"(?i)(?:\[?(?:photo|image|picture|caption|credit|file photo|illustration|foto|bild)\s*"
    r"(?:credit|courtesy|by|:|/)).*|.*\((?:photo|image|credit|picture|foto)\b[^)]{0,80}\)"
    r"|.{3,240}(?:/|\||©|via )\s*"
    r"(?:getty images|reuters|ap(?: photo)?|afp|shutterstock|unsplash|wikimedia commons)\.?"
)
_PICTURE = re.compile(r"(?i)https?://\S+\.(?:jpe?g|png|webp|avif)(?:\?\S*)?")
_PARTICLE = r"(?:d[aei]|de[rnl]?|v[ao]n|bin|al|la|le)"
_CAPITAL = r"[A-ZÀ-ÞŁŚŠŽČ][\w.’'-]*"
_NAME = re.compile(rf"(?:{_CAPITAL}|{_PARTICLE})(?: (?:{_CAPITAL}|{_PARTICLE})){{1,4}}")
_SPONSOR = re.compile(r"(?i)\W*(?:sponsor(?:ed)?(?: (?:by|content|message))?|anzeige)\W*")
_ABOUT = re.compile(
    r"(?i)(?:about (?:the )?author|author bio(?:graphy)?|bio(?:graphy)?)s?\s*:?\s*(.*)"
)
_DOES = re.compile(
    r"(?i)\b(?:is|was|covers?|writes?|reports?|has|edits?|works?|lives?|joined|holds?|studied|teaches"
    r"|specialises|specializes|serves|leads|reviews?|photographs?|contributes?|grew)\b"
)
_ENDS = re.compile(r"[.!?][\"'”’)\]]*$")
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
        lines = [line for line in (text.clean(line) for line in raw.split("\n")) if line]
        page = _Page()
        rest = _head(lines, page)
        rest = _titles(rest, page)
        rest = _without_lists(rest)
        rest = _people(rest, page)
        body = _body(rest, page)
        if not page.title or not body:
            raise IngestError("is text without a headline and a paragraph below it")
        return Parsed(items=(_item(page, body, document),))


class _Page:
    """What was found so far, while the lines are gone through."""

    def __init__(self) -> None:
        self.title = ""
        self.author = ""
        self.bio = ""
        self.caption = ""
        self.date = ""
        self.image = ""
        self.fields: dict[str, str] = {}


def _head(lines: list[str], page: _Page) -> list[str]:
    """Take "URL: …" and the like, and a bare address, out of the first lines."""
    rest = []
    for n, line in enumerate(lines):
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


def _titles(lines: list[str], page: _Page) -> list[str]:
    """Take the headline and its repetition; the shorter of "Headline" and "Headline | Atlas"."""
    stated = page.fields.get("title") or page.fields.get("headline") or ""
    first = next((n for n, line in enumerate(lines) if _may_be_title(line)), None)
    if first is None:
        page.title = stated
        return lines
    known = stated or lines[first]
    again = [n for n, line in enumerate(lines[: first + _MORE_TITLES]) if _same_title(line, known)]
    page.title = min([known, *(lines[n] for n in again)], key=len)
    return [
        line for n, line in enumerate(lines) if n not in again and n >= (0 if stated else first)
    ]


def _may_be_title(line: str) -> bool:
    plain = furniture.kind_of(line) is Kind.TEXT and not furniture.is_byline(line)
    return plain and dates.moment(line) is None and not is_web(line) and len(line) <= 300


def _same_title(line: str, title: str) -> bool:
    short, long = sorted((line.casefold(), title.casefold()), key=len)
    if short == long:
        return True
    rest = long[len(short) :].strip()
    return len(short) >= 12 and long.startswith(short) and len(rest) < 60 and rest[:1] in "|-–—·•:»"


def _without_lists(lines: list[str]) -> list[str]:
    """Drop labels, and after a list's label everything that is no full paragraph."""
    rest, skipping = [], False
    for n, line in enumerate(lines):
        kind = furniture.kind_of(line)
        if kind is Kind.LIST:
            skipping = True
        elif kind is Kind.TEXT and (not skipping or _ends_list(line)):
            skipping = False
            if not _is_sponsor(lines, n):
                rest.append(line)
    return rest


def _is_sponsor(lines: list[str], n: int) -> bool:
    """Say whether a line is the name below a sponsor's label: short, once, and no one's byline."""
    line = lines[n]
    if not n or not _SPONSOR.fullmatch(lines[n - 1]) or _ENDS.search(line):
        return False
    around = lines[max(n - _NEAR, 0) : n + _NEAR]
    named = around.count(line) > 1 or any(other.startswith(f"{line} ") for other in around)
    return len(line.split()) <= 4 and not named


def _ends_list(line: str) -> bool:
    if _ABOUT.fullmatch(line):
        return True
    return len(line) >= _PROSE and not furniture.ends_cut(line) and _ENDS.search(line) is not None


def _people(lines: list[str], page: _Page) -> list[str]:
    """Take bylines and the biography."""
    stated = page.fields.get("author") or page.fields.get("written by") or ""
    page.author = stated or _author(lines)
    rest: list[str] = []
    after_name = about = False
    for line in lines:
        found = _ABOUT.fullmatch(line)
        if found and not found[1]:
            about = True
        elif found and len(found[1]) > 20:
            page.bio = page.bio or found[1]
        elif _is_author(line, page.author):
            after_name = True
        elif not page.bio and (about or _is_bio(line, page.author, after_name=after_name)):
            page.bio, about, after_name = line[:_BIO], False, False
        else:
            after_name = False
            rest.append(line)
    return rest


def _author(lines: list[str]) -> str:
    """Return the name of a byline, else a name that stands alone twice or above its biography."""
    for line in lines:
        if furniture.is_byline(line) and (name := furniture.byline(line)):
            return re.split(r"\s*(?:[|·•]|\bon\b|\s[-–—]\s|,\s*(?=\w+ \d))", name)[0]
    alone = [line for line in lines if _NAME.fullmatch(line) and len(line) <= 40]
    most = Counter(alone).most_common(1)
    if most and most[0][1] > 1:
        return most[0][0]
    for line, following in pairwise(lines):
        if _NAME.fullmatch(line) and _is_bio(following, line, after_name=False):
            return line
    return ""


def _is_author(line: str, author: str) -> bool:
    if not author:
        return False
    name = re.split(r"\s*(?:[|·•]|\s[-–—]\s)", furniture.byline(line))[0]
    return name.casefold() == author.casefold()


def _is_bio(line: str, author: str, *, after_name: bool) -> bool:
    """Say whether a line tells who the author is: by the name or, right below it, a pronoun."""
    if not author or not 20 <= len(line) <= _BIO:
        return False
    names = author.split()
    first, last = names[0], names[-1]
    full = line.startswith(author)
    short = after_name and re.match(
        rf"(?:{re.escape(first)}|{re.escape(last)}|She|He|They)\b", line
    )
    opening = line[:160]
    return bool((full or short) and _DOES.search(opening))


def _body(lines: list[str], page: _Page) -> list[str]:
    """Take caption, picture and date; what remains are the paragraphs."""
    rest = []
    for n, line in enumerate(lines):
        picture = _PICTURE.search(line)
        if picture and len(line) < len(picture[0]) + 40:
            page.image = page.image or picture[0]
        elif len(line) <= 300 and _CAPTION.fullmatch(line):
            page.caption = page.caption or line
        elif n < 8 and len(line) <= 60 and dates.moment(_bare_date(line)):
            page.date = page.date or _bare_date(line)
        else:
            rest.append(line)
    while rest and _is_leftover(rest[-1]):
        rest.pop()
    while len(rest) > 1 and _is_crumb(rest[0]):
        rest.pop(0)
    return rest


def _is_crumb(line: str) -> bool:
    """Say whether a first line is a way-mark of the site, such as the name of a section."""
    return len(line.split()) <= 3 and _ENDS.search(line) is None


def _bare_date(line: str) -> str:
    return re.sub(r"(?i)^(?:published|posted|updated|last updated)(?: on| at)?:?\s+", "", line)


def _is_leftover(line: str) -> bool:
    """Say whether a last line is a page's foot: a copyright, a cut teaser."""
    return furniture.ends_cut(line) or re.match(r"(?i)(?:©|copyright|all rights)", line) is not None


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
        content="".join(f"<p>{escape(line, quote=False)}</p>" for line in body),
        image=Image(picture, caption=page.caption) if picture else None,
        categories=tuple(
            part.strip() for name in names for part in name.split(",") if part.strip()
        ),
        published_at=dates.moment(date),
        updated_at=dates.moment(given.get("updated", "")),
        language=given.get("language", ""),
    )
