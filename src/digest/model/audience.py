"""What comes in a file of subscribers, what becomes of it, and how people are picked."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from digest.model.states import SubscriptionState, SuppressionReason


class Outcome(StrEnum):
    """What becomes of one row of a file."""

    NEW = "new"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    ENDED = "ended"  #: was on the list, and the file says they left
    KEPT_OUT = "kept_out"
    SUPPRESSED = "suppressed"
    INVALID = "invalid"
    DUPLICATE = "duplicate"


class Incoming(NamedTuple):
    """One row of a file, as its format understands it; a tuple because there are millions."""

    email: str
    name: str = ""
    state: SubscriptionState | None = None  #: None: the file does not say
    suppressed: SuppressionReason | None = None
    created_at: datetime | None = None
    confirmed_at: datetime | None = None  #: evidence that they asked
    ended_at: datetime | None = None
    tags: tuple[str, ...] = ()
    language: str = ""
    timezone: str = ""
    ip: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Choice:
    """How readers want an edition; those with equal choices share a variant."""

    muted: tuple[str, ...] = ()  #: categories whose sections fall out
    density: str = ""  #: empty: the newsletter's
    language: str = ""  #: BCP 47; empty: the publication's


@dataclass(frozen=True, slots=True)
class Term:
    """One condition: the field has any of the values."""

    field: str
    values: tuple[str | datetime, ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part holds; without parts: everybody."""

    parts: tuple["Filter", ...] = ()


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: "Filter"


Filter = Term | AllOf | AnyOf | Not
EVERYBODY = AllOf()
