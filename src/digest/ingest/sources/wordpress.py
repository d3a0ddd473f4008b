"""Read posts as the WordPress REST API (wp/v2) gives them, best with `_embed`."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from digest.errors import IngestError
from digest.ingest import dates, pictures, xml
from digest.ingest.decode import comments, decode, read_json
from digest.ingest.sources.base import Parsed
from digest.model import Document, Image, Item

_START = re.compile(r"\s*[\[{]")
#: Inside a text the quotation marks would be escaped, so these are members.
_POST = re.compile(
    r"(?<!\\)\"(?:title|content|excerpt)\"\s*:\s*\{\s*\"(?:raw|rendered|protected)\""
)
_ENDPOINT = re.compile(r"(?i)/wp/v2/\w|rest_route=(?:/|%2F)wp(?:/|%2F)v2")
_NO_POSTS = frozenset({"attachment", "comment", "nav_menu_item", "revision", "wp_block"})
_SECTION = re.compile(r"(?i)categor|section|topic|rubri")
_WIDE = 1_200  #: pixels: a mail is 600 wide, screens have two for one
_COUNTS = ("comment_count", "comments_count", "comments_number")

Row = Mapping[str, Any]


class WordPress:
    """Posts of the WordPress REST API."""

    name = "wordpress"

    def accepts(self, document: Document) -> bool:
        """Say whether the bytes are JSON with `{"title": {"rendered": …`, or come from wp/v2."""
        text = decode(document.content, document.content_type)
        if not _START.match(text):
            return False
        return bool(_ENDPOINT.search(document.url)) or _POST.search(text) is not None

    def parse(self, document: Document) -> Parsed:
        """Read a list of posts or a single one; what is no post is refused."""
        rows = _rows(read_json(decode(document.content, document.content_type)))
        items: list[Item] = []
        refused: list[str] = []
        for number, row in enumerate(rows if document.path else rows[: xml.ITEMS], 1):
            try:
                items.append(_item(row))
            except IngestError as exc:
                refused.append(f"post {number}: {exc}")
        site = next((_text(_yoast(row), "og_site_name") for row in rows if _yoast(row)), "")
        return Parsed(title=site, items=tuple(items), refused=tuple(refused))


def _rows(found: object) -> list[Any]:
    if isinstance(found, list):
        return found
    if isinstance(found, dict) and isinstance(found.get("message"), str) and "code" in found:
        raise IngestError(f"WordPress refuses: {found['message'][:200]}")
    return [found]


def _item(row: object) -> Item:
    if not isinstance(row, dict):
        raise IngestError("is no object")
    _refuse_what_is_no_article(row)
    author, bio = _author(row)
    return Item(
        title=_rendered(row, "title"),
        url=_text(row, "link"),
        guid=_rendered(row, "guid"),
        author=author,
        author_bio=bio,
        summary=_rendered(row, "excerpt"),
        content=_rendered(row, "content"),
        image=_image(row),
        categories=_categories(row),
        published_at=_moment(row, "date"),
        updated_at=_moment(row, "modified"),
        language=_text(row, "lang"),
        featured=row.get("sticky") is True,
        counts=_counts(row),
    )


def _refuse_what_is_no_article(row: Row) -> None:
    kind, status = _text(row, "type"), _text(row, "status")
    if kind in _NO_POSTS or "comment" in kind:
        raise IngestError(f"is of type {kind}, which is no article")
    if status not in {"", "publish"}:
        raise IngestError(f"is not published (status {status})")
    content = row.get("content")
    if isinstance(content, dict) and content.get("protected") is True:
        raise IngestError("is protected by a password")
    if not _rendered(row, "title").strip():
        raise IngestError("has no title")


def _rendered(row: Row, name: str) -> str:
    value = row.get(name)
    return _text(value, "rendered") if isinstance(value, dict) else _text(row, name)


def _text(row: Row, name: str) -> str:
    value = row.get(name)
    return value if isinstance(value, str) else ""


def _objects(value: object) -> Iterator[Row]:
    """Yield the objects of a list that may hold lists, as `_embedded` does."""
    for part in value if isinstance(value, list) else ():
        if isinstance(part, list):
            yield from (inner for inner in part if isinstance(inner, dict))
        elif isinstance(part, dict):
            yield part


def _embedded(row: Row, name: str) -> list[Row]:
    held = row.get("_embedded")
    return list(_objects(held.get(name))) if isinstance(held, dict) else []


def _yoast(row: object) -> Row:
    """Return what the Yoast plugin tells of a post; many outlets have it."""
    found = row.get("yoast_head_json") if isinstance(row, dict) else None
    return found if isinstance(found, dict) else {}


def _author(row: Row) -> tuple[str, str]:
    """Return the names and, where one person wrote it, the biography."""
    people = [person for person in _embedded(row, "author") if _text(person, "name").strip()]
    names = dict.fromkeys(_text(person, "name").strip() for person in people)
    bio = _text(people[0], "description") if len(names) == 1 else ""
    return ", ".join(names) or _text(_yoast(row), "author"), bio


def _moment(row: Row, name: str) -> datetime | None:
    """Return the moment in UTC, else the site's local one, which does not name its zone."""
    return dates.moment(_text(row, f"{name}_gmt")) or dates.moment(_text(row, name))


