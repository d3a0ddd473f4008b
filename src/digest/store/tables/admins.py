"""Who may use the desk, where they are logged in, wrong guesses, and what was done."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from digest.store.tables.types import UTCDateTime


class AdminRow(SQLModel, table=True):
    """A person who may use the desk."""

    __tablename__ = "admin"
    __table_args__ = (UniqueConstraint("name"),)

    id: int | None = Field(default=None, primary_key=True)
    name: str
    role: str
    password: str  #: salt and scrypt hash
    totp: str = ""  #: what the second factor's secret is made from, with a key; empty: off
    totp_step: int = 0  #: the last code taken: none counts twice
    created_at: datetime = Field(sa_type=UTCDateTime)


class SessionRow(SQLModel, table=True):
    """A log in; its cookie is known by a hash only."""

    __tablename__ = "session"

    token: str = Field(primary_key=True)
    admin_id: int = Field(foreign_key="admin.id", ondelete="CASCADE", index=True)
    expires_at: datetime = Field(sa_type=UTCDateTime)


class GuessRow(SQLModel, table=True):
    """How often a log in was tried for a name or from a network, and when it may be again."""

    __tablename__ = "guess"

    key: str = Field(primary_key=True)
    count: int
    next_at: datetime = Field(sa_type=UTCDateTime)


class ActionRow(SQLModel, table=True):
    """What somebody did at the desk; rows are only ever added."""

    __tablename__ = "action"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=UTCDateTime)
    by: str
    what: str
    about: str = ""  #: no address: a person is named by their number
