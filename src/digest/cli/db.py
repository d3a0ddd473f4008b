"""`digest db`: the database."""

import typer

from digest.cli.common import group, opened


def register(app: typer.Typer) -> None:
    """Add the commands."""
    db = group(app, "db", "The database: bring it up to date, check it.")
    db.command("upgrade")(upgrade)
    db.command("check")(check)


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
        print(f"{app.database.name}: up to date; the books of {len(every)} editions close")
