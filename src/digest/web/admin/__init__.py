"""The editor's desk: log in, roles, and the one way every request of it goes."""

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from fastapi import FastAPI, HTTPException, Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.concurrency import run_in_threadpool

from digest.app import App
from digest.errors import DigestError, NotFound, NotIn, TooMany
from digest.model import MICRO
from digest.store import admins
from digest.web.admin import (
    account,
    articles,
    editions,
    feeds,
    home,
    imports,
    log,
    people,
    placements,
    schedule,
    settings,
    static,
    stories,
)
from digest.web.admin.accounts import form_token, session_of
from digest.web.admin.ask import ANYONE, COOKIE, EDITOR, HEADERS, PREFIX, Ask, Recent, Route

_SMALL = 1 << 20  #: bytes of a form without a file
#: Every address of the desk, one table an area.
ROUTES: tuple[Route, ...] = (
    *account.ROUTES,
    *static.ROUTES,
    *home.ROUTES,
    *editions.ROUTES,
    *stories.ROUTES,
    *articles.ROUTES,
    *feeds.ROUTES,
    *people.ROUTES,
    *imports.ROUTES,
    *placements.ROUTES,
    *schedule.ROUTES,
    *settings.ROUTES,
    *log.ROUTES,
)


def _nowhere(ask: Ask) -> Response:
    raise NotFound(f"there is no page {ask.request.url.path} at the desk")


_ELSEWHERE = Route("GET", "/{path:path}", EDITOR, _nowhere)


def add_admin(site: FastAPI, app: App) -> None:
    """Add the desk's routes."""
    pages, recent = _pages(), Recent(app)
    for route in (*ROUTES, _ELSEWHERE):
        whole = replace(route, path=PREFIX + route.path)
        site.add_route(
            whole.path,
            _endpoint(app, pages, recent, whole),
            methods=[route.method],
            include_in_schema=False,
        )


def _pages() -> Environment:
    folder = Path(__file__).parent.parent / "pages"
    pages = Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined)
    pages.globals["static"] = static.address
    pages.filters["points"] = lambda micro: f"{micro / MICRO:.2f}".replace("-", "\N{MINUS SIGN}")
    pages.filters["many"] = lambda number: f"{number:,}"
    pages.filters["unquote"] = unquote
    pages.filters["sentence"] = _sentence
    return pages


def _sentence(text: str) -> str:
    """Begin as a sentence does, unless it begins with an address."""
    return text if text.startswith("http") else text[:1].upper() + text[1:]


def _endpoint(
    app: App, pages: Environment, recent: Recent, route: Route
) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        request.scope["route"] = route  # its pattern is what the access log and the metrics name
        token = request.cookies.get(COOKIE, "") if route.role != ANYONE else ""
        admin = await run_in_threadpool(session_of, app, token)
        ask = Ask(app, pages, request, recent, admin, token if admin else "")
        answered = await _answered(route, ask)
        for name, value in HEADERS.items():
            answered.headers.setdefault(name, value)
        return answered

    return answer


async def _answered(route: Route, ask: Ask) -> Response:
    """Answer, or say why not: not in 401, not allowed 403, from elsewhere 403, too large 413."""
    if route.method != "GET" and not _is_ours(ask):
        return _problem(ask, 403, "This form was not sent from our own page.")
    if route.act is _nowhere and ask.admin is None:
        raise HTTPException(404)  # a stranger sees the site's own page
    if route.role != ANYONE and ask.admin is None:
        return _log_in_first(ask)
    if not route.lets(ask.admin):
        return _problem(ask, 403, "This is for owners only.")
    if route.method != "GET":
        if not _is_small_enough(route, ask):
            return _problem(ask, 413, "That is too large.")
        async with ask.request.form(max_files=1, max_fields=300) as form:
            return await run_in_threadpool(_done, route, replace(ask, form=form))
    return await run_in_threadpool(_done, route, ask)


def _done(route: Route, ask: Ask) -> Response:
    """Run what the route does, and keep that it was done."""
    if route.method != "GET" and route.role != ANYONE and not _has_token(ask):
        return _problem(ask, 403, "This form is too old: load the page again.")
    try:
        answered = route.act(ask)
    except DigestError as error:
        statuses: dict[type[DigestError], int] = {NotFound: 404, NotIn: 401, TooMany: 429}
        status = next((s for kind, s in statuses.items() if isinstance(error, kind)), 409)
        return _problem(ask, status, str(error))
    if (what := ask.did or route.what) and ask.by:
        with ask.app.database.transaction() as tx:
            admins.note(tx, ask.by, what, ask.about, ask.app.now())
    return answered


def _is_ours(ask: Ask) -> bool:
    """Say whether a form comes from our own pages: its Origin, else what the browser says."""
    headers = ask.request.headers
    origin = headers.get("origin")
    if origin is None:
        return headers.get("sec-fetch-site") == "same-origin"
    here = urlsplit(ask.app.settings.web.base_url).netloc
    return origin.partition("://")[2] in (headers.get("host"), here)


def _has_token(ask: Ask) -> bool:
    return hmac.compare_digest(
        ask.text("form_token").encode(), form_token(ask.app, ask.token).encode()
    )


def _is_small_enough(route: Route, ask: Ask) -> bool:
    length = ask.request.headers.get("content-length", "")
    most = ask.app.settings.web.upload_mb << 20 if route.act is imports.upload else _SMALL
    return length.isascii() and length.isdecimal() and int(length) <= most


def _log_in_first(ask: Ask) -> Response:
    if ask.is_live:
        return Response(status_code=401, headers={"HX-Redirect": f"{PREFIX}/login"})
    return account.log_in_page(ask, 401)


def _problem(ask: Ask, status: int, text: str) -> Response:
    """Say what is wrong: on a page of its own, or in the live page's place for it."""
    if not ask.is_live:
        may_mend = status == 409 and ask.request.method == "POST"
        return ask.page("admin/problem.html", status, text=text, may_mend=may_mend)
    headers = {"HX-Retarget": "#problem", "HX-Reswap": "innerHTML"}
    answer = ask.page("admin/problem_part.html", status, text=text)
    answer.headers.update(headers)
    return answer
