"""`digest status`: what is going on, the last edition's numbers, and what is wrong."""

import typer

from digest.cli.common import Json, opened, print_fields


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("status")(status)


def status(context: typer.Context, as_json: bool = Json) -> None:
    """Say what is going out, what waits for a person, the last edition's numbers, what is wrong.

    Exit 1 when something is wrong: `stuck` names editions of which nothing was settled for five
    minutes, `results_waiting` counts results the database has not taken yet.
    """
    from dataclasses import asdict

    from digest import pipeline
    from digest.store import editions, outbox

    with opened(context) as app:
        facts = pipeline.health(app)
        with app.database.reading() as tx:
            newest = [each for each in editions.every(tx) if outbox.numbers(tx, each.id).frozen][:1]
            numbers = {each.key: asdict(outbox.numbers(tx, each.id)) for each in newest}
    for key, found in numbers.items():
        facts |= {"last_edition": key, "numbers": found}
    print_fields(facts if as_json else _words(facts), as_json=as_json)
    if not facts["ok"]:
        raise typer.Exit(1)


def _words(facts: dict[str, object]) -> dict[str, object]:
    """Return the facts as one line each."""
    return {name: _line(fact) for name, fact in facts.items()}


def _line(fact: object) -> object:
    if isinstance(fact, dict):
        return ", ".join(f"{name} {value}" for name, value in fact.items())
    if isinstance(fact, list):
        return ", ".join(map(str, fact)) or "none"
    return fact
