"""Editions, the stories they used and the bytes that were approved."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from digest.model import EditionState
from digest.store.tables.types import UTCDateTime, json_document, words_of


class EditionRow(SQLModel, table=True):
    """An edition; the slot's key (newsletter, local date) is unique."""

    __tablename__ = "edition"
    __table_args__ = (UniqueConstraint("newsletter", "slot_on"),)

    id: int | None = Field(default=None, primary_key=True)
    newsletter: str
    slot_on: date
    slot_at: datetime = Field(sa_type=UTCDateTime)
    state: EditionState = Field(sa_type=words_of(EditionState, "edition_state"))
    reason: str = ""
    sha256: str = ""
    window_end: datetime = Field(sa_type=UTCDateTime)
    content: dict[str, Any] = Field(sa_type=json_document())
    frozen: int = 0  #: deliveries made when it was queued
    changed_at: datetime = Field(sa_type=UTCDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class NewsletterRow(SQLModel, table=True):
    """Since when a newsletter is scheduled: earlier slots are nobody's fault."""

    __tablename__ = "newsletter"

    slug: str = Field(primary_key=True)
    since: datetime = Field(sa_type=UTCDateTime)


class EditionStoryRow(SQLModel, table=True):
    """An article an edition used, as a lead or as a teller of a story it led."""

    __tablename__ = "edition_story"

    edition_id: int = Field(foreign_key="edition.id", ondelete="CASCADE", primary_key=True)
    article_id: str = Field(primary_key=True, index=True)
    story: str = ""  #: id of the lead article
    title: str = ""


class VariantRow(SQLModel, table=True):
    """The rendered content frozen at approval."""

    __tablename__ = "variant"

    edition_id: int = Field(foreign_key="edition.id", ondelete="CASCADE", primary_key=True)
    subject: str
    html: str
    text: str
