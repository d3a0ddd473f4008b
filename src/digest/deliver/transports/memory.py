"""Keep messages in memory: for trying things out and for tests."""

from collections.abc import Callable

from digest.deliver.transports.base import check_fit
from digest.model import Message, Receipt
from digest.settings.tables import Mail


class MemoryTransport:
    """Keep what was taken in `messages`; `answer` may raise what a server would have said."""

    def __init__(self, answer: Callable[[Message], None] | None = None) -> None:
        self.messages: list[Message] = []
        self._answer = answer

    def send(self, message: Message) -> Receipt:
        """Keep one message."""
        check_fit(message)
        if self._answer:
            self._answer(message)
        self.messages.append(message)
        return Receipt("kept in memory")

    def close(self) -> None:
        """Do nothing: there is no connection."""


def open_memory(_mail: Mail) -> MemoryTransport:
    """Return a transport that keeps everything to itself."""
    return MemoryTransport()