def _categories(row: Row) -> tuple[str, ...]:
    """Return the names of categories, then of sections of the site's own kind, then of tags."""
    terms = [(_place(_text(term, "taxonomy")), _text(term, "name")) for term in _terms(row)]
    names = [name for place, name in sorted(terms, key=lambda t: t[0]) if place < 3]
    return tuple(names) or tuple(_sections(_yoast(row)))


def _terms(row: Row) -> list[Row]:
    return _embedded(row, "wp:term") or _embedded(row, "https://api.w.org/term")


def _place(taxonomy: str) -> int:
    if taxonomy == "category":
        return 0
    if _SECTION.search(taxonomy):
        return 1
    return 2 if "tag" in taxonomy else 3


def _sections(yoast: Row) -> Iterator[str]:
    schema = yoast.get("schema")
    for node in _objects(schema.get("@graph")) if isinstance(schema, dict) else ():
        found = node.get("articleSection")
        yield from (name for name in _list(found) if isinstance(name, str))


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _image(row: Row) -> Image | None:
    media = _embedded(row, "wp:featuredmedia") or _embedded(row, "https://api.w.org/featuredmedia")
    for found in media:
        kind = _text(found, "media_type") or "image"
        if kind == "image" and (image := _featured(found)):
            return image
    for found in _objects(_yoast(row).get("og_image")):
        if url := _text(found, "url"):
            return Image(url, width=_size(found, "width"), height=_size(found, "height"))
    url = _text(row, "jetpack_featured_media_url")
    return Image(url) if url else None


def _featured(media: Row) -> Image | None:
    found = media.get("media_details")
    details: Row = found if isinstance(found, dict) else {}
    whole = (_text(media, "source_url"), _size(details, "width"), _size(details, "height"))
    url, width, height = _wide_enough(whole, details)
    caption = _rendered(media, "caption")
    return Image(url, caption, _text(media, "alt_text"), width, height) if url else None


def _wide_enough(whole: tuple[str, int, int], details: Row) -> tuple[str, int, int]:
    """Return the narrowest uncropped size that fills a mail, else the whole picture."""
    _, width, height = whole
    sizes = details.get("sizes")
    fit = [whole]
    for found in sizes.values() if isinstance(sizes, dict) and width and height else ():
        if not isinstance(found, dict) or not _text(found, "source_url"):
            continue
        size = _text(found, "source_url"), _size(found, "width"), _size(found, "height")
        uncropped = abs(size[1] * height - size[2] * width) <= 0.02 * size[1] * height
        if uncropped and size[1] >= _WIDE:
            fit.append(size)
    return min(fit, key=lambda size: size[1])


def _size(row: Row, name: str) -> int:
    value = row.get(name)
    return pictures.size(str(value)) if isinstance(value, int | str) else 0


def _counts(row: Row) -> dict[str, int]:
    """Return the comments: a count where the site offers one, else those that came along."""
    replies = _embedded(row, "replies")
    return comments(*map(row.get, _COUNTS), len(replies) or None)
