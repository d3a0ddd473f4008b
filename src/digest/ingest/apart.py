"""Read untrusted bytes in a process of its own, within a bound of memory and time.

Every fetched document goes there, not only large or odd ones: it costs about two milliseconds each,
and leaves the fetching threads and the store a processor of their own.
"""

import pickle
import resource
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any, ParamSpec, TypeVar, cast

from digest.child import Child, serve
from digest.errors import IngestError

MEMORY = 256_000_000  #: bytes
_CODE = 32_000_000  #: of them for the interpreter and libraries, which no limit counts
SECONDS = 10

P = ParamSpec("P")
R = TypeVar("R")


class Apart:
    """A warm process: started at the first call, started again when a document ended it."""

    def __init__(self, seconds: int = SECONDS) -> None:
        self._seconds = seconds
        self.child = Child(__file__, seconds)

    def call(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Return what a module's function returns, or raise what it raises.

        IngestError also when it takes too long or too much; the next call goes to a new process.
        """
        try:
            answer = self.child.ask(pickle.dumps((function, args, kwargs)))
        except OSError as exc:
            raise IngestError(
                f"takes more than {self._seconds} seconds or {MEMORY // 1_000_000} MB to read"
            ) from exc
        outcome = pickle.loads(answer)  # noqa: S301 - our own process wrote it
        if isinstance(outcome, Exception):
            raise outcome
        return cast("R", outcome)

    def close(self) -> None:
        """End the process; the next call starts a new one."""
        self.child.close()


def _answer(request: bytes) -> bytes:
    function, args, kwargs = pickle.loads(request)  # noqa: S301 - from the program itself
    outcome: Any
    try:
        outcome = function(*args, **kwargs)
    except MemoryError:
        raise  # ends the process: what is left of it is of no use
    except IngestError as error:
        outcome = IngestError(str(error), retry_after=error.retry_after)
    except Exception as error:  # noqa: BLE001 - a bug, raised where the document came from
        error.add_note(traceback.format_exc())
        outcome = error
    return pickle.dumps(outcome)


if __name__ == "__main__":
    # data, not address space: a large file of locales that is mapped takes up no memory
    with suppress(ValueError, OSError):  # some systems know no such limit
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY - _CODE, MEMORY - _CODE))
    serve(_answer)
