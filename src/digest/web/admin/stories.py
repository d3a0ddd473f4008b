"""The stories of an edition at the desk: order, pin, drop, move, edit, add, take back."""

from collections.abc import Callable

from fastapi import Response

from digest import pipeline
from digest.compose.hand import NO_PICTURE, OUT, RETOLD, TOP
from digest.errors import NotFound, WrongState
from digest.explain.told import section_stories
from digest.model import Article, Edition, PlacedStory
from digest.store import searching
from digest.web.admin import desk
from digest.web.admin.ask import EDITOR, Ask, Route

Did = tuple[Edition, Article, str]
_FOUND = 12  #: articles a search shows at the desk


def _change(ask: Ask) -> Response:
    """Do one thing to one story; the page says in words what became of it."""
    edition = desk.find(ask)
    what, _, to = ask.text("do").partition(" ")
    act = _DOES.get(what)
    if act is None:
        raise NotFound("There is no such thing to do.")
    made, article, did = act(ask, edition, to)
    ask.did, ask.about = f"{did} a story", f"{edition.key}: {article.title[:120]}"
    return desk.changed(ask, made, f"{article.title}: {_where(made, article)}.")


def _where(edition: Edition, article: Article) -> str:
    """Say where an article stands now."""
    for title, placed in section_stories(edition):
        if placed.lead.id == article.id:
            return f"place {placed.place} of {title}"
    return "left out"


def _shift(ask: Ask, edition: Edition, to: str) -> Did:
    """Move a story up or down its list, or to the place the form says."""
    name = ask.text("article")
    home, placed = _placed(edition, name)
    place = {"up": placed.place - 1, "down": placed.place + 1}.get(to) or _place(ask)
    wanted = ask.text("to") if not to else home
    made, article = pipeline.move_story(ask.app, edition, name, wanted or home, place, ask.by)
    return made, article, "moved"


def _placed(edition: Edition, article_id: str) -> tuple[str, PlacedStory]:
    lists = [(TOP, edition.top_stories)] + [(s.category, s.stories) for s in edition.sections]
    for name, stories in lists:
        for placed in stories:
            if placed.lead.id == article_id:
                return name, placed
    raise NotFound("This story is not in the edition any more; load the page again.")


def _place(ask: Ask) -> int:
    text = ask.text("place")
    if not (text.isascii() and text.isdecimal() and len(text) < 4):
        raise WrongState("a place is a number")
    return int(text)


def _pin(ask: Ask, edition: Edition, _to: str) -> Did:
    home, placed = _placed(edition, ask.text("article"))
    made, article = pipeline.move_story(
        ask.app, edition, placed.lead.id, home, placed.place, ask.by
    )
    return made, article, "pinned"


def _drop(ask: Ask, edition: Edition, _to: str) -> Did:
    made, article = pipeline.place_article(ask.app, edition, ask.text("article"), OUT, 0, ask.by)
    return made, article, "dropped"


def _send_to(ask: Ask, edition: Edition, _to: str) -> Did:
    """Move a story, or add an article, to a list; its score says where in it."""
    name, to = ask.text("article"), ask.text("to")
    made, article = pipeline.place_article(ask.app, edition, name, to, 0, ask.by)
    return made, article, "moved"


def _edit(ask: Ask, edition: Edition, _to: str) -> Did:
    _, placed = _placed(edition, ask.text("article"))
    shown = {
        "title": placed.lead.title,
        "summary": placed.lead.summary,
        "image_url": placed.lead.image.url if placed.lead.image else "",
    }
    given = {key: ask.text(key) for key in RETOLD if key in ask.form}
    changes = {key: value for key, value in given.items() if value != shown[key]}
    if not changes:
        raise WrongState("nothing was changed")
    made, article = pipeline.edit_story(ask.app, edition, placed.lead.id, changes, ask.by)
    return made, article, "edited"


def _bare(ask: Ask, edition: Edition, _to: str) -> Did:
    """Show a story without its picture."""
    given = {"image_url": NO_PICTURE}
    made, article = pipeline.edit_story(ask.app, edition, ask.text("article"), given, ask.by)
    return made, article, "removed the picture of"


def _undo(ask: Ask, edition: Edition, name: str) -> Did:
    """Take back a place, or what was edited."""
    article = ask.text("article")
    if name == "place":
        return (*pipeline.undo_place(ask.app, edition, article, ask.by), "put back")
    made, found = pipeline.edit_story(ask.app, edition, article, {name: ""}, ask.by)
    return made, found, "put back"


_DOES: dict[str, Callable[[Ask, Edition, str], Did]] = {
    "move": _shift,
    "pin": _pin,
    "drop": _drop,
    "send": _send_to,
    "edit": _edit,
    "bare": _bare,
    "undo": _undo,
}


def _undo_words(ask: Ask) -> Response:
    made = pipeline.edit_words(ask.app, desk.find(ask), {ask.text("name"): ""}, ask.by)
    return desk.changed(ask, made, "It is made as before.")


def _find(ask: Ask) -> Response:
    """Find articles to add, by any word of theirs."""
    edition, words = desk.find(ask), ask.query("find")
    with ask.app.database.reading() as tx:
        found = searching.search(tx, words, _FOUND) if words.strip() else []
    there = {a.id for placed in edition.stories for a in placed.ranked.story.articles}
    return ask.page(
        "admin/find.html" if ask.is_live else "admin/find_page.html",
        edition=edition,
        found=found,
        there=there,
        words=words,
        homes=desk.homes(ask, edition),
    )


ROUTES = (
    Route("GET", "/editions/{key}/find", EDITOR, _find),
    Route("POST", "/editions/{key}/story", EDITOR, _change, "changed a story"),
    Route("POST", "/editions/{key}/undo", EDITOR, _undo_words, "undid words of an edition"),
)
