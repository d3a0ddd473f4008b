"""What a relay said is kept in a file when the ledger cannot take it, and read back once."""

import secrets
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from digest import pipeline
from digest.app import App
from digest.errors import StoreError
from digest.model import Delivery, DeliveryState
from digest.pipeline import results
from digest.store import deliveries, outbox
from digest.store.outbox import Result
from tests.apps import an_app, fill
from tests.make import NOW


@pytest.fixture
def app(tmp_path: Path, database_url: str) -> Iterator[App]:
    opened = an_app(tmp_path, database_url)
    fill(opened, readers=4)
    approved = pipeline.approve_edition(opened, pipeline.draft_edition(opened, "weekly"))
    pipeline.queue_edition(opened, approved)
    yield opened
    opened.close()


@pytest.fixture
def token() -> str:
    return secrets.token_hex(8)


@pytest.fixture
def handed(app: App, token: str) -> list[Delivery]:
    """Return four rows that are with a server."""
    edition = pipeline.find_edition(app, "latest")
    with app.database.transaction() as tx:
        claimed = outbox.claim(tx, edition.id, token, 9, NOW)
        assert all(outbox.hand(tx, row, token, NOW) for row in claimed)
    return claimed


def states(app: App) -> list[str]:
    with app.database.reading() as tx:
        edition = pipeline.find_edition(app, "latest")
        assert outbox.numbers(tx, edition.id).add_up
        return [row.state.value for row in deliveries.of_edition(tx, edition.id)]


def test_results_of_every_kind_are_read_back_once(
    app: App, handed: list[Delivery], token: str
) -> None:
    later = NOW + timedelta(minutes=5)
    kinds = (
        (DeliveryState.SENT, "250 ok", None),
        (DeliveryState.DEFERRED, "450 later", later),
        (DeliveryState.UNCERTAIN, "no answer\nat all", None),
        (DeliveryState.QUEUED, "", None),
    )
    for row, (state, reply, again) in zip(handed, kinds, strict=True):
        results.keep(app, [Result(row.id, token, state, reply, NOW, again)])
    assert results.waiting(app) == 4
    assert results.read_back(app) == 4
    assert results.waiting(app) == 0
    assert states(app) == ["sent", "deferred", "uncertain", "queued"]
    with app.database.reading() as tx:
        rows = [deliveries.find(tx, str(row.id)) for row in handed]
    assert [row.attempts for row in rows] == [1, 1, 1, 0]
    assert [row.doubts for row in rows] == [0, 0, 1, 0]
    assert rows[1].next_try_at == later
    assert results.read_back(app) == 0


def test_what_was_heard_settles_a_row_that_was_called_uncertain_since(
    app: App, handed: list[Delivery], token: str
) -> None:
    first, second, third, fourth = handed
    before = (
        Result(first.id, token, DeliveryState.UNCERTAIN, "no answer", NOW),
        Result(second.id, token, DeliveryState.UNCERTAIN, "no answer", NOW),
        Result(third.id, token, DeliveryState.QUEUED, "", NOW),
        Result(fourth.id, token, DeliveryState.SENT, "250 ok", NOW),
    )
    with app.database.transaction() as tx:
        assert outbox.settle_all(tx, before) == 4
    heard = (DeliveryState.SENT, DeliveryState.DEFERRED, DeliveryState.SENT, DeliveryState.FAILED)
    kept = [Result(r.id, token, s, "", NOW) for r, s in zip(handed, heard, strict=True)]
    results.keep(app, kept)
    assert results.read_back(app) == 1
    assert states(app) == ["sent", "uncertain", "queued", "sent"]


def test_a_line_that_a_crash_cut_short_is_left_out(
    app: App, handed: list[Delivery], token: str
) -> None:
    results.keep(app, [Result(row.id, token, DeliveryState.SENT, "", NOW) for row in handed])
    content = app.results_file.read_bytes().rstrip()
    app.results_file.write_bytes(content[:-20])
    assert results.waiting(app) == 3
    assert results.read_back(app) == 3


def test_the_file_has_its_room_before_it_is_needed_and_only_its_owner_reads_it(app: App) -> None:
    results.read_back(app)
    size = app.results_file.stat().st_size
    results.keep(app, [Result(1, "t", DeliveryState.SENT, "w" * 500, NOW)])
    assert app.results_file.stat().st_size == size == 65536
    assert app.results_file.stat().st_mode & 0o777 == 0o600


def test_health_is_red_while_results_wait(app: App, handed: list[Delivery], token: str) -> None:
    results.keep(app, [Result(handed[0].id, token, DeliveryState.SENT, "", NOW)])
    assert pipeline.health(app)["results_waiting"] == 1
    assert not pipeline.health(app)["ok"]
    results.read_back(app)
    assert pipeline.health(app)["ok"]


def test_a_place_that_cannot_be_written_is_named(app: App) -> None:
    app.results_file.mkdir()
    with pytest.raises(StoreError, match=r"results: cannot be written: Is a directory"):
        results.read_back(app)
