"""The page where one draft is approved, behind a signed link: a GET shows it, a POST approves."""

from collections.abc import Sequence

from starlette.responses import Response
from starlette.routing import BaseRoute

from digest import pipeline
from digest.errors import DigestError, InvalidToken
from digest.web.base import Handler, Visit, Web, routes_of
from digest.web.frame import CSP

#: What stands in the frame is styled as a mail is, and so lies under this page's policy.
_CSP = CSP.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'").replace(
    "img-src 'self'", "img-src 'self' https: http: data:"
)


def routes(web: Web) -> Sequence[BaseRoute]:
    """Return the routes."""
    table = (("GET", "/a/{token}", _told(show)), ("POST", "/a/{token}", _told(approve)))
    return routes_of(web, table)


def _told(act: Handler) -> Handler:
    """Say what is wrong in its own words: whoever has the link is one of us."""

    def answer(visit: Visit) -> Response:
        try:
            return act(visit)
        except DigestError as error:
            status = 404 if isinstance(error, InvalidToken) else 409
            return visit.web.message(status, "Not approved", str(error))

    return answer


def show(visit: Visit) -> Response:
    """Show the proof with its findings and its hash, and one button."""
    looked = pipeline.proof(visit.app, pipeline.to_approve(visit.app, visit.path["token"]))
    html, found = pipeline.shown_html(visit.app, looked), pipeline.found_lines(looked)
    page = visit.web.page(
        "approval.html", edition=looked.edition, looked=looked, html=html, found=found
    )
    page.headers["Content-Security-Policy"] = _CSP
    return page


def approve(visit: Visit) -> Response:
    """Approve what was shown; a draft that has changed since is not approved."""
    edition = pipeline.to_approve(visit.app, visit.path["token"])
    seen = visit.field("sha256")
    if not seen:
        raise InvalidToken("Which bytes were looked at was not said; open the link again.")
    approved = pipeline.approve_edition(visit.app, edition, seen=seen)
    text = f"{approved.key} goes out at its time. sha256 {approved.sha256}"
    return visit.web.message(200, "Approved", text)
