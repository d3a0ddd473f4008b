"""Articles, their earlier headlines and their popularity counts."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from digest.store.tables.types import UTCDateTime, json_document


class ArticleRow(SQLModel, table=True):
    """An article, once per canonical URL."""

    __tablename__ = "article"

    id: str = Field(primary_key=True, max_length=12)
    key: str = Field(unique=True)
    guid: str = Field(default="", index=True)
    url: str = ""
    title: str = Field(default="", index=True)
    author: str = ""
    author_bio: str = ""
    summary: str = ""
    body: str = ""
    image: dict[str, Any] | None = Field(default=None, sa_type=json_document())
    categories: list[str] = Field(default_factory=list, sa_type=json_document())
    #: when it counts as published: the source's date, else first seen
    sorted_at: datetime = Field(sa_type=UTCDateTime, index=True)
    published_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    updated_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    first_seen_at: datetime = Field(sa_type=UTCDateTime)
    words: int = 0
    language: str = ""
    feed: str = ""
    outlet: str = ""
    featured: bool = False
    sponsored: bool = False
    hidden: bool = False
    gone_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    boost: float = 0.0
    #: fields an editor wrote, shown in place of the source's: never touched by a fetch
    edits: dict[str, Any] = Field(default_factory=dict, sa_type=json_document())
    pages_left: int = 0


class HeadlineRow(SQLModel, table=True):
    """A headline an article had before it was rewritten."""

    __tablename__ = "headline"

    id: int | None = Field(default=None, primary_key=True)
    article_id: str = Field(foreign_key="article.id", ondelete="CASCADE", index=True)
    title: str
    replaced_at: datetime = Field(sa_type=UTCDateTime)


class ReadingRow(SQLModel, table=True):
    """A count with the moment it was read."""

    __tablename__ = "reading"

    article_id: str = Field(foreign_key="article.id", ondelete="CASCADE", primary_key=True)
    metric: str = Field(primary_key=True)
    read_at: datetime = Field(sa_type=UTCDateTime, primary_key=True)
    value: int = Field(sa_type=BigInteger)
