"""What every transport promises."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from digest.deliver.transports import TRANSPORTS
from digest.deliver.transports.base import Transport
from digest.deliver.transports.memory import MemoryTransport
from digest.errors import DeliveryError, TransportDown
from digest.model import Message
from digest.settings.tables import Mail
from tests.deliver.make import a_message
from tests.deliver.transports.ses_server import running_ses
from tests.sink import Sink, running

Taken = Callable[[], list[bytes]]


@pytest.fixture(params=sorted(TRANSPORTS))
def way_out(
    request: pytest.FixtureRequest, tmp_path: Path, aws_keys: None
) -> Iterator[tuple[Transport, Taken]]:
    with running(Sink()) as sink, running_ses() as ses:
        mail = Mail.model_validate(
            {
                "from": "Atlas <weekly@news.example>",
                "transport": request.param,
                "smtp": {"host": sink.host, "port": sink.port, "security": "none"},
                "folder": {"path": str(tmp_path / "out")},
                "ses": {"region": "eu-central-1", "endpoint_url": ses.url},
            }
        )
        transport = TRANSPORTS[request.param](mail)

        def taken() -> list[bytes]:
            kept = [one.content for one in getattr(transport, "messages", [])]
            files = [path.read_bytes() for path in sorted((tmp_path / "out").glob("*.eml"))]
            return kept + files + [one.content for one in sink.received] + ses.taken

        yield transport, taken
        transport.close()


def test_the_table_has_every_transport_the_settings_know() -> None:
    assert set(TRANSPORTS) == {"smtp", "folder", "memory", "ses"}


def test_a_message_is_taken_byte_for_byte(way_out: tuple[Transport, Taken]) -> None:
    transport, taken = way_out
    messages = [a_message(f"r{n}@mail.example", name=f"e1.d{n}") for n in range(3)]
    assert all(transport.send(message).reply for message in messages)
    assert taken() == [message.content for message in messages]


def test_a_transport_can_be_closed_at_any_time(way_out: tuple[Transport, Taken]) -> None:
    transport, taken = way_out
    transport.close()
    transport.send(a_message(name="e1.d1"))
    transport.close()
    transport.close()
    transport.send(a_message(name="e1.d2"))
    assert len(taken()) == 2


@pytest.mark.parametrize(
    "message",
    [
        a_message(content=b"a\n.\r\n"),
        a_message("b@x.example>\r\nRCPT TO:<v@x.example", content=b"a\r\n"),
        a_message(sender="not an address"),
    ],
)
def test_what_could_be_two_messages_is_refused(
    way_out: tuple[Transport, Taken], message: Message
) -> None:
    transport, taken = way_out
    with pytest.raises(DeliveryError) as caught:
        transport.send(message)
    assert caught.value.permanent
    assert taken() == []


def test_memory_answers_as_a_server_would() -> None:
    answers = [DeliveryError("550", permanent=True, code=550), TransportDown("421")]

    def answer(message: Message) -> None:
        if answers:
            raise answers.pop(0)

    transport = MemoryTransport(answer)
    with pytest.raises(DeliveryError):
        transport.send(a_message())
    with pytest.raises(TransportDown):
        transport.send(a_message())
    transport.send(a_message())
    assert transport.messages == [a_message()]
