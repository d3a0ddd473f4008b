"""Read Markdown files with front matter as Hugo, Jekyll, Eleventy and Zola write them."""

import re
import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import PurePath
from typing import Any

from digest.errors import IngestError
from digest.ingest import dates
from digest.ingest.addresses import is_web, slug
from digest.ingest.decode import comments, decode
from digest.ingest.sources.base import Parsed
from digest.model import Document, Image, Item

_FRONT = re.compile(r"\s*(---|\+\+\+)[ \t]*\r?\n(.*?)^\1[ \t]*$(?:\r?\n)?(.*)", re.S | re.M)
_OPENING = re.compile(r"\s*(?:---|\+\+\+)[ \t]*\r?\n")
_KEY = re.compile(r"(?m)^\s*[\"']?[A-Za-z_][\w.-]*[\"']?\s*[:=]")
_HEADING = re.compile(r"(?m)\A\s*#\s+(.+?)\s*#*\s*$")
_ENDINGS = (".md", ".markdown", ".mdown")
_DATED = re.compile(r"(\d{4}-\d{2}-\d{2})-(.+)")
_PICTURES = (
    *("image", "cover", "featured_image", "featuredImage", "feature_image", "thumbnail", "images"),
)
_MAX_FRONT = 50_000  #: characters
_NESTING = re.compile(r"[\[{]|[-?] (?=[-?] )")
_MAX_NESTING = 500
_MAX_BODY = 200_000  #: characters; tables cost 600 bytes each

Front = Mapping[str, Any]


class Markdown:
    """Markdown with front matter."""

    name = "markdown"

    def accepts(self, document: Document) -> bool:
        """Say whether the text opens with front matter, or the file's name says Markdown."""
        if document.path.lower().endswith(_ENDINGS):
            return b"\0" not in document.content[:1_024]
        found = _FRONT.match(decode(document.content, document.content_type))
        return found is not None and _KEY.search(found[2]) is not None

    def parse(self, document: Document) -> Parsed:
        """Read the one article of a file; a draft is refused."""
        front, body = _parts(decode(document.content, document.content_type))
        if _is_draft(front):
            return Parsed(refused=("draft",))
        stem = PurePath(document.path or document.url).stem
        title = _text(front, "title") or _heading(body) or ""
        return Parsed(items=(_item(front, _without_heading(body, title), title, stem),))


def _parts(text: str) -> tuple[Front, str]:
    """Return front matter and body; IngestError when the front matter cannot be read."""
    found = _FRONT.match(text)
    if not found:
        if _OPENING.match(text) and _KEY.search(text[:500]):
            raise IngestError("has front matter that does not end")
        return {}, text
    if len(found[2]) > _MAX_FRONT or len(_NESTING.findall(found[2])) > _MAX_NESTING:
        raise IngestError("has front matter too large or too deeply nested")
    front = _yaml(found[2]) if found[1] == "---" else _toml(found[2])
    if not isinstance(front, dict):
        raise IngestError("has front matter that is no list of keys and values")
    return front, found[3]


def _yaml(text: str) -> object:
    """Read YAML without aliases: a few lines of them can stand for gigabytes."""
    import yaml

    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader)):
            raise IngestError("has YAML aliases in its front matter, which are not read")
        return yaml.safe_load(text) or {}
    except (yaml.YAMLError, ValueError, RecursionError, TypeError) as exc:
        raise IngestError(f"has front matter that is not valid YAML: {_first_line(exc)}") from exc


def _toml(text: str) -> object:
    try:
        return tomllib.loads(text.replace("\r\n", "\n"))
    except (ValueError, RecursionError) as exc:
        raise IngestError(f"has front matter that is not valid TOML: {_first_line(exc)}") from exc


def _first_line(exc: Exception) -> str:
    return " ".join(str(exc).split())[:160]


def _is_draft(front: Front) -> bool:
    return front.get("draft") in (True, "true") or front.get("published") in (False, "false")


def _item(front: Front, body: str, title: str, stem: str) -> Item:
    dated = _DATED.fullmatch(stem)
    published = _moment(front, "date", "publishDate", "published", "created")
    return Item(
        title=title,
        url=_address(front, dated[2] if dated else stem, title),
        author=_people(front),
        author_bio=_text(front, "author_bio"),
        summary=_text(front, "description", "summary", "excerpt"),
        content=_html(body),
        image=_image(front),
        categories=_categories(front),
        published_at=published or (dates.moment(dated[1]) if dated else None),
        updated_at=_moment(front, "lastmod", "updated", "last_modified_at", "modified"),
        language=_text(front, "language", "lang", "locale"),
        featured=front.get("featured") is True,
        sponsored=front.get("sponsored") is True,
        counts=comments(front.get("comments")),
    )


def _address(front: Front, stem: str, title: str) -> str:
    """Return what the file says of its address: whole, a path or a last part."""
    for name in ("canonical_url", "canonicalURL", "canonical", "url", "permalink", "path", "link"):
        found = _text(front, name)
        if found and not re.search(r"[{}:]", found.removeprefix("https:").removeprefix("http:")):
            return found if is_web(found) else found.lstrip("/")
    return _text(front, "slug") or ("" if stem in {"index", "_index"} else stem) or slug(title)


def _text(front: Front, *names: str) -> str:
    for name in names:
        value = front.get(name)
        if isinstance(value, str) and value.strip():
            return value
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**30:
            return str(value)
    return ""


def _moment(front: Front, *names: str) -> datetime | None:
    for name in names:
        value = front.get(name)
        if isinstance(value, date):
            return dates.utc(value)
        if isinstance(value, str) and (found := dates.moment(value)):
            return found
    return None


def _people(front: Front) -> str:
    names: list[str] = []
    for value in (
        front.get("authors"),
        front.get("author"),
        _table(front, "taxonomies").get("authors"),
    ):
        names += _names(value)
    return ", ".join(dict.fromkeys(names))


def _categories(front: Front) -> tuple[str, ...]:
    tables = (front, _table(front, "taxonomies"))
    values = [t.get(name) for name in ("categories", "category", "section", "tags") for t in tables]
    return tuple(name for value in values for name in _names(value))


def _names(value: object) -> list[str]:
    """Return the names in a text, a list of texts, or a list of tables with `name`."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    if isinstance(value, dict):
        return _names(value.get("name"))
    if isinstance(value, list):
        return [name for part in value[:50] if not isinstance(part, list) for name in _names(part)]
    return []


def _table(front: Front, name: str) -> Front:
    value = front.get(name)
    return value if isinstance(value, dict) else {}


def _image(front: Front) -> Image | None:
    caption = _text(front, "image_caption", "caption", "cover_caption")
    alt = _text(front, "image_alt", "alt", "cover_alt")
    for name in _PICTURES:
        value = front.get(name)
        value = value[0] if isinstance(value, list) and value else value
        if isinstance(value, dict):
            caption, alt = _text(value, "caption") or caption, _text(value, "alt") or alt
            value = _text(value, "url", "src", "image", "path", "feature")
        if isinstance(value, str) and value.strip():
            return Image(value, caption=caption, alt=alt)
    return None


def _heading(body: str) -> str:
    found = _HEADING.match(body)
    return found[1] if found else ""


def _without_heading(body: str, title: str) -> str:
    return _HEADING.sub("", body, count=1) if _heading(body) == title else body


def _html(body: str) -> str:
    """Render CommonMark with tables; raw HTML stays and is cleaned with everything else."""
    from markdown_it import MarkdownIt

    return str(
        MarkdownIt("commonmark", {"maxNesting": 20}).enable("table").render(body[:_MAX_BODY])
    )
