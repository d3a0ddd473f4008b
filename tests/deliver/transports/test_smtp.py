import socket
import time

import pytest

from digest.deliver.smtp.dial import Patience
from digest.deliver.transports.smtp import SmtpTransport, open_smtp
from digest.errors import DeliveryError, TransportDown
from digest.settings.tables import Mail, Smtp
from tests.deliver.make import a_message
from tests.deliver.transports.calls import Connect, down, refusal
from tests.sink import DROP, LOSE, Sink, running


def test_one_connection_carries_message_after_message(sink: Sink, connect: Connect) -> None:
    transport = connect(sink)
    for n in range(5):
        assert transport.send(a_message(f"r{n}@mail.example")).reply == "250 2.0.0 taken"
    assert sink.connections == 1
    assert [one.recipient for one in sink.received] == [f"r{n}@mail.example" for n in range(5)]
    assert {one.sender for one in sink.received} == {"weekly@news.example"}


def test_the_bytes_arrive_as_they_are(sink: Sink, connect: Connect) -> None:
    content = b".hidden: x\r\n\r\n.\r\n..\r\n.a\r\nb.\r\n\r\n.\r\nQUIT\r\n"
    connect(sink).send(a_message(content=content))
    assert [one.content for one in sink.received] == [content]


@pytest.mark.parametrize(
    ("command", "reply"),
    [("CONNECT", "554 5.7.1 blocked"), ("EHLO", "550 5.7.1 no"), ("MAIL", "550 5.1.8 bad sender")],
)
def test_a_5xx_before_the_reader_is_named_is_about_us(
    sink: Sink, connect: Connect, command: str, reply: str
) -> None:
    sink.script(command, reply, times=2)
    error = down(connect(sink))
    assert error.lasting
    assert not error.uncertain
    assert reply[:9] in str(error)


def test_a_5xx_to_an_address_beyond_ascii_may_be_about_it(sink: Sink, connect: Connect) -> None:
    sink.script("MAIL", "553 5.6.7 no such addresses here")
    with pytest.raises(DeliveryError) as caught:
        connect(sink).send(a_message("jörg@mail.example"))
    assert caught.value.permanent


@pytest.mark.parametrize("command", ["RCPT", "DATA", "DOT"])
def test_a_5xx_is_final_for_one_message_only(sink: Sink, connect: Connect, command: str) -> None:
    transport = connect(sink)
    sink.script(command, "550 5.1.1 no such reader")
    error = refusal(transport)
    assert (error.permanent, error.code) == (True, 550)
    assert "5.1.1 no such reader" in str(error)
    transport.send(a_message("good@mail.example"))
    assert (sink.counts, sink.connections) == ({"good@mail.example": 1}, 1)


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA", "DOT"])
def test_a_4xx_may_be_tried_again(sink: Sink, connect: Connect, command: str) -> None:
    transport = connect(sink)
    sink.script(command, "450 4.7.1 greylisted")
    error = refusal(transport)
    assert (error.permanent, error.code) == (False, 450)
    transport.send(a_message("bad@mail.example"))
    assert sink.counts == {"bad@mail.example": 1}


@pytest.mark.parametrize("command", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "DOT"])
def test_a_421_means_the_relay_is_down(sink: Sink, connect: Connect, command: str) -> None:
    sink.script(command, "421 4.3.2 closing")
    transport = connect(sink)
    error = down(transport)
    assert not error.uncertain
    assert not error.lasting
    assert "4.3.2" in str(error)
    transport.send(a_message("bad@mail.example"))
    assert sink.counts == {"bad@mail.example": 1}


