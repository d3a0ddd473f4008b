"""Pages that a mail leads to: unsubscribe, undo, confirm. Nothing changes on a GET."""

from collections.abc import Sequence
from datetime import date

from fastapi import Response
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, JSONResponse
from starlette.routing import BaseRoute

from digest import membership, pipeline
from digest.audience.tokens import CONFIRM, UNSUBSCRIBE
from digest.text import TOKEN
from digest.web.base import Visit, Web, routes_of

_FOR_EVER = "public, max-age=31536000, immutable"


def routes(web: Web) -> Sequence[BaseRoute]:
    """Return the routes."""
    return routes_of(
        web,
        (
            ("GET", "/u/{token}", ask_unsubscribe),
            ("POST", "/u/{token}", unsubscribe),
            ("GET", "/c/{token}", ask_confirm),
            ("POST", "/c/{token}", confirm),
            ("GET", "/unsubscribe", how_to_leave),
            ("GET", "/editions/{newsletter}/{day}", read),
            ("GET", "/images/{name}", picture),
            ("GET", "/healthz", healthz),
        ),
    )


def ask_unsubscribe(visit: Visit) -> Response:
    """Show one button; scanners that follow links change nothing."""
    subscription = membership.subscription_for(visit.app, UNSUBSCRIBE, visit.path["token"])
    title = membership.title_of(visit.app, subscription)
    return visit.web.page("unsubscribe.html", newsletter=title)


def unsubscribe(visit: Visit) -> Response:
    """End the subscription at once: our button and RFC 8058 one-click alike."""
    origin = "unsubscribe page or one-click"
    subscription = membership.unsubscribe(visit.app, visit.path["token"], origin)
    title = membership.title_of(visit.app, subscription)
    return visit.web.message(200, "You are unsubscribed", f"You no longer get {title}.")


def ask_confirm(visit: Visit) -> Response:
    """Show one button."""
    subscription = membership.subscription_for(visit.app, CONFIRM, visit.path["token"])
    title = membership.title_of(visit.app, subscription)
    return visit.web.page("confirm.html", newsletter=title)


def confirm(visit: Visit) -> Response:
    """Make the subscription active; doing it twice is fine."""
    subscription = membership.confirm(visit.app, visit.path["token"])
    title = membership.title_of(visit.app, subscription)
    return visit.web.message(200, "You are subscribed", f"You will get {title}.")


def read(visit: Visit) -> Response:
    """Show a published edition, without anyone's token."""
    try:
        day = date.fromisoformat(visit.path["day"])
    except ValueError as error:
        raise HTTPException(404) from error
    html = pipeline.published_html(visit.app, visit.path["newsletter"], day)
    return HTMLResponse(html.replace(f"/u/{visit.app.keys.current}{TOKEN}", "/unsubscribe"))


def picture(visit: Visit) -> Response:
    """Show a local copy, whose name says its bytes: it never changes."""
    path, kind = pipeline.image_file(visit.app, visit.path["name"])
    headers = {"Cache-Control": _FOR_EVER, "Cross-Origin-Resource-Policy": "cross-origin"}
    return FileResponse(path, media_type=kind, headers=headers)


def how_to_leave(visit: Visit) -> Response:
    """Say how to leave: this page knows nobody."""
    text = "Every mail has its own link at the end. Open it from the mail you got."
    return visit.web.message(200, "Unsubscribe", text)


def healthz(visit: Visit) -> Response:
    """Say whether the database answers."""
    facts = pipeline.health(visit.app)
    return JSONResponse(facts, 200 if facts["ok"] else 503)
