"""Editions that have gone out, for anyone to read: without anybody's token."""

import re
from datetime import date

from digest.app import App
from digest.errors import NotFound
from digest.model import Edition
from digest.store import editions
from digest.store.editions import Published
from digest.text import TOKEN

#: The link to unsubscribe as it was frozen, whichever key signed it then.
_LEAVE = re.compile(rf"/u/[A-Za-z0-9]{TOKEN}")


def published_editions(app: App, newsletter: str = "", limit: int = 50) -> list[Published]:
    """Return which editions are public, newest first; NotFound for no such newsletter."""
    if newsletter:
        app.newsletter(newsletter)
    with app.database.reading() as tx:
        return editions.published(tx, newsletter, limit=limit)


def published_on(app: App, newsletter: str, day: date) -> Published:
    """Return the public edition of a slot; NotFound when there is none."""
    with app.database.reading() as tx:
        found = editions.published(tx, newsletter, day)
    if not found:
        raise NotFound("There is no such edition.")
    return found[0]


def published_html(app: App, edition_id: int) -> str:
    """Return an edition's frozen HTML, with the way out that knows nobody."""
    with app.database.reading() as tx:
        html = editions.frozen_content(tx, edition_id)[0].html
    return _LEAVE.sub("/unsubscribe", html)


def published_edition(app: App, edition_id: int) -> Edition:
    """Return what stands in an edition."""
    with app.database.reading() as tx:
        return editions.find(tx, str(edition_id))
