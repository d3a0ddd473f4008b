"""Which installation a database belongs to."""

from sqlmodel import Field, SQLModel


class InstanceRow(SQLModel, table=True):
    """The one row; a file outside the database holds the same name."""

    __tablename__ = "instance"

    id: int = Field(default=1, primary_key=True)
    name: str
    place: str = ""  #: PostgreSQL: the cluster and the database; a dump read elsewhere differs
    locked: str = ""  #: why nothing is sent, e.g. after a restore
