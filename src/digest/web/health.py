"""How the outlet is, for programs that watch it: /healthz for anyone, /metrics for a key."""

from collections.abc import Sequence

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from digest import pipeline
from digest.web.base import Visit, Web, routes_of
from digest.web.keys import caller


def routes(web: Web) -> Sequence[BaseRoute]:
    """Return the routes."""
    return routes_of(web, (("GET", "/healthz", healthz), ("GET", "/metrics", metrics)))


def healthz(visit: Visit) -> Response:
    """Say whether the database answers."""
    facts = pipeline.health(visit.app)
    return JSONResponse(facts, 200 if facts["ok"] else 503)


def metrics(visit: Visit) -> Response:
    """Show what is counted, to who has a key for it."""
    if caller(visit.app, visit.request.headers.get("authorization", ""), "metrics:read") is None:
        return Response("a key with the scope metrics:read, please\n", 401, _ASK)
    kind = "text/plain; version=0.0.4; charset=utf-8"
    return Response(visit.web.metrics.shown(visit.app), media_type=kind)


_ASK = {"WWW-Authenticate": "Bearer"}
