"""Messages made ahead of their turn: none is waited for while the relay could take one."""

from collections import deque
from collections.abc import Iterator, Sequence

from digest.audience.tokens import UNSUBSCRIBE, Keys, bounce_tag, make_token
from digest.deliver.head import Recipient
from digest.deliver.message import Compiled, Copy, copy_for, finished
from digest.deliver.signing import Signing
from digest.errors import DeliveryError, RenderError
from digest.model import Delivery, Message


class Making:
    """Claimed rows go in, messages come out in about the same order."""

    def __init__(
        self, keys: Keys, compiled: Sequence[Compiled], signing: Signing | None, ahead: int
    ) -> None:
        self.waiting: deque[Delivery] = deque()  #: not made into a message
        self.failed: list[tuple[int, str]] = []  #: no message can be made of these rows, and why
        self._keys, self._compiled = keys, compiled
        self._signing, self._ahead = signing, ahead
        self._made: deque[tuple[int, Message]] = signing.ready if signing else deque()

    @property
    def possible(self) -> int:
        """Return how many messages may come."""
        under_way = self._signing.under_way if self._signing else 0
        return len(self.waiting) + len(self._made) + under_way

    def take(self, most: int) -> Iterator[tuple[int, Message]]:
        """Yield up to so many messages, each with the number of its row."""
        self._go_on(most)
        for _ in range(min(most, len(self._made))):
            yield self._made.popleft()

    def go_on(self) -> None:
        """Make as many messages as will be wanted at once."""
        self._go_on(self._ahead)

    def clear(self) -> None:
        """Forget what nobody was offered yet."""
        self.waiting.clear()
        self._made.clear()

    def close(self) -> None:
        """End the processes that sign."""
        if self._signing:
            self._signing.close()

    def _go_on(self, most: int) -> None:
        signing = self._signing
        while self.waiting and not (signing.busy if signing else len(self._made) >= most):
            delivery = self.waiting.popleft()
            compiled = self._compiled[delivery.variant]
            try:
                copy = self._copy(delivery)
            except (RenderError, DeliveryError) as error:
                self.failed.append((delivery.id, f"not sent: {error}"))
                continue
            if signing:
                signing.put(delivery.id, delivery.variant, copy)
            else:
                self._made.append((delivery.id, finished(compiled, copy)))
        if signing and not self.waiting:
            signing.flush()

    def _copy(self, delivery: Delivery) -> Copy:
        common = self._compiled[0]
        signed = make_token(self._keys, UNSUBSCRIBE, delivery.public_id, common.head.key_id)
        tag = bounce_tag(self._keys, delivery.id) if common.tagged else ""
        assert delivery.first_claimed_at is not None
        recipient = Recipient(
            delivery.email, signed, delivery.id, delivery.first_claimed_at, tag=tag
        )
        return copy_for(self._compiled[delivery.variant], recipient)
