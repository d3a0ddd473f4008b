"""A process that sends, to be killed: at a moment from outside, or by itself at a point."""

import multiprocessing
import os
import resource
import signal
import sys
import threading
import time
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path

from digest import pipeline
from digest.app import App, open_app
from digest.errors import DigestError, StoreError
from digest.model import EditionState
from digest.pipeline import drain
from digest.store import Database
from tests.apps import Clock
from tests.faults import switches
from tests.faults.hurry import hurry
from tests.faults.points import Points, install, kill_me
from tests.make import NOW

_WARM = multiprocessing.get_context("forkserver")
_WARM.set_forkserver_preload(["tests.faults.sender"])
_STARTED: list[BaseProcess] = []


@dataclass(frozen=True, slots=True)
class Orders:
    """What a sender shall do."""

    folder: Path
    policy: str = "resend"
    at: tuple[timedelta, ...] = (timedelta(),)  #: one drain after the other, each so much later
    queue: bool = False  #: queue the edition first, if that is not done
    die_at: int = 0  #: the point at which it kills itself; 0: it lives
    record: Path | None = None  #: write the name of every point here
    times: float = 1  #: how much faster its time passes
    files: int = 0  #: how many files it may open
    user: int = 0  #: become this user first
    errors: Path | None = None  #: the folder to leave its last words in; else its own
    stubborn: bool = False  #: after a StoreError go on, as `digest run` does at its next tick


def start(orders: Orders) -> BaseProcess:
    """Start a sender, forked from a warm parent; SIGTERM stops it as it stops `digest send`."""
    process = _WARM.Process(target=_run, args=(orders,))
    process.start()
    _STARTED.append(process)
    return process


def stand_still(sender: BaseProcess, database: Database) -> None:
    """Stop a sender, but not while it has SQLite's lock."""
    assert sender.pid
    with database.transaction():
        os.kill(sender.pid, signal.SIGSTOP)
        time.sleep(0.02)


def wake(sender: BaseProcess) -> None:
    """Let it go on."""
    assert sender.pid
    os.kill(sender.pid, signal.SIGCONT)


def end_all() -> None:
    """Kill every sender that a failed test has left."""
    while _STARTED:
        process = _STARTED.pop()
        if process.is_alive():
            process.kill()
        process.join(10)


def finish(orders: Orders, seconds: float = 60) -> None:
    """Run a sender to its end."""
    process = start(orders)
    process.join(seconds)
    assert process.exitcode == 0, f"{process.exitcode}: {said(orders.folder)}"


def said(folder: Path) -> str:
    """Return the error the last sender ended with."""
    path = folder / "error"
    return path.read_text() if path.exists() else ""


def _run(orders: Orders) -> None:
    with ((orders.errors or orders.folder) / "error").open("w") as errors:
        hurry(orders.times)
        if orders.files:
            resource.setrlimit(resource.RLIMIT_NOFILE, (orders.files, orders.files))
        try:
            _send(orders)
        except DigestError as error:
            errors.write(str(error))
            errors.close()
            sys.exit(1)


def _send(orders: Orders) -> None:
    clock, stop = Clock(), threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    environ = {"DIGEST_MAIL__ON_UNCERTAIN": orders.policy}
    if (orders.folder / "many").exists():
        drain._MANY = -1
    points = Points(orders.die_at, kill_me, orders.record)
    install(points, switches.look(orders.folder))
    app = open_app(orders.folder / "config.toml", environ, clock)
    points.armed = bool(orders.die_at or orders.record)
    if orders.user:
        app.database.close()
        os.setuid(orders.user)
    if orders.queue and pipeline.find_edition(app, "latest").state is EditionState.APPROVED:
        pipeline.queue_edition(app, pipeline.find_edition(app, "latest"))
    for later in orders.at:
        clock.moment = NOW + later
        while not _drained(app, stop, stubborn=orders.stubborn):
            time.sleep(0.1)
    app.close()


def _drained(app: App, stop: threading.Event, *, stubborn: bool) -> bool:
    try:
        edition = pipeline.find_edition(app, "latest")
        if edition.state is not EditionState.SENDING:
            return True
        drained = pipeline.drain_outbox(app, edition, stop=stop)
    except StoreError:
        if not stubborn:
            raise
        return stop.is_set()
    return drained.finished or not stubborn or stop.is_set()
