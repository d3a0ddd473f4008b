"""A story goes all the way; a refusal, a dead relay and a crash each have their outcome."""

import re
import sqlite3
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from digest import membership, pipeline
from digest.app import App
from digest.audience.tokens import UNSUBSCRIBE
from digest.errors import WrongState
from digest.model import Edition, EditionState, SubscriptionState
from digest.slots import Slot
from digest.store import editions, outbox
from tests.apps import Clock, a_week, an_app, fill
from tests.make import NOW
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


def send(app: App, name: str = "weekly") -> pipeline.Drained:
    edition = pipeline.approve_edition(app, pipeline.draft_edition(app, name))
    return pipeline.drain_outbox(app, pipeline.queue_edition(app, edition))


def test_a_story_goes_all_the_way(app: App, sink: Sink) -> None:
    fill(app, readers=3)
    drained = send(app)
    assert drained.finished
    assert drained.numbers.sent == drained.numbers.frozen == 3
    assert sink.counts == {f"r{n}@reader.example": 1 for n in range(3)}
    message = message_from_bytes(sink.received[0].content, policy=policy.default)
    assert message["Subject"] == "Harbour reopens after the storm"
    assert re.fullmatch(r"<e1\.d[1-3]\.[0-9a-f]{8}@news\.example>", message["Message-ID"])
    html = message.get_body(("html",))
    assert html is not None
    assert "Harbour reopens after the storm" in html.get_content()


def test_five_hundred_readers_get_it_once_each_with_their_own_token(app: App, sink: Sink) -> None:
    fill(app, readers=500)
    drained = send(app)
    assert drained.numbers.sent == 500
    assert len(sink.received) == 500
    assert set(sink.counts.values()) == {1}
    messages = [message_from_bytes(r.content, policy=policy.default) for r in sink.received]
    assert len({m["To"] for m in messages}) == 500
    assert len({m["Message-ID"] for m in messages}) == 500
    tokens = [re.findall(r"/u/([\w-]{33})", str(m["List-Unsubscribe"]))[0] for m in messages]
    assert len(set(tokens)) == 500
    for received, message, token in zip(sink.received, messages, tokens, strict=True):
        assert message["To"] == received.recipient
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        person = membership.find_subscriber(app, received.recipient)
        found = membership.subscription_for(app, UNSUBSCRIBE, token)
        assert found == person.subscriptions[0]


def test_a_link_from_the_received_mail_unsubscribes(app: App, sink: Sink) -> None:
    fill(app, readers=1)
    send(app)
    found = re.search(rb"/u/([\w-]{33})>", sink.received[0].content)
    assert found is not None
    ended = membership.unsubscribe(app, found[1].decode(), "test")
    assert ended.state is SubscriptionState.ENDED


def test_the_same_database_config_and_instant_give_the_same_bytes(
    tmp_path: Path, postgres_url: str
) -> None:
    bytes_of = []
    for number, url in enumerate(("sqlite:///digest.db", postgres_url)):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "digest.key").write_text("k" * 40)
        app = an_app(folder, url)
        week = a_week()
        fill(app, week if number else week[::-1])
        edition = pipeline.draft_edition(app, "weekly")
        written = pipeline.write_preview(app, pipeline.proof(app, edition), folder)
        again = pipeline.draft_edition(app, "weekly")
        assert again == edition
        bytes_of.append([path.read_bytes() for path in written])
        app.close()
    assert bytes_of[0] == bytes_of[1]


def test_what_was_sent_does_not_come_again(app: App, clock: Clock) -> None:
    fill(app, readers=1)
    first = send(app).edition
    clock.move(days=7)
    second = pipeline.draft_edition(app, "weekly")
    assert second.slot_on == first.slot_on + timedelta(days=7)
    assert not {p.lead.id for p in first.stories} & {p.lead.id for p in second.stories}
    reasons = {left.reason for left in second.left_out}
    assert "already sent in weekly@2026-11-23" in reasons or not second.left_out


def test_what_was_sent_ahead_of_its_slot_does_not_come_again(app: App, clock: Clock) -> None:
    clock.move(days=-3)
    fill(app, readers=1)
    ahead = send(app).edition
    assert ahead.slot_at > clock.moment
    extra = Slot(clock.moment.date(), clock.moment)
    made = pipeline.draft_edition(app, "weekly", extra)
    assert ahead.stories
    assert not {p.lead.id for p in ahead.stories} & {p.lead.id for p in made.stories}


