"""The delivery ledger: one row for each edition and subscriber."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from digest.model import DeliveryState
from digest.store.tables.types import UTCDateTime, words_of


class DeliveryRow(SQLModel, table=True):
    """A delivery; it ends only by a recorded fact."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("edition_id", "subscription_id"),
        UniqueConstraint("edition_id", "email"),
        Index("delivery_open", "edition_id", "state", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    edition_id: int = Field(foreign_key="edition.id")
    subscription_id: int  #: no foreign key: the row outlives an erased person
    public_id: str
    email: str
    address_digest: str
    state: DeliveryState = Field(sa_type=words_of(DeliveryState, "delivery_state"))
    token: str = ""  #: who holds the claim
    lease_until: datetime | None = Field(default=None, sa_type=UTCDateTime)
    attempts: int = 0
    doubts: int = 0  #: how often its answer was lost: it is sent again only once
    first_claimed_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    next_try_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    settled_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    reply: str = ""
    variant: int = 0  #: the number of the edition's variant
