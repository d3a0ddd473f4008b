"""The desk without a script: each thing an editor does, and what becomes of it."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from digest import membership, pipeline
from digest.app import App
from digest.errors import WrongState
from digest.model import Edition, EditionState
from digest.store import admins, overrides
from tests.apps import Clock, a_week, an_app, fill
from tests.make import NOW, an_article
from tests.sink import Sink, running
from tests.web.desk import Desk, a_desk

KEY = "weekly@2026-11-23"


@pytest.fixture
def app(tmp_path: Path, database_url: str) -> Iterator[App]:
    opened = an_app(tmp_path, database_url, Clock(NOW - timedelta(hours=1)))
    fill(opened, readers=3)
    yield opened
    opened.close()


@pytest.fixture
def desk(app: App) -> Iterator[Desk]:
    with a_desk(app) as opened:
        assert opened.submit("/build", newsletter="weekly")[0] == 303
        yield opened


def edition(app: App) -> Edition:
    return pipeline.find_edition(app, "latest")


def top(app: App) -> list[str]:
    return [placed.lead.id for placed in edition(app).top_stories]


def story(desk: Desk, do: str, article: str, **fields: str) -> tuple[int, str]:
    return desk.part(f"/editions/{KEY}/story", do=do, article=article, **fields)


def test_up_and_down_change_the_order_by_one(app: App, desk: Desk) -> None:
    before = top(app)
    status, part = story(desk, "move up", before[2])
    assert status == 200
    assert "place 2 of Week" in part
    assert "<html" not in part
    assert top(app) == [before[0], before[2], before[1], *before[3:]]
    story(desk, "move down", before[2])
    assert top(app) == before
    story(desk, "move up", before[1])
    story(desk, "move up", before[2])
    story(desk, "move up", before[2])
    assert top(app)[:3] == [before[2], before[1], before[0]]


def test_a_story_is_dragged_to_any_place_and_list(app: App, desk: Desk) -> None:
    before = top(app)
    story(desk, "move", before[4], to="top", place="1")
    assert top(app)[:3] == [before[4], before[0], before[1]]
    sport = next(s for s in edition(app).sections if s.category == "Sport")
    story(desk, "move", sport.stories[0].lead.id, to="top", place="2")
    assert top(app)[:3] == [before[4], sport.stories[0].lead.id, before[0]]
    story(desk, "move", before[0], to="Sport", place="1")
    moved = next(s for s in edition(app).sections if s.category == "Sport")
    assert moved.stories[0].lead.id == before[0]


def test_pin_unpin_drop_and_undo(app: App, desk: Desk) -> None:
    before = top(app)
    story(desk, "pin", before[1])
    decided = [one.done for one in edition(app).overrides]
    assert decided == ["pinned to place 2"]
    story(desk, "undo place", before[1])
    assert edition(app).overrides == ()
    status, part = story(desk, "drop", before[0])
    assert (status, before[0] in top(app)) == (200, False)
    assert "left out" in part
    story(desk, "undo place", before[0])
    assert top(app) == before


def test_headline_summary_and_picture_are_edited_for_this_edition_only(
    app: App, desk: Desk
) -> None:
    first = top(app)[0]
    picture = "https://news.example/other.jpg"
    fields = {"title": "Another headline", "summary": "Another summary.", "image_url": picture}
    status, part = story(desk, "edit", first, **fields)
    assert status == 200
    assert "Another headline" in part
    lead = edition(app).top_stories[0].lead
    assert (lead.title, lead.summary) == ("Another headline", "Another summary.")
    assert lead.image is not None
    assert lead.image.url == picture
    assert edition(app).subject.startswith("Another headline")
    assert desk.get(f"/admin/articles/{first}").text.count("Another headline") == 0
    frame = desk.get(f"/admin/editions/{KEY}/frame").text
    assert "Another headline" in frame
    for name in fields:
        story(desk, f"undo {name}", first)
    assert edition(app).top_stories[0].lead.title == a_week()[0].title
    assert story(desk, "edit", first, title=a_week()[0].title)[0] == 409
    assert story(desk, "edit", first, title="x" * 301)[0] == 409


def test_a_story_is_shown_without_its_picture_in_this_edition_only(app: App, desk: Desk) -> None:
    picture = "https://news.example/other.jpg"
    first = edition(app).top_stories[0].lead
    story(desk, "edit", first.id, image_url=picture)
    assert picture in desk.get(f"/admin/editions/{KEY}/frame").text
    status, part = story(desk, "bare", first.id)
    assert (status, edition(app).top_stories[0].lead.image) == (200, None)
    assert picture not in desk.get(f"/admin/editions/{KEY}/frame").text
    assert "Put the picture back" in part
    assert "shown without its picture" in part
    assert edition(app).overrides[-1].value == "none"
    _, part = story(desk, "undo image_url", first.id)
    assert edition(app).top_stories[0].lead.image == first.image
    assert "Put the picture back" not in part
    with pytest.raises(WrongState, match="not a web address"):
        pipeline.decide_article(app, first.id, {"image_url": "none"}, "olga")


def test_an_article_is_found_by_its_words_and_added(app: App, desk: Desk) -> None:
    old = an_article("Lighthouse keeper writes a novel", published_at=NOW.replace(month=8))
    fill(app, [old])
    found = desk.get(f"/admin/editions/{KEY}/find?find=lightho", headers={"HX-Request": "true"})
    assert "Lighthouse keeper" in found.text
    assert "<html" not in found.text
    assert story(desk, "send", old.id, to="top")[0] == 200
    assert old.id in top(app)
    page = desk.get(f"/admin/editions/{KEY}/left?q=harbour").text
    assert "0 articles" in page


def test_subject_and_words_are_edited_and_made_as_before(app: App, desk: Desk) -> None:
    made = edition(app).subject
    words = {"subject": "A subject of ours", "note": "Good morning."}
    assert desk.submit(f"/editions/{KEY}/words", **words)[0] == 303
    assert (edition(app).subject, edition(app).note) == ("A subject of ours", "Good morning.")
    assert desk.submit(f"/editions/{KEY}/undo", name="subject")[0] == 303
    assert edition(app).subject == made
    assert desk.submit(f"/editions/{KEY}/words", subject="x" * 201)[0] == 409


def test_what_cannot_be_is_said_in_the_live_pages_own_place(app: App, desk: Desk) -> None:
    status, part = story(desk, "send", top(app)[0], to="Nowhere")
    assert status == 404
    assert 'class="wrong"' in part
    assert "no section" in part
    headers = {"HX-Request": "true"}
    data = {"form_token": desk.form_token, "do": "drop", "article": "none"}
    answer = desk.post(f"/admin/editions/{KEY}/story", data=data, headers=headers)
    assert answer.status_code == 404
    assert answer.headers["hx-retarget"] == "#problem"
    desk.cookies.clear()
    answer = desk.post(f"/admin/editions/{KEY}/story", data=data, headers=headers)
    assert answer.headers["hx-redirect"] == "/admin/login"


def test_the_preview_follows_width_colours_and_part(app: App, desk: Desk) -> None:
    page = desk.get(f"/admin/editions/{KEY}/preview?width=375&scheme=dark").text
    assert 'class="w375 dark"' in page
    light = desk.get(f"/admin/editions/{KEY}/frame?scheme=light").text
    dark = desk.get(f"/admin/editions/{KEY}/frame?scheme=dark").text
    assert "prefers-color-scheme" not in light.replace("color-scheme:", "")
    assert "@media all" in dark
    assert "@media not all" in light
    text = desk.get(f"/admin/editions/{KEY}/preview?part=text").text
    assert "<pre" in text
    assert "Harbour reopens" in text


def test_approving_shows_what_goes_to_how_many_and_takes_only_that(app: App, desk: Desk) -> None:
    sheet = desk.get(f"/admin/editions/{KEY}/approve").text
    sha = re.search(r'name="sha256" value="([0-9a-f]{64})"', sheet)
    assert sha
    assert "<b>3</b> readers" in sheet
    assert desk.submit(f"/editions/{KEY}/approve")[0] == 409
    story(desk, "drop", top(app)[0])
    status, page = desk.submit(f"/editions/{KEY}/approve", sha256=sha[1])
    assert status == 409
    assert "changed since you looked" in page
    again = re.search(r"[0-9a-f]{64}", desk.get(f"/admin/editions/{KEY}/approve").text)
    assert again
    assert desk.submit(f"/editions/{KEY}/approve", sha256=again[0], when="slot")[0] == 303
    assert edition(app).state is EditionState.APPROVED
    assert edition(app).sha256 == again[0]
    assert story(desk, "drop", top(app)[0])[0] == 409
    with app.database.reading() as tx:
        done = admins.actions(tx, 9)
    assert done[0].what == "approved an edition"
    assert again[0][:16] in done[0].about
    assert done[0].by == "owner"


def test_send_stop_go_on_and_call_back(app: App, desk: Desk) -> None:
    pipeline.approve_edition(app, edition(app))
    assert "Send now" in desk.get(f"/admin/editions/{KEY}/progress").text
    for path, state in (
        ("send", EditionState.SENDING),
        ("pause", EditionState.PAUSED),
        ("resume", EditionState.SENDING),
        ("cancel", EditionState.DRAFT),
    ):
        assert desk.submit(f"/editions/{KEY}/{path}")[0] == 303
        assert edition(app).state is state
    assert desk.submit(f"/editions/{KEY}/send")[0] == 409  # it was not approved again


def test_a_sent_edition_shows_what_was_refused_without_addresses_and_leads_to_the_archive(
    tmp_path: Path,
) -> None:
    clock = Clock(NOW - timedelta(hours=1))
    with running(Sink()) as sink:
        app = an_app(tmp_path, clock=clock, transport="smtp", port=sink.port)
        fill(app, readers=3)
        sink.script("RCPT", "550 5.1.1 r1@reader.example is unknown", "r1@reader.example")
        made = pipeline.approve_edition(app, pipeline.draft_edition(app, "weekly"))
        pipeline.drain_outbox(app, pipeline.queue_edition(app, made))
        with a_desk(app) as desk:
            whole = desk.get(f"/admin/editions/{KEY}/progress").text
            headers = {"HX-Request": "true"}
            live = desk.get(f"/admin/editions/{KEY}/progress", headers=headers).text
        app.close()
    for page in (whole, live):
        assert "1 × 550 5.1.1</p>" in page
        assert "unknown" not in page
        assert 'href="/editions/weekly/2026-11-23"' in page
    assert "head-state" in live
    assert "head-state" not in whole


def test_an_edition_sent_ahead_of_its_slot_is_listed_at_the_time_it_went_out(app: App) -> None:
    assert isinstance(app.now, Clock)
    app.now.move(days=-3)
    made = pipeline.approve_edition(app, pipeline.draft_edition(app, "weekly"))
    pipeline.drain_outbox(app, pipeline.queue_edition(app, made))
    with a_desk(app) as desk:
        for page in ("/admin", "/admin/editions"):
            shown = re.findall(rf"{KEY}, ([^<]+)</span>", desk.get(page).text)
            assert set(shown) == {"Fri 20 Nov 2026, 06:30"}


def test_a_refused_form_says_how_to_go_on_and_leaves_addresses_as_they_are(
    app: App, desk: Desk
) -> None:
    status, page = desk.submit("/feeds", url="http://127.0.0.1:9/feed")
    assert status == 409
    assert ">http://127.0.0.1:9/feed: " in page
    assert "Go back in your browser" in page
    assert "Go back in your browser" not in desk.get("/admin/editions/999").text
    assert desk.submit("/feeds", url="http://127.0.0.1:9/feed", as_is="yes")[0] == 303
    assert "http://127.0.0.1:9/feed" in desk.get("/admin/feeds").text


def test_a_test_goes_to_a_few(app: App, desk: Desk) -> None:
    assert desk.submit(f"/editions/{KEY}/test", to="a@news.example, b@news.example")[0] == 303
    assert desk.submit(f"/editions/{KEY}/test", to="")[0] == 409
    assert (
        desk.submit(f"/editions/{KEY}/test", to=" ".join(f"{n}@x.example" for n in range(6)))[0]
        == 409
    )


def test_what_the_desk_does_is_kept_with_who(app: App, desk: Desk) -> None:
    first = top(app)[0]
    story(desk, "drop", first)
    desk.submit(f"/articles/{first}", do="boost", points="1.5")
    desk.submit(f"/articles/{first}", do="hide")
    assert desk.submit(f"/articles/{first}", do="boost", points="many")[0] == 409
    page = desk.get("/admin/log").text
    for words in ("dropped a story", "boosted an article", "hid an article", "built an edition"):
        assert words in page
    with app.database.reading() as tx:
        assert {one.by for one in overrides.of_articles(tx, [first])} == {"owner"}


def test_a_slot_is_skipped_and_taken_back(app: App, desk: Desk) -> None:
    assert "weekly@2026-11-30" in desk.get("/admin/schedule").text
    assert desk.submit("/schedule/weekly@2026-11-30/skip", reason="holiday")[0] == 303
    assert "skipped" in desk.get("/admin/schedule").text
    assert pipeline.find_edition(app, "weekly@2026-11-30").reason == "skipped by owner: holiday"
    assert desk.submit("/schedule/weekly@2026-11-30/undo")[0] == 303
    assert desk.submit("/schedule/weekly@2026-12-01/skip")[0] == 404


def test_feeds_and_placements_come_and_go(app: App, desk: Desk) -> None:
    assert desk.submit("/feeds", url="nonsense")[0] == 409
    good = {"sponsor": "Bank", "title": "Save", "text": "Now.", "url": "https://bank.example/"}
    assert desk.submit("/placements", **good, starts_on="2026-11-01")[0] == 303
    assert desk.submit("/placements", **(good | {"url": "http://bank.example/"}))[0] == 409
    assert desk.submit("/placements", **good, ends_on="someday")[0] == 409
    assert "Bank" in desk.get("/admin/placements").text
    assert desk.submit("/placements/1/remove")[0] == 303
    assert "Bank" not in desk.get("/admin/placements").text.split("Add one")[0].split("said")[0]


def test_settings_show_what_is_in_force_and_no_secret(app: App, desk: Desk) -> None:
    page = desk.get("/admin/settings").text
    assert "weekly@news.example" in page
    assert (app.folder / "digest.key").read_text().strip() not in page


def test_who_approves_sees_what_readers_want_at_this_moment(app: App) -> None:
    with a_desk(app) as desk:
        key = pipeline.draft_edition(app, "weekly").key
        assert desk.get(f"/admin/editions/{key}").status_code == 200
        before = desk.get(f"/admin/editions/{key}/approve").text
        membership.add_subscriber(app, "new@reader.example", "weekly", confirmed=True, by="t")
        membership.prefer(app, "new@reader.example", "weekly", density="headlines")
        after = desk.get(f"/admin/editions/{key}/approve").text
    shown = [
        re.findall(r"<b>(\d+)</b> reader|<code>(\w{64})</code>", page) for page in (before, after)
    ]
    (many, _), (more, _) = (page[0] for page in shown)
    assert int(more) == int(many) + 1
    assert shown[0][1] != shown[1][1]
