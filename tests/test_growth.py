"""An edition with many more readers than the last one is no surprise to a person."""

import os
import pty
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from digest import pipeline, scheduler
from digest.app import App
from digest.audience.address import address_digest, parse_address
from digest.model import EditionState, SubscriptionState
from digest.store import editions, subscribers
from tests.apps import Clock, a_week, an_app, fill
from tests.make import an_article


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(tmp_path: Path, clock: Clock) -> Iterator[App]:
    opened = an_app(tmp_path, clock=clock)
    yield opened
    opened.close()


def subscribe(app: App, names: range) -> None:
    with app.database.transaction() as tx:
        for number in names:
            address = parse_address(f"n{number}@reader.example")
            digest = address_digest(b"s" * 32, address)
            person = subscribers.add(tx, address.email, address.key, digest, "", app.now())
            made = subscribers.subscribe(tx, person.id, "weekly", f"{number:010d}A", app.now())
            active = replace(made, state=SubscriptionState.ACTIVE)
            subscribers.set_state(tx, active, "test", app.now())


def an_earlier_edition(app: App, readers: int, clock: Clock) -> None:
    """Record an edition of a week ago with so many readers."""
    fill(app)
    made = pipeline.approve_edition(app, pipeline.draft_edition(app, "weekly"))
    pipeline.drain_outbox(app, pipeline.queue_edition(app, made))
    with app.database.transaction() as tx:
        tx.execute(sa.text(f"UPDATE edition SET frozen = {readers}"))
    clock.move(days=7)


@pytest.mark.parametrize(
    ("before", "now", "asked"), [(200, 300, False), (200, 301, True), (10, 200, False), (0, 900, 0)]
)
def test_more_than_half_again_and_over_two_hundred(
    app: App, clock: Clock, before: int, now: int, asked: bool
) -> None:
    an_earlier_edition(app, before, clock)
    subscribe(app, range(now))
    fill(app)
    edition = pipeline.draft_edition(app, "weekly")
    said = pipeline.growth(app, edition)
    assert said == (f"it has {now} readers, the last edition had {before}" if asked else "")


def test_a_scheduled_one_is_held_and_told(
    app: App, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    an_earlier_edition(app, 100, clock)
    subscribe(app, range(201))
    edition = pipeline.draft_edition(app, "weekly")
    fill(app, [*a_week(), *(an_article(f"Word {n} of its own") for n in range(3))])
    clock.moment = edition.slot_at
    with app.database.transaction() as tx:
        tx.execute(sa.text("UPDATE edition SET state = 'approved' WHERE state != 'sent'"))
    scheduler.run_due_slots(app, threading.Event())
    held = pipeline.find_edition(app, edition.key)
    assert held.state is EditionState.HELD
    assert "it has 201 readers, the last edition had 100" in held.reason
    assert "--allow-growth" in held.reason
    assert f"{edition.key} is held" in caplog.text


def run(folder: Path, *words: str, answer: str = "") -> tuple[int, str]:
    """Run `digest` on a terminal when there is an answer to give, else without one."""
    main, side = pty.openpty()
    given = side if answer else subprocess.DEVNULL
    process = subprocess.Popen(
        [sys.executable, "-m", "digest", "-c", str(folder / "config.toml"), *words],
        stdin=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if answer:
        os.write(main, f"{answer}\n".encode())
    said = process.communicate(timeout=60)[0]
    os.close(main)
    os.close(side)
    return process.returncode, said


def test_the_command_asks_whatever_yes_says_unless_growth_is_allowed(
    app: App, clock: Clock, tmp_path: Path
) -> None:
    an_earlier_edition(app, 100, clock)
    subscribe(app, range(201))
    fill(app, [an_article(f"Word {n} of its own", published_at=clock()) for n in range(4)])
    key = pipeline.draft_edition(app, "weekly", clock()).key
    without = run(tmp_path, "send", key, "--yes")
    assert without[0] == 3, without[1]
    assert "201 readers, the last edition had 100" in without[1]
    assert "give --allow-growth" in without[1]
    assert run(tmp_path, "send", key, "--yes", answer="n")[0] == 3
    with app.database.reading() as tx:
        assert editions.find(tx, key).state in editions.OPEN_STATES
    done = run(tmp_path, "send", key, "--yes", "--allow-growth")
    assert done[0] == 0, done[1]
    assert "sent 201" in done[1]
