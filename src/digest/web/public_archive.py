"""The archive: editions that have gone out, by permanent links, and feeds of them."""

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute

from digest import pipeline
from digest.model import Edition
from digest.shapes import moment
from digest.web.base import Visit, Web, cached, routes_of
from digest.web.frame import CSP

_FOR_EVER = "public, max-age=31536000, immutable"
_FRESH = 60  #: seconds a list or a feed may be kept
#: A mail brings its style with it and shows pictures from the outlet; it still runs nothing.
_MAIL_CSP = CSP.replace("style-src 'self'", "style-src 'unsafe-inline'").replace(
    "img-src 'self'", "img-src 'self' https: http:"
)


def routes(web: Web) -> Sequence[BaseRoute]:
    """Return the routes."""
    return routes_of(
        web,
        (
            ("GET", "/", archive),
            ("GET", "/editions", archive),
            ("GET", "/editions/{newsletter}", archive),
            ("GET", "/editions/{newsletter}/feed.atom", atom),
            ("GET", "/editions/{newsletter}/feed.json", json_feed),
            ("GET", "/editions/{newsletter}/{day}", read),
            ("GET", "/images/{name}", picture),
            ("GET", "/robots.txt", robots),
        ),
    )


def archive(visit: Visit) -> Response:
    """List the editions, of one newsletter or of all."""
    slug = visit.path.get("newsletter", "")
    found = pipeline.published_editions(visit.app, slug)
    every = visit.app.settings.newsletters
    title = every[slug].title if slug else visit.web.speech().say("Past editions")
    feeds = [slug] if slug else list(every)

    def make() -> bytes:
        shown = [_shown(visit, each.id) for each in found]
        titles = {name: newsletter.title for name, newsletter in every.items()}
        page = visit.web.page(
            "archive.html", title=title, editions=shown, titles=titles, feeds=feeds, slug=slug
        )
        return bytes(page.body)

    body = visit.web.kept(("list", slug, tuple(found)), make)
    return cached(visit, body, "text/html; charset=utf-8", _FRESH, **_robots(visit))


def read(visit: Visit) -> Response:
    """Show a published edition, without anyone's token."""
    try:
        day = date.fromisoformat(visit.path["day"])
    except ValueError as error:
        raise HTTPException(404) from error
    found = pipeline.published_on(visit.app, visit.path["newsletter"], day)
    html = visit.web.kept(found, lambda: pipeline.published_html(visit.app, found.id).encode())
    headers = {"Content-Security-Policy": _MAIL_CSP} | _robots(visit)
    return cached(visit, html, "text/html; charset=utf-8", _FRESH, **headers)


def atom(visit: Visit) -> Response:
    """Give the editions as Atom (RFC 4287)."""
    slug, found = _feed(visit)

    def make() -> str:
        entries = [_shown(visit, each.id) for each in found]
        values: dict[str, Any] = {
            "title": visit.app.newsletter(slug).title,
            "slug": slug,
            "editions": entries,
        }
        base = visit.app.settings.web.base_url
        page = visit.web.page("feed.atom", base=base, **values)
        return bytes(page.body).decode()

    body = visit.web.kept(("atom", slug, found), make)
    return cached(visit, body, "application/atom+xml", _FRESH, **_robots(visit))


def json_feed(visit: Visit) -> Response:
    """Give the editions as JSON Feed 1.1."""
    slug, found = _feed(visit)
    base = visit.app.settings.web.base_url

    def make() -> str:
        feed = {
            "version": "https://jsonfeed.org/version/1.1",
            "title": visit.app.newsletter(slug).title,
            "home_page_url": f"{base}/editions/{slug}",
            "feed_url": f"{base}/editions/{slug}/feed.json",
            "language": visit.app.settings.publication.language,
            "items": [_item(base, _shown(visit, each.id)) for each in found],
        }
        return json.dumps(feed, ensure_ascii=False, indent=1)

    body = visit.web.kept(("json", slug, found), make)
    return cached(visit, body, "application/feed+json", _FRESH, **_robots(visit))


def picture(visit: Visit) -> Response:
    """Show a local copy, whose name says its bytes: it never changes."""
    path, kind = pipeline.image_file(visit.app, visit.path["name"])
    headers = {"Cache-Control": _FOR_EVER, "Cross-Origin-Resource-Policy": "cross-origin"}
    return FileResponse(path, media_type=kind, headers=headers)


def robots(visit: Visit) -> Response:
    """Say what search engines may read."""
    allowed = "Allow: /editions\n" if _may_index(visit) else ""
    return cached(visit, f"User-agent: *\n{allowed}Disallow: /\n", "text/plain", _FRESH)


def _feed(visit: Visit) -> tuple[str, tuple[Any, ...]]:
    slug = visit.path["newsletter"]
    return slug, tuple(pipeline.published_editions(visit.app, slug, limit=20))


def _shown(visit: Visit, edition_id: int) -> dict[str, Any]:
    """Return an edition as lists and feeds show it."""
    made: Edition = pipeline.published_edition(visit.app, edition_id)
    spoken = visit.web.speech()
    return {
        "newsletter": made.newsletter,
        "path": f"/editions/{made.newsletter}/{made.slot_on.isoformat()}",
        "subject": made.subject,
        "stand_first": made.stand_first,
        "day": spoken.day(made.slot_on),
        "on": made.slot_on.isoformat(),
        "at": moment(made.slot_at),
        "stories": [(placed.lead.url, placed.lead.title) for placed in made.stories],
    }


def _item(base: str, shown: dict[str, Any]) -> dict[str, Any]:
    url = base + shown["path"]
    text = "\n".join(title for _, title in shown["stories"])
    about = {"id": url, "url": url, "title": shown["subject"], "date_published": shown["at"]}
    return about | {"summary": shown["stand_first"], "content_text": text}


def _may_index(visit: Visit) -> bool:
    return visit.app.settings.web.robots == "index"


def _robots(visit: Visit) -> dict[str, str]:
    return {"X-Robots-Tag": "all" if _may_index(visit) else "noindex"}
