"""Run web, scheduler and sender in one process until it is told to stop."""

import logging
import os
import signal
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from apscheduler.schedulers.background import BackgroundScheduler
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from digest import scheduler
from digest.app import App
from digest.errors import WrongState
from digest.logs import start_logging
from digest.web import build

_GRACE_SECONDS = 30
_AT_ONCE = 500  #: connections and requests; more get a 503
_log = logging.getLogger("digest")


def serve(app: App, *, log_json: bool = False) -> None:
    """Serve until SIGTERM or Ctrl-C; then no new claim, and open messages finish.

    Whoever does not finish within the grace is left: its row is named uncertain later.
    """
    start_logging(as_json=log_json)
    stop, drained = threading.Event(), threading.Event()

    @asynccontextmanager
    async def lifespan(_site: FastAPI) -> AsyncIterator[None]:
        clock = scheduler.start(app, stop)
        web = app.settings.web
        _log.info("running: pages on http://%s:%d, schedule and sender on", web.host, web.port)
        yield
        stop.set()
        threading.Thread(target=_shut_down, args=(clock, drained), daemon=True).start()
        await run_in_threadpool(drained.wait, _GRACE_SECONDS)
        _log.info("stopped")

    config = uvicorn.Config(
        build(app, lifespan),
        host=app.settings.web.host,
        port=app.settings.web.port,
        access_log=False,  # paths hold tokens; the frame writes its own
        log_config=None,
        forwarded_allow_ips=list(app.settings.web.proxies),
        limit_concurrency=_AT_ONCE,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    Server(config).run(sockets=[bind(app.settings.web.host, app.settings.web.port)])
    if not drained.is_set() and stop.is_set():
        _log.warning("messages were in flight when the grace of %d s ended", _GRACE_SECONDS)
        os._exit(3)


def bind(host: str, port: int) -> socket.socket:
    """Take the port before anything starts; WrongState when somebody has it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP, for else asyncio leaves Nagle's algorithm on: 40 ms for each answer.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise WrongState(
            f"cannot serve on {host}:{port}: {error.strerror}; is another `digest run` there? "
            "[web] host and port say where"
        ) from error
    return listener


def _shut_down(clock: BackgroundScheduler, drained: threading.Event) -> None:
    clock.shutdown(wait=True)
    drained.set()


class Server(uvicorn.Server):
    """Ends with code 0 when it was told to stop: that is no failure."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take SIGTERM and SIGINT without raising them again afterwards."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.handle_exit)
        yield
