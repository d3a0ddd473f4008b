"""Rows of a file read by another process come out as if this one had read them."""

import os
import random
import signal
from collections.abc import Iterator

import pytest

from digest.audience.arriving import Ahead, Cells, Piece, Setup, arriving

SETUP = Setup(
    "CSV",
    ("email", "name", "status", "created_at", "tags"),
    (),
    b"s" * 32,
    consented=True,
    now="2026-03-05 06:00:00.000000",
    dead=frozenset(),
)
ROWS = [
    [
        f"Reader.{number}@mail.example" if number % 7 else "nobody",
        f" Reader {number} ",
        ("", "pending", "left", "what?")[number % 4],
        f"2024-03-0{number % 9 + 1}",
        "vip;local" if number % 3 else "",
    ]
    for number in range(3_210)
]
PUBLIC_ID = 11  #: its place in a staged row


@pytest.fixture
def ahead() -> Iterator[Ahead]:
    other = Ahead()
    yield other
    other.close()


def read(rows: Cells, ahead: Ahead | None = None) -> Iterator[tuple[Cells, Piece]]:
    return arriving(SETUP, iter(rows), 1, random.Random(1).randbytes, ahead)


def test_another_process_reads_rows_as_this_one_does_and_keeps_their_order(ahead: Ahead) -> None:
    here = list(read(ROWS))
    assert list(read(ROWS, ahead)) == here
    assert [cells for some, _ in here for cells in some] == ROWS
    staged = [row for _, piece in here for row in piece.rows]
    refused = [some[place] for some, piece in here for place, _ in piece.refused]
    assert len(staged) + len(refused) == len(ROWS)
    assert len({row[PUBLIC_ID] for row in staged}) == len(staged) > 1_000


def test_rows_too_long_for_a_socket_do_not_make_the_two_wait_for_each_other(ahead: Ahead) -> None:
    rows = [[*row[:4], "long tag " * 90] for row in ROWS]
    assert list(read(rows, ahead)) == list(read(rows))


def test_when_the_other_process_is_lost_this_one_does_its_work(ahead: Ahead) -> None:
    pieces = read(ROWS, ahead)
    first = next(pieces)
    os.kill(ahead.pid, signal.SIGKILL)
    assert [first, *pieces] == list(read(ROWS))
