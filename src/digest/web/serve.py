"""Run web, scheduler and sender in one process until it is told to stop."""

import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from digest import scheduler
from digest.app import App
from digest.web import build

_GRACE_SECONDS = 30
_log = logging.getLogger("digest")


def serve(app: App) -> None:
    """Serve until SIGTERM or Ctrl-C; then no new claim, and open messages finish."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    stop = threading.Event()

    @asynccontextmanager
    async def lifespan(_site: FastAPI) -> AsyncIterator[None]:
        clock = scheduler.start(app, stop)
        web = app.settings.web
        _log.info("running: pages on http://%s:%d, schedule and sender on", web.host, web.port)
        yield
        stop.set()
        await run_in_threadpool(clock.shutdown, wait=True)
        _log.info("stopped")

    config = uvicorn.Config(
        build(app, lifespan),
        host=app.settings.web.host,
        port=app.settings.web.port,
        access_log=False,  # paths hold tokens
        log_config=None,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    uvicorn.Server(config).run()
