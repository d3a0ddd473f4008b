"""F21, F23, F25: schedulers at the same second, one that dies at a write, a clock that jumps."""

import multiprocessing
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from multiprocessing.synchronize import Barrier
from pathlib import Path
from threading import Event
from uuid import uuid4

import pytest
import sqlalchemy as sa

from digest import rhythm, scheduler
from digest.app import App, open_app
from digest.ingest.limits import Limits
from digest.model import DeliveryState, EditionState
from digest.store import deliveries, editions
from tests.apps import Clock, an_app, fill
from tests.conftest import _run, _with_name
from tests.faults.conftest import ALL, MakeOutlet
from tests.faults.outlet import address
from tests.faults.points import Points, install, kill_me
from tests.faults.sink import DROP, Heard, Say, Sink
from tests.make import NOW, an_article

Figures = Callable[..., None]
_WARM = multiprocessing.get_context("forkserver")
_WARM.set_forkserver_preload(["tests.faults.test_slots"])
SLOTS = 100 if ALL else 4
READERS = 5
DAILY = """\
schedule = "daily 07:30"
window = "1d"
top_stories = 1
minimum_stories = 1
"""


def observed(app: App) -> None:
    """Let the newsletter be scheduled since yesterday."""
    rule = rhythm.plans(app.settings)["weekly"].rule
    with app.database.transaction() as tx:
        editions.scheduled_since(tx, "weekly", rule, NOW - timedelta(hours=1))


def hasty(folder: Path, clock: Clock) -> App:
    """Open an outlet that makes no pause between two questions to one host."""
    return replace(open_app(folder / "config.toml", {}, clock), limits=Limits(pause=0))


def slots(folder: Path, together: Barrier, count: int) -> None:
    """Be one of several schedulers: tick at every slot, at the same second as the others."""
    clock = Clock(NOW)
    app = hasty(folder, clock)
    for _ in range(count):
        together.wait(60)
        scheduler.run_due_slots(app, Event())
        together.wait(60)
        clock.move(days=1)
    app.close()


@pytest.mark.parametrize("schedulers", [2, 3])
def test_f21_schedulers_at_the_same_second_make_one_edition_for_each_slot(
    tmp_path: Path, database_url: str, schedulers: int, figures: Figures
) -> None:
    app = an_app(tmp_path, database_url, Clock(NOW), more=DAILY)
    week = [
        an_article(_words(n), published_at=NOW + timedelta(days=n, hours=-2)) for n in range(SLOTS)
    ]
    fill(app, week, readers=2)
    observed(app)
    together = _WARM.Barrier(schedulers)
    running = [
        _WARM.Process(target=slots, args=(tmp_path, together, SLOTS)) for _ in range(schedulers)
    ]
    for process in running:
        process.start()
    for process in running:
        process.join(60 + 3 * SLOTS)
        assert process.exitcode == 0
    with app.database.reading() as tx:
        found = editions.every(tx, None)
        rows = [len(deliveries.of_edition(tx, edition.id)) for edition in found]
        failed = tx.scalar(sa.text("SELECT count(*) FROM notice WHERE fact LIKE 'failed%'"))
    assert len({edition.slot_on for edition in found}) == len(found) == SLOTS
    assert {edition.state for edition in found} == {EditionState.SENDING}
    assert rows == [2] * SLOTS
    assert failed == 0
    figures("F21", schedulers=schedulers, slots=SLOTS, editions=len(found))
    app.close()


def _words(number: int) -> str:
    """Return a headline like no other."""
    digest = sha256(str(number).encode()).hexdigest()
    return " ".join(digest[at : at + 6] for at in range(0, 36, 6))


def tick(folder: Path, die_at: int) -> None:
    """Be a scheduler at a due slot that dies at a point."""
    points = Points(die_at, kill_me)
    install(points)
    app = hasty(folder, Clock(NOW))
    points.armed = True
    scheduler.run_due_slots(app, Event())
    app.close()


CloneOutlet = Callable[[], Path]


