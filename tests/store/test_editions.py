"""Editions are kept whole, once per slot, and remember what they used."""

from dataclasses import replace
from datetime import timedelta

import pytest

from digest.errors import NotFound, WrongState
from digest.model import Choice, EditionState, Rendered, Variant
from digest.store import Database, editions
from tests.make import NOW, an_edition


def test_an_edition_comes_back_as_it_went_in(database: Database) -> None:
    edition = an_edition()
    with database.transaction() as tx:
        stored = editions.save(tx, edition, NOW)
        assert stored == replace(edition, id=stored.id)
        for name in ("latest", str(stored.id), "weekly@2026-11-23", "weekly"):
            assert editions.find(tx, name) == stored


def test_a_draft_is_built_again_in_its_place(database: Database) -> None:
    with database.transaction() as tx:
        first = editions.save(tx, an_edition(), NOW)
        second = editions.save(tx, an_edition(subject="Better"), NOW)
        assert second.id == first.id
        assert editions.find(tx, "latest").subject == "Better"


def test_an_approved_edition_is_not_built_again(database: Database) -> None:
    with database.transaction() as tx:
        edition = editions.save(tx, an_edition(), NOW)
        editions.move(tx, edition, EditionState.APPROVED, NOW)
    refused = pytest.raises(WrongState, match="is approved and cannot be built again")
    with refused, database.transaction() as tx:
        editions.save(tx, an_edition(), NOW)


def test_approved_bytes_are_kept(database: Database) -> None:
    rendered = Rendered("Subject ✓", "<p>Grüße</p>", "Grüße")
    with database.transaction() as tx:
        edition = editions.save(tx, an_edition(), NOW)
        with pytest.raises(NotFound, match="not approved yet"):
            editions.frozen_content(tx, edition.id)
        editions.freeze(tx, edition, [Variant(Choice(), rendered)], {"title": "Old"})
        editions.freeze(tx, edition, [Variant(Choice(), rendered)], {"title": "T"})
        assert editions.frozen_content(tx, edition.id) == (rendered, {"title": "T"})


def test_only_editions_that_went_out_count_as_sent(database: Database) -> None:
    with database.transaction() as tx:
        for number, state in enumerate(EditionState):
            slot_at = NOW - timedelta(days=7 * number)
            edition = an_edition(slot_at=slot_at, slot_on=slot_at.date())
            stored = editions.save(tx, edition, NOW)
            editions.move(tx, stored, state, NOW)
        found = editions.last_sent(tx, "weekly", NOW + timedelta(days=1), 10)
        assert {e.state for e in found} == {
            EditionState.SENT,
            EditionState.SENDING,
            EditionState.FILLING,
            EditionState.PAUSED,
        }
        assert found == sorted(found, key=lambda e: e.slot_at, reverse=True)
        assert len(editions.last_sent(tx, "weekly", NOW + timedelta(days=1), 2)) == 2
        assert editions.last_sent(tx, "daily", NOW, 10) == []


def test_an_edition_sent_ahead_of_its_slot_counts_from_when_it_went_out(database: Database) -> None:
    ahead, day = NOW - timedelta(days=5), timedelta(days=1)
    with database.transaction() as tx:
        stored = editions.save(tx, an_edition(), ahead)
        sent = editions.move(tx, stored, EditionState.SENT, ahead)
        assert sent.finished_at == ahead
        assert editions.last_sent(tx, "weekly", ahead - day, 1) == []
        for moment in (ahead, ahead + day, NOW + day):
            assert editions.last_sent(tx, "weekly", moment, 1, reaching_into=ahead) == [sent]
        assert editions.last_sent(tx, "weekly", NOW, 1) == []  # itself, composed again


def test_what_is_not_there_says_so(database: Database) -> None:
    with database.reading() as tx:
        for name in ("latest", "7", "weekly@2026-01-01", "nonsense"):
            with pytest.raises(NotFound, match="digest editions list"):
                editions.find(tx, name)


def test_a_newsletter_is_scheduled_since_it_was_first_asked_about(database: Database) -> None:
    with database.transaction() as tx:
        later = NOW + timedelta(days=1)
        assert editions.scheduled_since(tx, "weekly", "monday 07:30 UTC", NOW) == NOW
        assert editions.scheduled_since(tx, "weekly", "monday 07:30 UTC", later) == NOW
        assert editions.scheduled_since(tx, "weekly", "tuesday 07:30 UTC", later) == later
