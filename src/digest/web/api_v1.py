"""What programs can do: push articles, subscribe people, read, build and approve editions."""

import secrets
from collections.abc import Sequence
from itertools import islice
from typing import Annotated, Any

from fastapi import BackgroundTasks, Body, Path, Query, Response
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute

from digest import membership, pipeline, shapes
from digest.app import App
from digest.model import ApiKey, Document, Edition
from digest.store import articles, editions, outbox, placements, subscribers
from digest.web.api import Caller, Here, mounted
from digest.web.api_models import (
    ArticleEdit,
    ArticlesIn,
    Asked,
    Build,
    Email,
    Name,
    PlacementIn,
    Pushed,
    SubscriberIn,
    Unsubscribe,
    Why,
)
from digest.web.base import Web

_Shape = dict[str, Any]
_Limit = Annotated[int, Query(ge=1, le=1000)]
_Email = Annotated[Email, Path(description="Of a subscriber.")]
_Edition = Annotated[Name, Path(description="An id, `latest`, or newsletter@2026-11-23.")]
_Why = Annotated[Why | None, Body()]


def routes(web: Web) -> Sequence[BaseRoute]:
    """Return the routes: method, path, what is done, which scope it takes, status when it is."""
    return mounted(
        web,
        (
            ("POST", "/articles", push_articles, "articles:write", 200),
            ("GET", "/articles", list_articles, "articles:read", 200),
            ("PATCH", "/articles/{article}", edit_article, "articles:write", 200),
            ("POST", "/subscribers", subscribe, "subscribers:write", 202),
            ("GET", "/subscribers", list_subscribers, "subscribers:read", 200),
            ("GET", "/subscribers/{email}", show_subscriber, "subscribers:read", 200),
            ("POST", "/subscribers/{email}/unsubscribe", unsubscribe, "subscribers:write", 200),
            ("DELETE", "/subscribers/{email}", erase, "subscribers:write", 204),
            ("GET", "/editions", list_editions, "editions:read", 200),
            ("GET", "/editions/{edition}", show_edition, "editions:read", 200),
            ("POST", "/editions", build_edition, "editions:write", 201),
            ("POST", "/editions/{edition}/approve", approve_edition, "editions:write", 200),
            ("POST", "/editions/{edition}/pause", pause_edition, "editions:write", 200),
            ("POST", "/editions/{edition}/resume", resume_edition, "editions:write", 200),
            ("POST", "/editions/{edition}/cancel", cancel_edition, "editions:write", 200),
            ("GET", "/placements", list_placements, "placements:read", 200),
            ("POST", "/placements", add_placement, "placements:write", 201),
            ("DELETE", "/placements/{placement}", remove_placement, "placements:write", 204),
        ),
    )


def push_articles(app: Here, body: ArticlesIn) -> Pushed:
    """Store articles, or update those whose address is known."""
    content = body.model_dump_json(exclude_unset=True, exclude_none=True).encode()
    document = Document("", content, "application/json", "request")
    done = pipeline.import_document(app, document)
    if done.error:
        raise HTTPException(422, done.error)
    stored = done.stored
    refused = list(done.refused)
    return Pushed(
        new=stored.new, updated=stored.updated, unchanged=stored.unchanged, refused=refused
    )


def list_articles(app: Here, limit: _Limit = 100) -> list[_Shape]:
    """List articles, newest first."""
    with app.database.reading() as tx:
        return [shapes.article(each) for each in articles.newest(tx, limit)]


def edit_article(
    app: Here,
    article: Annotated[Name, Path(description="Its id.")],
    body: ArticleEdit,
    key: Caller,
) -> _Shape:
    """Hide an article or add points to its score, in editions built from now on."""
    given = {name: value or None for name, value in body.model_dump(exclude_unset=True).items()}
    return shapes.article(pipeline.decide_article(app, article, given, f"key {key.name}"[:60]))


def subscribe(
    app: Here,
    body: SubscriberIn,
    later: BackgroundTasks,
    key: Caller,
) -> Asked:
    """Ask a person by mail whether they want a newsletter; the answer is the same for everyone."""
    form, words = f"{key.name} {secrets.token_hex(8)}", body.words or f"key {key.name}"
    ip = str(body.ip or "")
    kept = membership.keep_ask(app, body.email, body.newsletter, form=form, ip=ip, words=words)
    if not kept:
        raise HTTPException(429, "too many from this network within an hour")
    later.add_task(membership.answer_asks, app)
    return Asked()


