"""What stands at the head of a message: the same for every copy, and the one reader's own."""

from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from typing import NamedTuple

from digest.deliver.headers import ascii_domain
from digest.settings.tables import Settings


@dataclass(frozen=True, slots=True)
class Head:
    """What the header of every copy of one edition has in common."""

    sender_name: str
    sender_email: str
    reply_to: str  #: a bare address; empty: the sender's
    return_path: str  #: envelope sender: where bounces go, with a tag if it is not the sender's
    domain: str  #: of Message-ID and List-Id
    newsletter: str  #: slug
    title: str  #: of the newsletter
    base_url: str  #: where `/u/…` is served, without a slash at the end
    unsubscribe_email: str  #: a mailbox whose mails with a token in the subject end subscriptions
    edition_id: int = 0
    key_id: str = "0"  #: one character before the token in a link: which key signed it
    mark: str = ""  #: of the outlet, behind the numbers in a Message-ID: another counts from 1 too


class Recipient(NamedTuple):
    """What differs from copy to copy."""

    email: str
    token: str  #: 32 characters
    delivery_id: int
    date: datetime  #: first-claim time, aware: every attempt has the same Date
    message_id: str = ""  #: left side of the Message-ID; empty: made from edition and delivery
    tag: str = ""  #: names the delivery in the return path


def head_for(
    settings: Settings, slug: str, edition_id: int, key_id: str = "0", mark: str = ""
) -> Head:
    """Return the head of an edition of the newsletter `slug`, as the settings have it."""
    name, email = parseaddr(settings.mail.from_)
    bounces = parseaddr(settings.mail.bounces)[1]
    reply_to = parseaddr(settings.mail.reply_to)[1]
    return Head(
        sender_name=name,
        sender_email=email,
        reply_to=reply_to or email,
        return_path=bounces or email,
        domain=ascii_domain(email.rpartition("@")[2]),
        newsletter=slug,
        title=settings.newsletters[slug].title,
        base_url=settings.web.base_url,
        unsubscribe_email=reply_to or email,
        edition_id=edition_id,
        key_id=key_id,
        mark=mark,
    )
