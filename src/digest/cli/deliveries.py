"""`digest deliveries`: the ledger, row by row."""

from contextlib import suppress
from typing import TYPE_CHECKING

import typer

from digest.cli.common import Json, counted, group, local, opened, print_fields, print_list
from digest.cli.hand import BY, who

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from digest.model import Delivery

_EDITION = typer.Argument("latest", metavar="EDITION")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    deliveries = group(app, "deliveries", "Who got an edition, and who did not.")
    deliveries.command("list")(list_deliveries)
    deliveries.command("show")(show)
    deliveries.command("uncertain")(uncertain)


def list_deliveries(
    context: typer.Context,
    name: str = _EDITION,
    state: str = typer.Option("", "--state", help="Only these, e.g. failed."),
    count: int = typer.Option(100, "-n", min=1, help="How many at most."),
    as_json: bool = Json,
) -> None:
    """List an edition's deliveries with the servers' last words."""
    from digest import pipeline
    from digest.model import DeliveryState
    from digest.store import deliveries

    known = [each.value for each in DeliveryState]
    if state and state not in known:
        raise typer.BadParameter(f"{state!r} is not one of {', '.join(known)}")
    with opened(context) as app:
        edition = pipeline.find_edition(app, name)
        with app.database.reading() as tx:
            wanted = DeliveryState(state) if state else None
            found = deliveries.of_edition(tx, edition.id, wanted, None if as_json else count)
    _print(found, app.settings.zone, as_json=as_json)


def show(
    context: typer.Context,
    name: str = typer.Argument(..., metavar="DELIVERY", help="Its id."),
    as_json: bool = Json,
) -> None:
    """Show one delivery."""
    from digest import shapes
    from digest.store import deliveries

    with opened(context) as app, app.database.reading() as tx:
        found = shapes.delivery(deliveries.find(tx, name))
    print_fields(found, as_json=as_json)


def uncertain(
    context: typer.Context,
    name: str = _EDITION,
    resend: bool = typer.Option(False, "--resend", help="Send what is uncertain again."),
    drop: bool = typer.Option(False, "--drop", help="Leave it: no second copy."),
    by: str = BY,
    as_json: bool = Json,
) -> None:
    """List the deliveries whose answer was lost, also those sent again since; decide of the rest.

    `--resend` may make second copies, with the same Message-ID; `--drop` may leave readers out.
    """
    from digest import pipeline
    from digest.errors import Locked
    from digest.store import deliveries

    if resend and drop:
        raise typer.BadParameter("--resend and --drop exclude each other")
    with opened(context) as app:
        with suppress(Locked):  # a copy is only looked at
            pipeline.name_doubts(app)
        edition = pipeline.find_edition(app, name)
        if resend:
            found = pipeline.resend_doubts(app, edition)
        elif drop:
            found = pipeline.drop_doubts(app, edition, f"dropped by {who(by)}")
        else:
            with app.database.reading() as tx:
                found = deliveries.doubted(tx, edition.id)
    _print(found, app.settings.zone, as_json=as_json)
    if resend and found and not as_json:
        words = counted(len(found), "delivery")
        print(f"{words} queued again: `digest send {edition.key}` or `digest run`")


def _print(found: "list[Delivery]", zone: "ZoneInfo", *, as_json: bool) -> None:
    from digest import shapes

    shown = [shapes.delivery(each) for each in found]
    names = ("id", "email", "state", "attempts", "doubts", "next_try_at", "reply")
    rows = [
        (d.id, d.email, d.state, d.attempts, d.doubts, local(d.next_try_at, zone), d.reply)
        for d in found
    ]
    print_list(shown, names, rows, as_json=as_json)
