"""Mails are made in a process of its own that may crash or hang without harm."""

import json
import pickle
from pathlib import Path

from digest.child import Child
from digest.errors import RenderError
from digest.model import Rendered
from digest.render.press import Job


class Isolated:
    """A warm worker: started at the first call, started again after a crash."""

    def __init__(self, seconds: int = 10) -> None:
        self._seconds = seconds
        self._worker = Child(str(Path(__file__).with_name("worker.py")), seconds + 1)

    def mail(self, job: Job) -> Rendered:
        """Make a mail; RenderError when a template is wrong, endless or crashes the renderer."""
        answer = self._ask(job)
        return Rendered(answer["subject"], answer["html"], answer["text"])

    def to_html(self, source: str) -> str:
        """Render MJML; RenderError when it is refused, crashes or takes too long."""
        return self._ask(source)["html"]

    def close(self) -> None:
        """End the process; the next call starts a new one."""
        self._worker.close()

    def _ask(self, request: Job | str) -> dict[str, str]:
        try:
            answer: dict[str, str] = json.loads(self._worker.ask(pickle.dumps(request)))
        except OSError as exc:
            raise RenderError(
                f"the renderer crashed or took longer than {self._seconds} seconds; "
                "look for deeply nested or endless markup in the template"
            ) from exc
        if "error" in answer:
            raise RenderError(answer["error"])
        return answer
