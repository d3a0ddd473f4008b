"""Ask many places side by side: a thread for each host, answers as they come."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue
from typing import Protocol, TypeVar

from digest import text
from digest.errors import IngestError

AT_ONCE = 256  #: hosts; a thread that waits for a slow server costs next to nothing
PATIENCE = 20.0  #: seconds of failure after which a host's other places wait for the next time


class Place(Protocol):
    """What can be asked: a feed or an article."""

    @property
    def url(self) -> str:
        """Return its address."""


P = TypeVar("P", bound=Place)
A = TypeVar("A")


def ask(
    fetch: Callable[[P], A], places: Sequence[P], *, within: float | None = None
) -> Iterator[tuple[P, A | IngestError]]:
    """Yield each place with its answer or error as soon as it is there.

    Hosts are begun in the order of `places`. After `within` seconds those that have not answered
    are given up; their threads end by the fetcher's limits and disturb no one.
    """
    answers: SimpleQueue[tuple[int, A | Exception]] = SimpleQueue()
    end = None if within is None else time.monotonic() + within
    groups = _by_host(places)
    pool = ThreadPoolExecutor(max(1, min(AT_ONCE, len(groups))), thread_name_prefix="fetch")
    try:
        for group in groups:
            pool.submit(_ask_host, fetch, group, answers)
        missing = dict(enumerate(places))
        while missing and (found := _next(answers, end)):
            yield missing.pop(found[0]), _known(found[1])
        for place in missing.values():
            yield place, IngestError(f"{place.url}: did not answer in the time there was")
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _next(
    answers: SimpleQueue[tuple[int, A | Exception]], end: float | None
) -> tuple[int, A | Exception] | None:
    try:
        return answers.get(timeout=None if end is None else max(0.0, end - time.monotonic()))
    except Empty:
        return None


def _known(outcome: A | Exception) -> A | IngestError:
    """Return an outcome; an error that is none of ours is a bug and ends the run."""
    if isinstance(outcome, Exception) and not isinstance(outcome, IngestError):
        raise outcome
    return outcome


def _by_host(places: Sequence[P]) -> list[list[tuple[int, P]]]:
    groups: dict[str, list[tuple[int, P]]] = {}
    for number, place in enumerate(places):
        groups.setdefault(text.host_of(place.url), []).append((number, place))
    return list(groups.values())


def _ask_host(
    fetch: Callable[[P], A],
    places: list[tuple[int, P]],
    answers: SimpleQueue[tuple[int, A | Exception]],
) -> None:
    lost = 0.0
    for number, place in places:
        began = time.monotonic()
        outcome = _ask_one(fetch, place) if lost < PATIENCE else _spared(place)
        lost += time.monotonic() - began if isinstance(outcome, Exception) else 0.0
        answers.put((number, outcome))


def _ask_one(fetch: Callable[[P], A], place: P) -> A | Exception:
    try:
        return fetch(place)
    except IngestError as error:  # a new one: its traceback would keep what was read in memory
        return IngestError(str(error), retry_after=error.retry_after)
    except Exception as error:  # noqa: BLE001 - what is no IngestError is raised by the reader
        return error


def _spared(place: Place) -> IngestError:
    return IngestError(f"{place.url}: not asked, because its server is too slow just now")
