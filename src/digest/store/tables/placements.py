"""Sponsors' texts."""

from datetime import date

from sqlmodel import Field, SQLModel


class PlacementRow(SQLModel, table=True):
    """A sponsor's text and when it may run."""

    __tablename__ = "placement"

    id: int | None = Field(default=None, primary_key=True)
    sponsor: str
    title: str
    text: str
    url: str
    button: str = ""
    image_url: str = ""
    newsletter: str = ""
    starts_on: date | None = None
    ends_on: date | None = None
