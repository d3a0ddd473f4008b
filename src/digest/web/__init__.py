"""The site: the areas' routes in one frame, and what is said when something goes wrong."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from os import PathLike, stat_result
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from digest.app import App
from digest.errors import DigestError, InvalidToken, NotFound, WrongState
from digest.web import (
    api,
    api_v1,
    approval,
    health,
    public,
    public_archive,
    public_forms,
    public_own,
)
from digest.web.admin import add_admin
from digest.web.base import Area, Web
from digest.web.frame import Frame

#: Every area of the site and where its routes are.
AREAS: tuple[Area, ...] = (
    public.routes,
    public_forms.routes,
    public_own.routes,
    public_archive.routes,
    approval.routes,
    health.routes,
    api_v1.routes,
)
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def _nothing(_site: FastAPI) -> AsyncIterator[None]:
    yield


def build(app: App, lifespan: Lifespan = _nothing) -> FastAPI:
    """Return the web application."""
    web = Web(app)
    site = _Site(web, openapi_url=None, docs_url=None, redoc_url=None, lifespan=lifespan)
    site.router.redirect_slashes = False
    for area in AREAS:
        site.router.routes.extend(area(web))
    static = _Static(directory=Path(__file__).parent / "static")
    site.router.routes.append(Mount("/static", static))
    add_admin(site, app)
    _add_errors(site, web)
    return site


class _Site(FastAPI):
    """FastAPI in our frame, outside everything: an answer to a failure has its headers too."""

    def __init__(self, web: Web, **values: Any) -> None:
        super().__init__(**values)
        self._web = web

    def build_middleware_stack(self) -> ASGIApp:
        """Return the whole site."""
        secure = self._web.app.settings.web.base_url.startswith("https:")
        return Frame(super().build_middleware_stack(), self._web.metrics, secure=secure)


class _Static(StaticFiles):
    """Files that come with the program: a browser asks an hour later whether they changed."""

    def file_response(
        self,
        full_path: str | PathLike[str],
        stat_result: stat_result,
        scope: Any,
        status_code: int = 200,
    ) -> Response:
        """Answer with a file."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Cache-Control"] = "public, max-age=3600"
        return response


def _add_errors(site: FastAPI, web: Web) -> None:
    """Answer errors with a friendly page, without details."""
    statuses: dict[type[DigestError], int] = {InvalidToken: 404, NotFound: 404, WrongState: 409}

    def show(_request: Request, error: Exception) -> Response:
        return _sorry(
            web, next((s for kind, s in statuses.items() if isinstance(error, kind)), 503)
        )

    def refused(request: Request, error: Exception) -> Response:
        if request.url.path.startswith("/api/"):  # such as a line end in a path: no route sees it
            return api.problem(request, error)
        return _sorry(web, error.status_code if isinstance(error, HTTPException) else 500)

    def missing(_request: Request, _error: Exception) -> Response:
        return _sorry(web, 404)

    site.add_exception_handler(DigestError, show)
    site.add_exception_handler(RequestValidationError, missing)
    site.add_exception_handler(HTTPException, refused)
    site.add_exception_handler(Exception, refused)


def _sorry(web: Web, status: int) -> Response:
    say = web.speech().say
    words = {
        404: (say("Not found"), say("There is no such page, or its link is too old.")),
        409: (say("Sorry"), say("This is no longer possible. Ask for a new link.")),
        413: (say("Sorry"), say("That was too much at once.")),
        429: (say("Sorry"), say("That was too often. Try again in an hour.")),
    }
    title, text = words.get(status, (say("Sorry"), say("This does not work right now.")))
    return web.message(status, title, text)
