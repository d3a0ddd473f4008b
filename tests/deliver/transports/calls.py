"""What sending through a transport came to."""

from collections.abc import Callable

import pytest

from digest.deliver.transports.smtp import SmtpTransport
from digest.errors import DeliveryError, TransportDown
from tests.deliver.make import a_message

Connect = Callable[..., SmtpTransport]


def refusal(transport: SmtpTransport, recipient: str = "bad@mail.example") -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        transport.send(a_message(recipient))
    return caught.value


def down(transport: SmtpTransport, recipient: str = "bad@mail.example") -> TransportDown:
    with pytest.raises(TransportDown) as caught:
        transport.send(a_message(recipient))
    return caught.value
