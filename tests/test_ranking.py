"""An installation learns from its own counts, and shows what other weights had chosen."""

import json
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from digest import pipeline
from digest.app import App
from digest.errors import WrongState
from digest.model import EditionState, Reading
from digest.pipeline.usual import usual_values
from digest.rank.past import GROWTH
from digest.rank.refit import LEAST
from digest.store import readings
from tests.apps import Clock, a_week, an_app, fill
from tests.make import NOW, an_article


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(tmp_path: Path, database_url: str, clock: Clock) -> Iterator[App]:
    opened = an_app(tmp_path, database_url, clock)
    yield opened
    opened.close()


def count(app: App, *found: Reading) -> None:
    with app.database.transaction() as tx:
        readings.add_all(tx, found)


def past_counts(app: App, articles: int, now: datetime = NOW) -> None:
    """Store articles of three weeks ago whose comments double between 3 h and two days."""
    moment = now - timedelta(days=21)
    old = [
        an_article(f"Old story {n}", url=f"https://news.example/o{n}", published_at=moment)
        for n in range(articles)
    ]
    fill(app, old)
    for article in old:
        for hours, value in ((3, 99), (50, 199)):
            count(app, Reading(article.id, "comments", value, moment + timedelta(hours=hours)))


def test_the_curve_is_refitted_from_stored_counts(app: App) -> None:
    past_counts(app, LEAST)
    found = pipeline.refit_ranking(app, "weekly")
    assert [(p.hours, p.growth, p.articles) for p in found.points] == [
        (2.0, 0.693, LEAST),
        (3.0, 0.693, LEAST),
    ]
    assert found.usual.usual == pytest.approx(5.298, abs=0.001)


def test_too_few_counts_are_refused_with_what_there_is(app: App) -> None:
    past_counts(app, LEAST - 1)
    with pytest.raises(WrongState, match=f"{LEAST - 1} articles .* an age needs {LEAST}"):
        pipeline.refit_ranking(app, "weekly")


def test_an_article_without_counts_gets_what_its_feed_usually_got(app: App) -> None:
    past_counts(app, LEAST)
    fill(app, a_week(4))
    edition = pipeline.draft_edition(app, "weekly")
    facts = {p.fact for placed in edition.stories for p in placed.ranked.parts if "usual" in p.fact}
    assert any("no counts; the usual of" in fact for fact in facts)


def test_clicks_of_sent_editions_lift_the_authors_readers_followed(app: App, clock: Clock) -> None:
    week = a_week(6)
    fill(app, week)
    sent = pipeline.approve_edition(app, pipeline.draft_edition(app, "weekly"))
    pipeline.drain_outbox(app, pipeline.queue_edition(app, sent))
    clicks = [500 if n == 2 else 10 for n, _ in enumerate(sent.stories)]
    clock.move(days=7)
    for placed, number in zip(sent.stories, clicks, strict=True):
        count(app, Reading(placed.lead.id, "clicks", number, NOW + timedelta(days=1)))
    with app.database.reading() as tx:
        known = usual_values(tx, "weekly", clock.moment, GROWTH).clicked
    assert known
    assert all(name.partition(" ")[0] in ("author", "category") for name in known)


def test_backtest_shows_the_present_weights_beside_what_was_sent(
    app: App, clock: Clock, tmp_path: Path
) -> None:
    fill(app, a_week(9))
    sent = pipeline.approve_edition(app, pipeline.draft_edition(app, "weekly"))
    pipeline.drain_outbox(app, pipeline.queue_edition(app, sent))
    clock.move(days=7)
    (same,) = pipeline.backtest(app, "weekly", 4)
    assert same.kept == len(sent.top_stories)
    assert same.sent.state is EditionState.SENT
    assert same.top == [placed.lead.id for placed in sent.top_stories]


def test_the_commands_print_a_line_for_the_config(
    digest: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    app = an_app(tmp_path, "sqlite:///digest.db")
    past_counts(app, LEAST, datetime.now(UTC))
    app.close()
    told = digest("-c", str(tmp_path / "config.toml"), "ranking", "refit")
    assert told.returncode == 0, told.stderr
    assert "growth = [[2, 0.693], [3, 0.693], [48, 0]]" in told.stdout
    empty = digest("-c", str(tmp_path / "config.toml"), "ranking", "backtest")
    assert empty.stdout == "no edition has been sent yet\n"
    as_json = digest("-c", str(tmp_path / "config.toml"), "ranking", "backtest", "--json")
    assert json.loads(as_json.stdout) == []
