"""What a kind of counts is: the code that understands one export of popularity counts."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from digest.model import Document


@dataclass(frozen=True, slots=True)
class Count:
    """One count of one address, as an export states it."""

    address: str  #: whole, or a path on the publication's site
    metric: str
    value: int
    read_at: datetime | None = None  #: None: the moment of the import


@dataclass(frozen=True, slots=True)
class Row:
    """One row of an export: a count, or a sentence why there is none."""

    where: str
    count: Count | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """Understands one export."""

    name: str
    accepts: Callable[[Document], bool]
    parse: Callable[[Document], Iterable[Row]]
