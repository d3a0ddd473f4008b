"""Make one clean article of a raw item; pure."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from digest import text
from digest.errors import IngestError
from digest.ingest import dates, furniture, html, lines, pictures
from digest.ingest.addresses import address_of
from digest.ingest.html import Element
from digest.model import Article, Item

SUMMARY = 320
CATEGORIES = 8
#: A date further ahead is a mistake; then the moment we first saw the article counts.
FUTURE = timedelta(days=30)

_CONTENT = 500_000  #: characters of HTML; the longest articles have a tenth
_PROSE = 10_000  #: characters of text that a summary is taken from
_ADDRESS = 1_999  #: characters of an address some client still opens
_TITLE = 300
_AUTHOR = 160
_BIO = 600
_CATEGORY = 60
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")
_SEPARATOR = r"\s*[|·•»«~]\s*|\s+[-–—:]+\s+"
_NO_CATEGORY = frozenset(
    "uncategorized|uncategorised|allgemein|non classé|sin categoría|home|homepage|front page".split(
        "|"
    )
)
#: Names that programs give an author who gave none.
_NOBODY = frozenset(["", *"admin administrator editor staff webmaster author user".split()])
_PAID = frozenset(
    "sponsored|sponsored content|sponsored post|advertorial|anzeige|partner content".split("|")
)
_OPENING = 3  #: blocks in which a byline may stand
_CLOSING = 3  #: blocks in which a biography may stand; a shorter text has none
_PLAIN = frozenset({"p", "div", "h4", "h5", "h6"})


def normalize(
    item: Item,
    *,
    document_url: str,
    feed_title: str,
    section: str,
    language: str,
    now: datetime,
    site_url: str = "",
) -> Article:
    """Return the article an item holds; IngestError when it has no title or no address.

    Addresses are completed from `document_url` when that is one, else from `site_url`.
    """
    title = title_of(item.title, feed_title)
    url = _address(item, title, document_url, site_url)
    key = text.canonical_url(url)
    categories = categories_of(item.categories, section)
    author = text.truncate(furniture.byline(html.plain(item.author)), _AUTHOR)
    return Article(
        text.short_id(key),
        url,
        title,
        key,
        guid=_guid(text.clean(item.guid)),
        feed=feed_title,
        language=language_of(item.language or language),
        categories=categories,
        published_at=_moment(item.published_at, now),
        updated_at=_moment(item.updated_at, now),
        outlet=text.host_of(url),
        featured=item.featured,
        sponsored=item.sponsored or any(name.casefold() in _PAID for name in categories),
        **_of_body(item, url, title, author),
    )


def _address(item: Item, title: str, document_url: str, site_url: str) -> str:
    if not title:
        raise IngestError("an item has no title")
    url = address_of(item, document_url, site_url)
    if not url:
        quoted = f"“{text.truncate(title, 60)}”"
        raise IngestError(f"{quoted} has no address; it could not be linked to")
    if len(url) > _ADDRESS:
        raise IngestError(f"an address has {len(url)} characters, at most {_ADDRESS} work in mails")
    return url


def _guid(guid: str) -> str:
    """Return a guid as it is; a very long one by its hash, so that it fits an index."""
    return guid if len(guid) <= _ADDRESS else f"hash:{text.short_id(guid)}"


def _of_body(item: Item, url: str, title: str, author: str) -> dict[str, Any]:
    """Return the text and what is taken out of it: author, biography, picture, summary."""
    body = html.parse((item.content or item.summary)[:_CONTENT])
    base = _base(body, url)
    box = furniture.take_author_box(body)
    furniture.strip(body, title=title, author=author)
    byline = _take_byline(body)
    author = byline if author.casefold() in _NOBODY else author
    told = _take_biography(body, author)
    image = pictures.best(item.image, body, base)
    html.flatten_tables(body)
    html.absolutize(body, base)
    whole = html.text_of(body)
    return {
        "author": author,
        "author_bio": text.shorten(html.plain(item.author_bio) or box or told, _BIO),
        "summary": _summary(item, body, whole, title),
        "body": html.reduced(body),
        "image": image,
        "words": len(text.words(whole)),
    }


def title_of(title: str, site: str) -> str:
    """Return a headline without markup and without the name of its site at the end."""
    cleaned = html.plain(title)
    names = {site.strip().casefold(), *(part.casefold() for part in re.split(_SEPARATOR, site))}
    cut = re.search(rf"(?:{_SEPARATOR})(?!.*(?:{_SEPARATOR}))(.+)$", cleaned)
    if cut and cut.start() and cut[1].strip().casefold() in names - {""}:
        cleaned = cleaned[: cut.start()]
    return text.truncate(cleaned.strip(), _TITLE)


def categories_of(names: Iterable[str], section: str) -> tuple[str, ...]:
    """Return clean, distinct category names; the feed's section label when there are none."""
    found: dict[str, str] = {}
    for name in names:
        cleaned = html.plain(name)
        usable = cleaned and len(cleaned) <= _CATEGORY and "://" not in cleaned
        if usable and cleaned.casefold() not in _NO_CATEGORY:
            found.setdefault(cleaned.casefold(), cleaned)
    if not found and text.clean(section):
        return (text.clean(section),)
    return tuple(found.values())[:CATEGORIES]


