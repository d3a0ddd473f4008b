"""`digest subscribers list|stats|import|undo|export`: many people at once."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from digest.cli.common import (
    Json,
    counted,
    local,
    opened,
    print_fields,
    print_json,
    print_list,
    print_table,
    progress,
)
from digest.cli.common import say_errors as say
from digest.cli.hand import BY, who

if TYPE_CHECKING:
    from digest.app import App
    from digest.membership import Imported

_FILTER = typer.Option(
    "", "--filter", help="Such as `status:active category:World since:2026-01-01`."
)
_STATES = ("active", "pending", "ended", "suppressed")


def register(subscribers: typer.Typer) -> None:
    """Add the commands."""
    subscribers.command("list")(list_subscribers)
    subscribers.command("stats")(stats)
    subscribers.command("import")(import_subscribers)
    subscribers.command("undo")(undo)
    subscribers.command("export")(export)


def list_subscribers(
    context: typer.Context,
    expression: str = _FILTER,
    sort: str = typer.Option("came", help="came, created, email, name; -created turns it round."),
    limit: int | None = typer.Option(
        None, "-n", "--limit", min=0, help="How many; 0 for all. 50, or all as JSON."
    ),
    as_json: bool = Json,
) -> None:
    """List people, in the order they came unless --sort says otherwise."""
    from digest import membership, shapes
    from digest.store import picking, subscribers

    if sort.removeprefix("-") not in picking.ORDERS:
        raise typer.BadParameter(f"{sort!r} is not one of {', '.join(picking.ORDERS)}")
    with opened(context) as app, app.database.reading() as tx:
        wanted = membership.reading_filter(app, expression)
        slugs = app.settings.newsletters if as_json else ()
        known = {slug: membership.categories_of(app, slug) for slug in slugs}
        most = (0 if as_json else 50) if limit is None else limit
        found = subscribers.some(tx, wanted, sort, most or None)
        if as_json:
            _stream_json(shapes.subscriber(person, known) for person in found)
            return
        rows = [
            (p.email, p.name, shapes.status(p), ", ".join(s.newsletter for s in p.subscriptions))
            for p in found
        ]
    print_table(("address", "name", "status", "newsletters"), rows)


def _stream_json(shapes: Iterable[dict[str, Any]]) -> None:
    """Print one JSON document piece by piece: a million people do not fit in memory."""
    write, between = sys.stdout.write, "\n  "
    write("[")
    for shape in shapes:
        write(between + json.dumps(shape, ensure_ascii=False))
        between = ",\n  "
    write("\n]\n" if between != "\n  " else "]\n")


def stats(context: typer.Context, expression: str = _FILTER, as_json: bool = Json) -> None:
    """Count people by status."""
    from digest import membership
    from digest.model import AllOf, Term
    from digest.store import subscribers

    with opened(context) as app, app.database.reading() as tx:
        wanted = membership.reading_filter(app, expression)
        counts = {
            state: subscribers.count(tx, AllOf((Term("status", (state,)), wanted)))
            for state in _STATES
        }
    print_fields({"people": sum(counts.values()), **counts}, as_json=as_json)


def import_subscribers(
    context: typer.Context,
    path: Path = typer.Argument(..., metavar="FILE", exists=True, dir_okay=False),
    newsletter: str = typer.Option("", help="Empty: the first newsletter of the config."),
    consent: str = typer.Option(
        "", "--consent", help="On what basis they may be mailed; without it they are pending."
    ),
    yes: bool = typer.Option(False, "--yes", help="Do not ask."),
    columns: list[str] = typer.Option(
        [], "--map", help="FIELD=COLUMN, e.g. email=Mail; may be repeated."
    ),
    only: list[str] = typer.Option(
        [], "--rows", help="COLUMN=VALUE: only rows with it, e.g. List=Weekly; may be repeated."
    ),
    encoding: str = typer.Option("", help="Such as cp1252; else it is found out."),
    by: str = BY,
    check_mx: bool = typer.Option(
        False, "--check-mx", help="Ask the DNS; refuse addresses at domains that take no mail."
    ),
    as_json: bool = Json,
) -> None:
    """Import people from another tool's file: first a look at what it would do, then a question.

    Nobody who left, bounced or complained comes back by a file.
    """
    about = (consent, _pairs(columns, "--map"), encoding, _pairs(only, "--rows"), who(by), check_mx)
    with opened(context) as app:
        _import(app, path, newsletter, about, yes=yes, as_json=as_json)


def _import(
    app: "App", path: Path, newsletter: str, about: tuple[Any, ...], *, yes: bool, as_json: bool
) -> None:
    from digest import membership

    wanted = membership.Wanted(newsletter or next(iter(app.settings.newsletters)), *about)
    with progress() as beat:
        done = membership.import_file(app, path, wanted, apply=yes, beat=beat)
    if as_json:
        print_json(_shape(done))
        return
    _say_import(done, consented=bool(wanted.consent))
    if not yes and sys.stdin.isatty() and typer.confirm("Import them?"):
        with progress() as beat:
            done = membership.import_file(app, path, wanted, apply=True, beat=beat)
    if done.applied:
        print(f"import {done.id}; `digest subscribers undo {done.id}` takes it back for 30 days")
    else:
        print("nothing was changed; --yes imports them")


def _pairs(texts: list[str], option: str) -> dict[str, str]:
    split = [text.partition("=") for text in texts]
    if any(not name or not equals for name, equals, _ in split):
        raise typer.BadParameter(f"{option}: write NAME=VALUE")
    return {name.strip(): value.strip() for name, _, value in split}


def _shape(done: "Imported") -> dict[str, Any]:
    from digest.model import Outcome

    return {
        "applied": done.applied,
        "import": done.id if done.applied else None,
        "format": "; ".join(done.formats),
        **{name.value: done.counts[name] for name in Outcome},
        "pending": done.counts["as_pending"],
        "reasons": dict(done.reasons),
        "unread": list(done.unread),
        "refused": list(done.refused),
    }


def _say_import(done: "Imported", *, consented: bool) -> None:
    from digest.model import Outcome

    rows = sum(done.counts[name] for name in Outcome)
    print(f"{done.file}: {'; '.join(done.formats)}; {counted(rows, 'row')}")
    for name in Outcome:
        print(f"  {name.replace('_', ' '):<10} {done.counts[name]:>9,}")
    if done.counts["as_pending"] and not consented:
        number = f"{done.counts['as_pending']:,}"
        pending = f"{number} of them would be pending: no mail, and forgotten after 7 days."
        say([f"{pending} If they agreed to be mailed, say on what basis with --consent"])
    if done.unread:
        say([f"columns not read: {', '.join(done.unread)}; --map FIELD=COLUMN names one"])
    for reason, many in done.reasons.most_common(5):
        say([f"{many:,} refused: {reason}"])
    if done.refused:
        say([f"refused rows, to mend and import again: {', '.join(done.refused)}"])


def undo(
    context: typer.Context,
    number: int | None = typer.Argument(None, metavar="[IMPORT]"),
    as_json: bool = Json,
) -> None:
    """Take an import back within 30 days; without IMPORT list them."""
    from digest import membership

    with opened(context) as app:
        if number is None:
            _list_imports(app, as_json=as_json)
            return
        done = membership.undo_import(app, number)
    print_fields(done, as_json=as_json)


def _list_imports(app: "App", *, as_json: bool) -> None:
    from digest import membership
    from digest.shapes import moment

    every, moments, zone = membership.imports(app), ("at", "undone_at"), app.settings.zone
    found = [each | {name: moment(each[name]) for name in moments} for each in every]
    shown = [each | {name: local(each[name], zone) for name in moments} for each in every]
    heads = ("id", "at", "file", "newsletter", "by", "undone_at")
    rows = [[each[name] or "" for name in heads] for each in shown]
    print_list(found, heads, rows, as_json=as_json)


def export(
    context: typer.Context,
    shape: str = typer.Option("jsonl", "--as", help="jsonl, csv, listmonk, ghost or mailchimp."),
    out: Path | None = typer.Option(None, "--out", help="A file; else standard output."),
    expression: str = _FILTER,
    person: str = typer.Option("", "--person", metavar="EMAIL", help="All kept of one person."),
) -> None:
    """Export people: JSONL without loss, CSV for spreadsheets, or another tool's shape."""
    from digest import membership
    from digest.membership.takeout import TABLES

    if shape not in {"jsonl", *TABLES}:
        raise typer.BadParameter(f"{shape!r} is not one of jsonl, {', '.join(TABLES)}")
    with opened(context) as app:
        if person:
            pieces: Iterable[str] = [
                json.dumps(membership.person_shape(app, person), ensure_ascii=False, indent=2),
                "\n",
            ]
        else:
            among = membership.reading_filter(app, expression)
            pieces = membership.export_people(app, shape, among)
        if out is None:
            sys.stdout.writelines(pieces)
            return
        with out.open("w", encoding="utf-8", newline="") as file:
            file.writelines(pieces)
