"""The editor's hand through the pipeline: kept, refused, undone, and shown with who and when."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from digest import explain, pipeline
from digest.app import App
from digest.errors import NotFound, WrongState
from digest.model import Edition, EditionState, Override
from digest.pipeline.material import compose_slot
from digest.store import articles, outbox, overrides
from tests.apps import Clock, a_week, an_app, fill
from tests.make import NOW, an_article

WEEK = a_week()


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW - timedelta(hours=1))


@pytest.fixture
def app(tmp_path: Path, database_url: str, clock: Clock) -> Iterator[App]:
    opened = an_app(tmp_path, database_url, clock)
    fill(opened, readers=2)
    yield opened
    opened.close()


def draft(app: App) -> Edition:
    return pipeline.draft_edition(app, "weekly")


def leads(edition: Edition) -> list[str]:
    return [placed.lead.id for placed in edition.top_stories]


def going(app: App) -> Edition:
    return pipeline.queue_edition(app, pipeline.approve_edition(app, draft(app)))


def send(app: App) -> Edition:
    drained = pipeline.drain_outbox(app, going(app))
    assert drained.finished
    return drained.edition


def test_a_pin_is_in_the_draft_at_once_and_survives_a_rebuild(app: App, clock: Clock) -> None:
    last = WEEK[6].id
    made, found = pipeline.pin_article(app, draft(app), last, 2, "ada")
    assert found.id == last
    assert leads(made)[1] == last
    assert pipeline.find_edition(app, "latest") == made
    clock.move(minutes=30)
    again = draft(app)
    assert leads(again)[1] == last
    text = explain.as_text(again)
    assert "pinned to place 2 by ada" in text
    assert f"{last} {WEEK[6].title}: pinned to place 2 by ada, 2026-11-23 05:30 UTC" in text
    one = explain.as_json(again)["overrides"]
    assert one == [
        {
            "article_id": last,
            "name": "place",
            "value": {"to": "top", "place": 2},
            "by": "ada",
            "at": "2026-11-23T05:30:00Z",
        }
    ]
    back, _ = pipeline.undo_place(app, again, last, "ada")
    assert leads(back) == leads(draft(app))
    assert leads(back)[1] != last


def test_an_override_of_one_edition_touches_only_that_edition(app: App) -> None:
    pipeline.place_article(app, draft(app), WEEK[0].id, "out", 0, "ada")
    extra = pipeline.draft_edition(app, "weekly", NOW + timedelta(days=1))
    assert WEEK[0].id in leads(extra)
    assert WEEK[0].id not in leads(draft(app))


def test_any_stored_article_may_be_pinned_also_from_outside_the_window(app: App) -> None:
    old = an_article("An old tale of the sea", published_at=NOW - timedelta(days=90))
    fill(app, [old])
    made, _ = pipeline.pin_article(app, draft(app), old.id, 0, "ada")
    assert leads(made)[0] == old.id
    second, _ = pipeline.pin_article(app, made, WEEK[8].id, 0, "ada")
    assert leads(second)[:2] == [old.id, WEEK[8].id]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"gone_at": NOW}, "it is unpublished"),
        ({"hidden": True}, "it is hidden"),
        ({"sponsored": True}, "it is sponsored"),
    ],
)
def test_what_cannot_be_shown_is_not_pinned(app: App, given: dict[str, object], said: str) -> None:
    article = replace(an_article("Not to be shown at all"), **given)  # type: ignore[arg-type]
    fill(app, [article])
    with pytest.raises(WrongState, match=said):
        pipeline.pin_article(app, draft(app), article.id, 1, "ada")


def test_a_place_is_pinned_to_once_and_must_exist(app: App) -> None:
    edition = draft(app)
    pipeline.pin_article(app, edition, WEEK[6].id, 2, "ada")
    with pytest.raises(WrongState, match=f"place 2 of top is taken by {WEEK[6].id}.* by ada"):
        pipeline.pin_article(app, edition, WEEK[7].id, 2, "bob")
    with pytest.raises(WrongState, match="there is no place 8: the top list has 7"):
        pipeline.pin_article(app, edition, WEEK[7].id, 8, "bob")
    moved, _ = pipeline.pin_article(app, edition, WEEK[6].id, 3, "bob")
    assert leads(moved)[2] == WEEK[6].id


def test_a_section_is_called_by_title_or_category(app: App) -> None:
    edition = draft(app)
    for name in ("sport", "More in Sport"):
        made, _ = pipeline.place_article(app, edition, WEEK[0].id, name, 1, "ada")
        assert made.sections[0].stories[0].lead.id == WEEK[0].id
        assert WEEK[0].id not in leads(made)
    with pytest.raises(NotFound, match="no section 'Nope'; there is: top, Sport"):
        pipeline.place_article(app, edition, WEEK[0].id, "Nope", 1, "ada")


def test_once_approved_nothing_can_be_changed(app: App) -> None:
    edition = pipeline.approve_edition(app, draft(app))
    with pytest.raises(WrongState, match="is approved; only a draft can be changed"):
        pipeline.pin_article(app, edition, WEEK[6].id, 1, "ada")
    with pytest.raises(WrongState, match="only a draft can be changed"):
        pipeline.edit_words(app, edition, {"subject": "Mine"}, "ada")
    assert pipeline.find_edition(app, "latest").overrides == ()


def test_words_of_an_edition_are_kept_rendered_and_undone(app: App) -> None:
    words = {"subject": "My  subject", "stand_first": "Mine.", "note": "Dear all,\n\nhello  there."}
    made = pipeline.edit_words(app, draft(app), words, "ada")
    assert (made.subject, made.note) == ("My subject", "Dear all,\n\nhello there.")
    rendered = pipeline.proof(app, draft(app)).rendered
    assert rendered is not None
    assert rendered.subject == "My subject"
    assert "hello there." in rendered.html
    assert "hello there." in rendered.text
    assert pipeline.edit_words(app, made, {"subject": ""}, "ada").subject == WEEK[0].title
    with pytest.raises(WrongState, match="at most 200 fit"):
        pipeline.edit_words(app, made, {"subject": "x" * 201}, "ada")
    with pytest.raises(WrongState, match="nothing to edit"):
        pipeline.edit_words(app, made, {}, "ada")
    with pytest.raises(WrongState, match="--by NAME"):
        pipeline.edit_words(app, made, {"subject": "Mine"}, "  ")


def test_a_boost_moves_a_story_up_and_is_explained(app: App) -> None:
    before = draft(app)
    pipeline.decide_article(app, WEEK[9].id, {"boost": 20.0}, "eve")
    after = draft(app)
    assert leads(before)[0] != leads(after)[0] == WEEK[9].id
    (found,) = explain.as_json(after, WEEK[9])["picked"]
    assert found["parts"]["editor"] == 20_000_000
    assert "boost +20" in found["facts"]
    assert "boosted by +20 points by eve, 2026-11-23 05:30 UTC" in explain.one_as_text(
        after, WEEK[9]
    )
    pipeline.decide_article(app, WEEK[9].id, {"boost": 0.0}, "eve")
    assert leads(draft(app)) == leads(before)
    with pytest.raises(WrongState, match="is not between -50 and 50"):
        pipeline.decide_article(app, WEEK[9].id, {"boost": float("nan")}, "eve")


def test_a_hidden_article_stays_out_until_it_is_shown_again(app: App) -> None:
    pipeline.decide_article(app, WEEK[0].id, {"hidden": True}, "eve")
    hidden = draft(app)
    assert WEEK[0].id not in leads(hidden)
    assert f"{WEEK[0].title}: hidden by eve" in explain.as_text(hidden)
    pipeline.decide_article(app, WEEK[0].id, {"hidden": False}, "eve")
    assert WEEK[0].id in leads(draft(app))


def test_an_edited_headline_is_shown_and_a_bad_address_refused(app: App) -> None:
    pipeline.decide_article(app, WEEK[0].id, {"title": "My  headline"}, "eve")
    fill(app)
    assert draft(app).top_stories[0].lead.title == "My headline"
    with pytest.raises(WrongState, match="is not a web address"):
        pipeline.decide_article(app, WEEK[0].id, {"image_url": "javascript:1"}, "eve")
    with pytest.raises(WrongState, match="nothing to edit"):
        pipeline.decide_article(app, WEEK[0].id, {}, "eve")


def test_a_drop_that_makes_the_week_thin_holds_the_draft_until_it_is_undone(
    tmp_path: Path, clock: Clock
) -> None:
    app = an_app(tmp_path, clock=clock, more="minimum_stories = 10")
    fill(app)
    held, _ = pipeline.place_article(app, draft(app), WEEK[9].id, "out", 0, "ada")
    assert (held.state, held.reason) == (
        EditionState.HELD,
        "thin week: 9 of at least 10 stories",
    )
    assert pipeline.undo_place(app, held, WEEK[9].id, "ada")[0].state is EditionState.DRAFT
    app.close()


def test_an_edition_held_for_a_person_stays_held_when_it_is_changed(app: App) -> None:
    edition = pipeline.move_edition(app, draft(app), EditionState.HELD, "nobody approved it")
    made, _ = pipeline.pin_article(app, edition, WEEK[6].id, 1, "ada")
    assert (made.state, made.reason) == (EditionState.HELD, "nobody approved it")
    assert leads(made)[0] == WEEK[6].id


def test_nothing_decided_is_nothing_to_undo(app: App) -> None:
    with pytest.raises(NotFound, match="nothing was decided"):
        pipeline.undo_place(app, draft(app), WEEK[0].id, "ada")


def test_cancelled_before_any_mail_it_is_a_draft_again_with_its_overrides(
    app: App, clock: Clock
) -> None:
    pipeline.pin_article(app, draft(app), WEEK[6].id, 1, "ada")
    back = pipeline.cancel_edition(app, going(app), "cancelled by ada")
    assert (back.state, back.reason, back.sha256) == (EditionState.DRAFT, "", "")
    with app.database.reading() as tx:
        assert outbox.numbers(tx, back.id).frozen == 0
    clock.move(hours=2)
    edition = pipeline.approve_edition(app, pipeline.find_edition(app, str(back.id)))
    late = pipeline.cancel_edition(app, edition, "cancelled by ada")
    assert (late.state, late.reason) == (EditionState.HELD, "cancelled by ada")
    assert leads(late)[0] == WEEK[6].id
    with pytest.raises(WrongState, match="is held; there is nothing to call back"):
        pipeline.cancel_edition(app, late, "again")


def test_cancelled_after_the_first_mail_it_is_closed_and_its_stories_are_free(
    app: App, clock: Clock
) -> None:
    edition = going(app)
    with app.database.transaction() as tx:
        (claimed,) = outbox.claim(tx, edition.id, "me", 1, app.now())
        assert outbox.hand(tx, claimed, "me", app.now())
    closed = pipeline.cancel_edition(app, edition, "cancelled by ada: wrong lead")
    assert (closed.state, closed.reason) == (
        EditionState.CANCELLED,
        "cancelled by ada: wrong lead",
    )
    with app.database.transaction() as tx:
        numbers = outbox.numbers(tx, edition.id)
        assert (numbers.open, numbers.cancelled, numbers.add_up) == (1, 1, True)
        assert outbox.claim(tx, edition.id, "other", 5, app.now()) == []
    clock.move(days=1)
    extra = pipeline.draft_edition(app, "weekly", clock.moment)
    assert leads(extra) == leads(edition)


def test_a_skipped_slot_is_recorded_with_its_reason_and_may_be_undone(app: App) -> None:
    skipped = pipeline.skip_slot(app, "weekly@2026-12-28", "skipped by ada: holidays")
    assert (skipped.state, skipped.reason) == (EditionState.SKIPPED, "skipped by ada: holidays")
    assert pipeline.find_edition(app, "weekly@2026-12-28").state is EditionState.SKIPPED
    with pytest.raises(NotFound, match="weekly has no slot on 2026-12-29"):
        pipeline.skip_slot(app, "weekly@2026-12-29", "x")
    with pytest.raises(NotFound, match="is no slot; write one as weekly@2026-11-23"):
        pipeline.skip_slot(app, "weekly@never", "x")
    name = pipeline.skip_slot(app, draft(app).key, "skipped by ada").key
    with pytest.raises(WrongState, match="only a draft can be skipped"):
        pipeline.skip_slot(app, name, "skipped by ada")
    back = pipeline.undo_skip(app, pipeline.find_edition(app, name))
    assert back.state is EditionState.DRAFT
    assert back.stories
    with pytest.raises(WrongState, match="not skipped"):
        pipeline.undo_skip(app, back)


def test_a_good_story_that_did_not_fit_is_carried_over_once(tmp_path: Path, clock: Clock) -> None:
    app = an_app(tmp_path, clock=clock, more="top_stories = 2")
    fill(app, readers=1)
    first = send(app)
    assert first.spare
    assert len(first.spare) <= 2
    line = f"{first.spare[0]}  "
    assert any(
        line in text and text.endswith("; carried over to the next edition")
        for text in explain.as_text(first).splitlines()
    )
    clock.move(days=7)
    second = draft(app)
    seen = {placed.lead.id: placed.note for placed in second.stories}
    assert set(seen) == set(first.spare)
    assert set(seen.values()) == {f"carried over from {first.key}"}
    fresh = [
        an_article(
            " ".join(f"Zz{word}{n}" for word in "abcdef"),
            published_at=clock.moment - timedelta(hours=n),
            first_seen_at=clock.moment,
            categories=("Sport",),
            author=f"Fresh {n}",
            url=f"https://news.example/fresh/{n}",
            featured=True,
        )
        for n in range(9)
    ]
    fill(app, fresh)
    sent = send(app)
    reasons = {left.article_id: left.reason for left in sent.left_out}
    assert all(reasons[key].startswith(f"carried over from {first.key}; ") for key in first.spare)
    clock.move(days=7)
    third = draft(app)
    assert set(first.spare).isdisjoint(
        {p.lead.id for p in third.stories} | {left.article_id for left in third.left_out}
    )
    app.close()


def test_days_that_only_a_prolonged_window_reaches_are_marked(app: App, clock: Clock) -> None:
    send(app)
    clock.move(days=2)
    late = an_article("Lighthouse gets a second keeper", published_at=clock.moment,
                      first_seen_at=clock.moment)  # fmt: skip
    fill(app, [late])
    clock.move(days=12)
    edition = draft(app)
    (found,) = [placed for placed in edition.stories if placed.lead.id == late.id]
    assert found.note.startswith("from days before the usual window")
    assert "carried over: no sent edition covered them" in explain.as_text(edition)


def test_an_article_outside_the_window_is_explained(app: App) -> None:
    old = an_article("An old tale of the sea", published_at=NOW - timedelta(days=90))
    new = an_article("A tale of tomorrow", published_at=NOW + timedelta(days=9))
    edition = draft(app)
    fill(app, [old, new])
    said = explain.one_as_text(edition, old)
    assert "too old: published 2026-08-25 06:30 UTC; these are articles of 2026-11-16" in said
    (reason,) = explain.as_json(edition, new)["left_out"]
    assert reason["reason"].startswith("too new: published 2026-12-02")
    late = an_article("Came after the build", published_at=NOW - timedelta(days=1))
    assert "not stored yet" in explain.one_as_text(edition, late)


def test_a_decision_made_during_a_build_is_not_lost(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    edition = draft(app)
    decided: list[bool] = []

    def meanwhile(*given: object) -> Edition:
        made = compose_slot(*given)  # type: ignore[arg-type]
        if not decided:
            decided.append(True)
            with app.database.transaction() as tx:
                one = Override("subject", "Mine", "ada", NOW)
                overrides.add(tx, edition.id, [one])
        return made

    monkeypatch.setattr("digest.pipeline.edit.compose_slot", meanwhile)
    assert draft(app).subject == "Mine"


def test_the_category_by_address_is_used_and_explained(app: App) -> None:
    plain = an_article("Nobody scores in the fog", url="https://news.example/sport/fog",
                       categories=())  # fmt: skip
    fill(app, [plain])
    made, _ = pipeline.place_article(app, draft(app), plain.id, "Sport", 1, "ada")
    assert "in Sport: its address is in /sport/" in explain.one_as_text(made, plain)
    (found,) = explain.as_json(made, plain)["picked"]
    assert found["category_by"] == "its address is in /sport/"
    with app.database.reading() as tx:
        assert articles.find(tx, plain.id).categories == ()
