"""Articles: where they come from, as they came, as they are stored, and the counts they got."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from digest.model.states import FeedKind


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
    failing_since: datetime | None = None
    told: bool = False  #: whether somebody was told that it keeps failing
    ended: bool = False  #: the server said 410 Gone
    kind: FeedKind = FeedKind.ARTICLES
    full_text: bool = False  #: whether its articles are completed from their pages


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
    gone_at: datetime | None = None  #: when its address answered 404 or 410: never sent
    pages_left: int = 0  #: times its page may be asked for what its feed leaves out
    boost: float = 0.0  #: points an editor gave it; may be negative
    category_by: str = ""  #: which rule gave the category; empty: its own or its feed's

    @property
    def category(self) -> str:
        """Return the category it counts under: its first."""
        return self.categories[0] if self.categories else ""


@dataclass(frozen=True, slots=True)
class Reading:
    """A popularity count with the moment it was read."""

    article_id: str
    metric: str
    value: int
    read_at: datetime
