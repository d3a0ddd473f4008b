"""People get in only by asking, out at once, and back never by accident."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from digest import membership
from digest.app import App, read_keys
from digest.audience import consent
from digest.audience.address import address_digest, parse_address
from digest.audience.tokens import CONFIRM, UNSUBSCRIBE, make_token
from digest.errors import ConfigError, InvalidAddress, NotFound, WrongState
from digest.model import SubscriptionState, SuppressionReason
from digest.shapes import status
from digest.store import subscribers, suppressions
from tests.apps import Clock, an_app
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
        suppressions.suppress(tx, digest, SuppressionReason.COMPLAINED, app.now())
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


def log_of(app: App, email: str) -> list[tuple[str, str, str, str]]:
    kept = membership.person_shape(app, email)["subscriptions"][0]["log"]
    return [(e["what"], e["origin"], e["words"], e["ip"]) for e in kept]


def link(app: App, email: str, purpose: str) -> str:
    (mine,) = membership.find_subscriber(app, email).subscriptions
    return app.keys.current + make_token(app.keys, purpose, mine.public_id)


def test_who_confirms_is_welcomed_once_and_the_log_says_where_without_the_whole_address(
    tmp_path: Path,
) -> None:
    with running(Sink()) as sink:
        app = an_app(tmp_path, transport="smtp", port=sink.port)
        membership.add_subscriber(app, "ada@reader.example", "weekly", words="the form, v1")
        text = link(app, "ada@reader.example", CONFIRM)
        for _ in range(2):
            membership.confirm(app, text, "203.0.113.77")
        assert log_of(app, "ada@reader.example") == [
            ("pending", "added by command", "the form, v1", ""),
            ("active", "confirmation page", "", "203.0.113.0/24"),
        ]
        assert len(sink.received) == 2
        assert b"Subject: Welcome to The Week at Atlas" in sink.received[1].content
        assert b"https://digest.news.example/u/0" in sink.received[1].content.replace(b"=\r\n", b"")
        app.close()


def test_who_gives_no_word_is_forgotten_after_seven_days_and_who_had_left_is_out_again(
    tmp_path: Path, database_url: str
) -> None:
    clock = Clock()
    app = an_app(tmp_path, database_url, clock)
    membership.add_subscriber(app, "new@reader.example", "weekly")
    membership.add_subscriber(app, "back@reader.example", "weekly", confirmed=True)
    membership.end_subscription(app, "back@reader.example")
    membership.add_subscriber(app, "back@reader.example", "weekly")
    clock.move(days=7)
    assert membership.forget_unconfirmed(app) == 0
    clock.move(seconds=1)
    assert membership.forget_unconfirmed(app) == 2
    with pytest.raises(NotFound):
        membership.find_subscriber(app, "new@reader.example")
    assert state(app, "back@reader.example") is SubscriptionState.ENDED
    assert log_of(app, "back@reader.example")[-1][:2] == ("ended", "not confirmed in time")
    app.close()


def test_who_left_and_was_asked_again_cannot_be_confirmed_by_hand(app: App) -> None:
    membership.add_subscriber(app, "ada@reader.example", "weekly", confirmed=True)
    membership.end_subscription(app, "ada@reader.example")
    membership.add_subscriber(app, "ada@reader.example", "weekly")
    for by_hand in (
        lambda: membership.add_subscriber(app, "ada@reader.example", "weekly", confirmed=True),
        lambda: membership.confirm_by_hand(app, "ada@reader.example", "weekly", "said so", "me"),
    ):
        with pytest.raises(WrongState, match="only they can come back"):
            by_hand()
    membership.confirm(app, link(app, "ada@reader.example", CONFIRM))
    assert state(app, "ada@reader.example") is SubscriptionState.ACTIVE


def test_a_changed_address_must_be_confirmed_again_and_the_old_one_gets_nothing(app: App) -> None:
    membership.add_subscriber(app, "old@reader.example", "weekly", confirmed=True)
    confirmation = link(app, "old@reader.example", CONFIRM)
    membership.suppress_address(app, "bad@reader.example", SuppressionReason.ASKED, "")
    membership.add_subscriber(app, "other@reader.example", "weekly", confirmed=True)
    for taken in ("bad@reader.example", "OTHER@reader.example"):
        with pytest.raises(WrongState):
            membership.change_address(app, "old@reader.example", taken, "me")
    assert membership.change_address(app, "old@reader.example", "new@reader.example", "me") == []
    assert state(app, "new@reader.example") is SubscriptionState.PENDING
    with pytest.raises(NotFound):
        membership.find_subscriber(app, "old@reader.example")
    with pytest.raises(NotFound):
        membership.confirm(app, confirmation)
    assert state(app, "new@reader.example") is SubscriptionState.PENDING
    membership.suppress_address(app, "new@reader.example", SuppressionReason.BOUNCED, "")
    assert membership.find_subscriber(app, "new@reader.example").suppressed


def test_a_suppression_is_lifted_with_a_reason_but_a_complaint_never(app: App) -> None:
    membership.add_subscriber(app, "ada@reader.example", "weekly", confirmed=True)
    membership.suppress_address(app, "ada@reader.example", SuppressionReason.BOUNCED, "550")
    with pytest.raises(WrongState, match="say why"):
        membership.unsuppress_address(app, "ada@reader.example", " ", "me")
    membership.unsuppress_address(app, "ada@reader.example", "mailbox is back", "me")
    assert log_of(app, "ada@reader.example")[-1][:3] == (
        "unsuppressed",
        "was bounced",
        "mailbox is back",
    )
    membership.suppress_address(app, "ada@reader.example", SuppressionReason.ADMIN, "")
    membership.suppress_address(app, "ada@reader.example", SuppressionReason.COMPLAINED, "")
    with pytest.raises(WrongState, match="complained"):
        membership.unsuppress_address(app, "ada@reader.example", "please", "me")


def test_the_status_lists_show_follows_every_change(app: App) -> None:
    membership.add_subscriber(app, "ada@reader.example", "weekly")
    found = []

    def note() -> None:
        with app.database.reading() as tx:
            found.append(tx.exec_driver_sql("SELECT status FROM subscriber").scalar())
        assert found[-1] == status(membership.find_subscriber(app, "ada@reader.example"))

    note()
    membership.confirm_by_hand(app, "ada@reader.example", "weekly", "by phone", "me")
    note()
    membership.suppress_address(app, "ada@reader.example", SuppressionReason.ADMIN, "")
    note()
    membership.unsuppress_address(app, "ada@reader.example", "a mistake", "me")
    note()
    membership.end_subscription(app, "ada@reader.example")
    note()
    assert found == ["pending", "active", "suppressed", "active", "ended"]


def test_wishes_are_kept_and_taken_back(app: App) -> None:
    membership.add_subscriber(app, "ada@reader.example", "weekly", confirmed=True)
    membership.prefer(
        app, "ada@reader.example", "weekly", muted=("Sport", "Sport"), density="compact"
    )
    edited = membership.edit_subscriber(
        app, "ada@reader.example", name="Ada", tags=("b", "a", "b"), timezone="Europe/Berlin"
    )
    assert (edited.name, edited.tags, edited.timezone) == ("Ada", ("b", "a"), "Europe/Berlin")
    assert (edited.subscriptions[0].muted, edited.subscriptions[0].density) == (
        ("Sport",),
        "compact",
    )
    with pytest.raises(WrongState, match="no time zone"):
        membership.edit_subscriber(app, "ada@reader.example", timezone="Berlin")
    with pytest.raises(WrongState, match="not one of full"):
        membership.prefer(app, "ada@reader.example", "weekly", density="tiny")
    back = membership.prefer(app, "ada@reader.example", "weekly", muted=(), density="")
    assert (back.subscriptions[0].muted, back.subscriptions[0].density) == ((), "")


def test_a_new_signing_key_keeps_old_links_and_suppressions(tmp_path: Path) -> None:
    app = an_app(tmp_path)
    membership.add_subscriber(app, "ada@reader.example", "weekly", confirmed=True)
    membership.suppress_address(app, "bob@reader.example", SuppressionReason.ASKED, "")
    old = link(app, "ada@reader.example", UNSUBSCRIBE)
    path = tmp_path / "digest.key"
    first = path.read_text("ascii").strip()
    for text in (f"0 {first}\n1 {'n' * 40}\n", f"addresses {first}\n0 {first}\n1 {'n' * 40}\n"):
        path.write_text(text, "ascii")
        rotated = replace(app, keys=read_keys(app.settings, tmp_path))
        assert rotated.keys.current == "1"
        assert membership.subscription_for(rotated, UNSUBSCRIBE, old).newsletter == "weekly"
        assert link(rotated, "ada@reader.example", UNSUBSCRIBE)[0] == "1"
        with pytest.raises(WrongState, match="suppressed"):
            membership.add_subscriber(rotated, "bob@reader.example", "weekly", confirmed=True)
    for text in ("", "0 short", f"0 {'a' * 40}\n0 {'b' * 40}", f"addresses {'a' * 40}", "a b c"):
        path.write_text(text, "ascii")
        with pytest.raises(ConfigError, match=r"digest\.key"):
            read_keys(app.settings, tmp_path)
    app.close()


def test_what_is_no_language_is_refused(app: App) -> None:
    membership.add_subscriber(app, "ada@reader.example", "weekly", confirmed=True)
    with pytest.raises(WrongState, match="not a language tag"):
        membership.edit_subscriber(app, "ada@reader.example", language="../../etc")


def test_a_language_nothing_is_said_in_is_refused_but_one_a_file_brought_may_stay(
    tmp_path: Path,
) -> None:
    theirs = tmp_path / "templates" / "email" / "themes" / "ours" / "languages"
    theirs.mkdir(parents=True)
    (theirs / "tlh.po").write_text('msgid ""\nmsgstr ""\n', encoding="utf-8")
    app = an_app(tmp_path, more='[newsletters.weekly.theme]\nname = "ours"')
    membership.add_subscriber(app, "ada@reader.example", "weekly", confirmed=True)
    with pytest.raises(WrongState, match=r"no catalogue of the language 'fi'; there is ar, de, en"):
        membership.edit_subscriber(app, "ada@reader.example", language="fi")
    for language in ("de-AT", "tlh", ""):
        edited = membership.edit_subscriber(app, "ada@reader.example", language=language)
        assert edited.language == language
    path = tmp_path / "people.csv"
    path.write_text("email,language\nbob@reader.example,fi\n", encoding="utf-8")
    wanted = membership.Wanted("weekly", "a list", {"language": "language"})
    membership.import_file(app, path, wanted, apply=True)
    kept = membership.edit_subscriber(app, "bob@reader.example", name="Bob", language="fi")
    assert (kept.name, kept.language) == ("Bob", "fi")
    app.close()


def test_only_a_section_there_is_can_be_muted_but_where_sections_change(tmp_path: Path) -> None:
    more = '[newsletters.daily]\ntitle = "Daily"\nschedule = "daily 06:00"\nsections = "auto"'
    app = an_app(tmp_path, more=more)
    for slug in ("weekly", "daily"):
        membership.add_subscriber(app, "ada@reader.example", slug, confirmed=True)
    with pytest.raises(WrongState, match=r"weekly has no section 'Nonsense'; it has Sport"):
        membership.prefer(app, "ada@reader.example", "weekly", muted=("Sport", "Nonsense"))
    edited = membership.prefer(app, "ada@reader.example", "daily", muted=("Nonsense",))
    assert {s.newsletter: s.muted for s in edited.subscriptions} == {
        "weekly": (),
        "daily": ("Nonsense",),
    }
    app.close()
