"""The ledger: each reader once, no claim taken twice, the books always close."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from digest.audience.address import address_digest, parse_address
from digest.errors import WrongState
from digest.model import (
    Choice,
    Delivery,
    DeliveryState,
    Edition,
    EditionState,
    Rendered,
    Subscription,
    SubscriptionState,
    SuppressionReason,
    Variant,
)
from digest.store import Database, Transaction, editions, outbox, subscribers, suppressions
from tests.make import NOW, an_edition

SECRET = b"s" * 32


def subscribe(tx: Transaction, email: str, state: SubscriptionState) -> Subscription:
    address = parse_address(email)
    digest = address_digest(SECRET, address)
    person = subscribers.add(tx, address.email, address.key, digest, "", NOW)
    public_id = f"{person.id:010d}A"
    made = subscribers.subscribe(tx, person.id, "weekly", public_id, NOW)
    subscribers.set_state(tx, replace(made, state=state), "test", NOW)
    return made


def suppress(tx: Transaction, email: str) -> None:
    digest = address_digest(SECRET, parse_address(email))
    suppressions.suppress(tx, digest, SuppressionReason.ASKED, NOW)


def queued(database: Database, readers: int) -> Edition:
    with database.transaction() as tx:
        for number in range(readers):
            subscribe(tx, f"r{number}@reader.example", SubscriptionState.ACTIVE)
        edition = editions.save(tx, an_edition(), NOW)
        editions.freeze(tx, edition, [Variant(Choice(), Rendered("s", "h", "t"))], {})
        approved = editions.move(tx, edition, EditionState.APPROVED, NOW, sha256="x")
        filling = editions.move(tx, approved, EditionState.FILLING, NOW)
        assert outbox.fill(tx, filling) == readers
        return editions.move(tx, filling, EditionState.SENDING, NOW)


def claim(database: Database, edition: Edition, token: str, limit: int = 100) -> list[Delivery]:
    with database.transaction() as tx:
        return outbox.claim(tx, edition.id, token, limit, NOW)


def test_only_active_and_unsuppressed_people_get_a_row(database: Database) -> None:
    with database.transaction() as tx:
        subscribe(tx, "active@reader.example", SubscriptionState.ACTIVE)
        subscribe(tx, "pending@reader.example", SubscriptionState.PENDING)
        subscribe(tx, "ended@reader.example", SubscriptionState.ENDED)
        subscribe(tx, "Suppressed@reader.example", SubscriptionState.ACTIVE)
        suppress(tx, "suppressed@reader.example")
        edition = editions.save(tx, an_edition(), NOW)
        assert subscribers.active_count(tx, "weekly") == 1
        assert outbox.fill(tx, edition) == 1
        (row,) = outbox.claim(tx, edition.id, "t", 10, NOW)
    assert row.email == "active@reader.example"


def test_filling_twice_is_refused_by_the_database(database: Database) -> None:
    edition = queued(database, 2)
    with pytest.raises(sa.exc.IntegrityError), database.transaction() as tx:
        outbox.fill(tx, edition)


def test_a_row_is_claimed_by_one_token_only(database: Database) -> None:
    edition = queued(database, 5)
    first, second = claim(database, edition, "a", 3), claim(database, edition, "b")
    assert len(first) == 3
    assert len(second) == 2
    assert not {d.id for d in first} & {d.id for d in second}
    assert claim(database, edition, "c") == []


def settle(
    tx: Transaction,
    row: Delivery,
    token: str,
    state: DeliveryState,
    again: datetime | None = None,
) -> bool:
    return outbox.settle_all(tx, [outbox.Result(row.id, token, state, "so", NOW, again)]) == 1


def test_the_books_close_at_every_step(database: Database) -> None:
    edition = queued(database, 6)
    rows = claim(database, edition, "a")
    ends = [
        DeliveryState.SENT,
        DeliveryState.FAILED,
        DeliveryState.EXPIRED,
        DeliveryState.UNCERTAIN,
        DeliveryState.DEFERRED,
        DeliveryState.SENT,
    ]
    for row, state in zip(rows, ends, strict=True):
        with database.transaction() as tx:
            assert outbox.hand(tx, row, "a", NOW)
            assert outbox.numbers(tx, edition.id).add_up
            later = NOW + timedelta(minutes=5) if state is DeliveryState.DEFERRED else None
            assert settle(tx, row, "a", state, later)
            assert outbox.numbers(tx, edition.id).add_up
    with database.reading() as tx:
        numbers = outbox.numbers(tx, edition.id)
    assert (numbers.frozen, numbers.open, numbers.sent) == (6, 1, 2)
    assert (numbers.failed, numbers.expired, numbers.uncertain) == (1, 1, 1)


def test_the_fence_stops_at_an_unsubscribe_and_books_it(database: Database) -> None:
    edition = queued(database, 2)
    leaver, stayer = claim(database, edition, "a")
    with database.transaction() as tx:
        subscription = subscribers.by_public_id(tx, leaver.public_id)
        ended = replace(subscription, state=SubscriptionState.ENDED, ended_at=NOW)
        subscribers.set_state(tx, ended, "test", NOW)
    with database.transaction() as tx:
        assert not outbox.hand(tx, leaver, "a", NOW)
        assert outbox.hand(tx, stayer, "a", NOW)
        numbers = outbox.numbers(tx, edition.id)
    assert numbers.suppressed == 1
    assert numbers.add_up


def test_the_fence_stops_at_a_suppression(database: Database) -> None:
    edition = queued(database, 1)
    (row,) = claim(database, edition, "a")
    with database.transaction() as tx:
        suppress(tx, row.email)
        assert not outbox.hand(tx, row, "a", NOW)
        assert outbox.numbers(tx, edition.id).suppressed == 1


def test_the_fence_stops_who_lost_the_claim(database: Database) -> None:
    edition = queued(database, 1)
    (row,) = claim(database, edition, "a")
    _expire(database)
    assert len(claim(database, edition, "b")) == 1
    with database.transaction() as tx:
        assert not outbox.hand(tx, row, "a", NOW)
        assert not settle(tx, row, "a", DeliveryState.SENT)
        assert outbox.hand(tx, row, "b", NOW)


def test_a_row_handed_by_a_process_that_died_is_named_uncertain(database: Database) -> None:
    edition = queued(database, 2)
    row, other = claim(database, edition, "a")
    with database.transaction() as tx:
        outbox.hand(tx, row, "a", NOW)
    _expire(database)
    with database.transaction() as tx:
        assert outbox.find_uncertain(tx, edition.id, NOW) == 1
        assert outbox.resend_uncertain(tx, edition.id, NOW - timedelta(minutes=10)) == 0
        assert outbox.resend_uncertain(tx, edition.id, NOW) == 1
    again = claim(database, edition, "b") + claim(database, edition, "b")
    assert {d.id for d in again} == {row.id, other.id}


def test_a_second_attempt_keeps_the_time_of_the_first(database: Database) -> None:
    edition = queued(database, 1)
    (row,) = claim(database, edition, "a")
    with database.transaction() as tx:
        outbox.hand(tx, row, "a", NOW)
        assert settle(tx, row, "a", DeliveryState.DEFERRED, NOW)
        (again,) = outbox.claim(tx, edition.id, "b", 1, NOW + timedelta(hours=1))
    assert again.first_claimed_at == NOW
    assert again.attempts == 2


def test_a_released_row_did_not_use_an_attempt(database: Database) -> None:
    edition = queued(database, 1)
    (row,) = claim(database, edition, "a")
    with database.transaction() as tx:
        assert settle(tx, row, "a", DeliveryState.QUEUED)
    (again,) = claim(database, edition, "b")
    assert again.attempts == 1


def test_an_edition_moves_only_from_the_state_it_is_in(database: Database) -> None:
    edition = queued(database, 1)
    with database.transaction() as tx:
        editions.move(tx, edition, EditionState.SENT, NOW)
        with pytest.raises(WrongState, match="no longer sending"):
            editions.move(tx, edition, EditionState.CANCELLED, NOW)


def _expire(database: Database) -> None:
    with database.transaction() as tx:
        tx.exec_driver_sql("UPDATE delivery SET lease_until = '2000-01-01 00:00:00'")


def test_books_that_do_not_count_who_got_it_say_the_same(database: Database) -> None:
    edition = queued(database, 3)
    for state in ("sent", "sent", "failed"):
        with database.transaction() as tx:
            first = "SELECT min(id) FROM delivery WHERE state = 'queued'"
            tx.exec_driver_sql(f"UPDATE delivery SET state = '{state}' WHERE id = ({first})")
            assert outbox.numbers(tx, edition.id, quick=True) == outbox.numbers(tx, edition.id)