@pytest.mark.parametrize("command", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA"])
def test_a_line_cut_before_the_dot_leaves_no_doubt(
    sink: Sink, connect: Connect, command: str
) -> None:
    sink.script(command, DROP)
    transport = connect(sink)
    assert not down(transport).uncertain
    assert sink.counts == {}
    transport.send(a_message("bad@mail.example"))
    assert sink.counts == {"bad@mail.example": 1}


def test_a_line_cut_inside_the_body_leaves_no_doubt(sink: Sink, connect: Connect) -> None:
    sink.script("BODY", DROP, delay=0.05)
    with pytest.raises(TransportDown) as caught:
        connect(sink).send(a_message(content=(b"x" * 70 + b"\r\n") * 300_000))
    assert not caught.value.uncertain
    assert sink.counts == {}


@pytest.mark.parametrize(("reply", "copies"), [(DROP, 1), (LOSE, 0)])
def test_a_line_cut_after_the_dot_leaves_doubt(
    sink: Sink, connect: Connect, reply: str, copies: int
) -> None:
    sink.script("DOT", reply)
    assert down(connect(sink)).uncertain
    assert sink.counts["bad@mail.example"] == copies


def test_silence_after_the_dot_leaves_doubt(sink: Sink, connect: Connect) -> None:
    sink.script("DOT", "", delay=3)
    assert down(connect(sink)).uncertain


def test_nonsense_after_the_dot_leaves_doubt(sink: Sink, connect: Connect) -> None:
    sink.script("DOT", "what?")
    assert down(connect(sink)).uncertain


def test_silence_before_the_dot_leaves_no_doubt(sink: Sink, connect: Connect) -> None:
    sink.script("RCPT", "", delay=3)
    assert not down(connect(sink)).uncertain


def test_a_slow_verdict_is_waited_for_longer_than_a_command(sink: Sink) -> None:
    relay = Smtp(host=sink.host, port=sink.port, security="none")
    transport = SmtpTransport(relay, "news.example", Patience(2, 0.3, 10))
    sink.script("DOT", "", delay=1)
    assert transport.send(a_message()).reply.startswith("250")
    sink.script("MAIL", "", delay=1, times=2)
    with pytest.raises(TransportDown):
        transport.send(a_message())
    transport.close()


def test_a_connection_closed_while_idle_is_replaced(sink: Sink, connect: Connect) -> None:
    transport = connect(sink)
    transport.send(a_message("one@mail.example"))
    sink.cut_all()
    time.sleep(0.05)
    transport.send(a_message("two@mail.example"))
    assert (sink.counts, sink.connections) == ({"one@mail.example": 1, "two@mail.example": 1}, 2)


def test_a_server_that_limits_messages_per_connection_is_dialled_again(
    sink: Sink, connect: Connect
) -> None:
    transport = connect(sink)
    transport.send(a_message("one@mail.example"))
    sink.script("MAIL", "421 4.7.0 too many messages in one session")
    transport.send(a_message("two@mail.example"))
    assert (sink.counts, sink.connections) == ({"one@mail.example": 1, "two@mail.example": 1}, 2)


def test_nobody_listening_is_a_transport_down(connect: Connect) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        sink = Sink(port=closed.getsockname()[1])
        error = down(connect(sink))
    assert not error.uncertain
    assert f"127.0.0.1:{sink.port}" in str(error)


@pytest.mark.parametrize("host", ["a..b", "x" * 70 + ".example", "nowhere.invalid"])
def test_a_host_that_does_not_exist_is_a_transport_down(connect: Connect, host: str) -> None:
    assert host in str(down(connect(Sink(port=25), host=host, security="starttls")))


def test_a_refused_greeting_is_a_transport_down(sink: Sink, connect: Connect) -> None:
    sink.script("CONNECT", "554 5.7.1 you are listed")
    assert "you are listed" in str(down(connect(sink)))


def test_an_address_beyond_ascii_goes_only_where_it_is_offered(connect: Connect) -> None:
    message = a_message("jürgen@mail.example")
    with running(Sink(smtputf8=True)) as sink:
        transport = connect(sink)
        sink.script("RCPT", "450 4.2.0 later", "jürgen@mail.example")
        with pytest.raises(DeliveryError):
            transport.send(message)
        transport.send(message)
        assert sink.counts == {"jürgen@mail.example": 1}
        assert "SMTPUTF8" in sink.received[0].options
    with running(Sink(smtputf8=False)) as sink:
        transport = connect(sink)
        assert "SMTPUTF8" in str(refusal(transport, "jürgen@mail.example"))
        transport.send(a_message("good@mail.example"))
        assert sink.counts == {"good@mail.example": 1}


INJECTIONS = [
    "b@x.example>\r\nRCPT TO:<v@x.example",
    "b@x.example\r\nRCPT TO:<v@x.example>",
    "b@x.example\nDATA",
    "b@x.example> SIZE=1",
    "<b@x.example>",
    "b@x.example,v@x.example",
    "b@x.example v@x.example",
    "b@x.example@v.example",
    "b\0@x.example",
    "b@x.example\u2028",
    "b@x.example\x85",
    "",
]


@pytest.mark.parametrize("address", INJECTIONS)
def test_an_injected_address_is_refused_before_connecting(
    sink: Sink, connect: Connect, address: str
) -> None:
    for message in (a_message(address, content=b"\r\n"), a_message(sender=address)):
        with pytest.raises(DeliveryError) as caught:
            connect(sink).send(message)
        assert caught.value.permanent
    assert sink.connections == 0


@pytest.mark.parametrize(
    "content",
    [b"a\n.\n", b"a\r.\r\n", b"a\n.\r\n", b"a\r\n.\n", b"a\r\r\n", b"a\0\r\n", b"a", b"", b"a\r"],
)
def test_a_bare_line_end_is_refused_before_connecting(
    sink: Sink, connect: Connect, content: bytes
) -> None:
    with pytest.raises(DeliveryError) as caught:
        connect(sink).send(a_message(content=content))
    assert caught.value.permanent
    assert sink.connections == 0


def test_a_message_too_large_is_refused_before_its_bytes_leave(
    sink: Sink, connect: Connect
) -> None:
    big = b"x" * 70 + b"\r\n"
    error: DeliveryError | None = None
    try:
        connect(sink).send(a_message(content=big * 500_000))
    except DeliveryError as exc:
        error = exc
    assert error is not None
    assert (error.permanent, error.code) == (True, 552)
    assert sink.commands["DATA"] == 0


def test_the_relay_is_greeted_with_the_senders_domain(sink: Sink) -> None:
    mail = Mail.model_validate(
        {
            "from": "Bücher <weekly@bücher.example>",
            "smtp": {"host": sink.host, "port": sink.port, "security": "none"},
        }
    )
    transport = open_smtp(mail)
    transport.send(a_message())
    transport.close()
    assert transport.dialler.hello == "xn--bcher-kva.example"
    transport.close()
