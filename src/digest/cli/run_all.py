"""`digest run` and `digest schedule`."""

import typer

from digest.cli.common import Json, opened, print_json, print_table


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("run")(run)
    app.command("schedule")(schedule)


def run(
    context: typer.Context,
    log_json: bool = typer.Option(False, "--log-json", help="Log one JSON document a line."),
) -> None:
    """Serve the pages, watch the schedule and send, in one process, until stopped."""
    from digest.web.serve import serve

    with opened(context) as app:
        serve(app, log_json=log_json)


def schedule(
    context: typer.Context,
    count: int = typer.Option(5, "-n", min=1, max=1000, help="How many of each newsletter."),
    year: bool = typer.Option(False, "--year", help="Print the next year as iCalendar."),
    as_json: bool = Json,
) -> None:
    """List the next slots of each newsletter in local time and UTC, and what the clocks do."""
    from digest import shapes
    from digest.pipeline import upcoming
    from digest.pipeline.calendar import year as calendar_of

    with opened(context, current=False) as app:
        if year:
            typer.echo(calendar_of(app), nl=False)
            return
        found = upcoming(app, count)
        zone = app.settings.publication.timezone
    if as_json:
        rows = [
            {
                "newsletter": slug,
                "local_date": slot.on.isoformat(),
                "instant": shapes.moment(slot.at),
                "local_time": local,
                "zone": zone,
                "note": note,
            }
            for slug, slot, local, note in found
        ]
        print_json(rows)
        return
    lines = [(slug, local, zone, shapes.moment(slot.at), note) for slug, slot, local, note in found]
    print_table(("newsletter", "local time", "zone", "instant", "note"), lines)
