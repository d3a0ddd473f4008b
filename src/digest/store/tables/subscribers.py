"""People, their consent to each newsletter, its history, and suppressed addresses."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from digest.model import SubscriptionState, SuppressionReason
from digest.store.tables.types import UTCDateTime, words_of


class SubscriberRow(SQLModel, table=True):
    """A person with an address."""

    __tablename__ = "subscriber"

    id: int | None = Field(default=None, primary_key=True)
    email: str = Field(unique=True)
    email_key: str = Field(unique=True)  #: casefolded, to find duplicates only
    address_digest: str = Field(index=True)  #: HMAC of the address, to match suppressions
    name: str = ""
    created_at: datetime = Field(sa_type=UTCDateTime)


class SubscriptionRow(SQLModel, table=True):
    """A person's consent to one newsletter."""

    __tablename__ = "subscription"
    __table_args__ = (UniqueConstraint("subscriber_id", "newsletter"),)

    id: int | None = Field(default=None, primary_key=True)
    subscriber_id: int = Field(foreign_key="subscriber.id", ondelete="CASCADE")
    newsletter: str = Field(index=True)
    state: SubscriptionState = Field(sa_type=words_of(SubscriptionState, "subscription_state"))
    public_id: str = Field(unique=True, max_length=11)
    created_at: datetime = Field(sa_type=UTCDateTime)
    confirmed_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class ConsentEventRow(SQLModel, table=True):
    """What happened to a consent, when, how; rows are only ever added."""

    __tablename__ = "consent_event"

    id: int | None = Field(default=None, primary_key=True)
    subscription_id: int = Field(foreign_key="subscription.id", ondelete="CASCADE", index=True)
    what: str
    origin: str = ""
    at: datetime = Field(sa_type=UTCDateTime)


class SuppressionRow(SQLModel, table=True):
    """An address that must not be mailed, known only by its HMAC."""

    __tablename__ = "suppression"

    address_digest: str = Field(primary_key=True)
    reason: SuppressionReason = Field(sa_type=words_of(SuppressionReason, "suppression_reason"))
    at: datetime = Field(sa_type=UTCDateTime)
