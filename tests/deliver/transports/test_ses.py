"""What SES says and what it means: for a message, for a while, until a person mends it."""

from collections.abc import Iterator

import pytest

from digest.deliver.transports.ses import SesTransport
from digest.errors import DeliveryError, TransportDown
from digest.settings.tables import Ses
from tests.deliver.make import a_message
from tests.deliver.transports.ses_server import SesServer, running_ses


@pytest.fixture
def ses(aws_keys: None) -> Iterator[SesServer]:
    with running_ses() as one:
        yield one


@pytest.fixture
def transport(ses: SesServer) -> Iterator[SesTransport]:
    made = SesTransport(
        Ses(region="eu-central-1", endpoint_url=ses.url, configuration_set="weekly")
    )
    yield made
    made.close()


def test_the_envelope_goes_with_the_message(ses: SesServer, transport: SesTransport) -> None:
    message = a_message("ada@mail.example", sender="weekly+1-tag@news.example")
    assert transport.send(message).reply == "SES took it as 0100-ab"
    (request,) = ses.requests
    assert request["Destination"] == {"ToAddresses": ["ada@mail.example"]}
    assert request["FeedbackForwardingEmailAddress"] == "weekly+1-tag@news.example"
    assert request["ConfigurationSetName"] == "weekly"
    assert ses.taken == [message.content]


@pytest.mark.parametrize(
    ("status", "name", "permanent"),
    [
        (400, "MessageRejected", True),
        (400, "BadRequestException", True),
        (429, "TooManyRequestsException", False),
    ],
)
def test_some_answers_are_about_the_message(
    ses: SesServer, transport: SesTransport, status: int, name: str, permanent: bool
) -> None:
    ses.answers = [(status, name)]
    with pytest.raises(DeliveryError, match=f"{name}: in its own words") as caught:
        transport.send(a_message())
    assert caught.value.permanent is permanent
    assert transport.send(a_message()).reply


@pytest.mark.parametrize(
    ("status", "name", "lasting", "uncertain"),
    [
        (400, "LimitExceededException", False, False),
        (503, "ServiceUnavailable", False, False),
        (400, "SendingPausedException", True, False),
        (400, "AccountSuspendedException", True, False),
        (400, "MailFromDomainNotVerifiedException", True, False),
        (403, "SignatureDoesNotMatch", True, False),
        (404, "NotFoundException", True, False),
        (500, "InternalFailure", False, True),
        (0, "", False, True),
    ],
)
def test_other_answers_stop_the_sending(
    ses: SesServer,
    transport: SesTransport,
    status: int,
    name: str,
    lasting: bool,
    uncertain: bool,
) -> None:
    ses.answers = [(status, name)]
    with pytest.raises(TransportDown, match=name or "no answer") as caught:
        transport.send(a_message())
    assert (caught.value.lasting, caught.value.uncertain) == (lasting, uncertain)
    assert ses.answers == []  # asked once: the ledger tries again, not the library


def test_without_a_server_nothing_was_taken(aws_keys: None) -> None:
    transport = SesTransport(Ses(region="eu-central-1", endpoint_url="http://127.0.0.1:9"))
    with pytest.raises(TransportDown, match="cannot reach SES") as caught:
        transport.send(a_message())
    assert not caught.value.uncertain
