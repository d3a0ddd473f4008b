"""Subscribers at the desk: one person's whole story, exports that are kept, files with limits."""

import json
import os
import re
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from digest import membership, pipeline
from digest.app import App
from digest.errors import NotFound
from digest.membership import uploads
from digest.model import SubscriptionState, SuppressionReason
from digest.store import admins
from tests.apps import Clock, an_app, fill
from tests.make import NOW
from tests.web.desk import Desk, a_desk


@pytest.fixture
def app(tmp_path: Path, database_url: str) -> Iterator[App]:
    opened = an_app(tmp_path, database_url, Clock(NOW - timedelta(hours=1)))
    fill(opened, readers=3)
    yield opened
    opened.close()


@pytest.fixture
def desk(app: App) -> Iterator[Desk]:
    with a_desk(app) as opened:
        yield opened


def number(app: App, email: str = "r0@reader.example") -> int:
    return membership.find_subscriber(app, email).id


def done(app: App) -> list[str]:
    with app.database.reading() as tx:
        return [f"{each.what}: {each.about}" for each in admins.actions(tx, 20)]


def test_a_persons_page_tells_consent_and_mails(app: App, desk: Desk) -> None:
    edition = pipeline.approve_edition(app, pipeline.draft_edition(app, "weekly"))
    pipeline.drain_outbox(app, pipeline.queue_edition(app, edition))
    page = desk.get(f"/admin/subscribers/{number(app)}").text
    assert "r0@reader.example" in page
    assert "confirmed by command" in page
    assert "Mon 23 Nov 2026, 06:30" in page
    assert " UTC" not in page
    assert '<span class="state sent">sent</span>' in page
    assert desk.get("/admin/subscribers/999").status_code == 404
    assert desk.get("/admin/subscribers/x").status_code == 404


def test_filters_pick_and_say_what_is_wrong(app: App, desk: Desk) -> None:
    assert "Nobody fits" in desk.get("/admin/subscribers?filter=email:nobody").text
    page = desk.get("/admin/subscribers?filter=email:r1").text
    assert "r1@reader.example" in page
    assert "r2@reader.example" not in page
    wrong = desk.get("/admin/subscribers?filter=colour:red").text
    assert "There is no field" in wrong
    assert desk.get("/admin/subscribers?sort=password").status_code == 200
    assert desk.get("/admin/subscribers?skip=2&sort=came").text.count("@reader.example") == 1
    found = desk.get("/admin/subscribers?filter=R1@Reader.Example").text
    assert "r1@reader.example" in found  # however it is written
    assert desk.get("/admin/subscribers?filter=r1@reader.example").text.count("r1@") == 3
    assert "people" in desk.get("/admin/subscribers?filter=r1@@x").text


def test_somebody_is_added_and_changed_by_the_same_rules(app: App, desk: Desk) -> None:
    given = {"email": "new@reader.example", "newsletter": "weekly", "confirmed": "yes"}
    status, to = desk.submit("/subscribers", **given, consent="by phone")
    assert status == 303
    path = to.removeprefix("/admin")
    assert desk.submit(path, do="edit", name="New", tags="vip, local")[0] == 303
    assert membership.find_subscriber(app, "new@reader.example").tags == ("vip", "local")
    assert desk.submit(path, do="unsubscribe", newsletter="weekly")[0] == 303
    status, page = desk.submit("/subscribers", **given)
    assert status == 409
    assert "only they can come back" in page
    assert desk.submit(path, do="suppress", note="asked by letter")[0] == 303
    assert desk.submit(path, do="unsuppress", note="it was another")[0] == 303
    assert desk.submit(path, do="promote")[0] == 409
    assert "suppressed a subscriber" in desk.get("/admin/log").text


def test_a_complaint_is_never_lifted(app: App, desk: Desk) -> None:
    membership.suppress_address(app, "r0@reader.example", SuppressionReason.COMPLAINED, "")
    status, page = desk.submit(f"/subscribers/{number(app)}", do="unsuppress", note="please")
    assert (status, "never taken back" in page) == (409, True)


