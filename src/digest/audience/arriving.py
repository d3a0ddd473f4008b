"""Rows of a file become rows to be staged: here or, of a big file, ahead in a process of its own.

As a script it is that process.
"""

import gc
import marshal
from collections import deque
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple
from zoneinfo import available_timezones

from digest.audience import consent
from digest.audience.address import address_digest, parse_address
from digest.audience.exchange import FORMATS
from digest.audience.tokens import make_public_ids
from digest.child import Child, serve
from digest.errors import BadRow, InvalidAddress
from digest.model import Incoming, SubscriptionState
from digest.text import pack, stored

_SOME = 500  #: rows in one piece: few enough to stay in the processor's cache
_AHEAD = 3  #: pieces under way to the other process
_SMALL = 1 << 16  #: bytes that a socket takes before anybody reads them
_SECONDS = 60  #: of computing, more than any piece takes


class Setup(NamedTuple):
    """What rows are read by."""

    format: str
    columns: tuple[str, ...]
    only: tuple[tuple[int, str], ...]  #: the value the cell at a place must have
    secret: bytes
    consented: bool
    now: str  #: as it is stored
    dead: frozenset[str]  #: domains that take no mail


class Piece(NamedTuple):
    """What became of some rows."""

    rows: list[tuple[Any, ...]]  #: as they are staged
    kept_out: int
    refused: list[tuple[int, str]]  #: where among the rows, and why


Cells = list[list[str]]


class Ahead:
    """The other process, and what it was given; were it to die, this one does the work."""

    def __init__(self) -> None:
        self._child = Child(__file__, _SECONDS)
        self._given: deque[tuple[Setup, int, Cells, bytes]] = deque()
        self._lost = False

    def read(
        self, setup: Setup, first: int, some: Cells, chance: bytes
    ) -> Iterator[tuple[Cells, Piece]]:
        """Give it rows; yield what was given before until few pieces are under way."""
        request = marshal.dumps((tuple(setup), first, some, chance))
        yield from self.rest(_AHEAD if len(request) < _SMALL else 0)
        self._given.append((setup, first, some, chance))
        try:
            if not self._lost:
                self._child.tell(request)
        except OSError:
            self._lost = True

    def rest(self, most: int = 0) -> Iterator[tuple[Cells, Piece]]:
        """Yield pieces until at most that many are under way."""
        while len(self._given) > most:
            setup, first, some, chance = self._given.popleft()
            try:
                found = None if self._lost else marshal.loads(self._child.hear())  # noqa: S302
            except OSError:
                found, self._lost = None, True
            yield some, Piece(*found) if found else read_some(setup, first, some, chance)

    @property
    def pid(self) -> int:
        """Return its number."""
        return self._child.process.pid

    def close(self) -> None:
        """End it."""
        self._child.close()


def arriving(
    setup: Setup,
    rows: Iterator[list[str]],
    first: int,
    chance: Callable[[int], bytes],
    ahead: Ahead | None = None,
) -> Iterator[tuple[Cells, Piece]]:
    """Yield rows in their order, numbered from `first`, some at a time with what became of them."""
    while some := list(islice(rows, _SOME)):
        if ahead:
            yield from ahead.read(setup, first, some, chance(8 * len(some)))
        else:
            yield some, read_some(setup, first, some, chance(8 * len(some)))
        first += len(some)
    if ahead:
        yield from ahead.rest()


def read_some(setup: Setup, first: int, some: Cells, chance: bytes) -> Piece:
    """Read rows of which the first has that number; 8 random bytes make the public id of each."""
    read, stage = _reading(setup)
    columns, only = setup.columns, setup.only
    rows, kept_out, refused = [], 0, []
    ids = make_public_ids(chance)
    for place, cells in enumerate(some):
        try:
            row = dict(zip(columns, map(str.strip, cells), strict=True))
            if only and any(cells[at].strip() != value for at, value in only):
                continue
            found = read(row)
            if found is None:
                kept_out += 1
            else:
                rows.append(stage(first + place, ids[place], found))
        except (BadRow, InvalidAddress) as error:
            refused.append((place, str(error)))
    return Piece(rows, kept_out, refused)


@lru_cache(maxsize=4)
def _reading(setup: Setup) -> tuple[Callable[[Any], Incoming | None], Callable[..., Any]]:
    return next(f.read for f in FORMATS if f.name == setup.format), _staging(setup)


def _staging(setup: Setup) -> Callable[[int, str, Incoming], tuple[Any, ...]]:
    """Return what makes a staged row of a file's row: with a million of them each step counts."""
    zones, secret, dead = available_timezones(), setup.secret, setup.dead
    stamp, consented = setup.now, setup.consented
    active, ended = SubscriptionState.ACTIVE, SubscriptionState.ENDED
    words = {each: each.value for each in SubscriptionState}
    moments = lru_cache(maxsize=4096)(stored)  # most files have days

    def stage(number: int, public_id: str, row: Incoming) -> tuple[Any, ...]:
        text, name, _, why, created, confirmed, left, tags, language, timezone, ip = row
        email, key = address = parse_address(text)
        state = consent.state_of(row, consented)
        domain = key[key.rindex("@") + 1 :]
        if dead and state is not ended and domain in dead:
            raise BadRow("its domain takes no mail")
        return (
            number,
            email,
            key,
            domain,
            address_digest(secret, address),
            name,
            pack(tags) if tags else "",
            language if not language or (len(language) < 36 and language.isprintable()) else "",
            timezone if timezone in zones else "",
            words[state],
            why.value if why else "",
            public_id,
            consent.cut_ip(ip) if ip else "",
            min(moments(created), stamp) if created else stamp,
            moments(confirmed) if confirmed else stamp if state is active else None,
            (moments(left) if left else stamp) if state is ended else None,
        )

    return stage


def main() -> None:
    """Answer requests until the socket closes."""

    def answer(request: bytes) -> bytes:
        setup, *given = marshal.loads(request)  # noqa: S302 - our own process wrote it
        return marshal.dumps(tuple(read_some(Setup(*setup), *given)))

    gc.disable()  # rows make no cycles
    serve(answer)


if __name__ == "__main__":
    main()
