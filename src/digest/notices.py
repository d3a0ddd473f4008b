"""Tell people what needs them, by mail to `[notices] to` or the publication's contact."""

import logging
import secrets
from contextlib import closing
from email.utils import parseaddr

from digest.app import App
from digest.deliver.head import head_for
from digest.deliver.message import plain_message
from digest.errors import DigestError
from digest.model import Edition, Feed, Rendered

_log = logging.getLogger("digest")


def tell(app: App, edition: Edition, what: str, why: str) -> None:
    """Log one fact about an edition and mail it; a mail that fails is logged, not raised."""
    _tell(app, edition.newsletter, f"{edition.key} {what}", why)


def tell_feed(app: App, feed: Feed) -> None:
    """Log and mail that a feed keeps failing."""
    line = f"the feed {feed.title or feed.url} has failed for a week"
    why = f"{feed.last_error}\n\nIts address is {feed.url}. `digest feeds show {feed.id}` has more."
    _tell(app, next(iter(app.settings.newsletters)), line, why)


def _tell(app: App, slug: str, line: str, why: str) -> None:
    _log.warning("%s: %s", line, why)
    contact = app.settings.publication.contact
    for address in app.settings.notices.to or ((contact,) if contact else ()):
        try:
            _mail(app, slug, address, line, why)
        except DigestError as error:
            _log.error("the notice to %s could not be sent: %s", address, error)


def _mail(app: App, slug: str, address: str, line: str, why: str) -> None:
    if slug not in app.settings.newsletters:  # renamed or removed since
        slug = next(iter(app.settings.newsletters))
    head = head_for(app.settings, slug, 0, app.keys.current)
    rendered = Rendered(line, "", f"{line}.\n\n{why}\n")
    name = f"notice.{secrets.token_hex(8)}"
    bare = parseaddr(address)[1]
    with closing(app.open_transport()) as transport:
        transport.send(plain_message(rendered, head, bare, app.now(), name))
