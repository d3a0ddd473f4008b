"""`digest subscribers`."""

import typer

from digest.cli.common import Json, group, opened, print_fields, print_json, print_table, say_errors


def register(app: typer.Typer) -> None:
    """Add the commands."""
    subscribers = group(app, "subscribers", "The people who asked for a newsletter.")
    subscribers.command("add")(add)
    subscribers.command("list")(list_subscribers)
    subscribers.command("show")(show)
    subscribers.command("unsubscribe")(unsubscribe)


def add(
    context: typer.Context,
    email: str = typer.Argument(..., metavar="EMAIL"),
    newsletter: str = typer.Option("", help="Empty: the first newsletter of the config."),
    confirmed: bool = typer.Option(False, "--confirmed", help="They have asked for it already."),
    name: str = typer.Option("", help="How the list shows them."),
) -> None:
    """Add a person; without --confirmed they get a mail with a link to confirm."""
    from digest.membership import add_subscriber

    with opened(context) as app:
        slug = newsletter or next(iter(app.settings.newsletters))
        added = add_subscriber(app, email, slug, confirmed=confirmed, name=name)
    said = {
        "active": "is subscribed to",
        "unchanged": "was subscribed already to",
        "pending": "is asked by mail to confirm",
    }
    if added.note:
        say_errors([f"{added.email} is noted but not asked yet: {added.note}", "add them again"])
        raise typer.Exit(1)
    print(f"{added.email} {said[added.outcome]} {added.newsletter}")


def list_subscribers(
    context: typer.Context,
    limit: int = typer.Option(50, "-n", "--limit", min=0, help="How many; 0 for all."),
    as_json: bool = Json,
) -> None:
    """List people in the order they came."""
    from digest import shapes
    from digest.store import subscribers

    with opened(context) as app, app.database.reading() as tx:
        found = subscribers.every(tx, None if limit == 0 or as_json else limit)
    if as_json:
        print_json([shapes.subscriber(person) for person in found])
        return
    rows = [
        (p.email, p.name, shapes.status(p), ", ".join(s.newsletter for s in p.subscriptions))
        for p in found
    ]
    print_table(("address", "name", "status", "newsletters"), rows)


def show(
    context: typer.Context, email: str = typer.Argument(..., metavar="EMAIL"), as_json: bool = Json
) -> None:
    """Show one person."""
    from digest import shapes
    from digest.membership import find_subscriber

    with opened(context) as app:
        shape = shapes.subscriber(find_subscriber(app, email))
    print_fields(shape, as_json=as_json)


def unsubscribe(
    context: typer.Context,
    email: str = typer.Argument(..., metavar="EMAIL"),
    newsletter: str = typer.Option("", help="Empty: every newsletter."),
) -> None:
    """End a person's subscriptions at once."""
    from digest.membership import end_subscription

    with opened(context) as app:
        ended = end_subscription(app, email, newsletter)
    names = ", ".join(subscription.newsletter for subscription in ended)
    print(f"{email} no longer gets {names or 'anything'}")
