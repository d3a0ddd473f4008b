"""Take what is no article out of a page's tree, told by the names its elements carry."""

import re

from digest.ingest import html
from digest.ingest.html import Element

#: Names outlets give what stands around and between the paragraphs, as whole words of a class or id.
_NAMES = re.compile(
    r"(?i)(?:^|[\s_-])(?:"
    r"(?:img|image|photo|picture|media|figure|gallery|wp|video)?[_-]?(?:caption|credits?)(?:[_-]?text)?"
    r"|newsletter(?:s|[_-]?\w+)?|sign[_-]?up|subscri(?:be|ption)\w*"
    r"|related(?:[_-]?\w+)?|recirc\w*|read[_-]?(?:more|also|next)|also[_-]?read"
    r"|more[_-]?(?:stories|articles|news|from|in|on|posts)|(?:most|top)[_-]?(?:read|popular|stories)"
    r"|recommend(?:ed|ations?)|trending|outbrain|taboola|promo(?:s|tion)?|sponsor(?:ed|s)?|advert\w*"
    r"|share(?:[_-]?\w+)?|sharing|social(?:[_-]?\w+)?|addthis\w*|sharedaddy|comments?"
    r"|breadcrumbs?|de[ck]k?|stand[_-]?first|(?:article[_-]?)?sub[_-]?(?:headline|title|heading|head|line)"
    r"|copyright|reprints?|print[_-]?(?:only|header|footer)"
    r")(?=$|[\s_-])"
)
_KEPT = frozenset({"html", "body", "main", "article", "head", "script", "meta", "link", "title"})
_MOST = 0.25  #: share of the page's paragraphs that clutter can hold; more is the article itself


def prune(root: Element) -> None:
    """Take captions, share rows, teasers, sign-ups and stand-firsts out of a page."""
    for quote in root.iter("blockquote"):
        quote.attrib.pop("class", None)
    whole = _prose(root)
    for element in list(root.iter()):
        if _is_clutter(element) and _prose(element) <= _MOST * whole:
            html.remove(element)


def _is_clutter(element: Element) -> bool:
    if not isinstance(element.tag, str) or element.tag in _KEPT:
        return False
    if element.tag in {"figcaption", "h1"}:
        return True
    if element.tag == "header" and next(element.iter("h1"), None) is not None:
        return True
    return any(_NAMES.search(element.get(name) or "") for name in ("class", "id"))


def _prose(element: Element) -> int:
    """Count the characters of the paragraphs below an element."""
    return sum(len("".join(p.itertext())) for p in element.iter("p"))
