"""MJML to HTML in a process of its own, which hostile input may crash or hang without harm.

A deep nesting, for one, overflows the renderer's stack.
"""

import re

from digest.child import Child, serve
from digest.errors import RenderError

_CONDITION = re.compile(r"(<!--\[if [^\]]*\]>(?:<!-->)?|(?:<!--)?<!\[endif\]-->)")
_OUTLOOK = "<!--[if mso | IE]>"
_END = "<![endif]-->"


class Mjml:
    """A warm renderer: started at the first call, started again after a crash."""

    def __init__(self, seconds: int = 10) -> None:
        self._seconds = seconds
        self._worker = Child(__file__, seconds)

    def to_html(self, source: str) -> str:
        """Render MJML; RenderError when it is refused, crashes or takes too long."""
        try:
            answer = self._worker.ask(_with_lf(source).encode("utf-8", "replace"))
        except OSError as exc:
            raise RenderError(
                f"the MJML renderer crashed or took longer than {self._seconds} seconds; "
                "look for deeply nested or endless markup in the template"
            ) from exc
        text = answer[1:].decode()
        if answer[:1] != b"+":
            raise RenderError(f"the MJML renderer refused the page: {text}")
        return merge_conditions(text)

    def close(self) -> None:
        """End the process; the next call starts a new one."""
        self._worker.close()


def _with_lf(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def merge_conditions(html: str) -> str:
    """Join neighbouring `mso | IE` conditionals into one, as the reference renderer does."""
    kept: list[str] = []
    opening = ""
    for part in _CONDITION.split(html):
        if part == _OUTLOOK == opening and kept[-2:-1] == [_END] and not kept[-1].strip():
            del kept[-2:]
            continue
        if part.startswith("<!--[if"):
            opening = part
        kept.append(part)
    return "".join(kept)


def _answer(source: bytes) -> bytes:
    """Return the HTML after a `+`, or after a `-` what is wrong."""
    import mjml

    try:
        return b"+" + mjml.mjml2html(source.decode(), fonts={}, disable_comments=True).encode()
    except ValueError as exc:
        return b"-" + str(exc).encode()


if __name__ == "__main__":
    serve(_answer)
