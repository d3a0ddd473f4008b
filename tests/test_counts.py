"""Counts come with their time, once; a bad row is told by line and stops no other."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from digest import pipeline
from digest.app import App
from digest.errors import IngestError
from digest.store import articles, readings
from tests.apps import an_app, fill
from tests.make import NOW, an_article

URL = "https://news.example/harbour"


@pytest.fixture
def app(tmp_path: Path, database_url: str) -> Iterator[App]:
    opened = an_app(tmp_path, database_url)
    fill(opened, [an_article("Harbour reopens", url=URL)])
    yield opened
    opened.close()


def a_file(app: App, text: str) -> Path:
    path = app.folder / "counts.txt"
    path.write_text(text, encoding="utf-8")
    os.utime(path, (NOW.timestamp(), NOW.timestamp()))
    return path


def kept(app: App) -> list[tuple[str, int, str]]:
    with app.database.reading() as tx:
        (article,) = articles.newest(tx)
        found = readings.of(tx, [article.id], None)
    return [(r.metric, r.value, f"{r.read_at:%d %H:%M}") for r in found]


ROWS = f"""address,metric,value,read_at
{URL}?utm_source=x,views,1200,2026-11-20T08:00:00Z
{URL},views,1500,2026-11-21T08:00:00Z
{URL},shares,many,
/harbour/,shares,7,2026-11-21T08:00:00Z
/nowhere,views,5,
"""


def test_counts_keep_their_time_and_the_same_file_adds_nothing(app: App) -> None:
    path = a_file(app, ROWS)
    done = pipeline.import_counts(app, path)
    assert (done.added, done.known, done.unmatched) == (3, 0, ("/nowhere",))
    assert [reason.partition(":")[0] for reason in done.refused] == ["line 4"]
    again = pipeline.import_counts(app, path)
    assert (again.added, again.known) == (0, 3)
    assert kept(app) == [
        ("shares", 7, "21 08:00"), ("views", 1200, "20 08:00"), ("views", 1500, "21 08:00")
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "page,visitors,pageviews,bounce_rate\n/harbour,90,120,40\n",
        "name,visitors\n/harbour,120\n",
        "# Start date: 20261116\n\nPage path and screen class,Views,Users\n/harbour,120,9\n",
        "Page path,Views\n/harbour/,120\n",
        '[{"id": 1, "link": "https://www.news.example/harbour/", "pageviews": "120"}]',
        '[{"address": "/harbour", "metric": "views", "value": 120}]',
    ],
    ids=["plausible", "plausible top", "analytics", "analytics path", "wordpress", "json"],
)
def test_exports_of_other_programs_are_recognised(app: App, text: str) -> None:
    done = pipeline.import_counts(app, a_file(app, text))
    assert (done.added, done.refused, done.unmatched) == (1, (), ())
    assert kept(app) == [("views", 120, f"{NOW:%d %H:%M}")]


@pytest.mark.parametrize("text", ["", "hello", "a,b\n1,2\n", '{"a": 1}', "[1"])
def test_a_file_without_counts_says_what_is_needed(app: App, text: str) -> None:
    with pytest.raises(IngestError):
        pipeline.import_counts(app, a_file(app, text))
    assert kept(app) == []
