"""A process that sends, to be killed: at a moment from outside, or by itself at a point."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from digest import pipeline
from digest.app import open_app
from digest.deliver.smtp.lanes import SmtpLanes
from digest.model import EditionState
from digest.store import Database
from tests.apps import Clock
from tests.make import NOW

_WARM = multiprocessing.get_context("forkserver")
_WARM.set_forkserver_preload(["tests.faults.sender"])


def start(
    folder: Path, policy: str, later: timedelta = timedelta(), die_at: int = 0
) -> BaseProcess:
    """Start a sender of the outlet in `folder`, its clock `later`; 0: it lives.

    With `die_at` it kills itself just before or after its n-th write, to the database or to the
    relay: 1 is before the first, 2 after it, and so on.
    """
    process = _WARM.Process(target=_send, args=(folder, policy, NOW + later, die_at))
    process.start()
    return process


def finish(folder: Path, policy: str, later: timedelta) -> None:
    """Run a sender to its end."""
    process = start(folder, policy, later)
    process.join(60)
    assert process.exitcode == 0


def _send(folder: Path, policy: str, now: Any, die_at: int) -> None:
    app = open_app(folder / "config.toml", {"DIGEST_MAIL__ON_UNCERTAIN": policy}, Clock(now))
    if die_at:
        _count_writes(die_at)
    edition = pipeline.find_edition(app, "latest")
    if edition.state is EditionState.SENDING:
        pipeline.drain_outbox(app, edition)
    app.close()


def _count_writes(die_at: int) -> None:
    """Make every commit and every write to the relay a point before and a point after."""
    seen = 0

    def point() -> None:
        nonlocal seen
        seen += 1
        if seen == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    _wrap_transactions(point)
    write = SmtpLanes._write

    def written(self: SmtpLanes, lane: Any) -> None:
        point()
        write(self, lane)
        point()

    setattr(SmtpLanes, "_write", written)  # noqa: B010


def _wrap_transactions(point: Callable[[], None]) -> None:
    begin = Database.transaction

    @contextmanager
    def transaction(self: Database) -> Iterator[Any]:
        with begin(self) as tx:
            yield tx
            point()
        point()

    setattr(Database, "transaction", transaction)  # noqa: B010
