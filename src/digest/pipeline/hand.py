"""The editor's hand: what is decided of one edition's stories and words, and of an article."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from digest.app import App
from digest.compose.hand import NO_PICTURE, OUT, RETOLD, TOP, shifted
from digest.errors import NotFound, WrongState
from digest.model import Article, Edition, EditionState, Override, PlacedStory
from digest.pipeline.edit import store_draft
from digest.pipeline.material import compose_slot
from digest.slots import Slot
from digest.store import articles, editions, overrides
from digest.text import clean, link_url

_OF_EDITION = ("subject", "stand_first", "note")
_WORDS = {"title": 300, "summary": 1_000, "image_url": 2_000}  #: of a story; characters
_LIMITS = {"by": 60, "subject": 200, "stand_first": 300, "note": 4_000}  #: characters
_MOST_POINTS = 50


def place_article(
    app: App, edition: Edition, name: str, to: str, place: int, by: str
) -> tuple[Edition, Article]:
    """Put an article into a list of a draft, at a place counted from 1; 0: where its score puts it.

    `to` is "top", "out", or a section's title or category. WrongState for an article that cannot
    be shown, and for a place another one has.
    """
    with app.database.reading() as tx:
        article = articles.find(tx, name)
        taken = overrides.of_slot(tx, edition.newsletter, edition.slot_on)
    if to != OUT:
        _refuse_unfit(article)
        to = _list_called(app, edition, to)
    value = {"to": to, "place": place}
    if place:
        _refuse_taken(app, edition, taken, value, article)
    return decide(app, edition, {"place": value}, by, article.id), article


def pin_article(
    app: App, edition: Edition, name: str, place: int, by: str
) -> tuple[Edition, Article]:
    """Pin an article to a place of the top list; 0: the first that no other is pinned to."""
    with app.database.reading() as tx:
        article = articles.find(tx, name)
        decided = overrides.of_slot(tx, edition.newsletter, edition.slot_on)
    if not place:
        others = [o.value for o in decided if o.name == "place" and o.article_id != article.id]
        taken = {value.get("place") for value in others if value["to"] == TOP}
        place = next(n for n in range(1, len(taken) + 2) if n not in taken)
    return place_article(app, edition, article.id, TOP, place, by)


def move_story(
    app: App, edition: Edition, name: str, to: str, place: int, by: str
) -> tuple[Edition, Article]:
    """Put an article at a place of a list, counted from 1; what is pinned there makes room."""
    with app.database.reading() as tx:
        article = articles.find(tx, name)
        decided = overrides.of_slot(tx, edition.newsletter, edition.slot_on)
    _refuse_unfit(article)
    to = _list_called(app, edition, to)
    shown = {p.lead.id: p.place for p in _list_of(edition, to)}
    most = app.newsletter(edition.newsletter).top_stories if to == TOP else len(shown) + 1
    mine = [o for o in decided if o.name == "place" and o.value["to"] == to and o.value["place"]]
    pinned = {one.article_id: one.value["place"] for one in mine}
    places = shifted(pinned, shown.get(article.id, 0), article.id, max(1, min(place, most)))
    values: dict[str, dict[str, Any]] = {}
    for key, n in places.items():  # what is pushed off the list goes where its score puts it
        values[key] = {"place": {"to": to, "place": n} if n <= most else None}
    return decide_several(app, edition, values, by), article


def _list_of(edition: Edition, to: str) -> Sequence[PlacedStory]:
    if to == TOP:
        return edition.top_stories
    return next((s.stories for s in edition.sections if s.category == to), ())


def edit_story(
    app: App, edition: Edition, name: str, values: Mapping[str, str], by: str
) -> tuple[Edition, Article]:
    """Edit an article's headline, summary or picture for one draft; an empty value undoes it.

    `NO_PICTURE` for the picture shows the story without one.
    """
    with app.database.reading() as tx:
        article = articles.find(tx, name)
    for key, value in values.items():
        if key not in RETOLD or len(value) > _WORDS[key]:
            raise WrongState(f"{key} is no field of a story, or longer than it may be")
    bare = {key: NO_PICTURE for key in ("image_url",) if values.get(key) == NO_PICTURE}
    fit = _fit({key: value for key, value in values.items() if key not in bare})
    return decide(app, edition, fit | bare, by, article.id), article


def undo_place(app: App, edition: Edition, name: str, by: str) -> tuple[Edition, Article]:
    """Take back a pin, a drop or a move; NotFound when there is none."""
    with app.database.reading() as tx:
        article = articles.find(tx, name)
        decided = overrides.of_slot(tx, edition.newsletter, edition.slot_on)
    if not any(one.article_id == article.id and one.name == "place" for one in decided):
        raise NotFound(f"nothing was decided of {article.id} in {edition.key}")
    return decide(app, edition, {"place": None}, by, article.id), article


def edit_words(app: App, edition: Edition, words: Mapping[str, str], by: str) -> Edition:
    """Set an edition's subject, stand-first or note; an empty one is made as before."""
    known = {name: text for name, text in words.items() if name in _OF_EDITION}
    tidy = {name: _tidy(name, text) or None for name, text in known.items()}
    if not tidy:
        raise WrongState("nothing to edit: give --subject, --stand-first or --note")
    return decide(app, edition, tidy, by)


