"""Local copies of pictures: fetched once, small, served for ever, and never in the way."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from digest import pipeline
from digest.app import App
from digest.ingest.limits import Limits
from digest.model import Edition, Finding, Image, Severity
from digest.web import build
from tests.apps import Clock, a_week, an_app, fill
from tests.ingest.site import Server
from tests.ingest.test_shrink import a_bomb, a_picture
from tests.make import NOW, an_image

COPIES = '[newsletters.weekly.theme]\ndensity = "full"\n[images]\nlocal = true\n'
JPEG = a_picture((1600, 900))


@pytest.fixture
def server() -> Iterator[Server]:
    started = Server()
    for n in range(9):
        started.script[f"/{n}.jpg"] = lambda site: site.answer(200, JPEG, Content_Type="image/jpeg")
    yield started
    started.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(tmp_path: Path, clock: Clock) -> Iterator[App]:
    opened = an_app(tmp_path, clock=clock, more=COPIES)
    yield replace(opened, limits=Limits(pause=0, first_byte=0.5, raw=3_000_000))
    opened.close()


def built(app: App, server: Server) -> Edition:
    """Build an edition whose articles have pictures on the server."""
    fill(
        app,
        [
            replace(article, image=Image(server.url(f"/{n}.jpg"), alt="Ships"))
            for n, article in enumerate(a_week())
        ],
    )
    return pipeline.draft_edition(app, "weekly", NOW)


def html_of(app: App, edition: Edition) -> str:
    rendered = pipeline.proof(app, edition).rendered
    assert rendered
    return rendered.html


def not_copied(app: App, edition: Edition) -> list[Finding]:
    return [f for f in pipeline.proof(app, edition).findings if f.rule == "CNT-12"]


def test_the_mail_shows_small_copies_from_our_own_server(app: App, server: Server) -> None:
    edition = built(app, server)
    html = html_of(app, edition)
    copies = sorted((app.folder / "images").glob("*.jpg"))
    assert html.count('<img class="ph') + html.count('<img class="th') == 4
    assert server.url("/") not in html
    assert {f"{path.name}" for path in copies} == {
        part.split('"')[0] for part in html.split("https://digest.news.example/images/")[1:]
    }
    assert 'width="592" height="333"' in html
    assert html.count('width="120" height="90"') == 3
    assert all(path.stat().st_size <= 150_000 for path in copies)
    assert not not_copied(app, edition)


def test_a_picture_is_fetched_once_and_the_same_edition_is_the_same_bytes(
    app: App, server: Server
) -> None:
    first = html_of(app, built(app, server))
    asked = len(server.seen)
    server.script.clear()  # whatever the outlet does with it later
    again = pipeline.draft_edition(app, "weekly", NOW)
    assert html_of(app, again) == first
    assert len(server.seen) == asked == 4
    assert "image/jpeg" in server.seen[0][1]["accept"]


def test_an_approved_edition_asks_nobody(app: App, server: Server) -> None:
    edition = pipeline.approve_edition(app, built(app, server))
    asked = len(server.seen)
    for path in (app.folder / "images" / "known").iterdir():
        path.unlink()
    assert html_of(app, edition)
    assert len(server.seen) == asked


def test_what_cannot_be_copied_is_told_and_asked_for_again_later(
    app: App, server: Server, clock: Clock
) -> None:
    edition = built(app, server)
    lead = edition.top_stories[0].lead.image
    assert lead
    path = lead.url.removeprefix(server.url(""))
    server.script[path] = lambda site: site.answer(404)
    (found,) = not_copied(app, edition)
    assert found.where == lead.url
    assert "404" in found.message
    asked = len(server.seen)
    assert not_copied(app, edition) == [found]
    assert len(server.seen) == asked
    server.script[path] = lambda site: site.answer(200, JPEG)
    clock.move(minutes=11)
    assert not_copied(app, edition) == []


def test_the_original_over_https_stays_and_is_a_note(app: App) -> None:
    fill(app, [replace(a, image=an_image(url="https://nowhere.invalid/x.jpg")) for a in a_week()])
    edition = pipeline.draft_edition(app, "weekly", NOW)
    looked = pipeline.proof(app, edition)
    assert looked.rendered
    assert 'src="https://nowhere.invalid/x.jpg"' in looked.rendered.html
    assert {(f.rule, f.severity) for f in looked.findings} == {("CNT-12", Severity.INFO)}
    assert not looked.blockers


def test_over_http_without_a_copy_a_picture_is_left_out(tmp_path: Path, server: Server) -> None:
    app = an_app(tmp_path)
    edition = built(app, server)
    assert "<img" not in html_of(app, edition)
    assert {f.severity for f in not_copied(app, edition)} == {Severity.WARNING}
    assert server.seen == []
    app.close()


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        (b"<html>", "text/html", "no picture"),
        (b"<html>", "image/jpeg", "no JPEG"),
        (a_bomb(9_000), "image/png", "pixels"),
        (b"x" * 4_000_000, "image/jpeg", "more than 3,000,000"),
    ],
)
def test_a_trap_is_no_picture(app: App, server: Server, body: bytes, kind: str, said: str) -> None:
    for path in list(server.script):
        server.script[path] = lambda site: site.answer(200, body, Content_Type=kind)
    found = not_copied(app, built(app, server))
    assert len(found) == 4
    assert all(said in finding.message for finding in found)


def test_a_private_address_is_not_asked(tmp_path: Path, server: Server) -> None:
    app = an_app(tmp_path, more=COPIES)
    strict = app.settings.model_copy(
        update={"fetch": app.settings.fetch.model_copy(update={"allow_networks": ()})}
    )
    edition = built(replace(app, settings=strict), server)
    found = not_copied(replace(app, settings=strict), edition)
    assert all("private address" in finding.message for finding in found)
    assert server.seen == []
    app.close()


def test_a_slow_server_holds_nothing_up(app: App, server: Server) -> None:
    held = threading.Event()

    def wait() -> None:
        held.wait(5)

    for path in list(server.script):
        server.script[path] = lambda _site: wait()
    edition = built(app, server)
    began = time.monotonic()
    assert len(not_copied(app, edition)) == 4
    assert time.monotonic() - began < 4
    held.set()


def test_a_sponsors_picture_is_copied_uncut(app: App, server: Server) -> None:
    tall = a_picture((400, 800))
    server.script["/logo"] = lambda site: site.answer(200, tall)
    values = {"sponsor": "Larkspur", "title": "T", "text": "X", "url": "https://larkspur.example/"}
    pipeline.add_placement(app, values | {"image_url": server.url("/logo")})
    assert 'width="120" height="240"' in html_of(app, built(app, server))


def test_the_pages_serve_a_copy_for_ever_and_nothing_else(app: App, server: Server) -> None:
    html_of(app, built(app, server))
    client = TestClient(build(app))
    name = next((app.folder / "images").glob("*.jpg")).name
    found = client.get(f"/images/{name}")
    assert found.status_code == 200
    assert found.headers["content-type"] == "image/jpeg"
    assert found.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert found.headers["x-content-type-options"] == "nosniff"
    assert found.content == (app.folder / "images" / name).read_bytes()
    assert client.head(f"/images/{name}").status_code == 200
    assert client.post(f"/images/{name}").status_code == 405
    known = next((app.folder / "images" / "known").iterdir()).name
    for wrong in ("", "known", f"known/{known}", f"known%2F{known}", "../config.toml",
                  "..%2Fconfig.toml", f"{'0' * 64}.jpg", name.upper(), f"{name}%00"):  # fmt: skip
        assert client.get(f"/images/{wrong}").status_code == 404, wrong


def test_a_preview_shows_the_copies_where_no_server_runs(
    app: App, server: Server, tmp_path: Path
) -> None:
    edition = built(app, server)
    files = pipeline.write_preview(app, pipeline.proof(app, edition), tmp_path / "out")
    page, _, mail = (path.read_text(encoding="utf-8") for path in files)
    assert page.count('src="data:image/jpeg;base64,') == 4
    assert "data:image" not in mail
