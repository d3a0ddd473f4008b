"""A sink to send to, and connections to it that are closed in the end."""

import ssl
from collections.abc import Iterator

import pytest

from digest.deliver.smtp.dial import Patience
from digest.deliver.transports.smtp import SmtpTransport
from digest.settings.tables import Smtp
from tests.deliver.transports.calls import Connect
from tests.sink import Sink, running

SHORT = Patience(connect=2, command=1, verdict=1)


@pytest.fixture
def aws_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have keys where botocore looks for them, and nobody else's."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")


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
