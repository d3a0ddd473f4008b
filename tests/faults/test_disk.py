"""F14-F16, F25, F26: a database that is locked, full, read-only or cut short loses nobody."""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from threading import Event, Timer

import pytest

from digest import pipeline
from digest.model import DeliveryState, EditionState
from digest.pipeline import results
from digest.store import Transaction
from digest.store.database import Line
from tests.faults.conftest import ALL, MakeOutlet
from tests.faults.outlet import LATER, SOON, Outlet, wait_until
from tests.faults.sender import Orders, finish, said, start
from tests.faults.sink import Heard, Say, Sink

#: A body on its way: what a header starts with, at the head of what is written to a socket.
_BODY = re.compile(
    r'(sendto\(\d+, |iov_base=)"(Date|From|To|Subject|Message-ID|MIME|List|DKIM|Return)', re.I
)
Figures = Callable[..., None]
READERS = 500 if ALL else 60


def long_words(heard: Heard) -> Say | None:
    """Answer with so many words that the ledger needs new pages for them."""
    return Say(f"250 2.0.0 {'w' * 450}") if heard.command == "DOT" else None


def everyone_once(outlet: Outlet, sink: Sink) -> bool:
    """Say whether every reader got exactly one copy."""
    return set(sink.counts) == outlet.addresses and set(sink.counts.values()) == {1}


def quiet(sink: Sink, seconds: float = 0.4) -> None:
    """Wait until nothing was heard for a while."""
    heard, since = -1, time.monotonic()
    while heard != sum(sink.commands.values()) or time.monotonic() - since < seconds:
        if heard != sum(sink.commands.values()):
            heard, since = sum(sink.commands.values()), time.monotonic()
        time.sleep(0.02)


@pytest.mark.parametrize("how", ["killed", "given up"])
@pytest.mark.parametrize(
    ("switch", "words"),
    [("full", "database or disk is full"), ("readonly", "check that the file and its folder can")],
)
def test_f15_f16_a_database_that_takes_nothing_in_mid_send(
    on_sqlite: MakeOutlet, sink: Sink, switch: str, words: str, how: str, figures: Figures
) -> None:
    outlet = on_sqlite(readers=READERS)
    sink.rule = long_words
    sender = start(Orders(outlet.folder, times=200))
    wait_until(lambda: sink.commands["DOT"] >= 10)
    (outlet.folder / switch).touch()
    quiet(sink)
    taken, sent = len(sink.counts), outlet.numbers.sent
    assert taken < READERS  # no dot without a stored fence
    assert results.waiting(outlet.app) >= taken - sent
    if how == "killed":
        sender.kill()
    sender.join(20)
    assert how == "killed" or words in said(outlet.folder)
    (outlet.folder / switch).unlink()
    outlet.expire()
    finish(Orders(outlet.folder, at=(SOON, LATER)))
    assert everyone_once(outlet, sink)
    assert outlet.numbers.sent == READERS
    assert outlet.doubted == set()
    assert results.waiting(outlet.app) == 0
    number = "F15" if switch == "full" else "F16"
    figures(number, spilled=taken - sent, copies=0, uncertain=0)


