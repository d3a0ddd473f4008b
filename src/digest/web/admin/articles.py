"""Articles: search, hide, boost, edit everywhere."""

from typing import Any

from fastapi import Response

from digest import pipeline
from digest.errors import WrongState
from digest.store import articles, overrides, searching
from digest.web.admin.ask import EDITOR, PAGE, Ask, Route

_FARTHEST = 5_000  #: rows; who looks for older ones gives a word
_TEXTS = ("title", "summary", "author", "image_url", "image_caption")


def _list(ask: Ask) -> Response:
    words, skip = ask.query("q"), min(ask.skip, _FARTHEST)
    with ask.app.database.reading() as tx:
        found = searching.search(tx, words, PAGE + 1, skip)
    more = len(found) > PAGE and skip < _FARTHEST
    return ask.page(
        "admin/articles.html", found=found[:PAGE], more=more, skip=skip, page=PAGE, q=words
    )


def _show(ask: Ask) -> Response:
    with ask.app.database.reading() as tx:
        found = articles.find(tx, ask.path("article"))
        decided = overrides.of_articles(tx, [found.id])
    return ask.page("admin/article.html", article=found, decided=decided)


def _decide(ask: Ask) -> Response:
    """Hide or show, boost, or edit what is shown of it in editions built from now on."""
    name = ask.path("article")
    with ask.app.database.reading() as tx:
        found = articles.find(tx, name)
    made = pipeline.decide_article(ask.app, found.id, _wanted(ask, _shown(found)), ask.by)
    ask.did, ask.about = f"{_DID[ask.text('do')]} an article", f"{made.id} {made.title[:120]}"
    return ask.back(f"/articles/{found.id}", "It holds for every edition built from now on.")


_DID = {"hide": "hid", "show": "showed", "boost": "boosted", "edit": "edited"}


def _shown(found: Any) -> dict[str, str]:
    picture = found.image
    shown = {name: getattr(found, name) for name in ("title", "summary", "author")}
    url, caption = (picture.url, picture.caption) if picture else ("", "")
    return shown | {"image_url": url, "image_caption": caption}


def _wanted(ask: Ask, shown: dict[str, str]) -> dict[str, Any]:
    """Return what is asked for, of the fields only those that were changed."""
    what = ask.text("do")
    if what in ("hide", "show"):
        return {"hidden": what == "hide"}
    if what == "boost":
        try:
            return {"boost": float(ask.text("points").replace(",", ".") or "0")}
        except ValueError as error:
            raise WrongState(f"{ask.text('points')!r} is not a number of points") from error
    if what == "edit":
        given = {name: ask.text(name) for name in _TEXTS if name in ask.form}
        return {name: value for name, value in given.items() if value != shown[name]}
    raise WrongState("there is no such thing to do")


ROUTES = (
    Route("GET", "/articles", EDITOR, _list),
    Route("GET", "/articles/{article}", EDITOR, _show),
    Route("POST", "/articles/{article}", EDITOR, _decide, "decided of an article"),
)
