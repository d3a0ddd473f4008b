"""What is in flight: a fence beside the ledger holds like one in it, after any crash."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import StoreError
from digest.model import DeliveryState, Edition, SubscriptionState
from digest.store import Database, consent, deliveries, outbox, subscribers
from digest.store.backup import backup
from digest.store.database import Line
from digest.store.flight import Flight, _frames, bring_home, fold
from digest.store.outbox import Result
from tests.make import NOW
from tests.store.test_outbox import claim, queued

START = 4096


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Database]:
    opened = Database("sqlite:///digest.db", tmp_path)
    opened.upgrade()
    yield opened
    opened.close()


@pytest.fixture
def edition(ledger: Database) -> Edition:
    return queued(ledger, 6)


@pytest.fixture
def sender(ledger: Database, edition: Edition) -> Iterator[Flight]:
    """A sender that has claimed every row."""
    opened = Flight(ledger, "mine")
    claim(ledger, edition, "mine")
    yield opened
    with suppress(OSError):  # it died in the test
        opened.close(done=True)


def die(sender: Flight) -> None:
    """Let the sender go as a crash does: its lock ends, its file stays."""
    os.close(sender._file)
    sender._file = -1


def states(ledger: Database) -> list[str]:
    with ledger.reading() as tx:
        found = outbox._DELIVERY.select().order_by(outbox._DELIVERY.c.id)
        return [str(row.state) for row in tx.execute(found)]


def folded(ledger: Database) -> list[str]:
    with ledger.transaction() as tx:
        fold(tx)
    return states(ledger)


def files(ledger: Database) -> list[Path]:
    path = Path(ledger.name)
    return sorted(path.parent.glob(f"{path.name}-flight-*"))


def test_the_ledger_learns_who_is_fenced_and_who_got_it(ledger: Database, sender: Flight) -> None:
    assert sender.add([1, 2], {}, NOW)
    assert sender.add([3], {1: "250 taken"}, NOW)
    assert states(ledger) == ["claimed"] * 6
    assert folded(ledger) == ["sent", "handed", "handed", *["claimed"] * 3]
    assert folded(ledger) == ["sent", "handed", "handed", *["claimed"] * 3]


def test_who_looks_calls_the_sender_back_to_the_ledger(ledger: Database, sender: Flight) -> None:
    assert sender.add([1], {}, NOW)
    folded(ledger)
    assert not sender.add([2], {}, NOW)
    sender.asked()
    assert sender.add([3], {}, NOW)


def test_what_the_ledger_has_is_told_no_more(ledger: Database, sender: Flight) -> None:
    sender.add([1, 2, 3], {}, NOW)
    sender.add([4], {1: "250 taken"}, NOW)
    sender.empty()
    assert folded(ledger) == ["claimed"] * 6
    sender.asked()
    assert sender.add([5, 6, 2], {}, NOW)  # as long as the first frame of the turn before
    assert folded(ledger) == ["claimed", "handed", "claimed", "claimed", "handed", "handed"]


def test_a_cancelled_edition_keeps_what_was_fenced(
    ledger: Database, edition: Edition, sender: Flight
) -> None:
    sender.add([1, 2], {}, NOW)
    sender.add([], {2: "250 taken"}, NOW)
    with ledger.transaction() as tx:
        assert not outbox.take_back(tx, edition.id)
        assert outbox.cancel(tx, edition.id, NOW, "a mistake") == 4
    assert states(ledger) == ["handed", "sent", *["cancelled"] * 4]


def test_a_pause_queues_only_what_was_not_fenced(
    ledger: Database, edition: Edition, sender: Flight
) -> None:
    sender.add([1], {}, NOW)
    with ledger.transaction() as tx:
        outbox.unclaim(tx, edition.id)
    assert states(ledger) == ["handed", *["queued"] * 5]


def test_an_expired_claim_in_flight_is_not_claimed_again(
    ledger: Database, edition: Edition, sender: Flight
) -> None:
    sender.add([1, 2], {}, NOW)
    with ledger.transaction() as tx:
        tx.exec_driver_sql("UPDATE delivery SET lease_until = '2000-01-01 00:00:00.000000'")
    assert [row.id for row in claim(ledger, edition, "other")] == [3, 4, 5, 6]


def test_who_is_erased_in_flight_was_handed(ledger: Database, sender: Flight) -> None:
    sender.add([1], {}, NOW)
    with ledger.transaction() as tx:
        for email in ("r0@reader.example", "r1@reader.example"):
            consent.erase(tx, subscribers.find(tx, email).id, NOW)
    assert states(ledger)[:2] == ["handed", "suppressed"]


def test_the_next_sender_brings_home_what_a_dead_one_left(
    ledger: Database, edition: Edition, sender: Flight
) -> None:
    sender.add([1, 2, 3], {}, NOW)
    sender.add([], {3: "250 taken"}, NOW)
    bring_home(ledger)
    assert states(ledger) == ["claimed"] * 6  # it lives
    assert len(files(ledger)) == 1
    die(sender)
    bring_home(ledger)
    assert states(ledger) == ["handed", "handed", "sent", *["claimed"] * 3]
    assert files(ledger) == []
    with ledger.transaction() as tx:
        assert outbox.find_uncertain(tx, edition.id, NOW) == 2


def test_what_was_settled_otherwise_stays_so(ledger: Database, sender: Flight) -> None:
    sender.add([1, 2], {}, NOW)
    failed = Result(1, "mine", DeliveryState.FAILED, "550 no", NOW)
    with ledger.transaction() as tx:
        outbox.settle_all(tx, [failed])
    assert folded(ledger)[:2] == ["failed", "handed"]


@pytest.mark.parametrize("cut", range(0, 60, 7))
def test_a_frame_a_power_cut_left_torn_is_not_there(
    ledger: Database, sender: Flight, cut: int
) -> None:
    sender.add([1], {}, NOW)
    before = sender._at
    sender.add([2], {1: "250 taken"}, NOW)
    whole = os.pread(sender._file, sender._at - before, before)
    os.pwrite(sender._file, whole[:cut].ljust(len(whole), b"\0"), before)
    assert folded(ledger)[:2] == ["handed", "claimed"]


def test_a_full_file_sends_to_the_ledger(ledger: Database, sender: Flight) -> None:
    rounds = 0
    while sender.add(list(range(1, 500)), dict.fromkeys(range(1, 100), "2" * 500), NOW):
        rounds += 1
    assert 5 < rounds < 20
    sender.empty()
    assert sender.add([1], {}, NOW)


def test_a_disk_that_takes_nothing_sends_to_the_ledger(
    sender: Flight, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fdatasync", full)
    assert not sender.add([1], {}, NOW)


def test_a_line_sees_that_somebody_else_wrote(ledger: Database, edition: Edition) -> None:
    line = Line(ledger)
    with line.transaction():
        seen = line.version()
    assert line.version() == seen
    with line.transaction() as tx:
        outbox.settle_all(tx, [])
    assert line.version() == seen
    claim(ledger, edition, "other")
    assert line.version() != seen
    line.close()


def test_who_left_before_the_claim_is_not_wanted(ledger: Database, edition: Edition) -> None:
    with ledger.transaction() as tx:
        person = subscribers.find(tx, "r2@reader.example")
        (mine,) = person.subscriptions
        ended = replace(mine, state=SubscriptionState.ENDED)
        subscribers.set_state(tx, ended, "test", NOW)
    claim(ledger, edition, "mine")
    line = Line(ledger)
    with line.transaction() as tx:
        assert outbox.still_wanted(tx, [1, 2, 3, 4], "mine") == {1, 2, 4}
    line.close()


@given(st.binary(max_size=400))
def test_any_bytes_are_read_without_a_crash(data: bytes) -> None:
    assert list(_frames(data)) is not None


def test_a_database_without_files_has_nothing_to_fold(database: Database) -> None:
    bring_home(database)
    with database.transaction() as tx:
        fold(tx)


def test_a_claim_that_is_void_is_not_wanted(ledger: Database, edition: Edition) -> None:
    claim(ledger, edition, "mine", 4)
    with ledger.transaction() as tx:
        outbox.unclaim(tx, edition.id)  # paused, and gone on with by another
    claim(ledger, edition, "other", 2)
    line = Line(ledger)
    with line.transaction() as tx:
        assert outbox.still_wanted(tx, [1, 2, 3, 4], "other") == {1, 2}
        assert outbox.still_wanted(tx, [1, 2, 3, 4], "mine") == set()
    line.close()


def test_who_left_before_the_dot_gets_none_though_another_read_the_fence(
    ledger: Database, edition: Edition, sender: Flight
) -> None:
    with ledger.transaction() as tx:
        ready = deliveries.of_edition(tx, edition.id)[:3]
        person = subscribers.find(tx, "r0@reader.example")
        ended = replace(person.subscriptions[0], state=SubscriptionState.ENDED)
        subscribers.set_state(tx, ended, "test", NOW)
    sender.add([1, 2, 3], {}, NOW)  # and finds that the ledger has to be asked
    with ledger.transaction() as tx:
        consent.erase(tx, subscribers.find(tx, "r1@reader.example").id, NOW)
    with ledger.transaction() as tx:
        assert outbox.hand_all(tx, ready, "mine", NOW) == {3}
    assert states(ledger)[:3] == ["suppressed", "suppressed", "handed"]


def test_a_database_called_by_another_name_has_the_same_files(
    ledger: Database, edition: Edition, sender: Flight, tmp_path: Path
) -> None:
    sender.add([1], {}, NOW)
    (tmp_path / "release").mkdir()
    (tmp_path / "release" / "current.db").symlink_to(ledger.name)
    other = Database("sqlite:///release/current.db", tmp_path)
    assert folded(other)[:2] == ["handed", "claimed"]
    other.close()


@pytest.mark.parametrize("size", [0, 5])
def test_a_file_that_has_nothing_yet_tells_nothing(
    ledger: Database, edition: Edition, size: int
) -> None:
    claim(ledger, edition, "mine")
    Path(f"{ledger.name}-flight-mine").write_bytes(bytes(size))
    assert folded(ledger) == ["claimed"] * 6
    bring_home(ledger)
    assert files(ledger) == []


def test_a_disk_without_room_for_the_file_leaves_none(
    ledger: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.pwrite", nearly_full(4096))
    with pytest.raises(StoreError, match="flight-mine: cannot be written"):
        Flight(ledger, "mine")
    assert files(ledger) == []


def test_what_the_disk_took_in_part_is_not_kept(
    sender: Flight, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.pwrite", nearly_full(20))
    assert not sender.add([1], {}, NOW)


def nearly_full(room: int) -> Callable[[int, bytes, int], int]:
    """Return what writes as a disk does that is full after so many bytes: it says how many."""
    pwrite = os.pwrite
    return lambda file, data, at: pwrite(file, data[:room], at)


def test_a_sender_whose_file_another_took_away_goes_without(
    ledger: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = fcntl.flock

    def beaten(file: int, how: int) -> None:
        monkeypatch.setattr("fcntl.flock", lock)
        bring_home(ledger)  # it has no lock yet, so it looks like one of a dead sender
        lock(file, how)

    monkeypatch.setattr("fcntl.flock", beaten)
    with pytest.raises(StoreError):
        Flight(ledger, "mine")


def test_a_file_that_may_not_be_read_is_said_in_a_sentence(
    ledger: Database, sender: Flight, tmp_path: Path
) -> None:
    Path(f"{ledger.name}-flight-other").mkdir()  # root may read anything else
    with pytest.raises(StoreError, match="flight-other: cannot be read"):
        folded(ledger)
    with pytest.raises(StoreError, match="flight-other: cannot be read"):
        bring_home(ledger)


def test_a_backup_has_what_was_in_flight(ledger: Database, sender: Flight, tmp_path: Path) -> None:
    sender.add([1, 2], {}, NOW)
    sender.add([], {2: "250 taken"}, NOW)
    backup(ledger, tmp_path / "copy.db")
    copy = Database("sqlite:///copy.db", tmp_path)
    assert states(copy)[:3] == ["handed", "sent", "claimed"]
    copy.close()
