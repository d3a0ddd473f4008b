"""`digest db`: the database."""

import secrets
import sys
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from digest.cli.common import counted, group, opened, say_errors

if TYPE_CHECKING:
    from digest.app import App
    from digest.model import Edition


def register(app: typer.Typer) -> None:
    """Add the commands."""
    db = group(app, "db", "The database: bring it up to date, check it, back it up.")
    db.command("upgrade")(upgrade)
    for command in (check, backup, restore, unlock):
        db.command(command.__name__)(command)


def upgrade(context: typer.Context) -> None:
    """Bring the database to the newest migration."""
    with opened(context, current=False) as app:
        app.database.upgrade()
        print(f"{app.database.name}: at revision {app.database.revision()}")


def check(context: typer.Context) -> None:
    """Check that the database is there, up to date, and that every edition's books close."""
    from digest.errors import WrongState
    from digest.store import editions, outbox

    with opened(context) as app:
        with app.database.reading() as tx:
            every = editions.every(tx, None)
            wrong = [e.key for e in every if not outbox.numbers(tx, e.id).add_up]
        if wrong:
            raise WrongState(f"the books do not close for {', '.join(wrong)}")
        books = counted(len(every), "edition")
        print(f"{app.database.name}: up to date; the books of {books} close")


def backup(context: typer.Context, to: Path = typer.Argument(..., metavar="FILE")) -> None:
    """Write a consistent copy of a SQLite database, also while it is in use."""
    from digest.store.backup import backup as write

    with opened(context) as app:
        write(app.database, to)
        print(f"{to}: {to.stat().st_size:,} bytes; keep {app.settings.web.secret_file} with it")


def restore(
    context: typer.Context,
    source: Path = typer.Argument(..., metavar="FILE"),
    yes: bool = typer.Option(False, "--yes", help="Do not ask."),
) -> None:
    """Put a backup in the database's place; it is locked until `digest db unlock`."""
    from digest.store.backup import restore as put

    with opened(context, current=False) as app:
        question = f"Replace {app.database.name} and all that is in it by {source}?"
        if not yes and not (sys.stdin.isatty() and typer.confirm(question)):
            say_errors(["nothing was changed; without a terminal give --yes"])
            raise typer.Exit(3)
        when = f"{app.now().astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        put(app.database, source, f"it was restored from {source.name} on {when}")
        print(f"{app.database.name}: restored and locked; `digest db unlock` lets it send")


def unlock(
    context: typer.Context,
    go_on: bool | None = typer.Option(
        None, "--go-on/--hold", help="What becomes of editions that were going out; else it asks."
    ),
) -> None:
    """Let a copied or restored database send; asks of each edition that was going out."""
    from digest import pipeline
    from digest.store import instance

    with opened(context) as app:
        for edition, words in _going(app):
            if go_on is None and not sys.stdin.isatty():
                say_errors([words, "give --go-on or --hold: there is no terminal to ask on"])
                raise typer.Exit(3)
            if not (go_on if go_on is not None else typer.confirm(f"{words}. Go on with it?")):
                held = pipeline.hold_edition(app, edition, "held when the database was unlocked")
                print(f"{held.key}: {held.state.value}")
        instance.unlock(app.database, app.instance_file, secrets.token_hex(16))
        print(f"{app.database.name}: unlocked; stop the database it was copied from")


def _going(app: "App") -> "list[tuple[Edition, str]]":
    """Return the editions that would go out by themselves, with what to say of each."""
    from digest.model import EditionState
    from digest.store import editions, outbox

    with app.database.reading() as tx:
        found = editions.in_state(tx, [EditionState.APPROVED, EditionState.SENDING])
        books = [outbox.numbers(tx, edition.id) for edition in found]
    return [
        (e, f"{e.key} is {e.state.value}: {n.sent:,} sent, {counted(n.open, 'reader')} to go")
        for e, n in zip(found, books, strict=True)
    ]
