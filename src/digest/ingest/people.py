"""Take the byline and the author's biography out of the text of an article."""

import re
from itertools import islice

from digest.ingest import html, lines
from digest.ingest.html import Element

_OPENING = 3  #: blocks in which a byline may stand
_CLOSING = 3  #: blocks in which a biography may stand; a shorter text has none
_PLAIN = frozenset({"p", "div", "h4", "h5", "h6"})


def take_byline(body: Element) -> str:
    """Take a first line such as "By Ada Berg" out of a body and return the name, else ""."""
    for block in html.blocks(body)[:_OPENING]:
        name = lines.by(html.text_of(block)) if block.tag in _PLAIN and block is not body else ""
        people = re.split(r",\s*|\s+(?:and|und|et|y|&)\s+", name)
        if name and all(map(lines.is_name, people)):
            html.remove(block)
            return name
    return ""


def take_biography(body: Element, author: str) -> str:
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
