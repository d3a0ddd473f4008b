"""One line for each event in the log: words for people, or JSON for programs."""

import json
import logging
import math
from datetime import UTC, datetime

_HOUR_SECONDS, _MANY = 3_600, 1_000


class Lines(logging.Formatter):
    """Writes an event as one line of words, whatever line ends stand in it."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return "; ".join(filter(None, super().format(record).splitlines()))


class JsonLines(logging.Formatter):
    """Writes an event as one JSON document: at, level, text, and the facts that go with it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        said = {"at": at, "level": record.levelname.lower(), "text": record.getMessage().strip()}
        said |= getattr(record, "facts", {})
        if record.exc_info:
            said["trace"] = self.formatException(record.exc_info)
        return json.dumps(said, ensure_ascii=False)


class Once(logging.Filter):
    """Keeps a warning back that was logged in the last hour: what fails is tried again often."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether it is news."""
        text = record.getMessage()
        if record.levelno < logging.WARNING or record.exc_info:
            return True
        if record.created - self._seen.get(text, -math.inf) < _HOUR_SECONDS:
            return False
        if len(self._seen) > _MANY:
            self._seen.clear()
        self._seen[text] = record.created
        return True


def start_logging(*, as_json: bool) -> None:
    """Log to the error stream: everything of ours, of libraries what is wrong."""
    handler = logging.StreamHandler()
    handler.addFilter(Once())
    handler.setFormatter(JsonLines() if as_json else Lines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in ("apscheduler", "uvicorn", "httpx2", "httpcore2"):
        logging.getLogger(name).setLevel(logging.WARNING)