def list_subscribers(
    app: Here,
    filter: Annotated[str, Query(max_length=1000)] = "",  # noqa: A002 - its name in the address
    limit: _Limit = 100,
) -> list[_Shape]:
    """List people, in the order they came."""
    wanted = membership.reading_filter(app, filter.replace("\0", " "))
    with app.database.reading() as tx:
        found = subscribers.some(tx, wanted, limit=limit)
        return [shapes.subscriber(person) for person in islice(found, limit)]


def show_subscriber(app: Here, email: _Email) -> _Shape:
    """Show one person."""
    return shapes.subscriber(membership.find_subscriber(app, email))


def unsubscribe(app: Here, email: _Email, body: Unsubscribe, key: Caller) -> _Shape:
    """End a person's subscription, or all of them."""
    by = f"key {key.name}"
    membership.end_subscription(app, email, body.newsletter or "", by=by)
    return shapes.subscriber(membership.find_subscriber(app, email))


def erase(app: Here, email: _Email) -> Response:
    """Delete all that is known of a person but the mark that keeps the address out."""
    membership.erase_subscriber(app, email)
    return Response(status_code=204)


def list_editions(app: Here, limit: _Limit = 100) -> list[_Shape]:
    """List editions, newest slot first."""
    with app.database.reading() as tx:
        found = editions.every(tx, limit)
        return [shapes.edition(each, outbox.numbers(tx, each.id)) for each in found]


def show_edition(app: Here, edition: _Edition) -> _Shape:
    """Show an edition with its stories and its books."""
    return _shown(app, pipeline.find_edition(app, edition))


def build_edition(app: Here, body: Build) -> _Shape:
    """Build the draft of a slot."""
    return _shown(app, pipeline.draft_edition(app, body.newsletter, body.at))


def approve_edition(app: Here, edition: _Edition) -> _Shape:
    """Freeze an edition's bytes; it goes out at its slot."""
    found = pipeline.find_edition(app, edition)
    return _shown(app, pipeline.approve_edition(app, found))


def pause_edition(app: Here, edition: _Edition, key: Caller, body: _Why = None) -> _Shape:
    """Let no new message of an edition start."""
    found = pipeline.find_edition(app, edition)
    return _shown(app, pipeline.pause_edition(app, found, _because("paused", key, body)))


def resume_edition(app: Here, edition: _Edition) -> _Shape:
    """Let a paused edition go on where it was."""
    return _shown(app, pipeline.resume_edition(app, pipeline.find_edition(app, edition)))


def cancel_edition(app: Here, edition: _Edition, key: Caller, body: _Why = None) -> _Shape:
    """Call an edition back: a draft again if nothing has left, else closed for good."""
    found = pipeline.find_edition(app, edition)
    return _shown(app, pipeline.cancel_edition(app, found, _because("cancelled", key, body)))


def list_placements(app: Here) -> list[_Shape]:
    """List sponsors' texts in the order they were added."""
    with app.database.reading() as tx:
        return [shapes.placement(each) for each in placements.every(tx)]


def add_placement(app: Here, body: PlacementIn) -> _Shape:
    """Add a sponsor's text to the editions built from now on."""
    number = pipeline.add_placement(app, body.model_dump() | {"newsletter": body.newsletter or ""})
    with app.database.reading() as tx:
        return next(shapes.placement(p) for p in placements.every(tx) if p.id == number)


def remove_placement(
    app: Here, placement: Annotated[int, Path(ge=1, lt=2**31, description="Its id.")]
) -> Response:
    """Remove a sponsor's text; editions that are built already keep it."""
    with app.database.transaction() as tx:
        placements.remove(tx, placement)
    return Response(status_code=204)


def _because(done: str, key: ApiKey, body: Why | None) -> str:
    reason = f": {body.reason}" if body and body.reason else ""
    return f"{done} by key {key.name}{reason}"


def _shown(app: App, edition: Edition) -> _Shape:
    with app.database.reading() as tx:
        return shapes.edition(edition, outbox.numbers(tx, edition.id))
