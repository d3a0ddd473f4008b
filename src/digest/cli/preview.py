"""`digest preview` and `digest preflight`: look at an edition before it leaves."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from digest.cli.common import (
    Json,
    config_path,
    finding_lines,
    opened,
    print_json,
    print_table,
    say_errors,
)

if TYPE_CHECKING:
    from digest.app import App
    from digest.model import Edition


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("preview")(preview)
    app.command("preflight")(preflight)


def stored_or_next(app: "App", name: str) -> "Edition":
    """Return a stored edition; without a name the next slot's, composed in memory."""
    from digest import pipeline

    if not name:
        return pipeline.compose_next(app, next(iter(app.settings.newsletters)))
    return pipeline.find_edition(app, name)


def preview(
    context: typer.Context,
    name: str = typer.Argument("", metavar="[EDITION]"),
    out: Path = typer.Option(Path("preview"), "--out", help="The folder to write into."),
    reader: str = typer.Option("", "--as", metavar="EMAIL", help="As that reader gets it."),
    shots: bool = typer.Option(False, "--shots", help="Take pictures of it with Chromium too."),
    watch: bool = typer.Option(
        False, "--watch", help="Serve it here; rebuild and reload at every change."
    ),
    port: int = typer.Option(8027, help="For --watch; 0 takes any free one."),
    show_it: bool = typer.Option(False, "--open", help="Open it in the browser."),
) -> None:
    """Write preview.html, preview.txt and preview.eml; nothing is changed.

    Without EDITION the next slot is composed in memory.
    """
    from digest.pipeline.shots import take_shots

    with opened(context) as app:
        if watch:
            _watch(app, context, (name, out, reader), port, show_it=show_it)
            return
        written = _write(app, name, out, reader)
    for path in (*written, *(take_shots(written[0], out / "shots") if shots else ())):
        print(path)
    if show_it:
        _open(written[0].absolute().as_uri())


def _write(app: "App", name: str, out: Path, reader: str) -> list[Path]:
    """Write the files; what preflight finds goes to the error stream."""
    from digest import pipeline
    from digest.audience.choices import in_words

    looked = pipeline.proof(app, stored_or_next(app, name))
    written = pipeline.write_preview(app, looked, out, reader)
    if reader:
        _, variant, exact = pipeline.variant_for(app, looked, reader)
        near = "" if exact else ", the nearest to what they want: max_variants is reached"
        say_errors([f"{reader} gets the variant: {in_words(variant.choice)}{near}"])
    say_errors(finding_lines(looked.findings))
    return written


def _watch(
    app: "App", context: typer.Context, what: tuple[str, Path, str], port: int, *, show_it: bool
) -> None:
    from digest.app import templates_of
    from digest.web.watched import Watched, serve_watched

    path = config_path(context)

    def make() -> str:
        return _write(app.reread(path, os.environ), *what)[0].read_text(encoding="utf-8")

    def say(address: str) -> None:
        print(f"{address} follows {path} and the templates; Ctrl-C ends it")
        sys.stdout.flush()
        if show_it:
            _open(address)

    own = app.folder / "templates" / "email"
    serve_watched(Watched(make, path, (own, *templates_of(app.folder))), port, say)


def _open(address: str) -> None:
    import webbrowser

    webbrowser.open(address)


def preflight(
    context: typer.Context,
    name: str = typer.Argument("", metavar="[EDITION]"),
    rules: bool = typer.Option(False, "--rules", help="List every rule instead."),
    online: bool | None = typer.Option(
        None,
        "--online/--offline",
        help="Ask the DNS and every linked page too; as for a send, when mail goes to a relay.",
    ),
    as_json: bool = Json,
) -> None:
    """Look an edition over before it leaves; exit 1 on a blocker.

    Without EDITION the next slot is composed in memory.
    """
    from digest import pipeline, shapes
    from digest.pipeline.edit import leaves_this_machine

    if rules:
        _list_rules(as_json=as_json)
        return
    with opened(context) as app:
        ask = leaves_this_machine(app) if online is None else online
        looked = pipeline.proof(app, stored_or_next(app, name), online=ask)
    if as_json:
        print_json({"findings": [shapes.finding(finding) for finding in looked.findings]})
    elif looked.findings:
        rows = [(f.rule, f.severity.value, f.message, f.where) for f in looked.findings]
        print_table(("rule", "severity", "what", "where"), rows)
    else:
        print(f"{looked.edition.key}: nothing to say against it")
    if looked.blockers:
        raise typer.Exit(1)


def _list_rules(*, as_json: bool) -> None:
    from digest.preflight.rules import RULES

    if as_json:
        names = ("id", "severity", "about", "source")
        print_json(
            [{n: str(getattr(rule, n)) for n in names} | {"firm": rule.firm} for rule in RULES]
        )
        return
    print_table(
        ("rule", "severity", "about", "source"),
        [(rule.id, rule.severity.value, rule.about, rule.source) for rule in RULES],
    )
