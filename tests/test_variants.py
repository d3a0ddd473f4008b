"""Readers get an edition as they want it, in a few variants, from the proof to the last byte."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from sqlalchemy import event

from digest import membership, pipeline
from digest.app import App, read_keys
from digest.audience.tokens import CONFIRM, UNSUBSCRIBE, make_token
from digest.errors import WrongState
from digest.model import Choice, Edition, EditionState
from digest.store import subscribers, variants
from tests.apps import Clock, an_app, fill

WISHES: list[tuple[tuple[str, ...], str, str]] = [
    ((), "", ""),
    (("Sport",), "", "en-GB"),
    (("Nothing there", "Sport"), "full", "xx"),
    (("Sport",), "compact", "de-AT"),
    ((), "headlines", ""),
]


def _with_wishes(app: App) -> App:
    fill(app, readers=len(WISHES))
    for number, (muted, density, language) in enumerate(WISHES):
        person = membership.find_subscriber(app, f"r{number}@reader.example")
        with app.database.transaction() as tx:  # a file may bring what nobody could choose here
            subscribers.prefer(tx, person.subscriptions[0].id, muted, density)
            subscribers.edit(tx, person.id, {"language": language})
    return app


@pytest.fixture
def app(tmp_path: Path, database_url: str) -> Iterator[App]:
    opened = _with_wishes(an_app(tmp_path, database_url, transport="folder"))
    yield opened
    opened.close()


def approved(app: App) -> Edition:
    return pipeline.approve_edition(app, pipeline.draft_edition(app, "weekly"))


def mails(app: App, edition: Edition) -> dict[str, tuple[bytes, str, str]]:
    """Send an edition; return each reader's bytes, text and HTML."""
    shutil.rmtree(app.folder / "outbox", ignore_errors=True)
    pipeline.drain_outbox(app, pipeline.queue_edition(app, edition))
    found = {}
    for path in (app.folder / "outbox").glob("*.eml"):
        raw = path.read_bytes()
        mail = message_from_bytes(raw, policy=policy.SMTP)
        text, html = (part.get_content() for part in mail.iter_parts())
        found[str(mail["To"])[:2]] = (raw, text, html)
    return found


def test_each_reader_gets_the_edition_as_they_want_it(app: App) -> None:
    looked = pipeline.proof(app, pipeline.draft_edition(app, "weekly"))
    assert [(v.choice, v.readers, v.nearest) for v in looked.variants] == [
        (Choice(), 1, 0),
        (Choice(("Sport",)), 2, 0),
        (Choice((), "headlines"), 1, 0),
        (Choice(("Sport",), "compact", "de"), 1, 0),
    ]
    edition = approved(app)
    assert edition.sha256 == looked.sha256
    got = mails(app, edition)
    assert len(got) == len(WISHES)
    assert {who: "More in Sport" in html for who, (_, _, html) in got.items()} == {
        "r0": True,
        "r1": False,
        "r2": False,
        "r3": False,
        "r4": True,
    }
    assert "Außerdem diese Woche" in got["r3"][1]
    assert '<html lang="de"' in got["r3"][2]
    assert '<html lang="en"' in got["r1"][2]
    assert 'lang="en"' in got["r3"][2]  # the stories are told in the publication's language
    sizes = [len(got[who][2]) for who in ("r0", "r1", "r3")]
    assert sizes == sorted(sizes, reverse=True)
    with app.database.reading() as tx:
        assert [each["readers"] for each in variants.shares(tx, edition.id)] == [1, 2, 1, 1]


def test_a_preview_as_somebody_is_what_they_get(app: App, tmp_path: Path) -> None:
    edition = approved(app)
    looked = pipeline.proof(app, edition)
    pipeline.write_preview(app, looked, tmp_path / "p", "r3@reader.example")
    person, variant, exact = pipeline.variant_for(app, looked, "r3@reader.example")
    assert (person.email, exact) == ("r3@reader.example", True)
    assert variant.choice == Choice(("Sport",), "compact", "de")
    sent = mails(app, edition)["r3"][0]

    def bare(raw: bytes) -> bytes:
        raw = re.sub(rb"(?m)^(Date|Message-ID): .*\r\n", b"", raw)
        raw = re.sub(rb"P{32}", b"T" * 32, raw)
        mail = message_from_bytes(sent, policy=policy.SMTP)
        token = re.search(r"/u/0([\w-]{32})", str(mail["List-Unsubscribe"]))
        assert token
        return re.sub(token[1].encode(), b"T" * 32, raw)

    assert bare((tmp_path / "p" / "preview.eml").read_bytes()) == bare(sent)


def test_variants_are_capped_and_who_gets_the_nearest_is_said(tmp_path: Path) -> None:
    app = _with_wishes(an_app(tmp_path, transport="folder", more="max_variants = 2"))
    looked = pipeline.proof(app, pipeline.draft_edition(app, "weekly"))
    assert [(v.readers, v.nearest) for v in looked.variants] == [(1, 1), (2, 1)]
    said = next(f for f in looked.findings if f.rule == "variants")
    assert said.message.endswith("what they want: 2; max_variants of the newsletter is 2")
    assert not pipeline.variant_for(app, looked, "r4@reader.example")[2]
    got = mails(app, approved(app))
    assert [w for w, (_, _, html) in sorted(got.items()) if "More in Sport" in html] == ["r0", "r4"]
    app.close()


def test_wishes_changed_after_the_approval_get_the_nearest_approved_variant(app: App) -> None:
    edition = approved(app)
    membership.prefer(app, "r0@reader.example", "weekly", muted=("Sport",))
    membership.prefer(app, "r4@reader.example", "weekly", density="compact")
    got = mails(app, edition)
    assert "More in Sport" not in got["r0"][2]
    assert "More in Sport" in got["r4"][2]


