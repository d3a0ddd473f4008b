import ssl

import pytest
import trustme

from tests.deliver.make import a_message
from tests.deliver.transports.calls import Connect, down
from tests.sink import FOREVER, Sink, running


def test_a_right_password_is_let_in(connect: Connect) -> None:
    with running(Sink(password="secret")) as sink:
        connect(sink, username="digest", password="secret").send(a_message())
        assert len(sink.received) == 1


@pytest.mark.parametrize("password", ["wrong", "wröng"])
def test_a_wrong_password_stops_everything(connect: Connect, password: str) -> None:
    with running(Sink(password="secret")) as sink:
        error = down(connect(sink, username="digest", password=password))
        assert error.lasting
        assert not error.uncertain
        assert password not in str(error)
        assert sink.commands["AUTH"] <= 4
        assert sink.commands["MAIL"] == 0


def test_a_server_that_wants_a_login_and_gets_none_stops_everything(connect: Connect) -> None:
    with running(Sink(password="secret")) as sink:
        assert down(connect(sink)).lasting


def test_a_login_where_none_is_offered_stops_everything(sink: Sink, connect: Connect) -> None:
    sink.script("EHLO", "250 sink.example", times=FOREVER)
    assert down(connect(sink, username="digest", password="secret")).lasting


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
        assert "certificate" in str(down(transport)).lower()
        assert (sink.commands["AUTH"], sink.commands["MAIL"]) == (0, 0)


def test_a_stripped_starttls_gets_neither_mail_nor_password(sink: Sink, connect: Connect) -> None:
    transport = connect(sink, security="starttls", username="digest", password="secret")
    assert "STARTTLS" in str(down(transport))
    assert (sink.commands["AUTH"], sink.commands["MAIL"]) == (0, 0)
