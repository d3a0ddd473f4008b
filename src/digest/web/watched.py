"""A preview that follows its templates: rebuilt and reloaded in the browser at every change."""

import asyncio
import html
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, StreamingResponse
from starlette.routing import Route
from watchfiles import awatch

from digest.errors import DigestError
from digest.web.serve import Server, bind

HOST = "127.0.0.1"
_RELOAD = '<script>new EventSource("/changes?seen=%d").onmessage=()=>location.reload()</script>'
_WAIT_MS, _STEP_MS = 100, 25  #: editors write in bursts


class Watched:
    """The newest preview, and who waits for the next one."""

    def __init__(self, make: Callable[[], str], config: Path, templates: tuple[Path, ...]) -> None:
        self._make = make
        self._config = config.absolute()
        self._templates = tuple(folder.absolute() for folder in templates)
        self._number = 0
        self._changed = asyncio.Condition()
        self._page = ""

    def site(self) -> Starlette:
        """Return the web application: the page, and a stream that speaks at every change."""
        routes = [Route("/", self._show), Route("/changes", self._changes)]
        return Starlette(routes=routes, lifespan=self._lifespan)

    @asynccontextmanager
    async def _lifespan(self, _site: Starlette) -> AsyncIterator[None]:
        await self._build()
        watching = asyncio.create_task(self._watch())
        yield
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching

    async def _watch(self) -> None:
        roots = {self._config.parent, *(f for f in self._templates if f.is_dir())}
        async for _ in awatch(
            *roots,
            watch_filter=lambda _, path: self._matters(Path(path)),
            debounce=_WAIT_MS,
            step=_STEP_MS,
        ):
            await self._build()
            async with self._changed:
                self._number += 1
                self._changed.notify_all()

    def _matters(self, path: Path) -> bool:
        return path == self._config or any(path.is_relative_to(f) for f in self._templates)

    async def _build(self) -> None:
        try:
            self._page = await run_in_threadpool(self._make)
        except DigestError as error:
            said = html.escape(str(error))
            self._page = f"<!doctype html><title>Sorry</title><pre>{said}</pre>"

    async def _show(self, _request: Request) -> HTMLResponse:
        page = self._page + _RELOAD % self._number
        return HTMLResponse(page, headers={"Cache-Control": "no-store"})

    async def _changes(self, request: Request) -> StreamingResponse:
        seen = request.query_params.get("seen", "0")

        async def speak() -> AsyncIterator[str]:
            async with self._changed:
                await self._changed.wait_for(lambda: str(self._number) != seen)
            yield "data: changed\n\n"

        return StreamingResponse(speak(), media_type="text/event-stream")


def serve_watched(watched: Watched, port: int, say: Callable[[str], None]) -> None:
    """Serve on this machine only until Ctrl-C; `say` is told the address."""
    listener = bind(HOST, port)
    listener.listen()  # who opens it at once waits for the first build
    say(f"http://{HOST}:{listener.getsockname()[1]}/")
    config = uvicorn.Config(
        watched.site(), access_log=False, log_config=None, timeout_graceful_shutdown=1
    )
    Server(config).run(sockets=[listener])