@pytest.fixture(params=["sqlite", "postgresql"])
def clone(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CloneOutlet]:
    """Return a function that makes an outlet whose slot is due, on either kind of database."""
    original = tmp_path / "original"
    original.mkdir()
    server = request.getfixturevalue("postgres") if request.param == "postgresql" else ""
    names = [f"digest_{uuid4().hex[:12]}"]
    url = "sqlite:///digest.db"
    if server:
        _run(server, f"CREATE DATABASE {names[0]}")
        url = _with_name(server, names[0])
    app = an_app(original, url, Clock(NOW - timedelta(minutes=30)))
    fill(app, readers=READERS)
    observed(app)
    app.close()

    def make() -> Path:
        folder = tmp_path / uuid4().hex[:8]
        shutil.copytree(original, folder)
        if server:
            names.append(f"digest_{uuid4().hex[:12]}")
            _run(server, f"CREATE DATABASE {names[-1]} TEMPLATE {names[0]}")
            config = folder / "config.toml"
            config.write_text(config.read_text().replace(url, _with_name(server, names[-1])))
        return folder

    yield make
    for name in names if server else ():
        _run(server, f"DROP DATABASE {name} WITH (FORCE)")


def test_f25_a_scheduler_killed_between_any_two_writes_is_completed_once(
    clone: CloneOutlet, figures: Figures
) -> None:
    died, at, step = 0, 1, 1 if ALL else 13
    while True:
        folder = clone()
        process = _WARM.Process(target=tick, args=(folder, at))
        process.start()
        process.join(60)
        assert process.exitcode in (0, -9)
        check(folder, at)
        if process.exitcode == 0:
            break
        died, at = died + 1, at + step
    assert died > 15 // step
    figures("F25", kills=died, editions=died + 1, rows_missing=0, rows_twice=0)


def check(folder: Path, at: int) -> None:
    """Start again; there is one edition, and one row for each reader."""
    clock = Clock(NOW + timedelta(minutes=1))
    app = hasty(folder, clock)
    for _ in range(2):
        scheduler.guarded(scheduler.run_due_slots, app, Event())
        clock.move(seconds=30)
    with app.database.reading() as tx:
        (edition,) = editions.every(tx)
        rows = deliveries.of_edition(tx, edition.id)
        told = tx.scalar(sa.text("SELECT count(*) FROM notice"))
    assert edition.state is EditionState.SENDING, f"after point {at}"
    assert len({row.email for row in rows}) == len(rows) == READERS
    assert {row.state for row in rows} == {DeliveryState.QUEUED}
    assert told == 0
    app.close()


def test_f23_a_clock_that_jumps_in_mid_send_loses_nobody_unseen_and_names_every_copy(
    make_outlet: MakeOutlet, sink: Sink, figures: Figures
) -> None:
    outlet, enough = make_outlet(readers=80, connections=2), 10
    later, lost = {address(n) for n in range(0, 80, 8)}, {address(n) for n in range(1, 80, 8)}

    def rule(heard: Heard) -> Say | None:
        if heard.command in ("CONNECT", "MAIL") and len(sink.counts) >= enough:
            return Say("421 4.3.2 come back later", close=True)
        if heard.command == "RCPT" and heard.recipient in later and heard.attempt == 1:
            return Say("450 4.2.0 greylisted")
        once = heard.command == "DOT" and heard.attempt == 1
        return Say(DROP) if once and heard.recipient in lost else None

    sink.rule = rule
    hour, day, true = timedelta(hours=1), timedelta(days=1), NOW
    jumps = (NOW + day, NOW - day, datetime(1970, 1, 1, tzinfo=UTC), NOW + hour, NOW - hour)
    for wrong in jumps if ALL else jumps[:3]:
        for moment in (wrong, true):
            outlet.clock.moment = moment
            for _ in range(2):
                outlet.drain(seconds=30)
                _ = outlet.numbers  # they close
            enough += 8
        true += timedelta(minutes=10)
    sink.rule = None
    outlet.clock.moment = true
    while not outlet.drain(hours=1).finished:
        assert outlet.clock.moment < true + day + hour, outlet.numbers
    copied = {email for email, n in sink.counts.items() if n > 1}
    expired = {row.email for row in outlet.rows(DeliveryState.EXPIRED)}
    assert copied == outlet.doubted <= lost
    assert max(sink.counts.values()) == 2
    assert set(sink.counts) == outlet.addresses - expired
    assert expired <= later  # a clock that was a day off may make a wait too long
    figures(
        "F23", jumps=len(jumps), copies=len(copied), named=len(outlet.doubted), expired=len(expired)
    )
