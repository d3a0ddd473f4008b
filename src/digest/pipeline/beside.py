"""What a big send keeps beside the ledger between two transactions, and when it may."""

import time
from collections.abc import Collection, Sequence
from datetime import datetime

from digest.model import DeliveryState
from digest.store import Transaction, outbox
from digest.store.database import Line
from digest.store.flight import Flight
from digest.store.outbox import Result

_SELDOM = 1.0  #: seconds after which the ledger has it all at the latest


class Beside:
    """Rounds that need no transaction: all went well, and nobody has written to the ledger since.

    Whoever has may have meant one of those that are ready, so then the ledger is asked.
    """

    def __init__(self, flight: Flight | None, line: Line) -> None:
        """Keep it in `flight`; without one every round is a transaction."""
        self.unwritten: list[Result] = []  #: in `flight`, not in the ledger
        self._flight, self._line = flight, line
        self._fenced: set[int] = set()  #: in `flight` only, and not heard of
        self._wanted: set[int] = set()  #: whose claim and consent stood when it was asked
        self._version = -1  #: of the ledger then; -1: not known
        self._asked_at = 0.0

    @property
    def waits(self) -> bool:
        """Say whether the ledger does not have it all."""
        return bool(self.unwritten or self._fenced)

    @property
    def is_late(self) -> bool:
        """Say whether the ledger has waited long enough."""
        return self.waits and time.monotonic() - self._asked_at > _SELDOM

    def keep(self, ready: Sequence[int], results: Sequence[Result], now: datetime) -> bool:
        """Fence what is ready and keep what was taken; False when the ledger must do it."""
        usual = all(result.state is DeliveryState.SENT for result in results)
        if not (self._flight and usual and self._wanted.issuperset(ready)) or self.is_late:
            return False
        taken = {result.id: result.reply[:500] for result in results}
        kept = self._flight.add(ready, taken, now)
        if not kept or self._line.version() != self._version:
            return False
        self.unwritten += results
        self._fenced.update(ready)
        self._fenced.difference_update(taken)
        return True

    def bring(self, tx: Transaction, results: Sequence[Result], token: str) -> None:
        """Write to the ledger what it does not have, and these results."""
        outbox.settle_all(tx, [*self.unwritten, *results])
        silent = self._fenced.difference([result.id for result in results])
        outbox.keep_handed(tx, sorted(silent), token)

    def ask(self, tx: Transaction, held: Collection[int], token: str) -> None:
        """Take note of the ledger as it stands in a transaction: which claimed rows are wanted."""
        if self._flight is None:
            return
        version = self._line.version()
        known = self._wanted if version == self._version else set()
        self._wanted = known.intersection(held)
        unknown = [number for number in held if number not in known]
        self._wanted |= outbox.still_wanted(tx, unknown, token)
        self._version = version
        self._flight.asked()

    def brought(self) -> None:
        """Forget what the ledger has now."""
        self.unwritten, self._asked_at = [], time.monotonic()
        self._fenced.clear()
        if self._flight:
            self._flight.empty()

    def lose(self) -> None:
        """Take note that the ledger could not be asked."""
        self._version = -1

    def close(self) -> None:
        """Let it go; what the ledger does not have stays for the next sender."""
        if self._flight:
            self._flight.close(done=not self.waits)
