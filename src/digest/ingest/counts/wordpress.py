"""Read the JSON of WordPress Popular Posts, saved from /wp-json/wordpress-popular-posts/v1/…"""

from collections.abc import Iterator
from typing import Any

from digest.errors import IngestError
from digest.ingest.counts.base import Count, Kind, Row
from digest.ingest.counts.tables import number_of
from digest.ingest.decode import decode, read_json
from digest.model import Document


def _posts(document: Document) -> list[Any]:
    try:
        found = read_json(decode(document.content, document.content_type))
    except IngestError:
        return []
    return found if isinstance(found, list) else []


def accepts(document: Document) -> bool:
    """Say whether it is a list of posts with `link` and `pageviews`."""
    first = next(iter(_posts(document)), None)
    return isinstance(first, dict) and "link" in first and "pageviews" in first


def parse(document: Document) -> Iterator[Row]:
    """Read the page views of each post."""
    for number, post in enumerate(_posts(document), 1):
        where = f"row {number}"
        link = post.get("link") if isinstance(post, dict) else None
        value = number_of(str(post.get("pageviews"))) if isinstance(post, dict) else None
        if not isinstance(link, str) or value is None:
            yield Row(where, problem=f"{where}: needs a link and a whole number of pageviews")
        else:
            yield Row(where, Count(link, "views", value))


WORDPRESS = Kind("WordPress Popular Posts", accepts, parse)
