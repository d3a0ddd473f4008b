"""Tell people what needs them, by mail to `[notices] to` or the publication's contact."""

import logging
import secrets
from contextlib import closing
from email.utils import parseaddr

from digest.app import App
from digest.deliver.head import head_for
from digest.deliver.message import plain_message
from digest.errors import DigestError
from digest.model import Edition, Rendered

_log = logging.getLogger("digest")


def tell(app: App, edition: Edition, what: str, why: str) -> None:
    """Log one fact about an edition and mail it; a mail that fails is logged, not raised."""
    line = f"{edition.key} {what}"
    _log.warning("%s: %s", line, why)
    contact = app.settings.publication.contact
    for address in app.settings.notices.to or ((contact,) if contact else ()):
        try:
            _mail(app, edition, address, line, why)
        except DigestError as error:
            _log.error("the notice to %s could not be sent: %s", address, error)


def _mail(app: App, edition: Edition, address: str, line: str, why: str) -> None:
    slug = edition.newsletter
    if slug not in app.settings.newsletters:  # renamed or removed since
        slug = next(iter(app.settings.newsletters))
    head = head_for(app.settings, slug, edition.id, app.keys.current)
    rendered = Rendered(line, "", f"{line}.\n\n{why}\n")
    name = f"notice.{secrets.token_hex(8)}"
    bare = parseaddr(address)[1]
    with closing(app.open_transport()) as transport:
        transport.send(plain_message(rendered, head, bare, app.now(), name))