@pytest.mark.parametrize("kind", ["on_sqlite", "beside_sqlite"])
def test_f15_a_claim_the_disk_did_not_take_is_no_claim_and_the_sender_goes_on(
    request: pytest.FixtureRequest, sink: Sink, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    outlet: Outlet = request.getfixturevalue(kind)(readers=READERS)
    commits, usual, stop = count(1), Line.transaction, Event()

    @contextmanager
    def failing(line: Line) -> Iterator[Transaction]:
        with usual(line) as tx:
            yield tx
            if next(commits) == 2:  # the one that claims more than at first
                raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(Line, "transaction", failing)
    watch = Timer(20, stop.set)
    watch.start()
    pipeline.drain_outbox(outlet.app, outlet.edition, stop=stop)
    watch.cancel()
    assert not stop.is_set()
    outlet.expire_claims()
    finish(Orders(outlet.folder, at=(SOON,)))
    assert everyone_once(outlet, sink)
    assert outlet.doubted == set()


def test_f15_a_full_disk_during_the_fill_leaves_an_edition_that_goes_on(
    on_sqlite: MakeOutlet, sink: Sink, figures: Figures
) -> None:
    outlet = on_sqlite(readers=READERS, queue=False)
    (outlet.folder / "full").touch()
    sender = start(Orders(outlet.folder, queue=True))
    sender.join(20)
    assert sender.exitcode == 1
    assert "database or disk is full" in said(outlet.folder)
    assert outlet.edition.state is EditionState.APPROVED
    assert outlet.numbers.frozen == 0
    (outlet.folder / "full").unlink()
    finish(Orders(outlet.folder, queue=True))
    assert everyone_once(outlet, sink)
    figures("F15", during="fill", lost=0, copies=0)


def test_f16_a_folder_we_may_not_write_is_said_in_a_sentence(
    on_sqlite: MakeOutlet, sink: Sink
) -> None:
    outlet = on_sqlite(readers=2)
    outlet.close()  # the last one to close takes -wal and -shm away
    folder = Path(tempfile.mkdtemp(prefix="digest-readonly-"))
    try:
        for path in outlet.folder.iterdir():
            shutil.copy(path, folder)
        for path in folder.iterdir():
            path.chmod(0o444)
        folder.chmod(0o555)
        (outlet.folder / "error").touch()
        sender = start(Orders(folder, user=65534 if os.geteuid() == 0 else 0, errors=outlet.folder))
        sender.join(20)
        assert sender.exitcode == 1
        assert re.search(
            r"digest\.db.*: (attempt to write|unable to open).*; check that", said(outlet.folder)
        )
        assert not sink.counts
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


@pytest.mark.thorough
def test_f14_a_write_lock_held_for_thirty_seconds_costs_nobody_a_mail(
    on_sqlite: MakeOutlet, sink: Sink, figures: Figures
) -> None:
    outlet = on_sqlite(readers=READERS)
    sink.rule = lambda heard: Say(delay=0.01) if heard.command == "DOT" else None
    sender = start(Orders(outlet.folder, stubborn=True))
    wait_until(lambda: sink.commands["DOT"] >= 20)
    with closing(sqlite3.connect(outlet.folder / "digest.db", isolation_level=None)) as holder:
        holder.execute("PRAGMA busy_timeout=10000")
        holder.execute("BEGIN IMMEDIATE")
        slowest, end = 0.0, time.monotonic() + 30
        while time.monotonic() < end:
            begun = time.monotonic()
            assert pipeline.find_edition(outlet.app, "latest").state is EditionState.SENDING
            slowest = max(slowest, time.monotonic() - begun)
            time.sleep(0.5)
        holder.execute("ROLLBACK")
    sender.join(60)
    outlet.expire()
    finish(Orders(outlet.folder, at=(SOON, LATER)))
    assert everyone_once(outlet, sink)
    assert outlet.doubted == set()
    assert slowest < 1
    figures("F14", copies=0, uncertain=0, slowest_read_s=round(slowest, 3))


def test_f25_a_kill_at_any_write_of_the_fill_leaves_all_rows_or_none(
    make_outlet: MakeOutlet, sink: Sink, figures: Figures
) -> None:
    readers = 50_000 if ALL else 500
    outlet = make_outlet(readers=readers, queue=False)
    point = 0
    while outlet.edition.state is EditionState.APPROVED:
        point += 1
        sender = start(Orders(outlet.folder, queue=True, at=(), die_at=point))
        sender.join(60)
        state, frozen = outlet.edition.state, outlet.numbers.frozen
        assert (state, frozen) in ((EditionState.APPROVED, 0), (EditionState.SENDING, readers))
    assert point >= 6  # an update, the fill, its count, an update, the commit
    rows = outlet.rows()
    assert {row.email for row in rows} == outlet.addresses
    assert len(rows) == readers
    figures("F25", readers=readers, points=point, double_rows=0)


@pytest.mark.seeds(1, 5, 20)
def test_f25_a_kill_in_the_middle_of_the_fill(
    make_outlet: MakeOutlet, sink: Sink, seed: int, figures: Figures
) -> None:
    readers = 50_000 if ALL else 2_000
    outlet = make_outlet(readers=readers, queue=False)
    sender = start(Orders(outlet.folder, queue=True, at=()))
    time.sleep(0.05 + 0.02 * seed)
    sender.kill()
    sender.join(10)
    wait_until(lambda: outlet.numbers.frozen in (0, readers))
    finish(Orders(outlet.folder, queue=True, at=()))
    assert outlet.edition.state is EditionState.SENDING
    assert {row.email for row in outlet.rows(DeliveryState.QUEUED)} == outlet.addresses
    figures("F25", readers=readers, when="mid-fill", double_rows=0)


def test_f26_the_disk_has_every_fence_before_its_dot(
    on_sqlite: MakeOutlet, sink: Sink, tmp_path: Path, figures: Figures
) -> None:
    outlet = on_sqlite(readers=100 if ALL else 20, connections=1)
    calls = tmp_path / "calls"
    command = [sys.executable, "-m", "digest", "send", "latest", "--yes"]
    if not shutil.which("strace"):
        pytest.skip("strace is missing: nothing else sees what reaches the disk")
    wanted = "trace=fsync,fdatasync,sendto,sendmsg,write"
    trace = ["strace", "-f", "-s", "40", "-e", wanted, "-o", str(calls)]
    subprocess.run(
        [*trace, *command], cwd=outlet.folder, check=True, capture_output=True, timeout=120
    )
    synced, messages, bare = False, 0, 0
    for line in calls.read_text(errors="replace").splitlines():
        if re.search(r"f(data)?sync(\(| resumed).*= 0$", line):
            synced = True
        elif _BODY.search(line):
            messages += 1
            bare += not synced
            synced = False
    assert everyone_once(outlet, sink)
    assert messages == outlet.readers
    assert bare == 0
    figures("F26", messages=messages, dots_without_a_sync_before=bare)


def test_f26_every_connection_syncs_at_commit(on_sqlite: MakeOutlet) -> None:
    outlet = on_sqlite(readers=1)
    for _ in range(3):
        with outlet.app.database.reading() as tx:
            assert tx.exec_driver_sql("PRAGMA synchronous").scalar() == 2
            assert tx.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
