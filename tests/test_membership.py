"""People get in only by asking, out at once, and back never by accident."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from digest import membership
from digest.app import App
from digest.audience import consent
from digest.audience.address import address_digest, parse_address
from digest.errors import InvalidAddress, NotFound, WrongState
from digest.model import SubscriptionState, SuppressionReason
from digest.store import subscribers
from tests.apps import an_app
from tests.sink import DROP, Sink, running


@pytest.fixture
def app(tmp_path: Path, database_url: str) -> Iterator[App]:
    opened = an_app(tmp_path, database_url)
    yield opened
    opened.close()


def state(app: App, email: str) -> SubscriptionState:
    return membership.find_subscriber(app, email).subscriptions[0].state


def test_a_confirmed_person_is_active_and_adding_again_changes_nothing(app: App) -> None:
    assert (
        membership.add_subscriber(app, "Ada@Reader.example", "weekly", confirmed=True).outcome
        == "active"
    )
    assert membership.add_subscriber(app, "ada@reader.example", "weekly").outcome == "unchanged"
    assert state(app, "ADA@reader.example") is SubscriptionState.ACTIVE


def test_an_unconfirmed_person_gets_a_mail_and_stays_pending(tmp_path: Path) -> None:
    with running(Sink()) as sink:
        app = an_app(tmp_path, transport="smtp", port=sink.port)
        added = membership.add_subscriber(app, "ada@reader.example", "weekly")
        assert (added.outcome, added.note) == ("pending", "")
        (mail,) = sink.received
        assert b"https://digest.news.example/c/0" in mail.content.replace(b"=\r\n", b"")
        assert b"List-Unsubscribe" not in mail.content
        app.close()


def test_a_mail_that_cannot_go_out_is_said_and_nothing_is_lost(tmp_path: Path) -> None:
    with running(Sink()) as sink:
        sink.script("CONNECT", DROP, times=9)
        app = an_app(tmp_path, transport="smtp", port=sink.port)
        added = membership.add_subscriber(app, "ada@reader.example", "weekly")
        assert added.note.startswith("the confirmation mail could not be sent")
        assert state(app, "ada@reader.example") is SubscriptionState.PENDING
        app.close()


def test_who_left_comes_back_only_by_confirming(app: App) -> None:
    membership.add_subscriber(app, "ada@reader.example", "weekly", confirmed=True)
    membership.end_subscription(app, "ada@reader.example")
    with pytest.raises(WrongState, match="only they can come back"):
        membership.add_subscriber(app, "ada@reader.example", "weekly", confirmed=True)
    assert state(app, "ada@reader.example") is SubscriptionState.ENDED
    assert membership.add_subscriber(app, "ada@reader.example", "weekly").outcome == "pending"


def test_a_suppressed_address_is_refused_whatever_its_capitals(app: App) -> None:
    digest = address_digest(app.keys.secrets["0"], parse_address("ada@reader.example"))
    with app.database.transaction() as tx:
        subscribers.suppress(tx, digest, SuppressionReason.COMPLAINED, app.now())
    with pytest.raises(WrongState, match=r"suppressed \(complained\)"):
        membership.add_subscriber(app, "ADA@reader.example", "weekly", confirmed=True)


def test_every_change_is_in_the_consent_log(app: App) -> None:
    membership.add_subscriber(app, "ada@reader.example", "weekly")
    membership.add_subscriber(app, "ada@reader.example", "weekly", confirmed=True)
    membership.end_subscription(app, "ada@reader.example")
    with app.database.reading() as tx:
        logged = tx.exec_driver_sql("SELECT what FROM consent_event ORDER BY id").scalars().all()
    assert logged == ["pending", "active", "ended"]


def test_nonsense_is_refused_with_a_sentence(app: App) -> None:
    for text in ("nobody", "a@b", "a b@reader.example", "x@y.example\r\nBcc: z@y.example"):
        with pytest.raises(InvalidAddress):
            membership.add_subscriber(app, text, "weekly", confirmed=True)
    with pytest.raises(NotFound, match="there is no newsletter 'daily' in the config"):
        membership.add_subscriber(app, "ada@reader.example", "daily", confirmed=True)
    with pytest.raises(NotFound, match="is not one of the subscribers"):
        membership.end_subscription(app, "nobody@reader.example")


def test_an_unsubscribe_is_never_overwritten_by_a_confirmation_read_before_it(
    tmp_path: Path, postgres_url: str
) -> None:
    app = an_app(tmp_path, postgres_url)
    membership.add_subscriber(app, "ada@reader.example", "weekly")
    (pending,) = membership.find_subscriber(app, "ada@reader.example").subscriptions
    with app.database.transaction() as tx:
        read = subscribers.by_public_id(tx, pending.public_id, to_change=True)
        leaving = threading.Thread(
            target=membership.end_subscription, args=(app, "ada@reader.example")
        )
        leaving.start()
        leaving.join(0.5)
        assert leaving.is_alive()
        subscribers.set_state(tx, consent.confirm(read, app.now()), "test", app.now())
    leaving.join()
    assert state(app, "ada@reader.example") is SubscriptionState.ENDED
    app.close()


def test_leaving_a_newsletter_one_never_had_is_said(app: App) -> None:
    membership.add_subscriber(app, "ada@reader.example", "weekly", confirmed=True)
    with pytest.raises(NotFound, match="is not subscribed to weakly"):
        membership.end_subscription(app, "ada@reader.example", "weakly")
    assert state(app, "ada@reader.example") is SubscriptionState.ACTIVE
