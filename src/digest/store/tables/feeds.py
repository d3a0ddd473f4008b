"""The feeds and what their last fetch said."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from digest.store.tables.types import UTCDateTime


class FeedRow(SQLModel, table=True):
    """A feed."""

    __tablename__ = "feed"

    id: int | None = Field(default=None, primary_key=True)
    url: str = Field(unique=True)
    title: str = ""
    section: str = ""
    etag: str = ""
    last_modified: str = ""
    next_due_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    last_success_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    last_error: str = ""
    failures: int = 0
    failing_since: datetime | None = Field(default=None, sa_type=UTCDateTime)
    told: bool = False
    ended: bool = False
    kind: str = "articles"  #: or "front page"
    full_text: bool = False
