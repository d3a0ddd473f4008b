"""`digest articles`."""

from pathlib import Path

import typer

from digest.cli import hand
from digest.cli.common import (
    Json,
    counted,
    group,
    opened,
    print_fields,
    print_list,
    say_errors,
)
from digest.cli.feeds import say_gathered

_NAMED = 5  #: unmatched addresses that are printed


def register(app: typer.Typer) -> None:
    """Add the commands."""
    articles = group(app, "articles", "The stored articles.")
    articles.command("import")(import_articles)
    articles.command("list")(list_articles)
    articles.command("show")(show)
    hand.register_articles(articles)
    signals = group(articles, "signals", "Popularity counts of the stored articles.")
    signals.command("import")(import_signals)


def import_articles(
    context: typer.Context,
    paths: list[Path] = typer.Argument(..., metavar="PATH…", help="Files and folders."),
    section: str = typer.Option("", help="Category of articles that bring none."),
) -> None:
    """Import files: feeds, WordPress posts, HTML pages, Markdown, JSON, JSONL, CSV, plain text."""
    from digest.pipeline import import_files
    from digest.store.articles import Stored

    with opened(context) as app:
        done = import_files(app, paths, section=section)
    total = Stored()
    for gathered in done:
        say_gathered(gathered)
        total += gathered.stored
    refused = sum(len(g.refused) + bool(g.error) for g in done)
    counts = f"{total.new} new, {total.updated} updated, {total.unchanged} unchanged"
    print(f"{counted(len(done), 'file')}: {counts}, {refused} refused")
    if done and all(gathered.error for gathered in done):
        raise typer.Exit(1)


def import_signals(
    context: typer.Context, path: Path = typer.Argument(..., metavar="FILE")
) -> None:
    """Import counts: CSV or JSON, exports of Plausible, Google Analytics, WordPress."""
    from digest.pipeline import import_counts

    with opened(context) as app:
        done = import_counts(app, path)
    say_errors(f"  refused: {reason}" for reason in done.refused)
    lost = (
        f", {counted(len(done.unmatched), 'address')} of no stored article"
        if done.unmatched
        else ""
    )
    print(f"{counted(done.added, 'count')} added, {done.known} known already{lost}")
    say_errors(f"  no such article: {address}" for address in done.unmatched[:_NAMED])
    if done.refused and not done.added and not done.known:
        raise typer.Exit(1)


def list_articles(
    context: typer.Context,
    limit: int = typer.Option(50, "-n", "--limit", min=0, help="How many; 0 for all."),
    as_json: bool = Json,
) -> None:
    """List articles, newest first."""
    from digest import shapes
    from digest.store import articles

    with opened(context) as app, app.database.reading() as tx:
        found = articles.newest(tx, None if limit == 0 or as_json else limit)
    rows = (
        (a.id, f"{a.published_at:%Y-%m-%d %H:%M}" if a.published_at else "", a.title, a.author)
        for a in found
    )
    heads = ("id", "published", "title", "author")
    print_list([shapes.article(article) for article in found], heads, rows, as_json=as_json)


def show(
    context: typer.Context, name: str = typer.Argument(..., metavar="ARTICLE"), as_json: bool = Json
) -> None:
    """Show one article."""
    from digest import shapes
    from digest.store import articles

    with opened(context) as app, app.database.reading() as tx:
        found = articles.find(tx, name)
    shape = shapes.article(found) | {"boost": found.boost, "body": found.body}
    print_fields(shape, as_json=as_json)
