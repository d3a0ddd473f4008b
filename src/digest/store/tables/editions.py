"""Editions, the bytes that were approved, and since when a newsletter is scheduled."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from digest.model import EditionState
from digest.store.tables.types import UTCDateTime, json_document, words_of


class EditionRow(SQLModel, table=True):
    """An edition; the slot's key (newsletter, local date) is unique."""

    __tablename__ = "edition"
    __table_args__ = (UniqueConstraint("newsletter", "slot_on"), Index("edition_state", "state"))

    id: int | None = Field(default=None, primary_key=True)
    newsletter: str
    slot_on: date
    slot_at: datetime = Field(sa_type=UTCDateTime)
    state: EditionState = Field(sa_type=words_of(EditionState, "edition_state"))
    reason: str = ""
    sha256: str = ""
    window_end: datetime = Field(sa_type=UTCDateTime)
    content: dict[str, Any] = Field(sa_type=json_document())
    #: compressed: a busy week leaves a hundred thousand articles out; null: in `content`
    left_out: bytes | None = Field(default=None, sa_type=LargeBinary)
    frozen: int = 0  #: deliveries made when it was queued
    built_at: datetime = Field(sa_type=UTCDateTime)
    changed_at: datetime = Field(sa_type=UTCDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class NewsletterRow(SQLModel, table=True):
    """Since when a newsletter is scheduled: earlier slots are nobody's fault."""

    __tablename__ = "newsletter"

    slug: str = Field(primary_key=True)
    rule: str  #: schedule and zone; when they change, `since` starts anew
    since: datetime = Field(sa_type=UTCDateTime)


class VariantRow(SQLModel, table=True):
    """The rendered content frozen at approval, as one group of readers gets it."""

    __tablename__ = "variant"

    edition_id: int = Field(foreign_key="edition.id", ondelete="CASCADE", primary_key=True)
    number: int = Field(default=0, primary_key=True)  #: 0: the plain one
    subject: str
    html: str
    text: str
    head: dict[str, Any] = Field(sa_type=json_document())  #: of every message: sender, links
    muted: str = ""  #: sections that are not in it, written like tags
    density: str = ""
    language: str = ""
    readers: int = 0
    nearest: int = 0
