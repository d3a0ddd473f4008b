"""The words of this project, as frozen values and enums; no behaviour beyond plain properties."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

MICRO = 1_000_000  #: scores are integers in millionths, so sums are exact on every machine


class EditionState(StrEnum):
    """Where an edition stands."""

    DRAFT = "draft"
    APPROVED = "approved"
    FILLING = "filling"
    SENDING = "sending"
    PAUSED = "paused"
    SENT = "sent"
    HELD = "held"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    MISSED = "missed"


class DeliveryState(StrEnum):
    """Where one edition for one subscriber stands."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    HANDED = "handed"
    DEFERRED = "deferred"
    SENT = "sent"
    FAILED = "failed"
    SUPPRESSED = "suppressed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    UNCERTAIN = "uncertain"


class SubscriptionState(StrEnum):
    """How far a person's consent to one newsletter has come."""

    PENDING = "pending"
    ACTIVE = "active"
    ENDED = "ended"


class SuppressionReason(StrEnum):
    """Why an address must not be mailed."""

    BOUNCED = "bounced"
    COMPLAINED = "complained"
    ASKED = "asked"
    ADMIN = "admin"


class Severity(StrEnum):
    """How bad a finding is."""

    INFO = "info"
    WARNING = "warning"
    BLOCKER = "blocker"


@dataclass(frozen=True, slots=True)
class Feed:
    """A place articles come from, with its fetching state."""

    id: int
    url: str
    title: str = ""
    section: str = ""  #: label for articles that bring no category of their own
    etag: str = ""
    last_modified: str = ""
    next_due_at: datetime | None = None
    last_success_at: datetime | None = None
    last_error: str = ""
    failures: int = 0  #: failed fetches in a row
    ended: bool = False  #: the server said 410 Gone


@dataclass(frozen=True, slots=True)
class Document:
    """Bytes as they were fetched or read from a file."""

    url: str  #: final URL, or the file's path
    content: bytes
    content_type: str = ""
    path: str = ""  #: set when it came from a local file


@dataclass(frozen=True, slots=True)
class Image:
    """A picture with what is known of it."""

    url: str
    caption: str = ""
    alt: str = ""
    width: int = 0  #: pixels; 0 unknown
    height: int = 0


@dataclass(frozen=True, slots=True)
class Item:
    """One entry as a source found it: nothing cleaned, nothing trusted."""

    title: str
    url: str = ""
    guid: str = ""
    author: str = ""
    author_bio: str = ""
    summary: str = ""  #: HTML or text
    content: str = ""  #: HTML
    image: Image | None = None
    categories: tuple[str, ...] = ()
    published_at: datetime | None = None
    updated_at: datetime | None = None
    language: str = ""
    featured: bool = False
    sponsored: bool = False
    counts: Mapping[str, int] = field(
        default_factory=dict
    )  #: metric ("comments", "views") -> value


@dataclass(frozen=True, slots=True)
class Article:
    """One cleaned article, stored once per canonical URL."""

    id: str  #: 12 characters made from the key, the same on every machine
    url: str  #: to link to: as given, without tracking parameters and fragment
    title: str
    key: str = ""  #: canonical URL: the identity
    guid: str = ""
    author: str = ""
    author_bio: str = ""
    summary: str = ""  #: plain text, at most 320 characters
    body: str = ""  #: HTML by our allow-list; empty when read for ranking
    image: Image | None = None
    categories: tuple[str, ...] = ()
    published_at: datetime | None = None  #: None: the source gave no date
    updated_at: datetime | None = None
    first_seen_at: datetime | None = None  #: when we stored it
    words: int = 0
    language: str = ""
    feed: str = ""  #: title of the feed it came from
    outlet: str = ""  #: host that published it, without www
    featured: bool = False
    sponsored: bool = False  #: paid content: stored, never ranked
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """A popularity count with the moment it was read."""

    article_id: str
    metric: str
    value: int
    read_at: datetime


