"""What every page has at hand: the app, a way to show a page, and how a visit becomes an answer."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from pathlib import Path
from threading import Lock
from typing import Any, Generic, TypeVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Scope

from digest import membership
from digest.app import App, templates_of
from digest.language import Speech, catalogues, speech
from digest.web.limits import Throttle
from digest.web.metrics import Metrics

_PAGES = Path(__file__).parent / "pages"
_AT_ONCE = 200  #: visits served together; there are fewer threads, so nobody is left over
_KEPT = 100  #: archive pages in memory; one has about 80 kB


One = TypeVar("One")
Result = TypeVar("Result")


class Web:
    """What the areas of one site share."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.metrics = Metrics()
        self.leave = Together(partial(membership.unsubscribe_all, app))
        self.wrong_keys = Throttle(30, 60)
        self._pages = Environment(
            loader=FileSystemLoader(_PAGES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._kept: OrderedDict[object, Any] = OrderedDict()
        self._lock = Lock()
        self._speech = lru_cache(maxsize=64)(lambda tag: speech(templates_of(app.folder), tag))

    def speech(self, language: str = "") -> Speech:
        """Return how a language is spoken; the publication's when there is none."""
        return self._speech(language or self.app.settings.publication.language)

    @cached_property
    def languages(self) -> dict[str, str]:
        """Return the languages there are, each by its own name."""
        found = catalogues(templates_of(self.app.folder))
        return {tag: self.speech(tag).locale.get_display_name() or tag for tag in found}

    def kept(self, key: object, make: Callable[[], Any]) -> Any:
        """Return what was made for this key, from memory when it is there."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()
        with self._lock:
            self._kept[key] = made
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return made

    def page(self, name: str, status: int = 200, language: str = "", **values: Any) -> HTMLResponse:
        """Render a page of the folder `pages`; `_` in it says a phrase in the language."""
        spoken = self.speech(language)
        common = {"publication": self.app.settings.publication, "_": spoken.say, "speech": spoken}
        return HTMLResponse(self._pages.get_template(name).render(common | values), status)

    def message(self, status: int, title: str, text: str, language: str = "") -> HTMLResponse:
        """Render a page that only says something."""
        return self.page("message.html", status, language, title=title, text=text)


@dataclass(frozen=True, slots=True)
class Visit:
    """One request to a page, read whole."""

    web: Web
    request: Request
    form: Mapping[str, Sequence[str]]

    @property
    def app(self) -> App:
        """Return the app."""
        return self.web.app

    @property
    def path(self) -> Mapping[str, str]:
        """Return the parts of the path that the route names."""
        return self.request.path_params

    @property
    def ip(self) -> str:
        """Return who asks; behind a proxy, whom the proxy names."""
        return self.request.client.host if self.request.client else ""

    def field(self, name: str) -> str:
        """Return a field of the form, "" when it is not there."""
        return next(iter(self.form.get(name, ())), "")


class Together(Generic[One, Result]):
    """Does for several visits at once what takes as long for one: a commit waits for the disk.

    Whoever's turn it is does it for all who wait by then.
    """

    def __init__(self, act: Callable[[Sequence[One]], Sequence[Result]]) -> None:
        self._act = act
        self._lock, self._turn = Lock(), Lock()
        self._waiting: list[tuple[One, Future[Result]]] = []

    def __call__(self, one: One) -> Result:
        """Return what was done for one, once it is."""
        mine: Future[Result] = Future()
        with self._lock:
            self._waiting.append((one, mine))
        with self._turn:
            if not mine.done():
                self._serve()
        return mine.result()

    def _serve(self) -> None:
        with self._lock:
            batch, self._waiting = self._waiting[:_AT_ONCE], self._waiting[_AT_ONCE:]
        try:
            for (_, theirs), done in zip(batch, self._act([one for one, _ in batch]), strict=True):
                theirs.set_result(done)
        except Exception as error:  # noqa: BLE001 - each of them raises it
            for _, theirs in batch:
                theirs.set_exception(error)


Handler = Callable[[Visit], Response]
Area = Callable[[Web], Sequence[BaseRoute]]


def routes_of(web: Web, table: Sequence[tuple[str, str, Handler]]) -> list[BaseRoute]:
    """Make routes of a table of (GET or POST, path, handler)."""
    return [_Page(path, _endpoint(web, act), methods=[method]) for method, path, act in table]


class _Page(Route):
    """A route that says which it is: the log and the counts go by its pattern."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Say whether it is meant, and note it."""
        match, child = super().matches(scope)
        return match, {**child, "route": self}


def _endpoint(web: Web, act: Handler) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        form = await _form(request) if request.method == "POST" else {}
        return await run_in_threadpool(act, Visit(web, request, form))

    return answer


async def _form(request: Request) -> dict[str, list[str]]:
    """Return the fields of a form; none of what cannot be read: one click acts whatever it says."""
    try:
        async with request.form(max_files=0, max_fields=100) as form:
            return {name: [str(each) for each in form.getlist(name)] for name in form}
    except HTTPException as error:
        if error.status_code != 400:
            raise
        return {}


def cached(visit: Visit, body: str | bytes, kind: str, seconds: int, **more: str) -> Response:
    """Answer with something anyone may keep: with an ETag, and 304 to who has it already."""
    content = body.encode() if isinstance(body, str) else body
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": f"public, max-age={seconds}"} | more
    known = visit.request.headers.get("if-none-match", "")
    if known == "*" or tag in [each.strip().removeprefix("W/") for each in known.split(",")]:
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=kind)


def afterwards(response: Response, act: Callable[[], object]) -> Response:
    """Do something once the answer has gone out."""
    response.background = BackgroundTask(act)
    return response
