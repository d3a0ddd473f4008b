"""What its outlet took back is never sent; a server in trouble changes nothing."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from digest import pipeline
from digest.app import App
from digest.ingest.limits import Limits
from digest.model import Article
from tests.apps import a_week, an_app, fill
from tests.ingest.site import Server, Site
from tests.make import NOW


@pytest.fixture
def server() -> Iterator[Server]:
    started = Server()
    yield started
    started.close()


@pytest.fixture
def app(tmp_path: Path, database_url: str) -> Iterator[App]:
    opened = replace(an_app(tmp_path, database_url), limits=Limits(pause=0, first_byte=0.5))
    yield opened
    opened.close()


def published(app: App, server: Server, **statuses: int) -> list[Article]:
    """Store a week whose articles answer 200, or as told by their place."""
    found = []
    for number, article in enumerate(a_week()):
        status = statuses.get(f"n{number}", 200)
        server.script[f"/{number}"] = lambda site, status=status: site.answer(status)  # type: ignore[misc]
        found.append(replace(article, url=server.url(f"/{number}")))
    fill(app, found)
    return found


def test_an_unpublished_article_is_marked_and_never_sent(app: App, server: Server) -> None:
    week = published(app, server, n0=404, n1=410)
    gone = pipeline.drop_unpublished(app, "weekly", NOW)
    assert {article.title for article in gone} == {week[0].title, week[1].title}
    edition = pipeline.draft_edition(app, "weekly", NOW)
    assert not {week[0].id, week[1].id} & {placed.lead.id for placed in edition.stories}
    reasons = {left.article_id: left.reason for left in edition.left_out}
    assert reasons[week[0].id] == reasons[week[1].id] == "unpublished"


def test_an_article_that_is_back_is_in_again(app: App, server: Server) -> None:
    week = published(app, server, n0=404)
    pipeline.drop_unpublished(app, "weekly", NOW)
    server.script["/0"] = lambda site: site.answer(200)
    assert pipeline.drop_unpublished(app, "weekly", NOW) == []
    edition = pipeline.compose_next(app, "weekly", NOW)
    assert week[0].id in {placed.lead.id for placed in edition.stories}


@pytest.mark.parametrize("status", [500, 403, 429])
def test_a_server_in_trouble_changes_nothing(app: App, server: Server, status: int) -> None:
    published(app, server, n0=status)
    before = pipeline.compose_next(app, "weekly", NOW)
    assert pipeline.check_articles(app, before) == []
    server.close()
    assert pipeline.check_articles(app, before) == []
    assert pipeline.compose_next(app, "weekly", NOW) == before


def test_only_the_head_of_a_page_is_read(app: App, server: Server) -> None:
    def endless(site: Site) -> None:
        site.start()
        while True:
            site.wfile.write(b"x" * 100_000)

    published(app, server)
    server.script["/0"] = endless
    assert pipeline.drop_unpublished(app, "weekly", NOW) == []