@dataclass(frozen=True, slots=True)
class Story:
    """One happening: a lead article and the others that tell it."""

    lead: Article
    others: tuple[Article, ...] = ()
    earlier: tuple[str, ...] = ()  #: ids of articles an earlier edition had that tell it too

    @property
    def articles(self) -> tuple[Article, ...]:
        """Return the lead and the others."""
        return (self.lead, *self.others)


@dataclass(frozen=True, slots=True)
class Part:
    """What one signal gave a story."""

    signal: str
    micro: int  #: millionths of a point
    fact: str = ""  #: the reason in words, with its figures


@dataclass(frozen=True, slots=True)
class RankedStory:
    """A story with its score and the parts that sum to it."""

    story: Story
    parts: tuple[Part, ...] = ()

    @property
    def score(self) -> int:
        """Return the score in micro-units: exactly the sum of the parts."""
        return sum(part.micro for part in self.parts)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An article of the window that is not in the edition, and why."""

    article_id: str
    title: str
    reason: str
    score: int = 0


@dataclass(frozen=True, slots=True)
class PlacedStory:
    """A ranked story in its place of an edition."""

    place: int  #: counted from 1 inside its section
    ranked: RankedStory
    category: str = ""
    update: bool = False  #: a running story that an earlier edition already had

    @property
    def lead(self) -> Article:
        """Return the article shown for the story."""
        return self.ranked.story.lead


@dataclass(frozen=True, slots=True)
class Section:
    """A named run of stories."""

    title: str
    category: str
    stories: tuple[PlacedStory, ...]


@dataclass(frozen=True, slots=True)
class Placement:
    """A sponsor's text for a place of an edition."""

    id: int
    sponsor: str
    title: str
    text: str
    url: str
    button: str = ""
    image_url: str = ""
    newsletter: str = ""  #: empty: every newsletter
    starts_on: date | None = None
    ends_on: date | None = None  #: last day it may run, inclusive


@dataclass(frozen=True, slots=True)
class Edition:
    """One issue of a newsletter for one slot."""

    newsletter: str
    slot_on: date  #: local calendar date: with the newsletter the slot's key
    slot_at: datetime
    window_start: datetime
    window_end: datetime
    subject: str
    stand_first: str = ""
    note: str = ""  #: an editor's note above the lead
    top_stories: tuple[PlacedStory, ...] = ()
    sections: tuple[Section, ...] = ()
    placements: tuple[Placement, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    id: int = 0  #: 0: not stored
    state: EditionState = EditionState.DRAFT
    reason: str = ""  #: why it is held, skipped, missed or cancelled
    sha256: str = ""  #: of the approved bytes; empty before approval

    @property
    def key(self) -> str:
        """Return the name people use, as in `weekly@2026-11-23`."""
        return f"{self.newsletter}@{self.slot_on.isoformat()}"

    @property
    def stories(self) -> tuple[PlacedStory, ...]:
        """Return every story in reading order."""
        return self.top_stories + tuple(s for section in self.sections for s in section.stories)


@dataclass(frozen=True, slots=True)
class Rendered:
    """The rendered content of one variant; recipient tokens are still placeholders."""

    subject: str
    html: str
    text: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What a preflight rule has to say."""

    rule: str
    severity: Severity
    message: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A person with an address, and what they asked for."""

    id: int
    email: str
    name: str = ""
    created_at: datetime | None = None
    suppressed: SuppressionReason | None = None
    subscriptions: tuple["Subscription", ...] = ()


@dataclass(frozen=True, slots=True)
class Subscription:
    """One person's consent to one newsletter."""

    id: int
    newsletter: str
    state: SubscriptionState
    public_id: str  #: 11 characters, base64url of 8 random bytes; names it in links
    created_at: datetime
    confirmed_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
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


@dataclass(frozen=True, slots=True)
class Message:
    """What a transport gets: an envelope and finished bytes with CRLF line ends."""

    sender: str
    recipient: str
    content: bytes
    name: str = ""  #: a file name for transports that write files


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
