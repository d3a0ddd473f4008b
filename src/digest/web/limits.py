"""Marks that prove a form was shown by us a while ago, and a throttle for wrong keys."""

import secrets
from collections import OrderedDict, deque
from threading import Lock

from digest.app import App
from digest.audience.tokens import FORM, numbers_token, read_numbers
from digest.errors import InvalidToken

_LEAST, _MOST = 3, 24 * 3600  #: seconds between showing and sending a form


def new_mark(app: App) -> str:
    """Return a mark for a form that is shown now."""
    return numbers_token(app.keys, FORM, int(app.now().timestamp()), secrets.randbits(32))


def is_ripe(app: App, mark: str) -> bool:
    """Say whether a form may be taken: ours, shown long enough ago, not too long ago."""
    return _LEAST <= _age(app, mark) <= _MOST


def mark_again(app: App, mark: str) -> str:
    """Return the mark for a form that is shown once more: it ages on if it was only too young."""
    return mark if 0 <= _age(app, mark) < _LEAST else new_mark(app)


def _age(app: App, mark: str) -> float:
    """Return how many seconds ago a form was shown; less than none for no form of ours."""
    try:
        shown, _ = read_numbers(app.keys, FORM, mark)
    except InvalidToken:
        return -1
    return app.now().timestamp() - shown


class Throttle:
    """Lets one network do something so often within a span; forgets the longest quiet ones."""

    def __init__(self, times: int, seconds: float, networks: int = 10_000) -> None:
        self._times, self._seconds, self._networks = times, seconds, networks
        self._seen: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = Lock()

    def note(self, network: str, now: float) -> None:
        """Count one more."""
        with self._lock:
            seen = self._seen.setdefault(network, deque(maxlen=self._times))
            seen.append(now)
            self._seen.move_to_end(network)
            if len(self._seen) > self._networks:
                self._seen.popitem(last=False)

    def is_over(self, network: str, now: float) -> bool:
        """Say whether it has to wait."""
        with self._lock:
            seen = self._seen.get(network)
            return seen is not None and len(seen) == self._times and now - seen[0] < self._seconds
