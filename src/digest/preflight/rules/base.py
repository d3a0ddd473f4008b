"""What a preflight rule is, and what it looks at."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from digest.model import Edition, Finding, Rendered, Severity
from digest.preflight.page import Page
from digest.settings.tables import Publication


@dataclass(frozen=True, slots=True)
class Case:
    """What the rules look at."""

    edition: Edition
    rendered: Rendered
    publication: Publication
    page: Page  #: the rendered HTML, read
    public: bool = False  #: the mail leaves this machine


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that must be right before an edition leaves."""

    id: str
    severity: Severity  #: of its worst finding
    about: str
    source: str  #: who asks for it
    check: Callable[[Case], Iterator[Finding]]