def language_of(tag: str) -> str:
    """Return a language tag such as "en" or "de-AT", "" when it is none."""
    cleaned = tag.strip()
    if not _LANGUAGE.fullmatch(cleaned) or len(cleaned) > 35:
        return ""
    first, *rest = cleaned.replace("_", "-").split("-")
    return "-".join([first.lower(), *(part.upper() if len(part) == 2 else part for part in rest)])


def _base(body: Element, url: str) -> str:
    """Return what relative addresses in a body refer to: its own word, else the article."""
    given = body.get("data-base") or ""
    return given if given and html.absolute("", given) else url


def _moment(found: datetime | None, now: datetime) -> datetime | None:
    known = dates.utc(found) if found else None
    return known if known and known <= now + FUTURE else None


def _summary(item: Item, body: Element, whole: str, title: str) -> str:
    """Return the item's own summary as text, else the first paragraphs of the body."""
    sources = [(body, whole)]
    if item.content and item.summary.strip() and item.summary != item.content:
        given = html.parse(item.summary[:_PROSE])
        furniture.strip(given, title=title, author="")
        sources.insert(0, (given, html.text_of(given)))
    for source, words in sources:
        line = furniture.without_tail(_prose(source, words)[:_PROSE])
        if line and line.casefold() != title.casefold():
            return text.shorten(line, SUMMARY)
    return ""


def _prose(body: Element, whole: str) -> str:
    """Return the paragraphs of a body as one line; all text where they are the lesser part."""
    paragraphs = [
        html.text_of(block)
        for block in html.blocks(body)
        if block.tag in {"p", "div", "blockquote"} and block.get("class") != "wp-caption-text"
    ]
    prose = " ".join(line for line in paragraphs if line)
    return prose if 2 * len(prose) >= len(whole) or len(prose) >= SUMMARY else whole


def _take_byline(body: Element) -> str:
    """Take a first line such as "By Ada Berg" out of a body and return the name, else ""."""
    for block in html.blocks(body)[:_OPENING]:
        name = lines.by(html.text_of(block)) if block.tag in _PLAIN and block is not body else ""
        people = re.split(r",\s*|\s+(?:and|und|et|y|&)\s+", name)
        if name and all(map(lines.is_name, people)):
            html.remove(block)
            return name
    return ""


def _take_biography(body: Element, author: str) -> str:
    """Take a last paragraph such as "Ada Berg is …" out of a body and return it, else "".

    Without a known author it must be in italics.
    """
    told = ((block, html.text_of(block)) for block in reversed(html.blocks(body)))
    closing = list(islice((pair for pair in told if pair[1]), _CLOSING))
    for block, line in closing if len(closing) == _CLOSING else []:
        slanted = _is_slanted(block, line) and lines.subject(line) != ""
        if len(line) <= lines.BIO and (slanted or lines.is_bio(line, author, after_name=False)):
            html.remove(block)
            return line
    return ""


def _is_slanted(block: Element, line: str) -> bool:
    slanted = "".join(html.text_of(part) for part in block.iter("em", "i"))
    return len(slanted) >= 0.9 * len(line)
