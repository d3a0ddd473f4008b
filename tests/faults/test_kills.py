"""F1, F2: a sender killed at any moment loses nobody; second copies are few and each is named.

The quick part of the catalogue, on SQLite; DIGEST_TEST_FAULTS=1 runs 200 seeds and every point.
The seed stands in the name of each run.
"""

import os
import random
import shutil
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from digest import pipeline
from digest.app import App, open_app
from digest.model import DeliveryState, EditionState
from digest.store import deliveries, outbox
from tests.apps import an_app, fill
from tests.faults.sender import finish, start
from tests.sink import Sink, running

READERS, CONNECTIONS, FEW = 40, 4, 2
ALL = bool(os.environ.get("DIGEST_TEST_FAULTS"))  #: every point and more seeds
SOON, LATER = timedelta(minutes=1), timedelta(minutes=12)


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    with running(Sink()) as started:
        yield started


def outlet(folder: Path, sink: Sink, readers: int, connections: int) -> Path:
    """Make an outlet with a queued edition."""
    app = an_app(folder, transport="smtp", port=sink.port, connections=connections)
    fill(app, readers=readers)
    approved = pipeline.approve_edition(app, pipeline.draft_edition(app, "weekly"))
    pipeline.queue_edition(app, approved)
    app.close()
    return folder


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory, sink: Sink) -> Path:
    return outlet(tmp_path_factory.mktemp("many"), sink, READERS, CONNECTIONS)


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory, sink: Sink) -> Path:
    return outlet(tmp_path_factory.mktemp("few"), sink, FEW, 1)


def forget(sink: Sink) -> None:
    sink.counts.clear()
    sink.commands.clear()
    sink.received.clear()


def expire(app: App) -> None:
    """Let the time pass after which a dead sender's claims are void."""
    with app.database.transaction() as tx:
        tx.exec_driver_sql("UPDATE delivery SET lease_until = '2000-01-01 00:00:00'")


def check(app: App, sink: Sink, readers: int, connections: int, policy: str) -> int:
    """Check the promises after one crash and its recovery; return how many copies there were."""
    with app.database.reading() as tx:
        edition = pipeline.find_edition(app, "latest")
        numbers = outbox.numbers(tx, edition.id)
        named = {each.email for each in deliveries.doubted(tx, edition.id)}
        doubtful = deliveries.of_edition(tx, edition.id, DeliveryState.UNCERTAIN)
    copied = {email for email, count in sink.counts.items() if count > 1}
    lost = {f"r{n}@reader.example" for n in range(readers)} - set(sink.counts)
    assert edition.state is EditionState.SENT
    assert numbers.add_up
    assert numbers.open == 0
    assert max(sink.counts.values()) <= 2
    assert len(named) <= connections
    if policy == "hold":
        assert copied == set()
        assert lost <= {each.email for each in doubtful}
        assert numbers.sent + numbers.uncertain == readers
    else:
        assert lost == set()
        assert copied <= named
        assert numbers.sent == readers
    return len(copied)


def recover(folder: Path, sink: Sink, readers: int, connections: int, policy: str) -> int:
    """Send again as an operator would, at once and after the wait; check; return the copies."""
    app = open_app(folder / "config.toml", {})
    expire(app)
    finish(folder, policy, SOON)
    finish(folder, policy, LATER)
    copies = check(app, sink, readers, connections, policy)
    app.close()
    return copies


@pytest.mark.parametrize("policy", ["resend", "hold"])
@pytest.mark.parametrize("seed", range(200 if ALL else 3))
def test_a_kill_at_a_random_moment(
    tmp_path: Path, many: Path, sink: Sink, seed: int, policy: str
) -> None:
    chance = random.Random(seed)
    forget(sink)
    folder = Path(shutil.copytree(many, tmp_path / "outlet"))
    sink.script("DOT", "", times=1000, delay=0.005)
    sender = start(folder, policy)
    wanted = chance.randrange(1, READERS - 8)
    while sink.commands["DOT"] < wanted:
        assert sender.is_alive()
        time.sleep(0.001)
    time.sleep(chance.random() * 0.02)
    sender.kill()
    sender.join(10)
    sink._cues.clear()
    recover(folder, sink, READERS, CONNECTIONS, policy)


@pytest.mark.parametrize("policy", ["resend", "hold"])
def test_a_kill_before_and_after_every_write(
    tmp_path: Path, few: Path, sink: Sink, policy: str
) -> None:
    copies, point = 0, 0
    while True:
        point += 1 if ALL else 4
        forget(sink)
        folder = Path(shutil.copytree(few, tmp_path / str(point)))
        sender = start(folder, policy, die_at=point)
        sender.join(30)
        if sender.exitcode == 0:  # it has fewer points than that
            break
        copies += recover(folder, sink, FEW, 1, policy)
    assert point > 2 * 5 * FEW  # one transaction records, fences and claims
    # After the dot of each message: when it is out, when 250 is read, before and after the commit.
    assert copies <= (4 * FEW if policy == "resend" else 0)
