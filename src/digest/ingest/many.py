"""Ask many feeds side by side: a thread for each host, answers as they come, slow ones last."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue

from digest import text
from digest.errors import IngestError
from digest.ingest.answers import Fetched
from digest.ingest.http import Fetcher
from digest.model import Feed

AT_ONCE = 256  #: hosts; a thread that waits for a slow server costs next to nothing
PATIENCE = 20.0  #: seconds of failure after which a host's other feeds wait for the next time

Outcome = tuple[Feed, Fetched | IngestError]
_Queue = SimpleQueue[tuple[Feed, Fetched | Exception]]


def ask(
    fetcher: Fetcher, feeds: Sequence[Feed], *, anew: bool = False, within: float | None = None
) -> Iterator[Outcome]:
    """Yield each feed with its answer or error as soon as it is there.

    `anew` sends no validators, so everything comes again. After `within` seconds the feeds that
    have not answered are given up; their threads end by the fetcher's limits and disturb no one.
    """
    answers: _Queue = SimpleQueue()
    end = None if within is None else time.monotonic() + within
    groups = _by_host(feeds)
    pool = ThreadPoolExecutor(max(1, min(AT_ONCE, len(groups))), thread_name_prefix="fetch")
    try:
        for group in groups:
            pool.submit(_ask_host, fetcher, group, answers, anew=anew)
        missing = {feed.id: feed for feed in feeds}
        while missing and (found := _next(answers, end)):
            feed, outcome = found
            del missing[feed.id]
            yield feed, _known(outcome)
        for feed in missing.values():
            yield feed, IngestError(f"{feed.url}: did not answer in the time there was")
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _next(answers: _Queue, end: float | None) -> tuple[Feed, Fetched | Exception] | None:
    try:
        return answers.get(timeout=None if end is None else max(0.0, end - time.monotonic()))
    except Empty:
        return None


def _known(outcome: Fetched | Exception) -> Fetched | IngestError:
    """Return an outcome; an error that is none of ours is a bug and ends the run."""
    if isinstance(outcome, Exception) and not isinstance(outcome, IngestError):
        raise outcome
    return outcome


def _by_host(feeds: Sequence[Feed]) -> list[list[Feed]]:
    """Return the feeds of each host; hosts that answered last time come first."""
    groups: dict[str, list[Feed]] = {}
    for feed in sorted(feeds, key=lambda feed: feed.failures):
        groups.setdefault(text.host_of(feed.url), []).append(feed)
    return list(groups.values())


def _ask_host(fetcher: Fetcher, feeds: list[Feed], answers: _Queue, *, anew: bool) -> None:
    lost = 0.0
    for feed in feeds:
        began = time.monotonic()
        outcome = _ask_one(fetcher, feed, anew=anew) if lost < PATIENCE else _spared(feed)
        lost += time.monotonic() - began if isinstance(outcome, Exception) else 0.0
        answers.put((feed, outcome))


def _ask_one(fetcher: Fetcher, feed: Feed, *, anew: bool) -> Fetched | Exception:
    marks = {} if anew else {"etag": feed.etag, "last_modified": feed.last_modified}
    try:
        return fetcher.fetch(feed.url, **marks)
    except IngestError as error:  # a new one: its traceback would keep what was read in memory
        return IngestError(str(error), retry_after=error.retry_after)
    except Exception as error:  # noqa: BLE001 - what is no IngestError is raised by the reader
        return error


def _spared(feed: Feed) -> IngestError:
    return IngestError(f"{feed.url}: not asked, because its server is too slow just now")
