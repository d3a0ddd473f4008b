"""People, their consent to each newsletter, its history, imports, and suppressed addresses."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from digest.model import SubscriptionState, SuppressionReason
from digest.store.tables.types import UTCDateTime, json_document, words_of


class SubscriberRow(SQLModel, table=True):
    """A person with an address."""

    __tablename__ = "subscriber"
    __table_args__ = (
        Index("subscriber_key", "email_key", unique=True),
        Index("subscriber_listed", "status", "id"),
        Index("subscriber_created", "created_at", "status"),
        Index("subscriber_wishes", "wishes", "status", "created_at", "tags"),
        Index("subscriber_domain", "domain", "status", "wishes"),
        Index(
            "subscriber_tagged",
            "tags",
            "domain",
            "status",
            "wishes",
            "created_at",
            sqlite_where=text("tags <> ''"),
            postgresql_where=text("tags <> ''"),
        ),
        Index(
            "subscriber_speaks",
            "language",
            "wishes",
            "id",
            sqlite_where=text("language <> ''"),
            postgresql_where=text("language <> ''"),
        ),
        Index(
            "subscriber_named",
            "name",
            sqlite_where=text("name <> ''"),
            postgresql_where=text("name <> ''"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    email: str
    email_key: str  #: casefolded, to find duplicates only
    domain: str = ""  #: of the address, so that its people are found and counted at once
    address_digest: str = Field(index=True)  #: HMAC of the address, to match suppressions
    name: str = ""
    created_at: datetime = Field(sa_type=UTCDateTime)
    tags: str = ""  #: each between line ends, "\nvip\nlocal\n", so that one is found by a match
    language: str = ""  #: BCP 47; empty: the publication's
    timezone: str = ""  #: IANA; empty: the publication's
    status: str = "pending"  #: made from consent and suppression for lists, never to decide by
    wishes: str = ""  #: language, zone and open subscriptions; equal texts, equal wishes
    import_id: int | None = None  #: the import that brought them


class SubscriptionRow(SQLModel, table=True):
    """A person's consent to one newsletter, and how they want it."""

    __tablename__ = "subscription"
    __table_args__ = (
        UniqueConstraint("subscriber_id", "newsletter"),
        Index("subscription_public_id", "public_id", unique=True),
        Index("subscription_state", "newsletter", "state"),
        Index(
            "subscription_wishes",
            "newsletter",
            "state",
            "muted",
            "density",
            sqlite_where=text("muted <> '' OR density <> ''"),
            postgresql_where=text("muted <> '' OR density <> ''"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    subscriber_id: int = Field(foreign_key="subscriber.id", ondelete="CASCADE")
    newsletter: str
    state: SubscriptionState = Field(sa_type=words_of(SubscriptionState, "subscription_state"))
    public_id: str = Field(max_length=11)
    created_at: datetime = Field(sa_type=UTCDateTime)
    confirmed_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    asked_at: datetime | None = Field(default=None, sa_type=UTCDateTime)  #: pending since
    muted: str = ""  #: categories they do not want, written like tags
    density: str = ""  #: empty: the newsletter's
    import_id: int | None = None  #: the import that brought it


class ConsentEventRow(SQLModel, table=True):
    """What happened to a consent, when, how; rows are only ever added."""

    __tablename__ = "consent_event"

    id: int | None = Field(default=None, primary_key=True)
    subscription_id: int = Field(foreign_key="subscription.id", ondelete="CASCADE", index=True)
    what: str
    origin: str = ""  #: the page, command or file
    at: datetime = Field(sa_type=UTCDateTime)
    words: str = ""  #: the text they agreed to, or the basis that was stated
    by: str = ""  #: who did it, when it was not the reader
    ip: str = ""  #: cut to its network
    import_id: int | None = None


class SuppressionRow(SQLModel, table=True):
    """An address that must not be mailed, known only by its HMAC."""

    __tablename__ = "suppression"

    address_digest: str = Field(primary_key=True)
    reason: SuppressionReason = Field(sa_type=words_of(SuppressionReason, "suppression_reason"))
    at: datetime = Field(sa_type=UTCDateTime)
    note: str = ""  #: in words: who, why
    import_id: int | None = None


class ImportRow(SQLModel, table=True):
    """A file of subscribers that was imported."""

    __tablename__ = "import"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=UTCDateTime)
    file: str
    format: str
    newsletter: str
    consent: str  #: the basis that was stated
    by: str
    counts: dict[str, Any] = Field(sa_type=json_document())
    undone_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class ImportChangeRow(SQLModel, table=True):
    """How a person stood before an import changed them, to take it back."""

    __tablename__ = "import_change"

    id: int | None = Field(default=None, primary_key=True)
    import_id: int = Field(foreign_key="import.id", ondelete="CASCADE", index=True)
    subscriber_id: int
    subscription_id: int | None = None
    before: dict[str, Any] = Field(sa_type=json_document())
