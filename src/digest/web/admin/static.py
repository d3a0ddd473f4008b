"""The desk's style and scripts, each under an address that changes with its bytes."""

from functools import cache
from hashlib import sha256
from pathlib import Path

from fastapi import Response

from digest.errors import NotFound
from digest.web.admin.ask import ANYONE, PREFIX, Ask, Route

_KINDS = {
    "desk.css": "text/css",
    "desk.js": "text/javascript",
    "htmx.min.js": "text/javascript",
}


@cache
def _content(name: str) -> bytes:
    return (Path(__file__).parent.parent / "static" / name).read_bytes()


def address(name: str) -> str:
    """Return where a file is, whose address says its bytes."""
    return f"{PREFIX}/static/{name}?{sha256(_content(name)).hexdigest()[:8]}"


def _show(ask: Ask) -> Response:
    name = ask.path("name")
    if name not in _KINDS:
        raise NotFound("There is no such file.")
    for_ever = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(_content(name), media_type=_KINDS[name], headers=for_ever)


ROUTES = (Route("GET", "/static/{name}", ANYONE, _show),)
