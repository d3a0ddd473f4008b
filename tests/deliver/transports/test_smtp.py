import socket
import ssl
import time
from collections.abc import Callable, Iterator

import pytest
import trustme

from digest.deliver.transports.smtp import Patience, SmtpTransport, open_smtp
from digest.errors import DeliveryError, TransportDown
from digest.settings.tables import Mail, Smtp
from tests.deliver.make import a_message
from tests.sink import DROP, FOREVER, LOSE, Sink, running

Connect = Callable[..., SmtpTransport]
SHORT = Patience(connect=2, command=1, verdict=1)


@pytest.fixture
def sink() -> Iterator[Sink]:
    with running(Sink()) as one:
        yield one


@pytest.fixture
def connect() -> Iterator[Connect]:
    opened: list[SmtpTransport] = []

    def make(sink: Sink, context: ssl.SSLContext | None = None, **given: str) -> SmtpTransport:
        relay = Smtp.model_validate(
            {"host": sink.host, "port": sink.port, "security": "none"} | given
        )
        opened.append(SmtpTransport(relay, "news.example", SHORT, context))
        return opened[-1]

    yield make
    for transport in opened:
        transport.close()


def _refusal(transport: SmtpTransport, recipient: str = "bad@mail.example") -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        transport.send(a_message(recipient))
    return caught.value


def _down(transport: SmtpTransport, recipient: str = "bad@mail.example") -> TransportDown:
    with pytest.raises(TransportDown) as caught:
        transport.send(a_message(recipient))
    return caught.value


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


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA", "DOT"])
def test_a_5xx_is_final_for_one_message_only(sink: Sink, connect: Connect, command: str) -> None:
    transport = connect(sink)
    sink.script(command, "550 5.1.1 no such reader")
    error = _refusal(transport)
    assert (error.permanent, error.code) == (True, 550)
    assert "5.1.1 no such reader" in str(error)
    transport.send(a_message("good@mail.example"))
    assert (sink.counts, sink.connections) == ({"good@mail.example": 1}, 1)


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA", "DOT"])
def test_a_4xx_may_be_tried_again(sink: Sink, connect: Connect, command: str) -> None:
    transport = connect(sink)
    sink.script(command, "450 4.7.1 greylisted")
    error = _refusal(transport)
    assert (error.permanent, error.code) == (False, 450)
    transport.send(a_message("bad@mail.example"))
    assert sink.counts == {"bad@mail.example": 1}


@pytest.mark.parametrize("command", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "DOT"])
def test_a_421_means_the_relay_is_down(sink: Sink, connect: Connect, command: str) -> None:
    sink.script(command, "421 4.3.2 closing")
    transport = connect(sink)
    error = _down(transport)
    assert not error.uncertain
    assert not error.refused_login
    assert "4.3.2" in str(error)
    transport.send(a_message("bad@mail.example"))
    assert sink.counts == {"bad@mail.example": 1}


@pytest.mark.parametrize("command", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA"])
def test_a_line_cut_before_the_dot_leaves_no_doubt(
    sink: Sink, connect: Connect, command: str
) -> None:
    sink.script(command, DROP)
    transport = connect(sink)
    assert not _down(transport).uncertain
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
    assert _down(connect(sink)).uncertain
    assert sink.counts["bad@mail.example"] == copies


def test_silence_after_the_dot_leaves_doubt(sink: Sink, connect: Connect) -> None:
    sink.script("DOT", "", delay=3)
    assert _down(connect(sink)).uncertain


def test_nonsense_after_the_dot_leaves_doubt(sink: Sink, connect: Connect) -> None:
    sink.script("DOT", "what?")
    assert _down(connect(sink)).uncertain


def test_silence_before_the_dot_leaves_no_doubt(sink: Sink, connect: Connect) -> None:
    sink.script("RCPT", "", delay=3)
    assert not _down(connect(sink)).uncertain


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
        error = _down(connect(sink))
    assert not error.uncertain
    assert f"127.0.0.1:{sink.port}" in str(error)


def test_a_refused_greeting_is_a_transport_down(sink: Sink, connect: Connect) -> None:
    sink.script("CONNECT", "554 5.7.1 you are listed")
    assert "you are listed" in str(_down(connect(sink)))


def test_a_right_password_is_let_in(connect: Connect) -> None:
    with running(Sink(password="secret")) as sink:
        connect(sink, username="digest", password="secret").send(a_message())
        assert len(sink.received) == 1


@pytest.mark.parametrize("password", ["wrong", "wröng"])
def test_a_wrong_password_stops_everything(connect: Connect, password: str) -> None:
    with running(Sink(password="secret")) as sink:
        error = _down(connect(sink, username="digest", password=password))
        assert error.refused_login
        assert not error.uncertain
        assert password not in str(error)
        assert sink.commands["AUTH"] <= 4
        assert sink.commands["MAIL"] == 0


def test_a_server_that_wants_a_login_and_gets_none_stops_everything(connect: Connect) -> None:
    with running(Sink(password="secret")) as sink:
        assert _down(connect(sink)).refused_login


def test_a_login_where_none_is_offered_stops_everything(sink: Sink, connect: Connect) -> None:
    sink.script("EHLO", "250 sink.example", times=FOREVER)
    assert _down(connect(sink, username="digest", password="secret")).refused_login


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


def _server_context(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def _guarded(context: ssl.SSLContext, security: str) -> Sink:
    if security == "tls":
        return Sink(tls=context, password="secret")
    return Sink(starttls=context, password="secret")


def _client_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_mail_and_password_go_under_tls(
    connect: Connect, authority: trustme.CA, security: str
) -> None:
    served = _server_context(authority, "127.0.0.1")
    with running(_guarded(served, security)) as sink:
        transport = connect(
            sink,
            _client_context(authority),
            security=security,
            username="digest",
            password="secret",
        )
        transport.send(a_message("one@mail.example"))
        transport.send(a_message("two@mail.example"))
        assert (len(sink.received), sink.connections) == (2, 1)
        transport.close()


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize("wrong", ["name", "authority"])
def test_a_wrong_certificate_gets_neither_mail_nor_password(
    connect: Connect, authority: trustme.CA, security: str, wrong: str
) -> None:
    served = _server_context(authority, "other.example" if wrong == "name" else "127.0.0.1")
    trusted = _client_context(authority if wrong == "name" else trustme.CA())
    with running(_guarded(served, security)) as sink:
        transport = connect(sink, trusted, security=security, username="digest", password="secret")
        assert "certificate" in str(_down(transport)).lower()
        assert (sink.commands["AUTH"], sink.commands["MAIL"]) == (0, 0)


def test_a_stripped_starttls_gets_neither_mail_nor_password(sink: Sink, connect: Connect) -> None:
    transport = connect(sink, security="starttls", username="digest", password="secret")
    assert "STARTTLS" in str(_down(transport))
    assert (sink.commands["AUTH"], sink.commands["MAIL"]) == (0, 0)


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
        assert "SMTPUTF8" in str(_refusal(transport, "jürgen@mail.example"))
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
    assert transport._hello == "xn--bcher-kva.example"
    transport.close()
