"""Decide what to ask a WordPress site next; pure."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

PAGES = 5
ITEMS = 500
#: A post may be dated a little before it can be seen, and clocks differ.
MARGIN = timedelta(hours=1)

_PER_PAGE = 100  #: the most WordPress gives
_EMBED = "author,wp:featuredmedia,wp:term,replies"
_POPULAR = "/wordpress-popular-posts/v1/popular-posts"
_LIST = re.compile(r"/wp/v2/[\w-]+/?$")
#: What is asked anew each time and is no part of the feed's address.
_PASSING = frozenset({"page", "offset", "modified_after", "after", "orderby", "order"})


def is_posts(url: str) -> bool:
    """Say whether an address is a list of posts of the WordPress REST API."""
    parts = urlsplit(url)
    route = dict(parse_qsl(parts.query)).get("rest_route", parts.path)
    return _LIST.search(route) is not None


def posts_of(root: str, **filters: str) -> str:
    """Return the address of the posts under an API's root, such as `https://site/wp-json/`."""
    url = root.rstrip("/") + "/wp/v2/posts"
    return _with(url, **filters, per_page=str(_PER_PAGE), _embed=_EMBED)


def first(url: str, since: datetime | None) -> str:
    """Return what to ask first: all posts, newest first, or those changed since a moment."""
    query = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    missing = {"per_page": str(_PER_PAGE), "_embed": _EMBED}
    asked = bare(_with(url, **{name: v for name, v in missing.items() if name not in query}))
    if since is None:
        return asked
    return _with(asked, modified_after=_moment(since - MARGIN), orderby="modified")


def published(url: str, since: datetime) -> str:
    """Return what to ask for all posts published since a moment: their counts change unseen."""
    return _with(first(url, None), after=_moment(since))


def popular(url: str) -> str:
    """Return where the site of these posts tells the views WordPress Popular Posts counted."""
    parts = urlsplit(bare(url))
    route = dict(parse_qsl(parts.query)).get("rest_route", "")
    path, query = parts.path if route else _LIST.sub(_POPULAR, parts.path), ""
    if route:
        query = _encoded([("rest_route", _LIST.sub(_POPULAR, route))])
    whole = parts._replace(path=path, query=query).geturl()
    return _with(whole, range="last7days", limit=str(_PER_PAGE))


def following(
    asked: str,
    page: int,
    *,
    given: int,
    offered: int,
    since: datetime | None = None,
    oldest: datetime | None = None,
) -> str:
    """Return what to ask after `page`, "" when that was enough.

    `given` posts came, of `offered` pages (0: not said); `oldest` is when the first of them was
    changed: a site that does not know `modified_after` sends everything.
    """
    size = dict(parse_qsl(urlsplit(asked).query)).get("per_page", "")
    per_page = int(size) if size.isascii() and size.isdecimal() and len(size) < 4 else 10
    ended = page >= offered if offered else given < per_page
    early = since is not None and oldest is not None and oldest < since - MARGIN
    if ended or early or not given or page >= PAGES or page * per_page >= ITEMS:
        return ""
    return _with(asked, page=str(page + 1))


def bare(url: str) -> str:
    """Return an address without what is asked anew each time."""
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    kept = [(name, value) for name, value in pairs if name not in _PASSING]
    return parts._replace(query=_encoded(kept)).geturl()


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _with(url: str, **values: str) -> str:
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    kept = [(name, value) for name, value in pairs if name not in values]
    return parts._replace(query=_encoded([*kept, *values.items()])).geturl()


def _encoded(pairs: list[tuple[str, str]]) -> str:
    return urlencode(pairs, safe=":,/")
