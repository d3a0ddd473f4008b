"""Sign messages ahead of their turn, in processes of their own: one processor cannot keep up."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from digest.child import Child
from digest.deliver import keys
from digest.deliver.dkim import Draft, Signer
from digest.deliver.lanes import Loop
from digest.deliver.message import Compiled, Copy, body_hash, finished
from digest.model import Message

_SECONDS = 30  #: of computing, more than any batch takes
_BATCH = 16  #: messages in one request
_AHEAD = 64  #: messages that may wait here
_REQUESTS = 2  #: under way to one process, so that it never waits


@dataclass(frozen=True, slots=True)
class _Job:
    """One copy to be signed."""

    number: int
    compiled: Compiled
    copy: Copy
    drafts: list[Draft]

    def request(self, variant: int) -> list[bytes]:
        """Return what whoever signs must know."""
        data = [draft.data for draft in self.drafts]
        if not self.compiled.pattern.body:
            return [b"", body_hash(self.compiled, self.copy), *data]
        return [b"%d" % variant, self.copy.token, *data]


@dataclass(eq=False)
class _Hand:
    """A process that signs."""

    child: Child
    jobs: deque[list[_Job]] = field(default_factory=deque)  #: told and not heard of


class Signing:
    """Copies to be signed go in, signed messages come out in `ready`."""

    def __init__(
        self, loop: Loop, signers: Sequence[Signer], variants: Sequence[Compiled], processes: int
    ) -> None:
        self.ready: deque[tuple[int, Message]] = deque()
        self.under_way = 0  #: messages put in and not ready
        self._loop, self._signers, self._variants = loop, signers, variants
        self._batch: list[_Job] = []
        bodies = [each.pattern.body or (b"",) for each in variants]
        self._desk = keys.Desk([signer.sign for signer in signers], bodies)
        self._hands = [_Hand(Child(keys.__file__, _SECONDS)) for _ in range(processes)]
        setup = [part for s in signers for part in (s.algorithm.encode(), s.pem)]
        for hand in self._hands:
            for told in (setup, [keys.pack(body) for body in bodies]):
                hand.child.tell(keys.pack(told))
                hand.jobs.append([])
            loop.watch(hand.child.start(), self._hearing(hand))

    def put(self, number: int, variant: int, copy: Copy) -> None:
        """Take a copy in; it becomes ready here at once when no process signs."""
        self.under_way += 1
        compiled = self._variants[variant]
        drafts = compiled.pattern.drafts(copy.lines, copy.token, self._signers)
        self._batch.append(_Job(number, compiled, copy, drafts))
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
            hand.child.tell(keys.pack(self._request(jobs)))
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

    def _request(self, jobs: Sequence[_Job]) -> list[bytes]:
        places = {id(compiled): place for place, compiled in enumerate(self._variants)}
        return [part for job in jobs for part in job.request(places[id(job.compiled)])]

    def _sign_here(self, jobs: Sequence[_Job]) -> None:
        if jobs:
            self._done(jobs, self._desk.sign(self._request(jobs)))

    def _done(self, jobs: Sequence[_Job], signed: Sequence[bytes]) -> None:
        each = iter(signed)
        for job in jobs:
            coded = next(each)
            lines = b"".join([draft.line(coded, next(each)) for draft in job.drafts])
            self.under_way -= 1
            self.ready.append((job.number, finished(job.compiled, job.copy, lines)))