def test_the_window_reaches_back_to_the_last_sent_edition(app: App, clock: Clock) -> None:
    fill(app, readers=1)
    sent = send(app).edition
    clock.move(days=14)
    assert pipeline.draft_edition(app, "weekly").window_start == sent.window_end
    clock.move(days=21)
    late = pipeline.draft_edition(app, "weekly")
    assert late.window_end - late.window_start == timedelta(days=21)


def test_a_preview_changes_nothing(app: App, tmp_path: Path) -> None:
    fill(app)
    edition = pipeline.compose_next(app, "weekly")
    written = pipeline.write_preview(app, pipeline.proof(app, edition), tmp_path / "out")
    assert [path.name for path in written] == ["preview.html", "preview.txt", "preview.eml"]
    with app.database.reading() as tx:
        assert editions.every(tx) == []


def test_what_was_approved_is_what_is_sent(app: App, sink: Sink) -> None:
    fill(app, readers=1)
    approved = pipeline.approve_edition(app, pipeline.draft_edition(app, "weekly"))
    fill(app, [replace(a_week()[0], title="Something else")])
    pipeline.drain_outbox(app, pipeline.queue_edition(app, approved))
    assert pipeline.proof(app, pipeline.find_edition(app, "latest")).sha256 == approved.sha256
    assert b"Something else" not in sink.received[0].content


def test_an_approved_edition_cannot_be_built_or_approved_again(app: App) -> None:
    fill(app)
    draft = pipeline.draft_edition(app, "weekly")
    pipeline.approve_edition(app, draft)
    with pytest.raises(WrongState, match="no longer draft"):
        pipeline.approve_edition(app, draft)
    with pytest.raises(WrongState, match="cannot be built again"):
        pipeline.draft_edition(app, "weekly")


def test_an_empty_week_is_held_and_cannot_be_sent(app: App) -> None:
    edition = pipeline.draft_edition(app, "weekly")
    assert edition.state is EditionState.HELD
    with pytest.raises(WrongState, match="has no stories"):
        pipeline.approve_edition(app, edition)


def test_a_refusal_is_one_readers_failure(app: App, sink: Sink) -> None:
    fill(app, readers=4)
    sink.script("RCPT", "550 5.1.1 no such user", "r1@reader.example")
    drained = send(app)
    assert drained.finished
    assert (drained.numbers.sent, drained.numbers.failed) == (3, 1)
    assert drained.numbers.add_up


def test_a_busy_mailbox_is_tried_again_later(app: App, sink: Sink, clock: Clock) -> None:
    fill(app, readers=3)
    sink.script("RCPT", "450 4.2.1 busy", "r1@reader.example")
    drained = send(app)
    assert not drained.finished
    assert (drained.numbers.sent, drained.numbers.open) == (2, 1)
    again = pipeline.drain_outbox(app, drained.edition)
    assert again.numbers.open == 1
    clock.move(minutes=6)
    assert pipeline.drain_outbox(app, drained.edition).finished
    assert sink.counts["r1@reader.example"] == 1


def test_a_relay_that_is_down_leaves_everything_queued(app: App, sink: Sink, clock: Clock) -> None:
    fill(app, readers=3)
    sink.script("CONNECT", DROP, times=100)
    drained = send(app)
    assert drained.problem
    assert (drained.numbers.open, drained.numbers.sent) == (3, 0)
    sink.script("CONNECT", "", times=100)
    sink._cues.clear()
    clock.move(minutes=1)
    assert pipeline.drain_outbox(app, drained.edition).finished
    assert set(sink.counts.values()) == {1}


def test_a_link_cut_after_the_dot_is_uncertain_then_sent_again_the_same(
    app: App, sink: Sink, clock: Clock
) -> None:
    fill(app, readers=1)
    sink.script("DOT", DROP)
    drained = send(app)
    assert drained.numbers.uncertain == 1
    assert drained.numbers.add_up
    assert not drained.finished
    clock.move(minutes=11)
    assert pipeline.drain_outbox(app, drained.edition).finished
    first, second = sink.received
    assert first.content == second.content


