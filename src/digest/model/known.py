"""What the clock knows: since when a newsletter is scheduled, where its editions stand."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from digest.model.states import EditionState

NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Known:
    """What a tick knows of an edition."""

    id: int
    newsletter: str
    on: date
    at: datetime
    state: EditionState
    changed_at: datetime
    reason: str = ""
    uncertain: bool = False  #: of some deliveries nobody knows whether they were taken
    failed: bool = False  #: some deliveries were refused for good
    told: frozenset[str] = frozenset()  #: the facts people were told of

    @property
    def key(self) -> str:
        """Return the name people use."""
        return f"{self.newsletter}@{self.on.isoformat()}"


@dataclass(frozen=True, slots=True)
class Past:
    """What the database says of a newsletter."""

    rule: str = ""
    since: datetime = NEVER  #: it is scheduled by that rule since then
    editions: tuple[Known, ...] = ()
