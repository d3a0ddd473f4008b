"""What is decided by hand: of one edition, and of an article everywhere."""

import getpass

import typer

from digest.cli.common import opened

_EDITION = typer.Argument(..., metavar="EDITION")
_ARTICLE = typer.Argument(..., metavar="ARTICLE", help="An id, its beginning, or an address.")
_PLACE = typer.Option(0, "--place", min=0, max=50, help="Counted from 1.")
BY = typer.Option("", "--by", help="Who decides; else the user of this computer.")
_UNDO = typer.Option(False, "--undo", help="Take it back.")


def register_editions(editions: typer.Typer) -> None:
    """Add what is decided of one edition."""
    for command in (pin, drop, move, pause, resume, cancel, skip):
        editions.command(command.__name__)(command)
    editions.command("edit")(edit_edition)


def register_articles(articles: typer.Typer) -> None:
    """Add what is decided of an article everywhere."""
    articles.command("hide")(hide)
    articles.command("edit")(edit_article)
    articles.command("boost")(boost)


def who(by: str) -> str:
    """Return who decides: the name given, else the user of the computer."""
    try:
        return by or getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return "unknown"


def pin(
    context: typer.Context,
    name: str = _EDITION,
    article: str = _ARTICLE,
    place: int = _PLACE,
    by: str = BY,
    undo: bool = _UNDO,
) -> None:
    """Pin an article to a place of a draft's top list, whatever its score and the caps say.

    Without --place to the first place nothing is pinned to.
    """
    _move(context, name, article, "", place, by, undo=undo)


def drop(
    context: typer.Context,
    name: str = _EDITION,
    article: str = _ARTICLE,
    by: str = BY,
    undo: bool = _UNDO,
) -> None:
    """Keep the story an article tells out of a draft."""
    _move(context, name, article, "out", 0, by, undo=undo)


def move(
    context: typer.Context,
    name: str = _EDITION,
    article: str = _ARTICLE,
    to: str = typer.Option("", "--to", help='A section\'s title or category, or "top".'),
    place: int = _PLACE,
    by: str = BY,
    undo: bool = _UNDO,
) -> None:
    """Move an article to a list of a draft; without --place its score says where in it."""
    if not to and not undo:
        raise typer.BadParameter("say where: --to SECTION or --to top")
    _move(context, name, article, to, place, by, undo=undo)


def _move(
    context: typer.Context, name: str, article: str, to: str, place: int, by: str, *, undo: bool
) -> None:
    """Put an article somewhere, pin it without a list's name; print where it stands now."""
    from digest import pipeline
    from digest.explain.told import section_stories

    with opened(context) as app:
        edition = pipeline.find_edition(app, name)
        if undo:
            made, found = pipeline.undo_place(app, edition, article, who(by))
        elif to:
            made, found = pipeline.place_article(app, edition, article, to, place, who(by))
        else:
            made, found = pipeline.pin_article(app, edition, article, place, who(by))
    stands = {placed.lead.id: (section, placed.place) for section, placed in section_stories(made)}
    where = "{}, place {}".format(*stands[found.id]) if found.id in stands else "left out"
    print(f"{made.key}: {found.title}: {where}")
    if made.reason:
        print(f"{made.key}: {made.state.value}, {made.reason}")


def edit_edition(
    context: typer.Context,
    name: str = _EDITION,
    subject: str | None = typer.Option(None, "--subject"),
    stand_first: str | None = typer.Option(None, "--stand-first"),
    note: str | None = typer.Option(None, "--note", help="Stands above the lead."),
    by: str = BY,
) -> None:
    """Set a draft's subject, stand-first or note; an empty one is made as before."""
    from digest import pipeline

    given = {"subject": subject, "stand_first": stand_first, "note": note}
    words = {key: value for key, value in given.items() if value is not None}
    with opened(context) as app:
        made = pipeline.edit_words(app, pipeline.find_edition(app, name), words, who(by))
    print(f"{made.key}: {made.subject}")


