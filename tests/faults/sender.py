"""A process that sends, to be killed: at a moment from outside, or by itself at a point."""

import multiprocessing
import resource
import signal
import threading
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path

from digest import pipeline
from digest.app import open_app
from digest.model import EditionState
from tests.apps import Clock
from tests.faults.hurry import hurry
from tests.faults.points import Points, install, kill_me
from tests.make import NOW

_WARM = multiprocessing.get_context("forkserver")
_WARM.set_forkserver_preload(["tests.faults.sender"])


@dataclass(frozen=True, slots=True)
class Orders:
    """What a sender shall do."""

    folder: Path
    policy: str = "resend"
    at: tuple[timedelta, ...] = (timedelta(),)  #: one drain after the other, each so much later
    die_at: int = 0  #: the point at which it kills itself; 0: it lives
    record: Path | None = None  #: write the name of every point here
    times: float = 1  #: how much faster its time passes
    files: int = 0  #: how many files it may open


def start(orders: Orders) -> BaseProcess:
    """Start a sender, forked from a warm parent; SIGTERM stops it as it stops `digest send`."""
    process = _WARM.Process(target=_send, args=(orders,))
    process.start()
    return process


def finish(orders: Orders, seconds: float = 60) -> None:
    """Run a sender to its end."""
    process = start(orders)
    process.join(seconds)
    assert process.exitcode == 0, f"the sender ended with {process.exitcode}"


def _send(orders: Orders) -> None:
    hurry(orders.times)
    if orders.files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (orders.files, orders.files))
    clock, stop = Clock(), threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    app = open_app(
        orders.folder / "config.toml", {"DIGEST_MAIL__ON_UNCERTAIN": orders.policy}, clock
    )
    if orders.die_at or orders.record:
        install(Points(orders.die_at, kill_me, orders.record))
    for later in orders.at:
        clock.moment = NOW + later
        edition = pipeline.find_edition(app, "latest")
        if edition.state is EditionState.SENDING:
            pipeline.drain_outbox(app, edition, stop=stop)
    app.close()
