"""What is said on one connection: one body at a time, every reply given to its own message."""

from itertools import cycle, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.deliver.lanes import Event
from digest.deliver.smtp.dialogue import Dialogue, Offers
from digest.errors import DeliveryError, TransportDown
from tests.deliver.make import a_message

PIPELINED = Offers(pipelining=True)
FINE = b"250 2.1.0 sender\r\n250 2.1.5 reader\r\n354 go on\r\n"


def said(dialogue: Dialogue) -> bytes:
    """Return what is to be written, as if it had left."""
    whole = b"".join(map(bytes, dialogue.pending))
    dialogue.written(len(whole))
    return whole


def ready(offers: Offers = PIPELINED) -> Dialogue:
    """Return a dialogue whose first message waits for its fence."""
    dialogue = Dialogue(offers)
    dialogue.offer(1, a_message())
    said(dialogue)
    assert dialogue.receive(FINE) == [Event(1)]
    return dialogue


def test_with_pipelining_a_body_and_the_next_announcement_leave_together() -> None:
    dialogue = ready()
    dialogue.go()
    free = [dialogue.free]
    dialogue.offer(2, a_message("other@mail.example"))
    written = said(dialogue)
    assert written.startswith(a_message().content + b".\r\nMAIL FROM:<weekly@news.example>")
    assert written.endswith(b"RCPT TO:<other@mail.example>\r\nDATA\r\n")
    assert [*free, dialogue.free] == [True, False]
    assert dialogue.receive(b"250 taken\r\n" + FINE) == [Event(1, "250 taken"), Event(2)]


def test_without_it_every_command_waits_for_its_reply() -> None:
    dialogue = Dialogue(Offers())
    dialogue.offer(1, a_message())
    assert said(dialogue) == b"MAIL FROM:<weekly@news.example>\r\n"
    dialogue.receive(b"250 ok\r\n")
    assert said(dialogue) == b"RCPT TO:<reader@mail.example>\r\n"
    dialogue.receive(b"250 ok\r\n")
    assert said(dialogue) == b"DATA\r\n"
    assert dialogue.receive(b"354 go on\r\n") == [Event(1)]
    dialogue.go()
    said(dialogue)
    free = [dialogue.free]
    assert dialogue.receive(b"250 taken\r\n") == [Event(1, "250 taken")]
    assert [*free, dialogue.free] == [False, True]


def test_no_body_leaves_before_the_server_asked_for_it() -> None:
    dialogue = Dialogue(PIPELINED)
    dialogue.offer(1, a_message())
    with pytest.raises(ValueError, match="ready"):
        dialogue.go()


def test_a_refused_reader_gets_no_body_and_the_connection_goes_on() -> None:
    dialogue = Dialogue(PIPELINED)
    dialogue.offer(1, a_message())
    said(dialogue)
    (event,) = dialogue.receive(b"250 ok\r\n550 5.1.1 unknown\r\n503 5.5.1 no reader\r\n")
    assert isinstance(event.outcome, DeliveryError)
    assert (event.outcome.permanent, event.outcome.code) == (True, 550)
    assert said(dialogue) == b"RSET\r\n"
    dialogue.receive(b"250 ok\r\n")
    dialogue.offer(2, a_message("other@mail.example"))
    said(dialogue)
    assert dialogue.receive(FINE) == [Event(2)]


def test_a_server_that_wants_a_body_for_a_refused_reader_gets_only_the_dot() -> None:
    dialogue = Dialogue(PIPELINED)
    dialogue.offer(1, a_message())
    said(dialogue)
    (event,) = dialogue.receive(b"250 ok\r\n450 4.2.1 busy\r\n354 go on\r\n")
    assert isinstance(event.outcome, DeliveryError)
    assert said(dialogue) == b".\r\n"
    assert dialogue.receive(b"554 no valid recipients\r\n") == []
    assert dialogue.idle


def test_a_server_that_would_mail_an_empty_message_is_left() -> None:
    dialogue = Dialogue(PIPELINED)
    dialogue.offer(1, a_message())
    said(dialogue)
    (event,) = dialogue.receive(b"450 4.1.0 later\r\n250 ok\r\n354 go on\r\n")
    assert isinstance(event.outcome, TransportDown)
    assert not event.outcome.uncertain
    assert said(dialogue) == b""


@pytest.mark.parametrize("dotted", [False, True])
def test_only_a_body_whose_dot_has_left_is_in_doubt(dotted: bool) -> None:
    dialogue = ready()
    dialogue.go()
    whole = sum(map(len, dialogue.pending))
    dialogue.written(whole if dotted else whole - 3)
    dialogue.offer(2, a_message("other@mail.example"))
    doubts = [
        (event.id, isinstance(event.outcome, TransportDown) and event.outcome.uncertain)
        for event in dialogue.lose("cut")
    ]
    assert doubts == [(1, dotted), (2, False)]


@given(st.lists(st.integers(1, 90), min_size=1, max_size=8), st.integers(0, 2))
def test_the_same_bytes_leave_in_whatever_steps_and_the_dot_is_known(
    steps: list[int], before: int
) -> None:
    dialogue = ready()
    for n in range(before):  # messages gone before count no more
        dialogue.go()
        dialogue.offer(n + 2, a_message())
        said(dialogue)
        dialogue.receive(b"250 taken\r\n" + FINE)
    dialogue.go()
    dialogue.offer(9, a_message("other@mail.example"))
    whole, gone = b"".join(map(bytes, dialogue.pending)), b""
    for step in cycle(steps):
        if not dialogue.pending:
            break
        some = b"".join(map(bytes, dialogue.pending))[:step]
        dialogue.written(len(some))
        gone += some
        assert dialogue.dotted == (len(gone) > a_message().size)
    assert gone == whole


def test_a_reply_nobody_waits_for_ends_the_connection() -> None:
    dialogue = Dialogue(PIPELINED)
    dialogue.receive(b"421 4.3.2 shutting down\r\n")
    assert dialogue.ended
    assert not dialogue.ended.lasting
    assert not dialogue.free


@given(cuts=st.lists(st.integers(min_value=0, max_value=200), max_size=8))
def test_replies_mean_the_same_however_they_are_cut(cuts: list[int]) -> None:
    stream = FINE.replace(b"354 go on\r\n", b"354-well\r\n354 go on\r\n")
    places = sorted({0, len(stream), *(cut % len(stream) for cut in cuts)})
    dialogue = Dialogue(PIPELINED)
    dialogue.offer(1, a_message())
    said(dialogue)
    events = [
        event for start, end in pairwise(places) for event in dialogue.receive(stream[start:end])
    ]
    assert events == [Event(1)]


@given(noise=st.binary(max_size=300))
def test_nothing_a_server_says_breaks_it(noise: bytes) -> None:
    dialogue = ready()
    dialogue.go()
    said(dialogue)
    events = dialogue.receive(noise) + dialogue.lose("cut")
    assert [event.id for event in events if event.outcome is not None] == [1]
