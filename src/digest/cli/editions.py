"""`digest build`, `explain`, `editions`."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from digest.cli import hand, preview
from digest.cli.common import (
    Json,
    counted,
    group,
    opened,
    parse_moment,
    print_json,
    print_list,
    say_errors,
)

if TYPE_CHECKING:
    from digest.app import App
    from digest.model import Edition


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("build")(build)
    app.command("explain")(explain)
    preview.register(app)
    editions = group(app, "editions", "The issues: list, show, approve.")
    editions.command("list")(list_editions)
    editions.command("show")(show)
    editions.command("approve")(approve)
    hand.register_editions(editions)


def build(
    context: typer.Context,
    newsletter: str = typer.Argument("", metavar="[NEWSLETTER]"),
    at: str = typer.Option("", help="For the slot of this instant, e.g. 2026-11-23T07:30:00Z."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Store nothing."),
    check: bool = typer.Option(False, "--check", help="Ask first which articles are still there."),
    as_json: bool = Json,
) -> None:
    """Rank the window's articles and lay out a draft edition for a slot."""
    from digest import pipeline

    moment = parse_moment(at) if at else None
    with opened(context) as app:
        slug = newsletter or next(iter(app.settings.newsletters))
        if check:
            gone = pipeline.drop_unpublished(app, slug, moment)
            say_errors(f"unpublished: {article.title} {article.url}" for article in gone)
        make = pipeline.compose_next if dry_run else pipeline.draft_edition
        edition = make(app, slug, moment)
        say_edition(app, edition, as_json=as_json)
    if edition.reason:
        raise typer.Exit(1)


def say_edition(app: "App", edition: "Edition", *, as_json: bool) -> None:
    """Print an edition with its books."""
    from digest import shapes
    from digest.store import outbox, variants

    with app.database.reading() as tx:
        numbers, shares = outbox.numbers(tx, edition.id), variants.shares(tx, edition.id)
    if as_json:
        print_json(shapes.edition(edition, numbers) | {"variants": shares})
        return
    print(f"{edition.key}: {edition.state.value}{', ' + edition.reason if edition.reason else ''}")
    print(f"subject: {edition.subject}")
    print(f"stand-first: {edition.stand_first}")
    print("\nWeek's Top Stories")
    for placed in edition.top_stories:
        print(f"{placed.place:>3}. {placed.lead.title}")
    for section in edition.sections:
        print(f"\n{section.title}")
        for placed in section.stories:
            print(f"{placed.place:>3}. {placed.lead.title}")
    if edition.placements:
        print(f"\nSponsors: {', '.join(placement.sponsor for placement in edition.placements)}")
    print(f"\n{counted(len(edition.left_out), 'article')} left out; `digest explain` says why")
    if len(shares) > 1:
        say_variants(shares)
    if numbers.frozen:
        settled = ", ".join(f"{name} {value}" for name, value in asdict(numbers).items())
        print(f"deliveries: {settled}")


def say_variants(shares: Sequence[Mapping[str, Any]]) -> None:
    """Print for each variant who gets it."""
    from digest.audience.choices import in_words
    from digest.model import Choice

    print(f"\n{len(shares)} variants")
    for each in shares:
        words = in_words(Choice(tuple(each["muted"]), each["density"], each["language"]))
        more = f", and {each['nearest']:,} for whom it is the nearest" if each["nearest"] else ""
        print(f"  {words}: {counted(each['readers'], 'reader')}{more}")


def explain(
    context: typer.Context,
    name: str = typer.Argument("latest", metavar="EDITION"),
    article: str = typer.Argument("", metavar="[ARTICLE]"),
    as_json: bool = Json,
    as_page: bool = typer.Option(False, "--html", help="Print one self-contained HTML page."),
    out: Path | None = typer.Option(None, "--out", help="A file for the page; else stdout."),
) -> None:
    """Say why each story is in, its score by signal, and why others are not."""
    from digest import explain as explaining
    from digest import pipeline
    from digest.explain.page import as_html
    from digest.store import articles

    if (out or as_page) and (article or as_json):
        raise typer.BadParameter("--html and --out are for a whole edition, without --json")
    with opened(context) as app:
        edition, one = pipeline.find_edition(app, name), None
        if article:
            with app.database.reading() as tx:
                one = articles.find(tx, article)
    if as_json:
        print_json(explaining.as_json(edition, one))
    elif out:
        out.write_text(as_html(edition), encoding="utf-8")
        print(out)
    elif as_page:
        print(as_html(edition), end="")
    else:
        text = explaining.one_as_text(edition, one) if one else explaining.as_text(edition)
        print(text, end="")


def list_editions(context: typer.Context, as_json: bool = Json) -> None:
    """List editions, newest slot first."""
    from digest import shapes
    from digest.store import editions, outbox

    with opened(context) as app, app.database.reading() as tx:
        every = [(edition, outbox.numbers(tx, edition.id)) for edition in editions.every(tx)]
    rows = (
        (e.id, e.key, e.state.value, e.subject, f"{n.sent} of {n.frozen}" if n.frozen else "")
        for e, n in every
    )
    heads = ("id", "edition", "state", "subject", "sent")
    print_list([shapes.edition(*each) for each in every], heads, rows, as_json=as_json)


def show(
    context: typer.Context,
    name: str = typer.Argument("latest", metavar="EDITION"),
    as_json: bool = Json,
) -> None:
    """Show one edition with its stories and its books."""
    from digest import pipeline

    with opened(context) as app:
        say_edition(app, pipeline.find_edition(app, name), as_json=as_json)


def approve(
    context: typer.Context, name: str = typer.Argument("latest", metavar="EDITION")
) -> None:
    """Approve a draft: its bytes are frozen and go out at its slot."""
    from digest import pipeline
    from digest.store import variants

    with opened(context) as app:
        edition = pipeline.approve_edition(app, pipeline.find_edition(app, name))
        with app.database.reading() as tx:
            shares = variants.shares(tx, edition.id)
    print(f"{edition.key}: approved, sha256 {edition.sha256}")
    if len(shares) > 1:
        say_variants(shares)
