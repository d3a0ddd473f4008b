"""The pages a sent mail needs, server-rendered: no script, no cookie, nothing from elsewhere."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from digest.app import App
from digest.errors import DigestError, InvalidToken, NotFound, WrongState
from digest.web.admin import add_admin
from digest.web.public import add_public

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src https: http:; "
    "style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
    "Cache-Control": "no-store",
}
_LATER = "This does not work right now. Try again later."
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def _nothing(_site: FastAPI) -> AsyncIterator[None]:
    yield


def build(app: App, lifespan: Lifespan = _nothing) -> FastAPI:
    """Return the web application."""
    site = FastAPI(
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
        middleware=[Middleware(_SecurityHeaders)],
    )
    folder = Path(__file__).parent / "pages"
    pages = Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined)

    def page(name: str, status: int = 200, **values: object) -> HTMLResponse:
        values |= {"publication": app.settings.publication}
        return HTMLResponse(pages.get_template(name).render(values), status)

    add_public(site, app, page)
    add_admin(site, app)
    _add_errors(site, page)
    return site


class _SecurityHeaders:
    """Put the security headers on every answer, also on those of errors."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, with_headers)


def _add_errors(site: FastAPI, page: Callable[..., HTMLResponse]) -> None:
    """Answer errors with a friendly page: what people can act on in its own words."""
    statuses: dict[type[DigestError], int] = {InvalidToken: 404, NotFound: 404, WrongState: 409}

    def show(_request: Request, error: Exception) -> Response:
        status = next((s for kind, s in statuses.items() if isinstance(error, kind)), 503)
        said = str(error) if status != 503 else _LATER
        return page("message.html", status, title="Sorry", text=said)

    def missing(_request: Request, _error: Exception) -> Response:
        return page("message.html", 404, title="Not found", text="There is no such page.")

    def refused(_request: Request, error: Exception) -> Response:
        status = getattr(error, "status_code", 500)
        if status == 404:
            return missing(_request, error)
        return page("message.html", status, title="Sorry", text=_LATER)

    site.add_exception_handler(DigestError, show)
    site.add_exception_handler(RequestValidationError, missing)
    site.add_exception_handler(StarletteHTTPException, refused)
    site.add_exception_handler(Exception, refused)
