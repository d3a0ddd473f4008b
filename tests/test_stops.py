"""An edition stops when the relay refuses us, or a person says so; then it goes on, once each."""

import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from digest import pipeline, scheduler
from digest.app import App
from digest.errors import WrongState
from digest.membership import add_subscriber
from digest.model import DeliveryState, Edition, EditionState
from digest.store import deliveries, outbox
from tests.apps import Clock, an_app, fill
from tests.sink import DROP, LOSE, Sink, running


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sink() -> Iterator[Sink]:
    with running(Sink()) as started:
        yield started


@pytest.fixture
def app(tmp_path: Path, database_url: str, clock: Clock, sink: Sink) -> Iterator[App]:
    opened = an_app(tmp_path, database_url, clock, transport="smtp", port=sink.port)
    yield opened
    opened.close()


def queued(app: App) -> Edition:
    edition = pipeline.approve_edition(app, pipeline.draft_edition(app, "weekly"))
    return pipeline.queue_edition(app, edition)


def everywhere(app: App, readers: int) -> None:
    """Subscribe readers at three domains."""
    for number in range(readers):
        add_subscriber(app, f"r{number}@{'abc'[number % 3]}.example", "weekly", confirmed=True)


def test_a_refused_sender_fails_no_reader_and_pauses(app: App, sink: Sink) -> None:
    fill(app, readers=30)
    sink.script("MAIL", "550 5.7.1 sender not allowed", times=99)
    drained = pipeline.drain_outbox(app, queued(app))
    assert drained.edition.state is EditionState.PAUSED
    assert "5.7.1 sender not allowed" in drained.edition.reason
    assert (drained.numbers.open, drained.numbers.failed) == (30, 0)
    assert sink.commands["MAIL"] <= 4
    sink._cues.clear()
    again = pipeline.drain_outbox(app, pipeline.resume_edition(app, drained.edition))
    assert again.finished
    assert set(sink.counts.values()) == {1}
    assert len(sink.counts) == 30


def test_one_equal_refusal_after_the_other_pauses_and_fails_nobody(app: App, sink: Sink) -> None:
    fill(app)
    everywhere(app, 60)
    sink.script("RCPT", "554 5.7.1 relaying denied", times=999)
    drained = pipeline.drain_outbox(app, queued(app))
    assert drained.edition.state is EditionState.PAUSED
    assert "one reader after the other is refused with 554 5.7.1" in drained.edition.reason
    assert drained.numbers.failed == 0
    assert drained.numbers.open == 60
    assert sink.commands["RCPT"] <= 14
    sink._cues.clear()
    assert pipeline.drain_outbox(app, pipeline.resume_edition(app, drained.edition)).finished
    assert len(sink.counts) == 60
    assert set(sink.counts.values()) == {1}


def test_who_is_refused_again_after_the_pause_fails_so_that_it_ends(app: App, sink: Sink) -> None:
    fill(app)
    everywhere(app, 30)
    sink.script("RCPT", "550 5.1.1 no such user", times=999)
    edition, pauses = queued(app), 0
    while edition.state is EditionState.SENDING and pauses < 20:
        drained = pipeline.drain_outbox(app, edition)
        edition = drained.edition
        if edition.state is EditionState.PAUSED:
            pauses += 1
            edition = pipeline.resume_edition(app, edition)
    assert drained.finished
    assert drained.numbers.failed == 30


def test_a_full_provider_of_dead_addresses_stops_nothing(app: App, sink: Sink) -> None:
    fill(app, readers=15)  # all at one domain
    sink.script("RCPT", "550 5.1.1 no such user", times=999)
    drained = pipeline.drain_outbox(app, queued(app))
    assert drained.finished
    assert drained.numbers.failed == 15


def test_the_scheduler_tells_of_an_edition_the_relay_stopped(app: App, sink: Sink) -> None:
    fill(app, readers=3)
    edition = queued(app)
    sink.script("MAIL", "550 5.7.1 sender not allowed", times=3)
    scheduler.send_open_editions(app, threading.Event())
    scheduler.send_open_editions(app, threading.Event())
    assert pipeline.find_edition(app, str(edition.id)).state is EditionState.PAUSED
    assert sum(sink.counts.values()) <= 1  # the notice, if the relay took it