def test_with_hold_an_uncertain_delivery_waits_for_a_person(
    tmp_path: Path, clock: Clock, sink: Sink
) -> None:
    app = an_app(tmp_path, clock=clock, transport="smtp", port=sink.port, on_uncertain="hold")
    fill(app, readers=1)
    sink.script("DOT", LOSE)
    drained = send(app)
    assert drained.finished
    assert drained.numbers.uncertain == 1
    assert sink.received == []
    app.close()


def test_who_leaves_before_their_turn_gets_nothing(app: App, sink: Sink) -> None:
    fill(app, readers=3)
    edition = pipeline.approve_edition(app, pipeline.draft_edition(app, "weekly"))
    queued = pipeline.queue_edition(app, edition)
    membership.end_subscription(app, "r1@reader.example")
    drained = pipeline.drain_outbox(app, queued)
    assert (drained.numbers.sent, drained.numbers.suppressed) == (2, 1)
    assert "r1@reader.example" not in sink.counts


def test_a_stop_leaves_the_rest_queued(app: App, sink: Sink) -> None:
    fill(app, readers=5)
    edition = pipeline.approve_edition(app, pipeline.draft_edition(app, "weekly"))
    queued = pipeline.queue_edition(app, edition)
    stop = threading.Event()
    stop.set()
    drained = pipeline.drain_outbox(app, queued, stop=stop)
    assert drained.numbers.open == 5
    assert sink.received == []


def test_a_claim_left_by_a_crash_is_taken_again(app: App, sink: Sink) -> None:
    fill(app, readers=2)
    edition = pipeline.approve_edition(app, pipeline.draft_edition(app, "weekly"))
    queued = pipeline.queue_edition(app, edition)
    with app.database.transaction() as tx:
        outbox.claim(tx, queued.id, "dead", 1, app.now())
        tx.exec_driver_sql("UPDATE delivery SET lease_until = '2000-01-01 00:00:00'")
    assert pipeline.drain_outbox(app, queued).finished
    assert set(sink.counts.values()) == {1}


def test_a_test_send_is_outside_the_ledger(app: App, sink: Sink) -> None:
    fill(app, readers=2)
    edition: Edition = pipeline.draft_edition(app, "weekly")
    for _ in range(2):
        pipeline.test_send(app, pipeline.proof(app, edition), ["editor@news.example"])
    assert sink.counts == {"editor@news.example": 2}
    assert pipeline.find_edition(app, "latest").state is EditionState.DRAFT


def test_a_thin_week_may_look_further_back(tmp_path: Path) -> None:
    app = an_app(tmp_path, more='window = "1d"\nthin_week = "widen"\nminimum_stories = 5')
    fill(app)
    edition = pipeline.draft_edition(app, "weekly")
    assert edition.state is EditionState.DRAFT
    assert edition.window_end - edition.window_start == timedelta(days=2)
    app.close()


def test_a_publication_without_an_address_cannot_send(tmp_path: Path) -> None:
    app = an_app(tmp_path)
    nameless = app.settings.publication.model_copy(update={"postal_address": ""})
    bare = App(
        app.settings.model_copy(update={"publication": nameless}),
        app.folder,
        app.database,
        app.keys,
        app.now,
    )
    fill(bare)
    with pytest.raises(WrongState, match="CNT-02"):
        pipeline.approve_edition(bare, pipeline.draft_edition(bare, "weekly"))
    bare.close()
    app.close()


def test_a_relay_that_fails_does_not_stop_more_than_this_drain(
    app: App, sink: Sink, clock: Clock
) -> None:
    fill(app, readers=2)
    edition = pipeline.approve_edition(app, pipeline.draft_edition(app, "weekly"))
    queued = pipeline.queue_edition(app, edition)
    stop = threading.Event()
    sink.script("CONNECT", DROP, times=2)
    assert pipeline.drain_outbox(app, queued, stop=stop).problem
    assert not stop.is_set()
    sink._cues.clear()
    clock.move(minutes=3)
    assert pipeline.drain_outbox(app, queued, stop=stop).finished


def test_a_relay_that_swallows_every_answer_floods_nobody(
    app: App, sink: Sink, clock: Clock
) -> None:
    fill(app, readers=1)
    sink.script("DOT", DROP, times=50)
    drained = send(app)
    for _ in range(12):
        clock.move(minutes=11)
        if not drained.finished:
            drained = pipeline.drain_outbox(app, drained.edition)
    assert drained.finished
    assert drained.numbers.uncertain == 1
    assert len(sink.received) == 2


