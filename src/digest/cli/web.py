"""`digest web`: who may use the desk."""

import secrets
import sys

import typer

from digest.cli.common import group, opened


def register(app: typer.Typer) -> None:
    """Add the commands."""
    web = group(app, "web", "The desk in the browser: who may use it.")
    web.command("create-admin")(create_admin)
    web.command("remove-admin")(remove_admin)


def create_admin(
    context: typer.Context,
    name: str = typer.Argument(..., metavar="NAME"),
    role: str = typer.Option("editor", "--role", help="editor, or owner: people and settings too."),
    reset: bool = typer.Option(
        False, "--reset", help="Give one there is a new password and this role; log them out."
    ),
) -> None:
    """Let somebody use the desk; without a terminal the password is read from standard input.

    An empty password makes one, which is printed this once.
    """
    from digest.web.admin.accounts import create_admin as create

    with opened(context) as app:
        given = _password()
        password = given or secrets.token_urlsafe(15)
        create(app, name, role, password, reset=reset)
        address = f"{app.settings.web.base_url}/admin"
    print(f"{name} may use the desk as {role}: {address}")
    if not given:
        print(f"password, shown this once: {password}")


def _password() -> str:
    """Return the password that is typed twice, or the first line that comes in."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    return str(
        typer.prompt(
            "Password (empty: one is made)",
            default="",
            show_default=False,
            hide_input=True,
            confirmation_prompt=True,
        )
    )


def remove_admin(context: typer.Context, name: str = typer.Argument(..., metavar="NAME")) -> None:
    """Take the desk from somebody, at once."""
    from digest.store import admins

    with opened(context) as app, app.database.transaction() as tx:
        admins.remove(tx, name)
    print(f"{name} may not use the desk any more")
