"""Read the JSON-LD of a page: the object of its article, also where the JSON is broken."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from digest.errors import IngestError
from digest.ingest.decode import read_json
from digest.ingest.html import Element

Node = Mapping[str, Any]

_ARTICLE = re.compile(
    r"(?:News|Blog|Report|Opinion|Analysis|Review|Satirical|Scholarly|Background|AskPublic|Social"
    r"|Media|Live|Tech)*(?:Article|Posting|BlogPost|LiveBlogPosting|Report|Review)(?:NewsArticle)?"
)
#: What programs write around the JSON, besides slashes, stars and semicolons.
_WRAPPERS = ("<![CDATA[", "]]>", "<!--", "-->")
#: Fields that are worth reading out of broken JSON.
_FIELD = re.compile(
    r'"(headline|datePublished|dateModified|description|articleSection)"\s*:\s*("(?:[^"\\]|\\.){1,600}")'
)
_AUTHOR = re.compile(
    r'"author"\s*:[^"]{0,20}(?:"@type"\s*:\s*"\w+"\s*,\s*)?"name"\s*:\s*("[^"\\]{1,120}")'
)
_MAX_JSON = 1_000_000
_MAX_NODES = 500


def article(root: Element) -> Node:
    """Return the first article among the objects of the page's JSON-LD, else an empty one."""
    scripts = [script for script in root.iter("script") if _is_linked(script)]
    texts = [_unwrapped(script.text or "") for script in scripts]
    return next((node for text in texts for node in _nodes(text) if _is_article(node)), {})


def _is_linked(script: Element) -> bool:
    kind = (script.get("type") or "").lower()
    return "ld+json" in kind and len(script.text or "") <= _MAX_JSON


def _unwrapped(text: str) -> str:
    for mark in _WRAPPERS:
        text = text.replace(mark, " ")
    return text.strip("/*; \t\r\n")


def _nodes(text: str) -> Iterator[Node]:
    """Yield the objects of one script, those inside @graph and lists as well."""
    try:
        stack = [read_json(re.sub(r"[\x00-\x1f]", " ", text))]
    except IngestError:
        stack = [_salvaged(text)]
    for _ in range(_MAX_NODES):
        if not stack:
            break
        node = stack.pop(0)
        if isinstance(node, list):
            stack[:0] = node
        elif isinstance(node, dict):
            yield node
            stack += [node.get("@graph"), node.get("mainEntity")]


def _salvaged(text: str) -> dict[str, Any]:
    """Return the plain fields of an article whose JSON is broken."""
    kind = re.search(r'"@type"\s*:\s*"(\w{1,40})"', text)
    found: dict[str, Any] = {"@type": kind[1] if kind else ""}
    for field in [*_FIELD.finditer(text)][:20]:
        try:
            found.setdefault(field[1], json.loads(field[2], strict=False))
        except ValueError:
            continue
    author = _AUTHOR.search(text)
    return found | ({"author": author[1].strip('"')} if author else {})


def _is_article(node: Node) -> bool:
    kinds = node.get("@type")
    names = kinds if isinstance(kinds, list) else [kinds]
    return any(isinstance(name, str) and _ARTICLE.fullmatch(name) for name in names)
