"""Each slot once, whatever happens; what did not go out is recorded and told."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from digest import pipeline, scheduler
from digest.app import App
from digest.model import EditionState
from digest.store import articles, editions, feeds
from tests.apps import Clock, a_week, an_app, fill
from tests.ingest.site import Server, Site
from tests.make import NOW
from tests.sink import Sink, running

STOP = threading.Event()
SITE, NOON = "https://news.example/last", "Sun, 22 Nov 2026 12:00:00 GMT"
EMPTY = b'<rss version="2.0"><channel><title>Atlas</title></channel></rss>'


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW - timedelta(hours=1))


@pytest.fixture
def sink() -> Iterator[Sink]:
    with running(Sink()) as started:
        yield started


@pytest.fixture
def app(tmp_path: Path, database_url: str, clock: Clock, sink: Sink) -> Iterator[App]:
    opened = an_app(tmp_path, database_url, clock, transport="smtp", port=sink.port)
    yield opened
    opened.close()


def tick(app: App) -> None:
    scheduler.run_due_slots(app, STOP)
    scheduler.send_open_editions(app, STOP)


def states(app: App) -> dict[str, EditionState]:
    with app.database.reading() as tx:
        return {edition.key: edition.state for edition in editions.every(tx)}


def test_a_due_slot_is_built_and_sent_once(app: App, clock: Clock, sink: Sink) -> None:
    fill(app, readers=2)
    tick(app)
    assert states(app) == {}
    clock.move(hours=1)
    for _ in range(3):
        tick(app)
        clock.move(seconds=30)
    assert states(app) == {"weekly@2026-11-23": EditionState.SENT}
    assert sink.counts == {"r0@reader.example": 1, "r1@reader.example": 1}


def test_a_slot_from_before_the_first_tick_is_nobodys_fault(app: App, clock: Clock) -> None:
    fill(app, readers=1)
    clock.move(hours=2)
    tick(app)
    assert states(app) == {}


def test_asleep_for_an_hour_it_is_sent_on_waking(app: App, clock: Clock, sink: Sink) -> None:
    fill(app, readers=1)
    tick(app)
    clock.move(hours=2)
    tick(app)
    assert states(app) == {"weekly@2026-11-23": EditionState.SENT}
    assert pipeline.find_edition(app, "latest").window_end == NOW


def test_asleep_for_thirty_hours_it_is_missed_and_told(app: App, clock: Clock, sink: Sink) -> None:
    fill(app, readers=1)
    tick(app)
    clock.move(hours=31)
    tick(app)
    tick(app)
    assert states(app) == {"weekly@2026-11-23": EditionState.MISSED}
    assert sink.counts == {"editor@news.example": 1}
    assert b"was missed" in sink.received[0].content


def test_a_thin_week_is_held_and_told_once(app: App, clock: Clock, sink: Sink) -> None:
    tick(app)
    clock.move(hours=1)
    for _ in range(3):
        tick(app)
    assert states(app) == {"weekly@2026-11-23": EditionState.HELD}
    assert len(sink.received) == 1
    assert b"thin week: 0 of at least 3 stories" in sink.received[0].content


def test_a_thin_week_may_be_skipped(tmp_path: Path, clock: Clock, sink: Sink) -> None:
    app = an_app(tmp_path, clock=clock, transport="smtp", port=sink.port, more='thin_week = "skip"')
    tick(app)
    clock.move(hours=1)
    tick(app)
    assert states(app) == {"weekly@2026-11-23": EditionState.SKIPPED}
    app.close()


def test_a_skipped_date_sends_nothing_and_is_recorded_and_told_once(
    tmp_path: Path, clock: Clock, sink: Sink
) -> None:
    skipped = "skip_dates = [2026-11-23]"
    app = an_app(tmp_path, clock=clock, transport="smtp", port=sink.port, more=skipped)
    fill(app, readers=1)
    tick(app)
    clock.move(hours=1)
    for _ in range(3):
        tick(app)
    assert states(app) == {"weekly@2026-11-23": EditionState.SKIPPED}
    assert pipeline.find_edition(app, "latest").reason == "skip_dates says so"
    assert sink.counts == {"editor@news.example": 1}
    app.close()


def test_with_approval_required_a_draft_waits_and_unapproved_is_held(
    tmp_path: Path, clock: Clock, sink: Sink
) -> None:
    app = an_app(
        tmp_path, clock=clock, transport="smtp", port=sink.port, more='approval = "required"'
    )
    fill(app, readers=1)
    tick(app)
    assert states(app) == {"weekly@2026-11-23": EditionState.DRAFT}
    told = sink.received[0].content.replace(b"=\r\n", b"")
    assert b"digest editions approve weekly@2026-11-23" in told
    clock.move(hours=1)
    tick(app)
    assert states(app) == {"weekly@2026-11-23": EditionState.HELD}
    assert "r0@reader.example" not in sink.counts
    pipeline.approve_edition(app, pipeline.find_edition(app, "latest"))
    tick(app)
    assert states(app) == {"weekly@2026-11-23": EditionState.SENT}
    assert sink.counts["r0@reader.example"] == 1
    app.close()


def test_an_approved_draft_goes_out_at_its_slot_not_before(
    tmp_path: Path, clock: Clock, sink: Sink
) -> None:
    app = an_app(
        tmp_path, clock=clock, transport="smtp", port=sink.port, more='approval = "required"'
    )
    fill(app, readers=1)
    tick(app)
    pipeline.approve_edition(app, pipeline.find_edition(app, "latest"))
    tick(app)
    assert "r0@reader.example" not in sink.counts
    clock.move(hours=1)
    tick(app)
    assert sink.counts["r0@reader.example"] == 1
    app.close()


def test_two_schedulers_at_the_same_moment_make_one_edition(
    app: App, clock: Clock, sink: Sink
) -> None:
    fill(app, readers=3)
    tick(app)
    clock.move(hours=1)
    both = [
        threading.Thread(target=scheduler.guarded, args=(scheduler.run_due_slots, app, STOP))
        for _ in range(3)
    ]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    scheduler.send_open_editions(app, STOP)
    assert states(app) == {"weekly@2026-11-23": EditionState.SENT}
    assert set(sink.counts.values()) == {1}
    assert len(sink.received) == 3


def test_a_send_that_was_cut_off_goes_on_after_a_restart(
    app: App, clock: Clock, sink: Sink
) -> None:
    fill(app, readers=2)
    edition = pipeline.approve_edition(app, pipeline.draft_edition(app, "weekly"))
    pipeline.queue_edition(app, edition)
    scheduler.send_open_editions(app, STOP)
    assert set(sink.counts.values()) == {1}
    assert states(app) == {edition.key: EditionState.SENT}


def test_a_schedule_edited_on_the_day_sends_nothing_for_the_past(
    tmp_path: Path, clock: Clock, sink: Sink
) -> None:
    app = an_app(tmp_path, clock=clock, transport="smtp", port=sink.port)
    fill(app, readers=1)
    tick(app)
    clock.move(hours=1)
    tick(app)
    app.close()
    clock.move(days=1, hours=5)
    edited = an_app(
        tmp_path, clock=clock, transport="smtp", port=sink.port, more='schedule = "tuesday 07:30"'
    )
    tick(edited)
    assert states(edited) == {"weekly@2026-11-23": EditionState.SENT}
    edited.close()


def test_a_draft_that_waited_too_long_is_missed_not_sent(
    app: App, clock: Clock, sink: Sink
) -> None:
    fill(app, readers=1)
    tick(app)
    pipeline.draft_edition(app, "weekly")
    clock.move(days=5)
    tick(app)
    assert states(app) == {"weekly@2026-11-23": EditionState.MISSED}
    assert "r0@reader.example" not in sink.counts


def test_an_edition_approved_in_time_but_too_late_to_send_is_held(
    app: App, clock: Clock, sink: Sink
) -> None:
    fill(app, readers=1)
    tick(app)
    pipeline.approve_edition(app, pipeline.draft_edition(app, "weekly"))
    clock.move(days=5)
    tick(app)
    assert states(app) == {"weekly@2026-11-23": EditionState.HELD}


def test_an_extra_edition_goes_out_at_its_instant(app: App, clock: Clock, sink: Sink) -> None:
    fill(app, readers=1)
    tick(app)
    clock.move(hours=2)
    tick(app)
    extra = pipeline.draft_edition(app, "weekly", clock.moment + timedelta(days=1))
    assert extra.slot_on.isoformat() == "2026-11-24"
    more = [a for a in extra.left_out if "already sent" in a.reason]
    assert more


def test_a_login_that_is_refused_pauses_the_edition_and_is_not_tried_again(
    tmp_path: Path, clock: Clock, sink: Sink
) -> None:
    app = an_app(tmp_path, clock=clock, transport="smtp", port=sink.port)
    fill(app, readers=3)
    tick(app)
    clock.move(hours=1)
    sink.script("MAIL", "535 5.7.8 no", times=20)
    tick(app)
    assert states(app) == {"weekly@2026-11-23": EditionState.PAUSED}
    asked = sink.commands["MAIL"]
    clock.move(minutes=5)
    tick(app)
    assert sink.commands["MAIL"] == asked
    app.close()


def test_a_late_evening_slot_on_a_day_with_a_gap_keeps_its_date(tmp_path: Path) -> None:
    clock = Clock(datetime(2026, 3, 28, 12, 0, tzinfo=UTC))
    app = an_app(tmp_path, clock=clock, more='schedule = "saturday 23:30"\nminimum_stories = 1')
    publication = app.settings.publication.model_copy(update={"timezone": "America/Nuuk"})
    app = replace(app, settings=app.settings.model_copy(update={"publication": publication}))
    fill(app, [replace(a_week()[0], published_at=clock.moment)], readers=1)
    tick(app)
    clock.move(hours=14)
    tick(app)
    tick(app)
    assert states(app) == {"weekly@2026-03-28": EditionState.SENT}
    app.close()


def test_a_feed_that_fails_for_a_week_is_told_of_once_and_again_after_it_recovered(
    app: App, clock: Clock, sink: Sink
) -> None:
    server = Server()
    server.script["/feed"] = lambda site: site.answer(500)
    with app.database.transaction() as tx:
        feeds.add(tx, server.url("/feed"))
    for _ in range(20):
        scheduler.fetch_due_feeds(app, STOP)
        clock.move(days=1)
    assert len(sink.received) == 1
    assert b"has failed for a week" in sink.received[0].content
    assert b"500" in sink.received[0].content
    server.script["/feed"] = lambda site: site.answer(200, EMPTY)
    scheduler.fetch_due_feeds(app, STOP)
    server.script["/feed"] = lambda site: site.answer(500)
    for _ in range(10):
        clock.move(days=1)
        scheduler.fetch_due_feeds(app, STOP)
    assert len(sink.received) == 2
    server.close()


def a_feed(app: App, answer: Callable[[Site], None]) -> Server:
    server = Server()
    server.script["/feed"] = answer
    with app.database.transaction() as tx:
        feeds.add(tx, server.url("/feed"))
    return server


def with_one(site: Site) -> None:
    item = (
        f"<item><title>The last minute</title><link>{SITE}</link><pubDate>{NOON}</pubDate></item>"
    )
    site.answer(200, f"<rss><channel><title>Atlas</title>{item}</channel></rss>".encode())


def test_feeds_are_read_in_the_last_minutes_before_a_slot_and_not_twice(
    app: App, clock: Clock
) -> None:
    fill(app, readers=1)
    server = a_feed(app, with_one)
    asked = []
    for minutes in (0, 50, 6, 3, 1):  # the slot is an hour ahead
        clock.move(minutes=minutes)
        tick(app)
        asked.append(len(server.seen))
    assert asked == [0, 0, 1, 1, 1]
    assert states(app) == {"weekly@2026-11-23": EditionState.SENT}
    with app.database.reading() as tx:
        assert "The last minute" in {article.title for article in articles.newest(tx)}
    server.close()


def test_a_feed_in_trouble_keeps_no_edition_from_its_slot(app: App, clock: Clock) -> None:
    fill(app, readers=1)
    server = a_feed(app, lambda site: site.answer(500))
    tick(app)
    clock.move(hours=1)
    tick(app)
    assert len(server.seen) == 1
    assert states(app) == {"weekly@2026-11-23": EditionState.SENT}
    server.close()


def test_what_was_unpublished_is_left_out_at_its_slot(app: App, clock: Clock) -> None:
    server = Server()
    week = [replace(a, url=server.url(f"/{n}")) for n, a in enumerate(a_week())]
    for number in range(len(week)):
        status = 404 if number == 0 else 200
        server.script[f"/{number}"] = lambda site, status=status: site.answer(status)  # type: ignore[misc]
    fill(app, week, readers=1)
    tick(app)
    clock.move(hours=1)
    tick(app)
    edition = pipeline.find_edition(app, "latest")
    assert edition.state is EditionState.SENT
    assert week[0].id not in {placed.lead.id for placed in edition.stories}
    assert week[1].id in {placed.lead.id for placed in edition.stories}
    server.close()
