"""Subscribers, and the deliveries to them."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from digest.model.states import DeliveryState, SubscriptionState, SuppressionReason


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A person with an address, and what they asked for."""

    id: int
    email: str
    name: str = ""
    created_at: datetime | None = None
    suppressed: SuppressionReason | None = None
    subscriptions: tuple["Subscription", ...] = ()
    tags: tuple[str, ...] = ()
    language: str = ""  #: empty: the publication's
    timezone: str = ""  #: empty: the publication's


@dataclass(frozen=True, slots=True)
class Subscription:
    """One person's consent to one newsletter."""

    id: int
    newsletter: str
    state: SubscriptionState
    public_id: str  #: 11 characters, base64url of 8 random bytes; names it in links
    created_at: datetime
    confirmed_at: datetime | None = None
    ended_at: datetime | None = None  #: kept while they are asked whether they come back
    asked_at: datetime | None = None  #: pending since
    muted: tuple[str, ...] = ()  #: categories they do not want
    density: str = ""  #: empty: the newsletter's


@dataclass(frozen=True, slots=True)
class ConsentEvent:
    """What happened to a consent."""

    what: str
    origin: str  #: the page, command or file
    at: datetime
    words: str = ""  #: the text they agreed to, or the basis that was stated
    by: str = ""  #: who did it, when it was not the reader
    ip: str = ""


@dataclass(frozen=True, slots=True)
class Suppression:
    """An address that must not be mailed, known only by its HMAC."""

    address_digest: str
    reason: SuppressionReason
    at: datetime
    note: str = ""


class Delivery(NamedTuple):
    """One edition for one subscriber."""

    id: int
    edition_id: int
    email: str
    public_id: str  #: of the subscription
    state: DeliveryState
    attempts: int = 0
    first_claimed_at: datetime | None = None  #: gives Date, the same in every attempt
    next_try_at: datetime | None = None
    reply: str = ""  #: the server's last word
    doubts: int = 0  #: how often its answer was lost
    settled_at: datetime | None = None
    variant: int = 0  #: which of the edition's variants they get


class Message(NamedTuple):
    """What a transport gets: an envelope and finished bytes with CRLF line ends."""

    sender: str
    recipient: str
    parts: tuple[bytes, ...]  #: one after the other; most are the same bytes for every reader
    name: str = ""  #: a file name for transports that write files

    @property
    def content(self) -> bytes:
        """Return the bytes in one."""
        return b"".join(self.parts)

    @property
    def size(self) -> int:
        """Return how many bytes there are."""
        return sum(map(len, self.parts))


@dataclass(frozen=True, slots=True)
class Receipt:
    """A transport's word that it took the message."""

    reply: str


@dataclass(frozen=True, slots=True)
class Numbers:
    """An edition's deliveries by state; the books must close at every instant."""

    frozen: int = 0
    open: int = 0
    sent: int = 0
    failed: int = 0
    suppressed: int = 0
    expired: int = 0
    cancelled: int = 0
    uncertain: int = 0

    @property
    def add_up(self) -> bool:
        """Say whether frozen equals the sum of the rest (promise P1)."""
        settled = self.sent + self.failed + self.suppressed + self.expired + self.cancelled
        return self.frozen == self.open + settled + self.uncertain


@dataclass(frozen=True, slots=True)
class Ask:
    """A wish typed into a form, answered by mail to the address alone."""

    at: datetime
    form: str  #: names the form it came from: each counts once
    email: str  #: empty once it is answered
    address_digest: str
    newsletter: str = ""  #: to subscribe to; empty: they want a link to their own page
    network: str = ""  #: where it came from, /24 or /64
    words: str = ""  #: what they agreed to
    done_at: datetime | None = None
    mailed_at: datetime | None = None
    used: int = 0  #: how often the link in the mail, or the page it led to, has changed something
    id: int = 0


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A program that may use the API, and what for."""

    id: int
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    revoked_at: datetime | None = None
