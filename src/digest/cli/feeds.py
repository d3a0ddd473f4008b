"""`digest feeds` and `digest fetch`."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from digest.cli.common import (
    Json,
    counted,
    group,
    local,
    opened,
    print_fields,
    print_list,
    progress,
    say_errors,
)

if TYPE_CHECKING:
    from digest.app import App
    from digest.pipeline import Gathered


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("fetch")(fetch)
    feeds = group(app, "feeds", "The places articles come from.")
    feeds.command("add")(add)
    feeds.command("list")(list_feeds)
    feeds.command("show")(show)
    feeds.command("edit")(edit)
    feeds.command("remove")(remove)
    feeds.command("import")(import_opml)
    feeds.command("export")(export_opml)


def fetch(
    context: typer.Context,
    names: list[str] = typer.Argument(None, metavar="[FEED]…", help="Ids or addresses."),
    force: bool = typer.Option(False, "--force", help="Also feeds that are not due, in full."),
) -> None:
    """Read the feeds that are due."""
    from digest.pipeline import fetch_feeds

    with opened(context) as app, progress() as show:
        total, seen = 0, 0

        def begin(number: int) -> None:
            nonlocal total
            total = number

        def say(gathered: "Gathered") -> None:
            nonlocal seen
            say_gathered(gathered)
            seen += 1
            show(seen, total)

        done = fetch_feeds(app, names or [], force=force, on_start=begin, on_done=say)
        if not done:
            print(_why_none(app))
    if done and all(gathered.error for gathered in done):
        raise typer.Exit(1)


def _why_none(app: "App") -> str:
    from digest.store import feeds

    with app.database.reading() as tx:
        if feeds.every(tx):
            return "no feed is due; `digest fetch --force` reads them all the same"
    return "there is no feed yet; `digest feeds add ADDRESS` adds one"


def say_gathered(done: "Gathered") -> None:
    """Print what one feed or file gave, and what was refused and why."""
    if done.error:
        say_errors([done.error if done.name in done.error else f"{done.name}: {done.error}"])
        return
    stored = done.stored
    counts = f"{stored.new} new, {stored.updated} updated, {stored.unchanged} unchanged"
    print(f"{done.name}: {done.note or counts}")
    say_errors(f"{done.name}: refused: {reason}" for reason in done.refused)


def add(
    context: typer.Context,
    url: str = typer.Argument(..., metavar="URL", help="Of a feed, or of a site's home page."),
    title: str = typer.Option("", help="Shown as the source; empty: the feed's own title."),
    section: str = typer.Option("", help="Category of articles that bring none."),
    front_page: bool = typer.Option(
        False, "--front-page", help="Watch which article stands where on this page."
    ),
    as_is: bool = typer.Option(False, "--as-is", help="Add this address without looking."),
    full_text: bool = typer.Option(
        False, "--full-text", help="Complete the articles from their pages."
    ),
) -> None:
    """Add a feed, or the one a page leads to."""
    from digest.model import FeedKind
    from digest.pipeline import add_feed

    kind = FeedKind.FRONT_PAGE if front_page else FeedKind.ARTICLES
    with opened(context) as app:
        added = add_feed(
            app, url, title=title, section=section, kind=kind, as_is=as_is, full_text=full_text
        )
    print(f"added feed {added.feed.id}: {added.feed.url}; `digest fetch` reads it")
    if added.why:
        print(f"  why: {added.why}")
    for other in added.others:
        print(f"  passed over: {other}")


def list_feeds(context: typer.Context, as_json: bool = Json) -> None:
    """List the feeds with their health."""
    from digest import shapes
    from digest.model import FeedKind
    from digest.store import feeds

    with opened(context) as app, app.database.reading() as tx:
        every, zone = feeds.every(tx), app.settings.zone
    rows = (
        (
            f.id,
            f.title or f.url,
            f.kind.value if f.kind is FeedKind.FRONT_PAGE else f.section,
            local(f.last_success_at, zone, "never"),
            "ended" if f.ended else local(f.next_due_at, zone, "now"),
            f.last_error,
        )
        for f in every
    )
    heads = ("id", "feed", "section", "last success", "next due", "last error")
    print_list([shapes.feed(feed) for feed in every], heads, rows, as_json=as_json)


def show(
    context: typer.Context, name: str = typer.Argument(..., metavar="FEED"), as_json: bool = Json
) -> None:
    """Show one feed."""
    from digest import shapes
    from digest.store import feeds

    with opened(context) as app, app.database.reading() as tx:
        shape = shapes.feed(feeds.find(tx, name))
    print_fields(shape, as_json=as_json)


def edit(
    context: typer.Context,
    name: str = typer.Argument(..., metavar="FEED"),
    section: str | None = typer.Option(None, help="Category of articles that bring none."),
    full_text: bool | None = typer.Option(
        None, "--full-text/--no-full-text", help="Complete new articles from their pages, or not."
    ),
) -> None:
    """Change what is done with a feed's articles from the next fetch on."""
    from digest.store import feeds

    given = {"section": section, "full_text": full_text}
    changes = {key: value for key, value in given.items() if value is not None}
    if not changes:
        raise typer.BadParameter("say what to change: --section, --full-text or --no-full-text")
    with opened(context) as app, app.database.transaction() as tx:
        feed = feeds.find(tx, name)
        feeds.update(tx, feed.id, **changes)
    print(f"changed feed {feed.id}: {feed.url}")


def remove(context: typer.Context, name: str = typer.Argument(..., metavar="FEED")) -> None:
    """Remove a feed; its articles stay."""
    from digest.store import feeds

    with opened(context) as app, app.database.transaction() as tx:
        feed = feeds.find(tx, name)
        feeds.remove(tx, feed.id)
    print(f"removed feed {feed.id}: {feed.url}; its articles stay")


def import_opml(context: typer.Context, path: Path = typer.Argument(..., metavar="FILE")) -> None:
    """Add the feeds of an OPML file; those there already stay as they are."""
    from digest.errors import WrongState
    from digest.ingest import opml
    from digest.store import feeds

    added = known = 0
    found = opml.parse(read_file(path))
    with opened(context) as app, app.database.transaction() as tx:
        for entry in found:
            try:
                named = entry.title if entry.title != entry.url else ""
                feeds.add(tx, entry.url, named, entry.section)
                added += 1
            except WrongState:
                known += 1
    print(f"{counted(added, 'feed')} added, {known} known already")


def read_file(path: Path) -> bytes:
    """Return a file's bytes; NotFound says what is wrong with it."""
    from digest.errors import NotFound

    try:
        return path.read_bytes()
    except OSError as error:
        raise NotFound(f"{path}: cannot be read: {error.strerror}") from error


def export_opml(
    context: typer.Context,
    out: Path | None = typer.Option(None, "--out", help="A file; else stdout."),
) -> None:
    """Write the feeds as OPML; it has no word for a front page."""
    from digest.ingest import opml
    from digest.model import FeedKind
    from digest.store import feeds

    with opened(context) as app, app.database.reading() as tx:
        outlines = [
            opml.Listed(feed.url, feed.title, feed.section)
            for feed in feeds.every(tx)
            if feed.kind is FeedKind.ARTICLES
        ]
        text = opml.write(outlines, app.settings.publication.name)
    if out is None:
        print(text)
    else:
        out.write_text(text, encoding="utf-8")
