"""Find the address an item can be linked at."""

import re
import unicodedata
from urllib.parse import urljoin

from digest import text
from digest.model import Item

_LONGEST = 2_000  #: characters; longer ones break in mail programs
_SLUG = 80
_WEB = re.compile(r"(?i)\s*https?://")
_NEXT_TO_SLUG = re.compile(r"[^\w]+")


def slug(title: str) -> str:
    """Return `title` as the last part of an address: lower case, hyphens, accents off."""
    letters = unicodedata.normalize("NFKD", title.casefold())
    bare = "".join(char for char in letters if not unicodedata.combining(char))
    words = _NEXT_TO_SLUG.sub("-", re.sub(r"['’]", "", bare)).strip("-_")
    return (
        words[:_SLUG].rpartition("-")[0] if len(words) > _SLUG and "-" in words else words[:_SLUG]
    )


def is_web(url: str) -> bool:
    """Say whether `url` is an http(s) address."""
    return _WEB.match(url) is not None and bool(text.link_url(url))


def address_of(item: Item, document_url: str, site_url: str) -> str:
    """Return the item's address to link to, "" when there is none.

    Its own, completed from the document's address or else the publication's; or its guid.
    """
    site = site_url.rstrip("/") + "/" if site_url else ""
    base = document_url if _WEB.match(document_url) else site
    for candidate in (item.url, item.guid if _WEB.match(item.guid) else ""):
        found = _joined(base, candidate.strip()) if candidate.strip() else ""
        if found and len(found) <= _LONGEST:
            return found
    return ""


def _joined(base: str, url: str) -> str:
    if found := text.link_url(url) if _WEB.match(url) else "":
        return found
    try:
        return text.link_url(urljoin(base, url))
    except ValueError:
        return ""
