"""The archive: permanent links, feeds that readers read, kept by whoever asked before."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import feedparser
import pytest
from fastapi.testclient import TestClient

from digest import pipeline
from digest.app import App
from digest.audience.tokens import Keys
from digest.ingest.sources import SOURCES
from digest.model import Document
from digest.web import build
from tests.apps import an_app, fill

BASE = "https://digest.news.example"
DAY = "/editions/weekly/2026-11-23"


@pytest.fixture
def app(tmp_path: Path, database_url: str) -> Iterator[App]:
    opened = an_app(tmp_path, database_url)
    fill(opened, readers=1)
    edition = pipeline.approve_edition(opened, pipeline.draft_edition(opened, "weekly"))
    pipeline.drain_outbox(opened, pipeline.queue_edition(opened, edition))
    yield opened
    opened.close()


def a_client(app: App) -> TestClient:
    return TestClient(build(app), base_url=BASE)


def test_the_archive_leads_to_the_edition(app: App) -> None:
    client = a_client(app)
    for path in ("/", "/editions", "/editions/weekly"):
        page = client.get(path)
        assert f'href="{DAY}"' in page.text
        assert "Harbour reopens" in page.text
    assert client.get("/editions/none").status_code == 404


def test_the_feeds_are_read_by_readers_of_feeds(app: App) -> None:
    client = a_client(app)
    atom = client.get("/editions/weekly/feed.atom")
    read = feedparser.parse(atom.content)
    assert not read.bozo
    assert [(e.title, e.link) for e in read.entries] == [
        ("Harbour reopens after the storm", BASE + DAY)
    ]
    json_feed = client.get("/editions/weekly/feed.json")
    document = Document("", json_feed.content, json_feed.headers["content-type"])
    source = next(each for each in SOURCES if each.accepts(document))
    (item,) = source.parse(document).items
    assert (source.name, item.url) == ("json feed", BASE + DAY)


def test_who_has_it_already_is_told_so(app: App) -> None:
    client = a_client(app)
    for path in (DAY, "/editions", "/editions/weekly/feed.atom", "/editions/weekly/feed.json"):
        first = client.get(path)
        assert first.headers["cache-control"] == "public, max-age=60"
        again = client.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_no_link_to_unsubscribe_is_left_when_keys_change(app: App) -> None:
    secrets = dict(app.keys.secrets) | {"n": b"n" * 32}
    html = a_client(replace(app, keys=Keys("n", secrets, app.keys.addresses))).get(DAY).text
    assert "/u/" not in html
    assert f'href="{BASE}/unsubscribe"' in html


def test_an_edition_runs_nothing_and_search_engines_stay_out_until_asked(app: App) -> None:
    client = a_client(app)
    page = client.get(DAY)
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert page.headers["x-robots-tag"] == "noindex"
    assert client.get("/robots.txt").text == "User-agent: *\nDisallow: /\n"
    web = app.settings.web.model_copy(update={"robots": "index"})
    open_app = replace(app, settings=app.settings.model_copy(update={"web": web}))
    allowed = a_client(open_app)
    assert allowed.get(DAY).headers["x-robots-tag"] == "all"
    assert allowed.get("/manage").headers["x-robots-tag"] == "noindex"
    assert "Allow: /editions" in allowed.get("/robots.txt").text


def test_what_stands_in_a_title_is_text(app: App) -> None:
    """T2: an editor's words are no markup in lists and feeds."""
    with app.database.transaction() as tx:
        content = tx.exec_driver_sql("SELECT content FROM edition").scalar()
        if isinstance(content, str):
            evil = re.sub(r'"subject": *"[^"]*"', '"subject": "<script>alert(1)</script>"', content)
            tx.exec_driver_sql("UPDATE edition SET content = ?", (evil,))
    if app.database.is_sqlite:
        client = a_client(app)
        for path in ("/editions", "/editions/weekly/feed.atom"):
            assert "<script>" not in client.get(path).text
            assert "&lt;script&gt;alert" in client.get(path).text
