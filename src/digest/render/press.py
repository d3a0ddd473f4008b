"""Templates to mail: Jinja writes MJML, the lint reads it, the renderer makes HTML.

Runs in the worker, because a template can be endless and the renderer can crash.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import mjml

from digest.errors import RenderError
from digest.language import speech
from digest.model import Rendered
from digest.render.lint import lint
from digest.render.templates import Marked, Templates
from digest.text import clean

_INDENT = re.compile(r"\n\s*")
_GAP = re.compile(r"\n{3,}")
_CONDITION = re.compile(r"(<!(?:--\[if [^\]]*\]>(?:<!-->)?|(?:--<!)?\[endif\]-->))")
_OUTLOOK = "<!--[if mso | IE]>"
_END = "<![endif]-->"


@dataclass(frozen=True, slots=True)
class Job:
    """A mail to make: which templates, in which language, with which values."""

    folders: tuple[Path, ...]  #: searched in order, file by file
    name: str  #: the mail's folder, as in "edition"
    language: str
    values: tuple[tuple[str, object], ...]


class Press:
    """Makes mails; keeps the templates it has read."""

    def __init__(self) -> None:
        self._templates: dict[tuple[Path, ...], Templates] = {}

    def mail(self, job: Job) -> Rendered:
        """Make a mail; RenderError names the template file and line."""
        templates, values = self._open(job)
        subject = clean(templates.plain(f"{job.name}/subject.txt", values))
        values |= {"subject": subject}
        marked = templates.markup(f"{job.name}/body.mjml", values)
        text = templates.plain(f"{job.name}/body.txt", values)
        return Rendered(subject, html_of(marked), _GAP.sub("\n\n", text).strip() + "\n")

    def _open(self, job: Job) -> tuple[Templates, dict[str, object]]:
        if job.folders not in self._templates:
            self._templates[job.folders] = Templates(job.folders)
        spoken = speech(job.folders, job.language)
        right = spoken.direction == "rtl"
        return self._templates[job.folders], {
            **dict(job.values),
            "_": spoken.phrases.gettext,
            "lang": job.language,
            "dir": spoken.direction,
            "start": "right" if right else "left",
            "end": "left" if right else "right",
        }


def html_of(marked: Marked) -> str:
    """Return the HTML of MJML that passes the lint."""
    if problems := lint(marked):
        raise RenderError("\n".join(problems))
    try:
        html = to_html(marked.text)
    except RenderError as exc:
        raise RenderError(f"{marked.spot(0).template}: {exc}") from exc
    return _INDENT.sub("\n", html).strip() + "\n"


def to_html(source: str) -> str:
    """Render MJML; RenderError when the renderer refuses it."""
    text = source.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode()
    try:
        html = mjml.mjml2html(text, fonts={}, disable_comments=True)
    except ValueError as exc:
        raise RenderError(f"the MJML renderer refused the page: {exc}") from exc
    return merge_conditions(html)


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