def test_a_pause_is_honoured_by_a_running_sender(app: App, sink: Sink) -> None:
    fill(app, readers=100)
    edition = queued(app)
    sink.script("DOT", "", times=999, delay=0.05)
    sender = threading.Thread(target=pipeline.drain_outbox, args=(app, edition))
    sender.start()
    while sink.commands["DOT"] < 8:
        time.sleep(0.001)
    paused = pipeline.pause_edition(app, edition, "paused by a test")
    begun = sink.commands["DOT"]
    sender.join(10)
    assert not sender.is_alive()
    assert sink.commands["DOT"] <= begun + app.settings.mail.connections
    with app.database.reading() as tx:
        numbers = outbox.numbers(tx, edition.id)
        assert deliveries.of_edition(tx, edition.id, DeliveryState.CLAIMED) == []
        assert {d.attempts for d in deliveries.of_edition(tx, edition.id) if d.attempts} == {1}
    assert numbers.add_up
    assert numbers.open + numbers.sent == 100
    assert pipeline.drain_outbox(app, pipeline.resume_edition(app, paused)).numbers.sent == 100
    assert set(sink.counts.values()) == {1}


def test_twenty_pauses_lose_nobody_and_send_nothing_twice(app: App, sink: Sink) -> None:
    fill(app, readers=250)
    edition = queued(app)
    sink.script("DOT", "", times=9999, delay=0.02)
    for _ in range(20):
        begun = sink.commands["DOT"]
        sender = threading.Thread(target=pipeline.drain_outbox, args=(app, edition))
        sender.start()
        while sink.commands["DOT"] == begun:
            time.sleep(0.001)
        paused = pipeline.pause_edition(app, edition, "paused by a test")
        sender.join(10)
        edition = pipeline.resume_edition(app, paused)
    sink._cues.clear()
    drained = pipeline.drain_outbox(app, edition)
    assert drained.numbers.sent == 250
    assert len(sink.counts) == 250
    assert set(sink.counts.values()) == {1}


def test_only_what_is_sending_can_be_paused_and_only_what_is_paused_goes_on(app: App) -> None:
    fill(app, readers=1)
    draft = pipeline.draft_edition(app, "weekly")
    with pytest.raises(WrongState, match="is draft, not sending"):
        pipeline.pause_edition(app, draft, "")
    with pytest.raises(WrongState, match="is draft, not paused"):
        pipeline.resume_edition(app, draft)


def test_doubts_are_listed_and_sent_again_with_the_same_bytes(
    tmp_path: Path, clock: Clock, sink: Sink
) -> None:
    app = an_app(
        tmp_path, clock=clock, transport="smtp", port=sink.port, on_uncertain="hold", connections=1
    )
    fill(app, readers=3)
    sink.script("DOT", DROP)
    drained = pipeline.drain_outbox(app, queued(app))
    drained = pipeline.drain_outbox(app, drained.edition)
    assert drained.finished
    assert (drained.numbers.sent, drained.numbers.uncertain) == (2, 1)
    (again,) = pipeline.resend_doubts(app, drained.edition)
    drained = pipeline.drain_outbox(app, pipeline.find_edition(app, "latest"))
    assert drained.finished
    assert (drained.numbers.sent, drained.numbers.uncertain) == (3, 0)
    copies = [one.content for one in sink.received if one.recipient == again.email]
    assert len(copies) == 2
    assert copies[0] == copies[1]
    with app.database.reading() as tx:
        assert [d.email for d in deliveries.doubted(tx, drained.edition.id)] == [again.email]
    app.close()


def test_doubts_of_a_cancelled_edition_are_dropped_and_never_sent_again(
    app: App, sink: Sink
) -> None:
    fill(app, readers=2)
    sink.script("DOT", DROP)
    drained = pipeline.drain_outbox(app, queued(app))
    cancelled = pipeline.cancel_edition(app, drained.edition, "called back by a test")
    with pytest.raises(WrongState, match="can only be dropped"):
        pipeline.resend_doubts(app, cancelled)
    assert len(pipeline.drop_doubts(app, cancelled, "dropped by a test")) == 1


def test_dropped_doubts_stay_unsent_and_the_books_close(
    tmp_path: Path, clock: Clock, sink: Sink
) -> None:
    app = an_app(tmp_path, clock=clock, transport="smtp", port=sink.port, on_uncertain="hold")
    fill(app, readers=1)
    sink.script("DOT", LOSE)
    drained = pipeline.drain_outbox(app, queued(app))
    (dropped,) = pipeline.drop_doubts(app, drained.edition, "dropped by a test")
    with app.database.reading() as tx:
        numbers = outbox.numbers(tx, drained.edition.id)
    assert (numbers.cancelled, numbers.uncertain, numbers.add_up) == (1, 0, True)
    assert re.search("dropped by a test; .* may have arrived", dropped.reply)
    assert sink.received == []
    app.close()