def test_erasing_takes_the_word_and_leaves_no_address(app: App, desk: Desk) -> None:
    path = f"/subscribers/{number(app)}"
    assert desk.submit(f"{path}/erase", sure="yes")[0] == 409
    assert desk.submit(f"{path}/erase", sure="erase")[0] == 303
    with pytest.raises(NotFound):
        membership.find_subscriber(app, "r0@reader.example")
    assert not any("@" in line for line in done(app))


def test_what_is_taken_out_is_kept_in_the_log(app: App, desk: Desk) -> None:
    status, text = desk.submit("/subscribers/export", shape="csv", filter="email:r1")
    assert status == 200
    assert text.count("@reader.example") == 1
    told = json.loads(desk.submit(f"/subscribers/{number(app)}/export")[1])
    assert told["email"] == "r0@reader.example"
    assert desk.submit("/subscribers/export", shape="exe")[0] == 409
    assert done(app)[:2] == [
        f"exported a subscriber: subscriber {number(app)}",
        "exported subscribers: csv, those a filter picks",
    ]


def _look(desk: Desk, content: bytes, name: str = "people.csv") -> tuple[int, str]:
    answer = desk.post(
        "/admin/import/look",
        data={"form_token": desk.form_token, "newsletter": "weekly", "consent": "double opt-in"},
        files={"file": (name, content)},
    )
    return answer.status_code, answer.text


def test_looking_at_a_file_changes_nobody_and_importing_brings_nobody_back(
    app: App, desk: Desk
) -> None:
    membership.end_subscription(app, "r0@reader.example")
    rows = b"email\nr0@reader.example\nnew@reader.example\nnonsense\n"
    status, page = _look(desk, rows)
    assert status == 200
    assert "What this file would do" in page
    with pytest.raises(NotFound):
        membership.find_subscriber(app, "new@reader.example")
    kept = page.split('name="kept" value="')[1].split('"')[0]
    fields = {"kept": kept, "newsletter": "weekly", "consent": "double opt-in"}
    refused = desk.submit("/import/refused", kept=kept, name="people.refused.csv")
    assert "nonsense" in refused[1]
    for name in ("people.csv", "../../config.toml", "/etc/passwd", "../people.refused.csv/x"):
        assert desk.submit("/import/refused", kept=kept, name=name)[0] == 409
    done = re.search(r"Import (\d+) is done", desk.submit("/import", **fields)[1])
    assert done
    mine = membership.find_subscriber(app, "new@reader.example").subscriptions[0]
    assert mine.state is SubscriptionState.ACTIVE
    left = membership.find_subscriber(app, "r0@reader.example").subscriptions[0]
    assert left.state is SubscriptionState.ENDED
    assert desk.submit(f"/import/{done[1]}/undo")[0] == 303
    assert desk.submit(f"/import/{done[1]}/undo")[0] == 409


def test_a_file_that_is_no_file_is_refused_in_words(app: App, desk: Desk) -> None:
    assert _look(desk, b"", "")[0] in (409, 422)
    assert desk.submit("/import/look")[0] == 409
    assert _look(desk, b'email\n"broken')[0] == 409
    assert desk.submit("/import", kept="0" * 32, newsletter="weekly")[0] == 404
    assert desk.submit("/import", kept="../..", newsletter="weekly")[0] == 404


@pytest.mark.parametrize("name", ["../../evil.csv", "/etc/passwd", "..", ".hidden", "a/b\\c.csv"])
def test_a_file_stays_in_its_folder_whatever_it_is_called(
    app: App, tmp_path: Path, name: str
) -> None:
    with (tmp_path / "given").open("wb+") as file:
        path = uploads.find(app, uploads.keep(app, file, name))
    assert path.parent.parent == app.instance_file.parent / "uploads"


def test_an_upload_is_forgotten_after_an_hour(app: App, tmp_path: Path) -> None:
    with (tmp_path / "given").open("wb+") as file:
        kept = uploads.keep(app, file, "people.csv")
        place = uploads.find(app, kept).parent
        old = time.time() - 3_700
        os.utime(place, (old, old))
        uploads.keep(app, file, "others.csv")
    with pytest.raises(NotFound, match="choose it again"):
        uploads.find(app, kept)
