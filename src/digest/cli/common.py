"""What the commands share: opening the app, output as lines or JSON, moments."""

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from digest.app import App
    from digest.model import Finding

#: Plain help texts start in half the time of decorated ones.
OPTIONS: dict[str, Any] = {
    "rich_markup_mode": None,
    "no_args_is_help": True,
    "add_completion": False,
    "pretty_exceptions_enable": False,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}

Json = typer.Option(False, "--json", help="Print one JSON document and nothing else.")


def group(app: typer.Typer, name: str, help_text: str) -> typer.Typer:
    """Add a group of commands and return it."""
    made = typer.Typer(**OPTIONS, help=help_text)
    app.add_typer(made, name=name)
    return made


@contextmanager
def opened(context: typer.Context, *, current: bool = True) -> "Iterator[App]":
    """Open the app of the config file and close it afterwards."""
    from digest.app import open_app

    app = open_app(config_path(context), os.environ, current=current)
    try:
        yield app
    finally:
        app.close()


def config_path(context: typer.Context) -> Path:
    """Return the config file the command line names."""
    return Path(context.find_root().obj)


def parse_moment(text: str) -> datetime:
    """Read an instant such as 2026-11-23T07:30:00Z; it must say its zone."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(
            f"{text!r} is not a moment such as 2026-11-23T07:30:00Z"
        ) from error
    if not 1970 <= moment.year <= 2100:
        raise typer.BadParameter(f"{text!r} lies outside the years 1970 to 2100")
    if moment.tzinfo is None:
        raise typer.BadParameter(f"{text!r} does not say its zone; add Z or +01:00")
    return moment


def print_json(value: Any) -> None:
    """Print one JSON document."""
    print(json.dumps(value, ensure_ascii=False, indent=2))


def print_fields(fields: Mapping[str, Any], *, as_json: bool = False) -> None:
    """Print one thing: a line for each field, or one JSON document."""
    if as_json:
        print_json(fields)
        return
    width = max(len(name) for name in fields)
    for name, value in fields.items():
        print(f"{name:<{width}} {'' if value is None else value}".rstrip())


def print_table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print aligned columns; cut to the width of a terminal, whole when piped."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=None if sys.stdout.isatty() else 200, highlight=False)
    table = Table(*heads, box=SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))
    console.print(table)


def print_list(
    shapes: Sequence[object],
    heads: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    as_json: bool,
) -> None:
    """Print many things: one JSON document of their shapes, or a table."""
    if as_json:
        print_json(shapes)
    else:
        print_table(heads, rows)


@contextmanager
def progress() -> Iterator[Callable[[int, int], None]]:
    """Show a bar on the error stream when it is a terminal; yields how to say what is done of all.

    Of 0: nobody knows of how many.
    """
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn

    columns = BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total or None)


def say_errors(lines: Iterable[str]) -> None:
    """Print lines to the error stream."""
    for line in lines:
        print(line, file=sys.stderr)


def finding_lines(findings: "Sequence[Finding]") -> list[str]:
    """Return one line for each thing found, with one place and how many more there are."""
    places: dict[tuple[str, str, str], list[str]] = {}
    for found in findings:
        key = (found.severity.value, found.rule, found.message)
        places.setdefault(key, []).append(found.where)
    lines = []
    for (severity, rule, message), where in places.items():
        more = f" and {counted(len(where) - 1, 'other')}" if len(where) > 1 else ""
        lines.append(
            f"{severity}: {rule}: {message}" + (f" ({where[0]}{more})" if where[0] else "")
        )
    return lines


def local(moment: datetime | None, zone: "ZoneInfo", otherwise: str = "") -> str:
    """Return "2026-11-23 07:30 CET"."""
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M %Z}" if moment else otherwise


def counted(number: int, noun: str) -> str:
    """Return "1 story" or "3 stories"."""
    if number == 1:
        return f"1 {noun}"
    return f"{number:,} {noun[:-1]}ies" if noun.endswith("y") else f"{number:,} {noun}s"