def decide(
    app: App, edition: Edition, values: Mapping[str, Any], by: str, article_id: str = ""
) -> Edition:
    """Keep decisions of one draft and lay it out anew; WrongState once it is approved."""
    return decide_several(app, edition, {article_id: values}, by)


def decide_several(
    app: App, edition: Edition, values: Mapping[str, Mapping[str, Any]], by: str
) -> Edition:
    """Keep decisions of several articles of one draft, or with "" of itself."""
    made = [one for key, given in values.items() for one in _overrides(app, given, by, key)]
    with app.database.transaction() as tx:
        editions.require_open(tx, edition)
        overrides.add(tx, edition.id, made)
    return store_draft(app, lambda: _again(app, edition))


def decide_article(app: App, name: str, values: Mapping[str, Any], by: str) -> Article:
    """Hide, boost or edit an article in every edition built from now on; None undoes it.

    Editions that are built already stay as they are. A fetch does not overwrite what is edited.
    """
    if not values:
        raise WrongState("nothing to edit: give at least one field; `--help` lists them")
    with app.database.transaction() as tx:
        article = articles.find(tx, name)
        overrides.add(tx, None, _overrides(app, _fit(values), by, article.id))
        return articles.find(tx, article.id)


def _overrides(app: App, values: Mapping[str, Any], by: str, article_id: str) -> list[Override]:
    who, now = _tidy("by", by), app.now()
    if not who:
        raise WrongState("say who decides: --by NAME")
    return [Override(name, value, who, now, article_id) for name, value in values.items()]


def _tidy(name: str, text: str) -> str:
    """Return clean text; a note keeps its paragraphs."""
    parts = text.split("\n\n") if name == "note" else [text]
    tidy = "\n\n".join(filter(None, (clean(part) for part in parts)))
    if len(tidy) > _LIMITS[name]:
        raise WrongState(f"{name} has {len(tidy)} characters, at most {_LIMITS[name]} fit")
    return tidy


def _fit(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what may be stored of an article: clean text, a web address, points in bounds."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, str):
            found[name] = clean(value) or None
        elif isinstance(value, Sequence):
            found[name] = [part for part in map(clean, value) if part] or None
        else:
            found[name] = value or None
    address, points = found.get("image_url"), found.get("boost")
    if address and not link_url(address):
        raise WrongState(f"{address} is not a web address")
    if points and not -_MOST_POINTS <= points <= _MOST_POINTS:
        raise WrongState(f"a boost of {points} is not between -{_MOST_POINTS} and {_MOST_POINTS}")
    return found


def _again(app: App, edition: Edition) -> Edition:
    """Lay a draft out as of the instant it was built; what a person must look at stays held."""
    slot = Slot(edition.slot_on, edition.slot_at)
    made = compose_slot(app, edition.newsletter, slot, edition.window_end)
    waits = edition.slot_at <= app.now() or not edition.reason.startswith("thin week")
    if edition.state is EditionState.HELD and made.state is EditionState.DRAFT and waits:
        return replace(made, state=EditionState.HELD, reason=edition.reason)
    return made


def _refuse_unfit(article: Article) -> None:
    reasons = {
        "it is unpublished": article.gone_at is not None,
        "it is hidden; `digest articles hide --undo` shows it again": article.hidden,
        "it is sponsored; `digest placements add` is for sponsors": article.sponsored,
    }
    for reason, holds in reasons.items():
        if holds:
            raise WrongState(f"{article.id} {article.title[:80]!r} cannot be chosen: {reason}")


def _list_called(app: App, edition: Edition, name: str) -> str:
    """Return "top" or the category of the section with that title or category."""
    if name.casefold() == TOP:
        return TOP
    rules = app.newsletter(edition.newsletter).sections
    named = [] if rules == "auto" else [(rule.title, rule.category) for rule in rules]
    there = [(section.title, section.category) for section in edition.sections] + named
    for title, category in there:
        if name.casefold() in (title.casefold(), category.casefold()):
            return category
    known = ", ".join(dict.fromkeys([TOP, *(category for _, category in there)]))
    raise NotFound(f"{edition.key} has no section {name!r}; there is: {known}")


def _refuse_taken(
    app: App,
    edition: Edition,
    decided: Sequence[Override],
    wanted: Mapping[str, Any],
    article: Article,
) -> None:
    places = app.newsletter(edition.newsletter).top_stories
    if wanted["to"] == TOP and wanted["place"] > places:
        raise WrongState(f"there is no place {wanted['place']}: the top list has {places}")
    for one in decided:
        if one.name == "place" and one.value == wanted and one.article_id != article.id:
            raise WrongState(
                f"place {wanted['place']} of {wanted['to']} is taken by {one.article_id}, put "
                f"there by {one.by}; give another --place, or --undo that one"
            )
