"""Templates of mails: found file by file, run in a sandbox, errors named by file and line."""

import re
import textwrap
import traceback
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
    pass_context,
)
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from digest.errors import RenderError
from digest.language import isolate, turned

WIDTH = 72
_MARK = re.compile("\x1e([^\x1f\x1e]*):([0-9]+)\x1f")
_MARKUP = re.compile(r"^[^<\n]*?(?=<)", re.MULTILINE)
#: What a template can do wrong while it runs; anything else is a mistake of ours.
_MISTAKES = (
    TemplateError,
    TypeError,
    ValueError,
    ArithmeticError,
    LookupError,
    AttributeError,
    TimeoutError,
    MemoryError,
)
#: Filters and globals that turn text into live markup or reach beyond a template.
_UNSAFE_FILTERS = ("safe", "xmlattr", "urlize", "tojson")
_UNSAFE_GLOBALS = ("lipsum", "cycler", "joiner", "namespace", "dict")


@dataclass(frozen=True, slots=True)
class Spot:
    """A line of a template."""

    template: str
    line: int

    def __str__(self) -> str:
        return f"{self.template}:{self.line}"


@dataclass(frozen=True, slots=True)
class Marked:
    """Text made from templates that knows which line wrote which part."""

    text: str
    offsets: tuple[int, ...]
    spots: tuple[Spot, ...]

    def spot(self, offset: int) -> Spot:
        """Return the template line that wrote the character at `offset`."""
        return self.spots[max(0, bisect_right(self.offsets, offset) - 1)]


class Templates:
    """The templates in `folders`; the first folder that has a file wins."""

    def __init__(self, folders: tuple[Path, ...]) -> None:
        self.folders = folders
        self._markup = _environment(folders, extensions=[_LineMarks], autoescape=True)
        self._plain = _environment(folders, extensions=[], autoescape=False)
        self._plain.filters["wrap"] = wrap
        self._plain.filters["isolate"] = _isolated_text
        self._markup.filters["isolate"] = _isolated_markup

    def markup(self, name: str, values: Mapping[str, object]) -> Marked:
        """Run a template of markup; every value is escaped."""
        return _unmark(self._run(self._markup, name, values), name)

    def plain(self, name: str, values: Mapping[str, object]) -> str:
        """Run a template of plain text."""
        return self._run(self._plain, name, values)

    def _run(
        self, environment: ImmutableSandboxedEnvironment, name: str, values: Mapping[str, object]
    ) -> str:
        try:
            return environment.get_template(name).render(values)
        except TemplateNotFound as exc:
            raise RenderError(f"the template {exc.name} is missing; put it back") from exc
        except TemplateSyntaxError as exc:
            raise RenderError(f"{exc.name or name}:{exc.lineno}: {exc.message}") from exc
        except RecursionError as exc:
            raise RenderError(f"{name}: templates include each other without end") from exc
        except _MISTAKES as exc:
            said = str(exc) or "this needs too much memory"
            raise RenderError(f"{self._where(exc, name)}: {said}") from exc

    def _where(self, exc: BaseException, name: str) -> str:
        """Return the innermost template line of a traceback."""
        found = name
        for frame in traceback.extract_tb(exc.__traceback__):
            for folder in self.folders:
                if Path(frame.filename).is_relative_to(folder):
                    found = f"{Path(frame.filename).relative_to(folder)}:{frame.lineno}"
        return found


def wrap(text: object) -> str:
    """Fill lines of at most 72 characters; a longer word stays whole on its own line."""
    lines = textwrap.wrap(str(text), WIDTH, break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines)


@pass_context
def _isolated_text(context: Context, text: object) -> str:
    """Keep words of the other direction from turning their neighbours around."""
    return isolate(str(text), context["dir"])


@pass_context
def _isolated_markup(context: Context, text: object) -> Markup:
    """Do the same in markup, by <bdi>."""
    direction = turned(str(text), context["dir"])
    return Markup('<bdi dir="{}">{}</bdi>').format(direction, text) if direction else escape(text)


class _Layers(FileSystemLoader):
    """Takes a file from the first folder that has it, also when it came there later."""

    def get_source(
        self, environment: Environment, template: str
    ) -> tuple[str, str, Callable[[], bool]]:
        """Return text, path, and what says whether the text still is the one to use."""
        text, path, unchanged = super().get_source(environment, template)
        paths = [Path(folder, template) for folder in self.searchpath]
        above = paths[: paths.index(Path(path))]
        return text, path, lambda: unchanged() and not any(other.exists() for other in above)


class _Sandbox(ImmutableSandboxedEnvironment):
    """Gives a field of our own values at once: asking what it might be took a fifth of a mail."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return an attribute as a template may have it."""
        if attribute in getattr(type(obj), "__dataclass_fields__", ()):
            return getattr(obj, attribute)
        return super().getattr(obj, attribute)


def _environment(
    folders: tuple[Path, ...], *, extensions: list[type[Extension]], autoescape: bool
) -> ImmutableSandboxedEnvironment:
    environment = _Sandbox(
        loader=_Layers(folders),
        extensions=extensions,
        undefined=StrictUndefined,
        autoescape=autoescape,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in _UNSAFE_FILTERS:
        del environment.filters[name]
    for name in _UNSAFE_GLOBALS:
        del environment.globals[name]
    return environment


class _LineMarks(Extension):
    """Puts a mark before the first tag of each template line, and refuses to stop escaping."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """Mark the text between Jinja's own tags."""
        before = ""
        for token in stream:
            if before == "block_begin" and token.value == "autoescape":
                raise TemplateSyntaxError(
                    "autoescape cannot be changed; values are always escaped",
                    token.lineno,
                    stream.name,
                )
            before = token.type
            yield _with_marks(token, stream.name or "") if token.type == "data" else token


def _with_marks(token: Token, name: str) -> Token:
    def mark(found: re.Match[str]) -> str:
        line = token.lineno + token.value.count("\n", 0, found.end())
        return f"{found[0]}\x1e{name}:{line}\x1f"

    return Token(token.lineno, token.type, _MARKUP.sub(mark, token.value))


def _unmark(marked: str, name: str) -> Marked:
    """Take the marks out and keep where they stood."""
    text: list[str] = []
    offsets, spots, length, at = [0], [Spot(name, 1)], 0, 0
    for found in _MARK.finditer(marked):
        text.append(marked[at : found.start()])
        length += found.start() - at
        at = found.end()
        offsets.append(length)
        spots.append(Spot(found[1], int(found[2])))
    text.append(marked[at:])
    return Marked("".join(text), tuple(offsets), tuple(spots))