def pause(
    context: typer.Context,
    name: str = _EDITION,
    reason: str = typer.Option("", "--reason"),
    by: str = BY,
) -> None:
    """Let no new mail of an edition start; mails on open connections finish."""
    from digest import pipeline

    with opened(context) as app:
        edition = pipeline.find_edition(app, name)
        made = pipeline.pause_edition(app, edition, _because("paused", by, reason))
    print(f"{made.key}: paused; `digest editions resume {made.key}` lets it go on")


def resume(context: typer.Context, name: str = _EDITION) -> None:
    """Let a paused edition go on where it was, with `digest run` or `digest send`."""
    from digest import pipeline

    with opened(context) as app:
        made = pipeline.resume_edition(app, pipeline.find_edition(app, name))
    print(f"{made.key}: sending; a running `digest run` goes on, else `digest send {made.key}`")


def cancel(
    context: typer.Context,
    name: str = _EDITION,
    reason: str = typer.Option("", "--reason"),
    by: str = BY,
) -> None:
    """Call an edition back; it is a draft again if no mail was handed over yet, else closed."""
    from digest import pipeline

    with opened(context) as app:
        edition = pipeline.find_edition(app, name)
        made = pipeline.cancel_edition(app, edition, _because("cancelled", by, reason))
    print(f"{made.key}: {made.state.value}{', ' + made.reason if made.reason else ''}")


def skip(
    context: typer.Context,
    name: str = typer.Argument(..., metavar="EDITION", help="Or NEWSLETTER@DATE of a slot."),
    reason: str = typer.Option("", "--reason"),
    by: str = BY,
    undo: bool = _UNDO,
) -> None:
    """Leave a slot out, with the reason."""
    from digest import pipeline

    with opened(context) as app:
        if undo:
            made = pipeline.undo_skip(app, pipeline.find_edition(app, name))
        else:
            made = pipeline.skip_slot(app, name, _because("skipped", by, reason))
    print(f"{made.key}: {made.reason or made.state.value}")


def _because(what: str, by: str, reason: str) -> str:
    return f"{what} by {who(by)}" + (f": {reason}" if reason else "")


def hide(context: typer.Context, name: str = _ARTICLE, by: str = BY, undo: bool = _UNDO) -> None:
    """Keep an article out of every edition built from now on."""
    from digest import pipeline

    with opened(context) as app:
        found = pipeline.decide_article(app, name, {"hidden": not undo}, who(by))
    print(f"{found.id} {found.title}: {'hidden' if found.hidden else 'shown'} from now on")


def edit_article(
    context: typer.Context,
    name: str = _ARTICLE,
    title: str | None = typer.Option(None, "--title"),
    summary: str | None = typer.Option(None, "--summary"),
    author: str | None = typer.Option(None, "--author"),
    author_bio: str | None = typer.Option(None, "--author-bio"),
    category: list[str] | None = typer.Option(None, "--category", help="May be repeated."),
    image_url: str | None = typer.Option(None, "--image-url"),
    image_caption: str | None = typer.Option(None, "--image-caption"),
    by: str = BY,
) -> None:
    """Edit what is shown of an article; a fetch keeps it. An empty value is the source's again."""
    from digest import pipeline

    given = {
        "title": title,
        "summary": summary,
        "author": author,
        "author_bio": author_bio,
        "categories": category or None,
        "image_url": image_url,
        "image_caption": image_caption,
    }
    values = {key: value for key, value in given.items() if value is not None}
    with opened(context) as app:
        found = pipeline.decide_article(app, name, values, who(by))
    print(f"{found.id} {found.title}: edited; editions built from now on show it")


def boost(
    context: typer.Context,
    name: str = _ARTICLE,
    points: float = typer.Option(..., "--points", help="May be negative; 0 takes it back."),
    by: str = BY,
) -> None:
    """Add points to an article's score in every edition built from now on."""
    from digest import pipeline

    with opened(context) as app:
        found = pipeline.decide_article(app, name, {"boost": points}, who(by))
    print(f"{found.id} {found.title}: boost {found.boost:+g} from now on")
