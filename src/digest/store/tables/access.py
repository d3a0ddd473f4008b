"""What comes in through the pages: wishes of readers, programs' keys, answers already given."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from digest.store.tables.types import UTCDateTime


class AskRow(SQLModel, table=True):
    """A wish typed into a form; it is answered by mail, to the address alone."""

    __tablename__ = "ask"
    __table_args__ = (
        Index("ask_waiting", "done_at", "id"),
        Index("ask_network", "network", "at"),
        Index("ask_address", "address_digest", "mailed_at"),
        Index("ask_mailed", "mailed_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=UTCDateTime)
    form: str = Field(unique=True)  #: of the form it came from: each counts once
    email: str  #: empty once it is answered
    address_digest: str
    newsletter: str = ""  #: to subscribe to; empty: they want a link to their own page
    network: str = ""  #: where it came from, /24 or /64
    words: str = ""  #: what they agreed to
    done_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    mailed_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    used: int = 0  #: how often the link in the mail, or the page it led to, has changed something


class ApiKeyRow(SQLModel, table=True):
    """A program's key, known only by its hash."""

    __tablename__ = "api_key"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    key_hash: str = Field(unique=True)
    scopes: str  #: written like a person's tags
    created_at: datetime = Field(sa_type=UTCDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class ApiAnswerRow(SQLModel, table=True):
    """An answer to a request that a program named, for when it asks again."""

    __tablename__ = "api_answer"

    key_id: int = Field(foreign_key="api_key.id", ondelete="CASCADE", primary_key=True)
    name: str = Field(primary_key=True)
    request_hash: str
    at: datetime = Field(sa_type=UTCDateTime)
    status: int = 0  #: 0: still at work
    body: str = ""
