"""Notices: what people are told, once for each fact and each of them."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from digest.store.tables.types import UTCDateTime


class NoticeRow(SQLModel, table=True):
    """One fact for one target; it waits until it was taken, or given up."""

    __tablename__ = "notice"
    __table_args__ = (UniqueConstraint("about", "fact", "target"),)

    id: int | None = Field(default=None, primary_key=True)
    about: str  #: an edition's key, a feed
    fact: str
    target: str  #: a channel and an address, as in "mail editor@news.example"
    line: str
    text: str
    html: str = ""  #: forgotten once it was taken
    made_at: datetime = Field(sa_type=UTCDateTime)
    told_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    attempts: int = 0
    #: when it is due, while it waits
    next_try_at: datetime | None = Field(default=None, sa_type=UTCDateTime, index=True)
