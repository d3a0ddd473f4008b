"""Forms anyone can send: subscribe, and ask for a link to one's own page.

The same is done and said for every address; what there is to say comes by mail (T13, T14).
"""

from collections.abc import Sequence
from typing import Any

from starlette.responses import Response
from starlette.routing import BaseRoute

from digest import membership
from digest.errors import InvalidAddress, NotFound
from digest.web.base import Visit, Web, afterwards, routes_of
from digest.web.limits import is_ripe, mark_again, new_mark


def routes(web: Web) -> Sequence[BaseRoute]:
    """Return the routes."""
    return routes_of(
        web,
        (
            ("GET", "/subscribe", show_subscribe),
            ("GET", "/subscribe/{newsletter}", show_subscribe),
            ("POST", "/subscribe", subscribe),
            ("GET", "/manage", show_manage),
            ("POST", "/manage", manage),
        ),
    )


def show_subscribe(visit: Visit) -> Response:
    """Show the form, for one newsletter or to choose from all."""
    chosen = visit.path.get("newsletter", "")
    if chosen:
        visit.app.newsletter(chosen)
    return _subscribe_page(visit, new_mark(visit.app), chosen)


def subscribe(visit: Visit) -> Response:
    """Take the form; one from another site is shown again on our own page."""
    every = visit.app.settings.newsletters
    slug = visit.field("newsletter") or (next(iter(every)) if len(every) == 1 else "")
    if slug and slug not in every:
        raise NotFound
    if not slug or not is_ripe(visit.app, visit.field("mark")):
        return _subscribe_page(visit, mark_again(visit.app, visit.field("mark")), slug)
    words = f"{_terms(visit)} ({every[slug].title})"
    problem = _keep(visit, slug, words)
    if problem:
        return _subscribe_page(visit, mark_again(visit.app, visit.field("mark")), slug, problem)
    return _look_into_mailbox(visit)


def show_manage(visit: Visit) -> Response:
    """Show the form."""
    return _manage_page(visit, new_mark(visit.app))


def manage(visit: Visit) -> Response:
    """Send a link to the reader's own page, if it is a reader's address."""
    if not is_ripe(visit.app, visit.field("mark")):
        return _manage_page(visit, mark_again(visit.app, visit.field("mark")))
    problem = _keep(visit, "", "")
    if problem:
        return _manage_page(visit, mark_again(visit.app, visit.field("mark")), problem)
    return _look_into_mailbox(visit)


def _keep(visit: Visit, newsletter: str, words: str) -> str:
    """Keep the wish; return what is wrong with the address, whoever's it is."""
    if visit.field("website"):  # people do not see this field, programs fill it in
        return ""
    say, mark = visit.web.speech().say, visit.field("mark")
    given = {"form": mark, "ip": visit.ip, "words": words}
    try:
        kept = membership.keep_ask(visit.app, visit.field("email").strip(), newsletter, **given)
    except InvalidAddress:
        return say("This is not an e-mail address we can write to.")
    return "" if kept else say("That was too often. Try again in an hour.")


def _look_into_mailbox(visit: Visit) -> Response:
    say = visit.web.speech().say
    text = say(
        "If we can write to this address, a mail is on its way: what counts stands there. "
        "We write at most three times a day."
    )
    page = visit.web.message(200, say("Look into your mailbox"), text)
    return afterwards(page, lambda: membership.answer_asks(visit.app))


def _terms(visit: Visit) -> str:
    say = visit.web.speech().say
    return say("You get a mail with a button first. You can leave at any time.")


def _subscribe_page(visit: Visit, mark: str, chosen: str, problem: str = "") -> Response:
    every = visit.app.settings.newsletters
    return visit.web.page(
        "subscribe.html",
        _status(visit, problem),
        newsletters={slug: every[slug].title for slug in every if chosen in ("", slug)},
        busy=membership.is_busy(visit.app),
        terms=_terms(visit),
        **_typed(visit, mark, problem),
    )


def _manage_page(visit: Visit, mark: str, problem: str = "") -> Response:
    return visit.web.page("manage.html", _status(visit, problem), **_typed(visit, mark, problem))


def _status(visit: Visit, problem: str) -> int:
    too_often = visit.web.speech().say("That was too often. Try again in an hour.")
    return 429 if problem == too_often else 422 if problem else 200


def _typed(visit: Visit, mark: str, problem: str) -> dict[str, Any]:
    again = visit.request.method == "POST" and not problem
    return {"mark": mark, "email": visit.field("email")[:254], "problem": problem, "again": again}
