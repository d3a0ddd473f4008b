"""What editors decided, by whom and when."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from digest.store.tables.types import UTCDateTime, json_document


class OverrideRow(SQLModel, table=True):
    """A decision; rows are only ever added, the newest of a name counts."""

    __tablename__ = "override"

    id: int | None = Field(default=None, primary_key=True)
    edition_id: int | None = Field(
        default=None, foreign_key="edition.id", ondelete="CASCADE", index=True
    )  #: null: everywhere
    article_id: str | None = Field(
        default=None, foreign_key="article.id", ondelete="CASCADE", index=True
    )  #: null: the edition itself
    name: str
    value: Any = Field(default=None, sa_type=json_document(), nullable=True)  #: null: undone
    by: str
    at: datetime = Field(sa_type=UTCDateTime)
