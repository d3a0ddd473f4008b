"""`digest subscribers`: one person at a time."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from digest.cli import people
from digest.cli.common import Json, group, opened, print_fields, print_json, say_errors
from digest.cli.hand import BY, who

if TYPE_CHECKING:
    from digest.app import App

_EMAIL = typer.Argument(..., metavar="EMAIL")
_NEWSLETTER = typer.Option("", help="Empty: the first newsletter of the config.")

_ABOUT = ("origin", "words", "by", "ip")  #: of an entry in the consent log


def register(app: typer.Typer) -> None:
    """Add the commands."""
    subscribers = group(app, "subscribers", "The people who asked for a newsletter.")
    for command in (add, edit, show, confirm, unsubscribe, erase, suppress, unsuppress):
        subscribers.command(command.__name__)(command)
    people.register(subscribers)


def slug_of(app: "App", newsletter: str) -> str:
    """Return the newsletter that is meant: the one given, else the first."""
    return newsletter or next(iter(app.settings.newsletters))


def add(
    context: typer.Context,
    email: str = _EMAIL,
    newsletter: str = _NEWSLETTER,
    confirmed: bool = typer.Option(False, "--confirmed", help="They have asked for it already."),
    name: str = typer.Option("", help="How the list shows them."),
    consent: str = typer.Option("", "--consent", help="What they agreed to, for the log."),
    by: str = BY,
) -> None:
    """Add a person; without --confirmed they get a mail with a link to confirm."""
    from digest.membership import add_subscriber

    with opened(context) as app:
        slug, by = slug_of(app, newsletter), who(by)
        added = add_subscriber(
            app, email, slug, confirmed=confirmed, name=name, by=by, words=consent
        )
    said = {
        "active": "is subscribed to",
        "unchanged": "was subscribed already to",
        "pending": "is asked by mail to confirm",
    }
    if added.note:
        say_errors([f"{added.email} is noted but not asked yet: {added.note}", "add them again"])
        raise typer.Exit(1)
    print(f"{added.email} {said[added.outcome]} {added.newsletter}")


def edit(
    context: typer.Context,
    email: str = _EMAIL,
    to: str = typer.Option("", "--email", help="Another address: they must confirm again."),
    name: str | None = typer.Option(None, help="How the list shows them."),
    language: str | None = typer.Option(None, help="Such as de; empty: the publication's."),
    timezone: str | None = typer.Option(None, help="Such as Europe/Berlin; empty: the same."),
    tag: list[str] | None = typer.Option(None, "--tag", help="All their tags; may be repeated."),
    newsletter: str = _NEWSLETTER,
    mute: list[str] | None = typer.Option(
        None, "--mute", help="All categories they do not want; may be repeated; empty: none."
    ),
    density: str | None = typer.Option(None, help="full, compact or headlines; empty: usual."),
    by: str = BY,
) -> None:
    """Change what is given of a person, and how they want a newsletter."""
    from digest import membership

    with opened(context) as app:
        tags = None if tag is None else tuple(tag)
        if mute is not None or density is not None:
            muted = None if mute is None else tuple(mute)
            slug = slug_of(app, newsletter)
            membership.prefer(app, email, slug, muted=muted, density=density)
            _say_unknown(slug, muted or (), membership.categories_of(app, slug))
        person = membership.edit_subscriber(
            app, email, name=name, language=language, timezone=timezone, tags=tags
        )
        problems = membership.change_address(app, email, to, who(by)) if to else []
    print(f"{person.email} is changed" + (f"; {to} is asked by mail to confirm" if to else ""))
    if problems:
        say_errors(problems)
        raise typer.Exit(1)


def _say_unknown(slug: str, muted: Sequence[str], known: Sequence[str]) -> None:
    """Say which muted categories the newsletter has no section for: it may be a slip."""
    strange = [category for category in muted if category and category not in known]
    if strange:
        there = f"{slug} has {', '.join(known) or 'none yet'}"
        say_errors([f"no section now: {', '.join(strange)}; {there}"])


def show(context: typer.Context, email: str = _EMAIL, as_json: bool = Json) -> None:
    """Show one person, how they want each newsletter, and how their consent came about."""
    from digest import membership, shapes

    with opened(context) as app:
        person = membership.find_subscriber(app, email)
        slugs = app.settings.newsletters
        known = {slug: membership.categories_of(app, slug) for slug in slugs}
        shape = shapes.subscriber(person, known)
        theirs = membership.person_shape(app, email)["subscriptions"]
    if as_json:
        print_json(shape | {"subscriptions": theirs})
        return
    print_fields({k: ", ".join(v) if isinstance(v, list) else v for k, v in shape.items()})
    for each in theirs:
        wishes = [f"without {', '.join(each['muted'])}"] if each["muted"] else []
        said = ", ".join([each["state"], *wishes, *filter(None, [each["density"]])])
        print(f"\n{each['newsletter']}: {said}")
        for entry in each["log"]:
            about = ", ".join(entry[name] for name in _ABOUT if entry[name])
            print(f"  {entry['at']} {entry['what']}: {about}")


def confirm(
    context: typer.Context,
    email: str = _EMAIL,
    consent: str = typer.Option(..., "--consent", help="On what basis, for the log."),
    newsletter: str = _NEWSLETTER,
    by: str = BY,
) -> None:
    """Make a pending subscription active on a basis you state; never who left."""
    from digest.membership import confirm_by_hand

    with opened(context) as app:
        made = confirm_by_hand(app, email, slug_of(app, newsletter), consent, who(by))
    print(f"{email} is subscribed to {made.newsletter}")


def unsubscribe(
    context: typer.Context,
    email: str = _EMAIL,
    newsletter: str = typer.Option("", help="Empty: every newsletter."),
    by: str = BY,
) -> None:
    """End a person's subscriptions at once."""
    from digest.membership import end_subscription

    with opened(context) as app:
        ended = end_subscription(app, email, newsletter, by=who(by))
    names = ", ".join(subscription.newsletter for subscription in ended)
    print(f"{email} no longer gets {names or 'anything'}")


def erase(
    context: typer.Context,
    email: str = _EMAIL,
    yes: bool = typer.Option(False, "--yes", help="Do not ask."),
) -> None:
    """Delete all that is known of a person; a fingerprint stays that keeps the address out."""
    from digest.membership import erase_subscriber

    with opened(context) as app:
        if not yes:
            typer.confirm(f"Erase {email}? This cannot be undone.", abort=True)
        known = erase_subscriber(app, email)
    print(f"{email} is erased" if known else f"{email} was not on the list; it is suppressed now")


def suppress(
    context: typer.Context,
    email: str = _EMAIL,
    reason: str = typer.Option("admin", help="bounced, complained, asked or admin."),
    note: str = typer.Option("", help="In words."),
) -> None:
    """Mail an address no more, whoever asks for it."""
    from digest.membership import suppress_address
    from digest.model import SuppressionReason

    if reason not in list(SuppressionReason):
        raise typer.BadParameter(f"{reason!r} is not one of {', '.join(SuppressionReason)}")
    with opened(context) as app:
        suppress_address(app, email, SuppressionReason(reason), note)
    print(f"{email} is suppressed")


def unsuppress(
    context: typer.Context,
    email: str = _EMAIL,
    reason: str = typer.Option(..., "--reason", help="Why it may be mailed again."),
    by: str = BY,
) -> None:
    """Lift a suppression, never a complaint; who left stays out."""
    from digest.membership import unsuppress_address

    with opened(context) as app:
        unsuppress_address(app, email, reason, who(by))
    print(f"{email} may be mailed again, if it is subscribed")
