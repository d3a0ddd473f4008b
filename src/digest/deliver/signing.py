"""Sign messages ahead of their turn, in processes of their own: one processor cannot keep up."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from digest.child import Child
from digest.deliver import keys
from digest.deliver.dkim import Draft, Signer, draft
from digest.deliver.lanes import Loop
from digest.model import Message

_SECONDS = 30  #: of computing, more than any batch takes
_BATCH = 16  #: messages in one request
_AHEAD = 64  #: messages that may wait here
_REQUESTS = 2  #: under way to one process, so that it never waits

_Job = tuple[int, Message, list[Draft]]


@dataclass(eq=False)
class _Hand:
    """A process that signs."""

    child: Child
    jobs: deque[list[_Job]] = field(default_factory=deque)  #: told and not heard of


class Signing:
    """Messages to be signed go in, signed ones come out in `ready`."""

    def __init__(self, loop: Loop, signers: Sequence[Signer], processes: int) -> None:
        self.ready: deque[tuple[int, Message]] = deque()
        self.under_way = 0  #: messages put in and not ready
        self._loop, self._signers = loop, signers
        self._batch: list[_Job] = []
        self._hands = [_Hand(Child(keys.__file__, _SECONDS)) for _ in range(processes)]
        setup = [part for s in signers for part in (s.algorithm.encode(), s.pem)]
        for hand in self._hands:
            hand.child.tell(keys.pack(setup))
            hand.jobs.append([])
            loop.watch(hand.child.start(), self._hearing(hand))

    def put(self, number: int, message: Message) -> None:
        """Take a message in; it becomes ready here at once when no process signs."""
        self.under_way += 1
        self._batch.append((number, message, draft(message.content, self._signers)))
        if len(self._batch) == _BATCH:
            self.flush()

    def flush(self) -> None:
        """Do not wait until a batch is full."""
        if not self._batch:
            return
        jobs, self._batch = self._batch, []
        if not self._hands:
            self._sign_here(jobs)
            return
        hand = min(self._hands, key=lambda each: len(each.jobs))
        hand.jobs.append(jobs)
        try:
            hand.child.tell(keys.pack(d.data for _, _, drafts in jobs for d in drafts))
        except OSError:
            self._lose(hand)

    @property
    def busy(self) -> bool:
        """Say whether every process has enough to do, or enough is ready."""
        told = bool(self._hands) and all(len(hand.jobs) >= _REQUESTS for hand in self._hands)
        return told or len(self.ready) >= _AHEAD

    def close(self) -> None:
        """End the processes."""
        for hand in self._hands:
            self._loop.forget(hand.child.start())
            hand.child.close()

    def _hearing(self, hand: _Hand) -> Callable[[], None]:
        def hear() -> None:
            try:
                signed = keys.unpack(hand.child.hear())
            except OSError:
                self._lose(hand)
            else:
                self._done(hand.jobs.popleft(), signed)

        return hear

    def _lose(self, hand: _Hand) -> None:
        """Sign here what a process that died has left."""
        self._loop.forget(hand.child.start())
        self._hands.remove(hand)
        hand.child.close()
        for jobs in hand.jobs:
            self._sign_here(jobs)

    def _sign_here(self, jobs: Sequence[_Job]) -> None:
        pairs = [zip(drafts, self._signers, strict=True) for _, _, drafts in jobs]
        self._done(jobs, [s.sign(d.data) for pair in pairs for d, s in pair])

    def _done(self, jobs: Sequence[_Job], signed: Sequence[bytes]) -> None:
        each = iter(signed)
        for number, message, drafts in jobs:
            lines = b"".join(d.line(next(each)) for d in drafts)
            self.under_way -= 1
            self.ready.append((number, replace(message, content=lines + message.content)))
