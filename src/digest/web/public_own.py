"""A reader's own page, behind a fresh link: what comes, a copy of the data, erasure."""

import json
from collections.abc import Sequence

from starlette.responses import Response
from starlette.routing import BaseRoute

from digest import membership
from digest.membership.managing import Wanted
from digest.membership.people import DENSITIES
from digest.model import SubscriptionState
from digest.web.base import Visit, Web, routes_of


def routes(web: Web) -> Sequence[BaseRoute]:
    """Return the routes."""
    return routes_of(
        web,
        (
            ("GET", "/p/{token}", show),
            ("POST", "/p/{token}", save),
            ("POST", "/p/{token}/export", export),
            ("POST", "/p/{token}/erase", erase),
        ),
    )


def show(visit: Visit) -> Response:
    """Show what the reader gets and can choose."""
    return _own_page(visit, membership.open_link(visit.app, visit.path["token"]))


def save(visit: Visit) -> Response:
    """Write what the reader chose."""
    app, language = visit.app, visit.field("language")
    wanted = {
        slug: Wanted(
            slug in visit.form.get("newsletter", ()),
            _left_out(visit, slug),
            visit.field(f"density-{slug}"),
        )
        for slug in app.settings.newsletters
    }
    spoken = language if language in visit.web.languages else ""
    token = visit.path["token"]
    visited = membership.save_preferences(app, token, wanted, spoken, visit.ip)
    return _own_page(visit, visited, saved=True)


def export(visit: Visit) -> Response:
    """Give the reader everything that is kept of them."""
    visited = membership.open_link(visit.app, visit.path["token"])
    kept = membership.person_shape(visit.app, visited.person.email)
    text = json.dumps(kept, ensure_ascii=False, indent=2)
    headers = {"Content-Disposition": 'attachment; filename="my-data.json"'}
    return Response(text, headers=headers, media_type="application/json")


def erase(visit: Visit) -> Response:
    """Delete what is kept of the reader, when they ticked that they mean it."""
    if not visit.field("sure"):
        return show(visit)
    membership.erase_by_link(visit.app, visit.path["token"])
    say = visit.web.speech().say
    text = say("Nothing is kept about you but a mark that keeps us from writing to you again.")
    return visit.web.message(200, say("Everything is deleted"), text)


def _left_out(visit: Visit, slug: str) -> set[str]:
    """Return the sections that were shown with a tick and came back without one."""
    shown, kept = visit.form.get(f"shown-{slug}", ()), visit.form.get(f"category-{slug}", ())
    return set(shown) - set(kept)


def _own_page(visit: Visit, visited: membership.Visited, *, saved: bool = False) -> Response:
    person, app = visited.person, visit.app
    mine = {each.newsletter: each for each in person.subscriptions}
    choices = []
    for slug, newsletter in app.settings.newsletters.items():
        had = mine.get(slug)
        muted = had.muted if had else ()
        choices.append(
            {
                "slug": slug,
                "title": newsletter.title,
                "on": had is not None and had.state is SubscriptionState.ACTIVE,
                "density": had.density if had else "",
                "categories": [
                    (name, name not in muted) for name in membership.categories_of(app, slug, muted)
                ],
            }
        )
    return visit.web.page(
        "own.html",
        language=person.language,
        masked=visited.masked,
        token=visited.token,
        choices=choices,
        densities=DENSITIES,
        languages=visit.web.languages,
        chosen=person.language,
        saved=saved,
    )
