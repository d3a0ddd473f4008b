"""`digest keys`: what programs open the API with."""

import typer

from digest.cli.common import Json, group, local, opened, print_list


def register(app: typer.Typer) -> None:
    """Add the commands."""
    keys = group(app, "keys", "Keys that programs open the API with.")
    keys.command("add")(add)
    keys.command("list")(list_keys)
    keys.command("revoke")(revoke)


def add(
    context: typer.Context,
    name: str = typer.Argument(..., help="Which program it is for."),
    scopes: list[str] = typer.Option(
        ..., "--scope", help="What it may do, such as articles:write; may be repeated."
    ),
) -> None:
    """Make a key and print it once; only its hash is kept."""
    from digest.store import access
    from digest.text import clean
    from digest.web.keys import SCOPES, new_secret

    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]!r} is not one of {', '.join(SCOPES)}")
    if not clean(name) or len(name) > 60:
        raise typer.BadParameter("name the program in at most 60 characters")
    secret = new_secret()
    with opened(context) as app, app.database.transaction() as tx:
        access.add_key(tx, clean(name), secret, tuple(dict.fromkeys(scopes)), app.now())
    print(secret)


def list_keys(context: typer.Context, as_json: bool = Json) -> None:
    """List the keys by name; the keys themselves are not known any more."""
    from digest.shapes import moment
    from digest.store import access

    with opened(context) as app, app.database.reading() as tx:
        found, zone = access.every_key(tx), app.settings.zone
    shapes = [
        {
            "name": key.name,
            "scopes": list(key.scopes),
            "created_at": moment(key.created_at),
            "revoked_at": moment(key.revoked_at),
        }
        for key in found
    ]
    rows = [
        (key.name, " ".join(key.scopes), local(key.created_at, zone), local(key.revoked_at, zone))
        for key in found
    ]
    print_list(shapes, ("name", "scopes", "created", "revoked"), rows, as_json=as_json)


def revoke(context: typer.Context, name: str = typer.Argument(...)) -> None:
    """Let a key open nothing more, from now on."""
    from digest.store import access

    with opened(context) as app, app.database.transaction() as tx:
        access.revoke_key(tx, name, app.now())
    print(f"revoked {name}")
