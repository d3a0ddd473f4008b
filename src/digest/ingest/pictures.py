"""Choose the picture of an article: what the feed names, else the first real one in the body."""

import re
from dataclasses import replace
from itertools import islice

from digest import text
from digest.ingest import html
from digest.ingest.html import Element
from digest.model import Image

SMALLEST = 300  #: pixels across; smaller ones are icons
GOOD = 600  #: pixels across; enough for the width of a mail
CREDIT = "Photo: "  #: opens a caption that names the photographer and no more

_NOT_A_PICTURE = re.compile(
    r"(?i)gravatar\.com|/avatars?[/.\-_]|\bavatar\b|(?:^|[/_\-.])logos?(?:[/_\-.\d]|$)|emoji|s\.w\.org/"
    r"|(?:^|[/_\-.])(?:pixel|spacer|blank|tracking|tracker|beacon|icon|favicon|sprite|button|badge)s?"
    r"(?:[/_\-.\d]|$)|feedburner\.com/~|feedsportal\.com|doubleclick|/share-|stats\.wordpress\.com"
    r"|pixel\.wp\.com|b\.gif(?:$|\?)|\.svg(?:$|\?)"
)
_SIZE_IN_NAME = re.compile(r"[-_](\d{2,4})x(\d{2,4})\.\w{3,4}(?:$|\?)")
_CAPTION = 400
_MOST = 200  #: pictures looked at
_ALT = 300


def best(given: Image | None, body: Element, base: str) -> Image | None:
    """Return the feed's own picture when it is fit to show, else the best of the body.

    A small one of the feed gives way to a wide one of the body.
    """
    inside = [
        image for image in (_image(node, base) for node in islice(body.iter("img"), _MOST)) if image
    ]
    fit = [image for image in inside if is_fit(image)]
    wide = [image for image in fit if image.width >= GOOD]
    cleaned = _cleaned(given, base) if given is not None else None
    if cleaned and is_fit(cleaned) and not (wide and 0 < cleaned.width < GOOD):
        return _completed(cleaned, inside)
    open_size = [image for image in fit if not image.width]
    return next(iter(wide or open_size or fit), None)


def is_fit(image: Image) -> bool:
    """Say whether a picture may stand for an article: no logo, avatar, pixel or icon."""
    small = 0 < image.width < SMALLEST or 0 < image.height < SMALLEST // 2
    return not small and not _NOT_A_PICTURE.search(image.url)


def size(value: str | None) -> int:
    """Return pixels as an attribute or field gives them, 0 when it does not."""
    found = re.fullmatch(r"\s*(\d{1,5})(?:\.\d+)?\s*(?:px)?\s*", value or "")
    return int(found[1]) if found else 0


def _cleaned(image: Image, base: str) -> Image | None:
    url = html.absolute(base, image.url)
    if not url:
        return None
    caption = text.truncate(html.plain(image.caption), _CAPTION)
    alt = text.truncate(html.plain(image.alt), _ALT)
    return _measured(Image(url, caption, alt, max(image.width, 0), max(image.height, 0)))


def _image(node: Element, base: str) -> Image | None:
    url = next((found for found in (html.absolute(base, s) for s in _addresses(node)) if found), "")
    if not url:
        return None
    alt = text.truncate(text.clean(node.get("alt") or ""), _ALT)
    width, height = size(node.get("width")), size(node.get("height"))
    return _measured(Image(url, _caption(node), alt, width, height))


def _addresses(node: Element) -> list[str]:
    """Return where a picture may be: lazy loaders keep the real address beside a placeholder."""
    lazy = [node.get(name) or "" for name in ("data-src", "data-lazy-src", "data-original")]
    widest = _widest(node.get("srcset") or node.get("data-srcset") or "")
    given = [value for value in (*lazy, node.get("src") or "", widest) if value.strip()]
    return [value for value in given if not value.strip().lower().startswith("data:")]


def _widest(srcset: str) -> str:
    found = re.findall(r"(\S+)\s+(\d{1,5})w", srcset[:8_192])
    return str(max(found, key=lambda pair: int(pair[1]))[0]) if found else ""


def _measured(image: Image) -> Image:
    """Add the size that WordPress and others write into the file name."""
    found = _SIZE_IN_NAME.search(image.url)
    if image.width or not found:
        return image
    return replace(image, width=int(found[1]), height=int(found[2]))


def _caption(node: Element) -> str:
    for up in node.iterancestors("figure", "div"):
        if up.tag == "figure" or "wp-caption" in (up.get("class") or ""):
            for below in up.iter("figcaption", "p"):
                if below.tag == "figcaption" or "caption" in (below.get("class") or ""):
                    return text.truncate(html.text_of(below), _CAPTION)
            return ""
    return ""


def _completed(image: Image, inside: list[Image]) -> Image:
    """Add the caption and alt text the body gives the same picture; keep a credit."""
    for other in inside:
        if _stem(other.url) == _stem(image.url):
            caption = image.caption or other.caption
            if image.caption.startswith(CREDIT) and other.caption:
                caption = f"{other.caption} ({image.caption.removeprefix(CREDIT)})"
            return replace(image, caption=caption, alt=other.alt or image.alt)
    return image


def _stem(url: str) -> str:
    """Return what two sizes of one picture have in common."""
    path = url.partition("?")[0].partition("://")[2]
    return re.sub(r"[-_]\d{2,4}x\d{2,4}(?=\.\w+$)|-scaled(?=\.\w+$)", "", path).casefold()