def test_a_result_is_kept_while_the_database_is_busy(
    tmp_path: Path, clock: Clock, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("digest.store.database._BUSY_SECONDS", 0.1)
    app = an_app(tmp_path, clock=clock, transport="smtp", port=sink.port, connections=1)
    fill(app, readers=1)
    edition = pipeline.approve_edition(app, pipeline.draft_edition(app, "weekly"))
    queued = pipeline.queue_edition(app, edition)
    sink.script("DOT", "", delay=0.6)
    writer = threading.Thread(target=_hold_the_lock, args=(tmp_path / "digest.db", sink))
    writer.start()
    drained = pipeline.drain_outbox(app, queued)
    writer.join()
    assert drained.finished
    assert sink.counts == {"r0@reader.example": 1}
    app.close()


def _hold_the_lock(path: Path, sink: Sink) -> None:
    """Hold SQLite's write lock for 1.5 s from the moment the message is on its way."""
    while not sink.commands["DATA"]:
        time.sleep(0.01)
    time.sleep(0.1)
    holder = sqlite3.connect(path, isolation_level=None, timeout=5)
    holder.execute("BEGIN IMMEDIATE")
    time.sleep(1.5)
    holder.execute("ROLLBACK")
    holder.close()


def test_a_header_edited_after_approval_does_not_change_the_mail(app: App, sink: Sink) -> None:
    fill(app, readers=1)
    approved = pipeline.approve_edition(app, pipeline.draft_edition(app, "weekly"))
    mail = app.settings.mail.model_copy(update={"from_": "Other <other@else.example>"})
    edited = replace(app, settings=app.settings.model_copy(update={"mail": mail}))
    pipeline.drain_outbox(edited, pipeline.queue_edition(edited, approved))
    assert b"From: Atlas Weekly <weekly@news.example>" in sink.received[0].content


def test_an_edition_of_a_newsletter_that_left_the_config_still_goes_out(
    app: App, sink: Sink
) -> None:
    fill(app, readers=1)
    edition = pipeline.approve_edition(app, pipeline.draft_edition(app, "weekly"))
    queued = pipeline.queue_edition(app, edition)
    renamed = {"weekend": app.settings.newsletters["weekly"]}
    edited = replace(app, settings=app.settings.model_copy(update={"newsletters": renamed}))
    assert pipeline.drain_outbox(edited, queued).finished
    assert sink.counts == {"r0@reader.example": 1}


def test_an_article_read_after_the_build_is_in_the_next_edition(app: App, clock: Clock) -> None:
    fill(app, readers=1)
    send(app)
    clock.move(hours=1)
    late = replace(
        a_week()[0],
        id="latelatelate",
        key="https://news.example/late",
        url="https://news.example/late",
        title="Bakery opens at midnight",
        published_at=NOW - timedelta(minutes=20),
        first_seen_at=clock.moment,
    )
    fill(app, [late])
    clock.move(days=7)
    edition = pipeline.draft_edition(app, "weekly")
    seen = {p.lead.id for p in edition.stories} | {left.article_id for left in edition.left_out}
    assert late.id in seen


def test_a_daily_newsletter_with_a_long_window_repeats_nothing(tmp_path: Path) -> None:
    clock = Clock(NOW)
    app = an_app(tmp_path, clock=clock, more='schedule = "daily 07:30"\nminimum_stories = 1')
    fill(app, readers=1)
    leads: list[str] = []
    for _ in range(9):
        edition = pipeline.draft_edition(app, "weekly")
        if edition.stories:
            leads += [placed.lead.id for placed in edition.stories]
            approved = pipeline.approve_edition(app, edition)
            pipeline.drain_outbox(app, pipeline.queue_edition(app, approved))
        clock.move(days=1)
    assert len(leads) == len(set(leads))


def test_a_contact_with_a_name_gets_the_preview(tmp_path: Path) -> None:
    app = an_app(tmp_path)
    named = app.settings.publication.model_copy(update={"contact": "Ed <editor@news.example>"})
    app = replace(app, settings=app.settings.model_copy(update={"publication": named}))
    fill(app)
    looked = pipeline.proof(app, pipeline.compose_next(app, "weekly"))
    written = pipeline.write_preview(app, looked, tmp_path / "out")
    assert b"To: editor@news.example" in written[2].read_bytes()
    app.close()
