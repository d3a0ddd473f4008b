"""Who an edition is for is said by an expression, and frozen with the edition."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from digest import membership, pipeline
from digest.app import App
from digest.errors import BadFilter, ConfigError, WrongState
from digest.model import Edition
from tests.apps import an_app, fill


@pytest.fixture
def app(tmp_path: Path, database_url: str) -> Iterator[App]:
    opened = an_app(tmp_path, database_url, more='audience = "-tag:staff"')
    fill(opened, readers=4)
    for number, tags in enumerate([("staff",), ("vip",), ("vip", "old"), ()]):
        membership.edit_subscriber(opened, f"r{number}@reader.example", tags=tags)
    yield opened
    opened.close()


def got(app: App, edition: Edition) -> set[str]:
    pipeline.drain_outbox(app, pipeline.queue_edition(app, edition))
    with app.database.reading() as tx:
        return {str(row[0])[:2] for row in tx.exec_driver_sql("SELECT email FROM delivery")}


def test_an_edition_goes_to_its_newsletter_s_audience(app: App) -> None:
    draft = pipeline.draft_edition(app, "weekly")
    assert pipeline.readers(app, draft) == 3
    assert got(app, pipeline.approve_edition(app, draft)) == {"r1", "r2", "r3"}


def test_only_and_except_narrow_it(app: App) -> None:
    draft = pipeline.draft_edition(app, "weekly")
    said = pipeline.aimed(app, draft, "tag:vip OR tag:staff", "tag:old OR tag:none")
    assert pipeline.readers(app, draft, said) == 1
    assert got(app, pipeline.approve_edition(app, draft, said)) == {"r1"}
    with pytest.raises(BadFilter):
        pipeline.aimed(app, draft, ") OR (tag:x")


def test_the_audience_is_frozen_with_the_approval(app: App, tmp_path: Path) -> None:
    edition = pipeline.approve_edition(app, pipeline.draft_edition(app, "weekly"))
    path = tmp_path / "config.toml"
    path.write_text(path.read_text("utf-8").replace("-tag:staff", "tag:none"), "utf-8")
    later = app.reread(path, {})
    stored = pipeline.find_edition(later, str(edition.id))
    assert stored.audience == "-tag:staff"
    with pytest.raises(WrongState, match="was decided with its approval"):
        pipeline.aimed(later, stored, "tag:vip")
    assert got(later, stored) == {"r1", "r2", "r3"}


def test_a_preview_says_who_is_not_meant(app: App, tmp_path: Path) -> None:
    looked = pipeline.proof(app, pipeline.draft_edition(app, "weekly"))
    with pytest.raises(WrongState, match=r"would not get .*: -tag:staff"):
        pipeline.write_preview(app, looked, tmp_path / "out", "r0@reader.example")
    assert pipeline.write_preview(app, looked, tmp_path / "out", "r1@reader.example")


def test_a_wrong_audience_is_a_mistake_in_the_config(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"config\.toml:\d+: newsletters\.weekly\.audience: "):
        an_app(tmp_path, more='audience = "1=1; DROP TABLE subscriber"')
