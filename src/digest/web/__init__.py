"""The pages a sent mail needs, server-rendered: no script, no cookie, nothing from elsewhere."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from digest.app import App
from digest.errors import DigestError, InvalidToken, NotFound, WrongState
from digest.web.public import add_public

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src https: http:; "
    "style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
    "Cache-Control": "no-store",
}
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def _nothing(_site: FastAPI) -> AsyncIterator[None]:
    yield


def build(app: App, lifespan: Lifespan = _nothing) -> FastAPI:
    """Return the web application."""
    site = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, lifespan=lifespan)
    folder = Path(__file__).parent / "pages"
    pages = Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined)

    def page(name: str, status: int = 200, **values: object) -> HTMLResponse:
        values |= {"publication": app.settings.publication}
        return HTMLResponse(pages.get_template(name).render(values), status)

    add_public(site, app, page)
    _add_errors(site, page)

    @site.middleware("http")
    async def secure(
        request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        """Put the security headers on every answer."""
        response = await call_next(request)
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return site


def _add_errors(site: FastAPI, page: Callable[..., HTMLResponse]) -> None:
    """Answer errors people can act on with a friendly page."""
    statuses: dict[type[DigestError], int] = {InvalidToken: 404, NotFound: 404, WrongState: 409}

    def show(_request: Request, error: Exception) -> Response:
        status = next((s for kind, s in statuses.items() if isinstance(error, kind)), 503)
        said = str(error) if status != 503 else "This does not work right now. Try again later."
        return page("message.html", status, title="Sorry", text=said)

    def missing(_request: Request, _error: Exception) -> Response:
        return page("message.html", 404, title="Not found", text="There is no such page.")

    site.add_exception_handler(DigestError, show)
    site.add_exception_handler(404, missing)
