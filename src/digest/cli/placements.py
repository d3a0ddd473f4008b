"""`digest placements`."""

from datetime import datetime

import typer

from digest.cli.common import Json, group, opened, print_list

_DAY = typer.Option(None, formats=["%Y-%m-%d"], help="YYYY-MM-DD, inclusive.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    placements = group(app, "placements", "Sponsors' texts.")
    placements.command("add")(add)
    placements.command("list")(list_placements)
    placements.command("remove")(remove)


def add(
    context: typer.Context,
    sponsor: str = typer.Option(..., help="Who pays; stands in the label."),
    title: str = typer.Option(...),
    text: str = typer.Option(...),
    url: str = typer.Option(...),
    button: str = typer.Option("", help="Text of the button; empty: no button."),
    newsletter: str = typer.Option("", help="Empty: every newsletter."),
    starts: datetime | None = _DAY,
    ends: datetime | None = _DAY,
) -> None:
    """Add a sponsor's text; two that run on an edition's day stand in it."""
    from digest.pipeline import add_placement

    values = {
        "sponsor": sponsor,
        "title": title,
        "text": text,
        "url": url,
        "button": button,
        "newsletter": newsletter,
        "starts_on": starts.date() if starts else None,
        "ends_on": ends.date() if ends else None,
    }
    with opened(context) as app:
        print(f"added placement {add_placement(app, values)}: {sponsor}")


def list_placements(context: typer.Context, as_json: bool = Json) -> None:
    """List all placements."""
    from digest import shapes
    from digest.store import placements

    with opened(context) as app, app.database.reading() as tx:
        every = placements.every(tx)
    heads = ("id", "sponsor", "title", "newsletter", "from", "to")
    rows = [
        (p.id, p.sponsor, p.title, p.newsletter or "all", p.starts_on or "", p.ends_on or "")
        for p in every
    ]
    print_list([shapes.placement(each) for each in every], heads, rows, as_json=as_json)


def remove(
    context: typer.Context, number: int = typer.Argument(..., metavar="PLACEMENT", min=1)
) -> None:
    """Remove a sponsor's text; editions that are built already keep it."""
    from digest.store import placements

    with opened(context) as app, app.database.transaction() as tx:
        placements.remove(tx, number)
    print(f"removed placement {number}")
