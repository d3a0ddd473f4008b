"""What every transport is, and what each of them refuses to carry."""

import re
from typing import Protocol

from digest.errors import DeliveryError
from digest.model import Message, Receipt

_ADDRESS = re.compile(r"[^\s<>\x00-\x20\x7f-\x9f@]{1,64}@[^\s<>\x00-\x20\x7f-\x9f@]{1,253}")


class Transport(Protocol):
    """A way out for messages, one at a time; not shared between threads."""

    def send(self, message: Message) -> Receipt:
        """Hand `message` over and return the word that it was taken.

        Raises DeliveryError when this message is refused, and TransportDown when nothing can
        be sent; its `uncertain` says that this message may have been taken all the same.
        """

    def close(self) -> None:
        """Let go of connections; sending again opens them again."""


def check_fit(message: Message) -> None:
    """Refuse what could be read as two messages or two addresses (T26, T27)."""
    for address in (message.sender, message.recipient):
        if not _ADDRESS.fullmatch(address):
            raise DeliveryError(f"{address!r} is not one plain address", permanent=True)
    content = message.content
    pairs = content.count(b"\r\n")
    if content.count(b"\r") != pairs or content.count(b"\n") != pairs:
        raise DeliveryError("the message has a bare CR or LF", permanent=True)
    if b"\0" in content or not content.endswith(b"\r\n"):
        raise DeliveryError("the message has a NUL or no last line end", permanent=True)