def test_the_hash_covers_every_variant(app: App) -> None:
    edition = approved(app)
    with app.database.transaction() as tx:
        tx.exec_driver_sql("UPDATE variant SET html = html || ' ' WHERE number = 3")
    with pytest.raises(WrongState, match="would send other bytes than were approved"):
        pipeline.drain_outbox(app, pipeline.queue_edition(app, edition))


def test_a_new_signing_key_signs_the_next_edition_and_old_ones_go_on(
    app: App, tmp_path: Path
) -> None:
    before = approved(app)
    path = tmp_path / "digest.key"
    first = path.read_text("ascii").strip()
    path.write_text(f"0 {first}\n1 {'n' * 40}\n", "ascii")
    rotated = replace(app, keys=read_keys(app.settings, tmp_path))
    for edition in (before, None):
        if edition is None:
            with app.database.transaction() as tx:
                tx.exec_driver_sql("DELETE FROM delivery")
                tx.exec_driver_sql("DELETE FROM edition")
            edition = approved(rotated)
        raw, text, _ = mails(rotated, edition)["r0"]
        links = set(re.findall(r"/u/([\w-]{33})", text + raw.decode("ascii")))
        assert len(links) == 1
        link = links.pop()
        assert link[0] == ("0" if edition is before else "1")
        assert membership.subscription_for(rotated, UNSUBSCRIBE, link).newsletter == "weekly"


def test_a_key_that_is_gone_stops_the_editions_it_signs(app: App, tmp_path: Path) -> None:
    edition = pipeline.queue_edition(app, approved(app))
    first = (tmp_path / "digest.key").read_text("ascii").strip()
    (tmp_path / "digest.key").write_text(f"addresses {first}\n1 {'n' * 40}\n", "ascii")
    rotated = replace(app, keys=read_keys(app.settings, tmp_path))
    with pytest.raises(WrongState, match="the key '0' that signs its links is gone"):
        pipeline.drain_outbox(rotated, edition)


def a_list_that_replays(tmp_path: Path, database_url: str, clock: Clock) -> App:
    app = an_app(
        tmp_path, database_url, clock, transport="folder", more="replay_latest = true\nwindow='7d'"
    )
    return _with_wishes(app)


def test_who_is_new_gets_the_latest_edition_once_as_they_want_it(
    tmp_path: Path, database_url: str
) -> None:
    clock = Clock()
    app = a_list_that_replays(tmp_path, database_url, clock)
    edition = pipeline.draft_edition(app, "weekly", clock.moment)
    assert len(mails(app, pipeline.approve_edition(app, edition))) == len(WISHES)
    clock.move(hours=1)
    membership.add_subscriber(app, "new@reader.example", "weekly")
    membership.prefer(app, "new@reader.example", "weekly", muted=("Sport",))
    for _ in range(2):
        membership.confirm(app, confirm_link(app, "new@reader.example"))
    again = pipeline.find_edition(app, str(edition.id))
    assert again.state is EditionState.SENDING
    drained = pipeline.drain_outbox(app, again)
    assert (drained.finished, drained.numbers.frozen, drained.numbers.sent) == (True, 6, 6)
    assert drained.numbers.add_up
    with app.database.reading() as tx:
        got = tx.exec_driver_sql("SELECT variant FROM delivery WHERE email LIKE 'new@%%'").scalar()
    assert pipeline.proof(app, again).variants[got or 0].choice == Choice(("Sport",))
    membership.end_subscription(app, "r0@reader.example")
    membership.add_subscriber(app, "r0@reader.example", "weekly")
    membership.confirm(app, confirm_link(app, "r0@reader.example"))
    assert pipeline.find_edition(app, str(edition.id)).state is EditionState.SENT
    app.close()


def test_an_old_edition_is_not_replayed_nor_one_that_is_not_for_them(
    tmp_path: Path, database_url: str
) -> None:
    clock = Clock()
    app = a_list_that_replays(tmp_path, database_url, clock)
    draft = pipeline.draft_edition(app, "weekly", clock.moment)
    mails(app, pipeline.approve_edition(app, draft, "tag:vip OR email:r0"))
    clock.move(hours=1)
    membership.add_subscriber(app, "new@reader.example", "weekly", confirmed=True)
    assert pipeline.find_edition(app, str(draft.id)).state is EditionState.SENT
    clock.move(days=8)
    membership.add_subscriber(app, "r0000@reader.example", "weekly", confirmed=True)
    assert pipeline.find_edition(app, str(draft.id)).state is EditionState.SENT
    app.close()


def confirm_link(app: App, email: str) -> str:
    mine = membership.find_subscriber(app, email).subscriptions[0].public_id
    return app.keys.current + make_token(app.keys, CONFIRM, mine)


def test_the_plain_look_is_the_proofs_own_and_counts_nobody(app: App) -> None:
    edition = pipeline.draft_edition(app, "weekly")
    said: list[str] = []

    def keep(_c: object, _cursor: object, words: str, *_: object) -> None:
        said.append(words)

    event.listen(app.database.engine, "before_cursor_execute", keep)
    shown = pipeline.plain_look(app, edition)
    assert not [words for words in said if "subscription" in words]
    looked = pipeline.proof(app, edition)
    assert [words for words in said if "subscription" in words]
    assert shown == looked.rendered
    approved(app)
    assert pipeline.plain_look(app, pipeline.find_edition(app, "latest")) == looked.rendered


def test_a_proof_says_how_many_get_it(app: App) -> None:
    edition = pipeline.draft_edition(app, "weekly")
    assert pipeline.proof(app, edition).readers == pipeline.readers(app, edition) == len(WISHES)
    assert pipeline.proof(app, approved(app)).readers == len(WISHES)
