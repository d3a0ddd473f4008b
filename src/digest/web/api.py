"""The API for programs: keys with scopes, problems as RFC 9457, named requests answered once."""

import hashlib
from collections.abc import Callable, Coroutine, Sequence
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Mount

from digest import __version__
from digest.app import App
from digest.audience.consent import cut_ip
from digest.errors import (
    BadFilter,
    DigestError,
    InvalidAddress,
    Locked,
    NotFound,
    RenderError,
    WrongState,
)
from digest.model import ApiKey
from digest.store import access
from digest.web.base import Web
from digest.web.keys import key_behind

PATH = "/api/v1"
_BEARER = HTTPBearer(auto_error=False, description="A key from `digest keys add`.")
_STATUSES: dict[type[DigestError], int] = {
    NotFound: 404,
    WrongState: 409,
    Locked: 409,
    RenderError: 409,
    InvalidAddress: 422,
    BadFilter: 422,
}
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
}
_SAID = {
    400: "The request cannot be read.",
    401: "A key is missing, wrong or revoked.",
    403: "The key is not for this.",
    404: "There is no such thing.",
    408: "The request took too long.",
    409: "Not possible in the present state, or the Idempotency-Key was used otherwise.",
    413: "The request is too long.",
    422: "The request is not as documented.",
    429: "Too often.",
    503: "The database cannot be used now.",
}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    status: {"description": said, "content": {"application/problem+json": {"schema": _PROBLEM}}}
    for status, said in _SAID.items()
}


def mounted(
    web: Web, table: Sequence[tuple[str, str, Callable[..., Any], str, int]]
) -> Sequence[BaseRoute]:
    """Return the API as one route of the site."""
    api = FastAPI(
        title="digest",
        version=__version__,
        summary="Push articles, subscribe people, build and approve editions.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses=_ANSWERS,
    )
    api.state.web = web
    api.router.route_class = Named
    for method, path, act, scope, status in table:
        given = [Depends(needs(scope)), Depends(once)]
        api.add_api_route(path, act, methods=[method], status_code=status, dependencies=given)
    for kind in (DigestError, RequestValidationError, HTTPException, Exception):
        api.add_exception_handler(kind, problem)
    return [Mount(PATH, api)]


def problem(_request: Request, error: Exception) -> Response:
    """Answer an error as RFC 9457 says."""
    errors: list[dict[str, Any]] = []
    headers = None
    if isinstance(error, RequestValidationError):
        status, title = 422, _SAID[422]
        errors = [{"where": list(e["loc"]), "problem": e["msg"]} for e in error.errors()]
    elif isinstance(error, HTTPException):
        status, title, headers = error.status_code, error.detail, error.headers
    elif isinstance(error, DigestError):
        status = next((s for kind, s in _STATUSES.items() if isinstance(error, kind)), 503)
        title = str(error) if status != 503 else _SAID[503]
    else:
        status, title = 500, "This does not work right now."
    found = {"type": "about:blank", "title": title, "status": status}
    found |= {"errors": errors} if errors else {}
    return JSONResponse(found, status, headers, media_type="application/problem+json")


def app_of(request: Request) -> App:
    """Return the app behind a request."""
    app: App = request.app.state.web.app
    return app


Here = Annotated[App, Depends(app_of)]
_Given = Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]


def needs(scope: str) -> Callable[..., None]:
    """Return the dependency that asks for a key of a scope: 401, 403, and 429 after many wrong."""

    def check(request: Request, _given: _Given) -> None:
        web: Web = request.app.state.web
        network, now = cut_ip(request.client.host if request.client else ""), web.app.now()
        if web.wrong_keys.is_over(network, now.timestamp()):
            raise HTTPException(429, "too many wrong keys; wait a minute")
        found = key_behind(web.app, request.headers.get("authorization", ""))
        if found is None:
            web.wrong_keys.note(network, now.timestamp())
            raise HTTPException(401, _SAID[401], {"WWW-Authenticate": "Bearer"})
        if scope not in found.scopes:
            raise HTTPException(403, f"the key {found.name!r} has no scope {scope}")
        request.state.key = found

    return check


def _caller(request: Request) -> ApiKey:
    found: ApiKey = request.state.key
    return found


Caller = Annotated[ApiKey, Depends(_caller)]


def once(
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=200,
            pattern=r"^[!-~]+$",
            description="A name of your own: the same request is answered once, for a day.",
        ),
    ] = None,
) -> None:
    """Document the header; `Named` does the work."""


class Named(APIRoute):
    """A route whose POSTs, when they have an Idempotency-Key, are done once and answered again."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            name = request.headers.get("idempotency-key", "")[:200]
            if request.method != "POST" or not name:
                return await handle(request)
            app = app_of(request)
            given = request.headers.get("authorization", "")
            key = await run_in_threadpool(key_behind, app, given)
            if key is None:
                return await handle(request)
            asked = f"{request.url.path}\n".encode() + await request.body()
            asked_hash = hashlib.sha256(asked).hexdigest()
            known = await run_in_threadpool(_begin, app, key.id, name, asked_hash)
            if known is not None:
                headers = {"Idempotency-Replayed": "true"}
                return Response(known[1], known[0], headers, media_type="application/json")
            return await _answered(app, key.id, name, handle, request)

        return answer


async def _answered(
    app: App,
    key_id: int,
    name: str,
    handle: Callable[[Request], Coroutine[Any, Any, Response]],
    request: Request,
) -> Response:
    """Handle a request and keep its answer; after an error it may be asked again."""
    status, body = 0, ""
    try:
        response = await handle(request)
        status, body = response.status_code, bytes(response.body).decode()
    finally:
        await run_in_threadpool(_end, app, key_id, name, status, body)
    return response


def _begin(app: App, key_id: int, name: str, asked: str) -> tuple[int, str] | None:
    with app.database.transaction() as tx:
        return access.begin_answer(tx, key_id, name, asked, app.now())


def _end(app: App, key_id: int, name: str, status: int, body: str) -> None:
    with app.database.transaction() as tx:
        access.end_answer(tx, key_id, name, status, body)
