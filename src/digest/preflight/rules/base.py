"""What a preflight rule is, and what it looks at."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage

from digest.model import Edition, Finding, Rendered, Severity
from digest.preflight.page import Page
from digest.settings.tables import Publication

#: Returns the records of a name and kind ("TXT", "MX"), () when there are none, None when nobody
#: answered.
Lookup = Callable[[str, str], tuple[str, ...] | None]


BLOCKER, WARNING, INFO = Severity.BLOCKER, Severity.WARNING, Severity.INFO
#: What is wrong and how to mend it, where, and how bad, when that is not the rule's worst.
Said = Iterator[tuple[str, str] | tuple[str, str, Severity]]


@dataclass(frozen=True, slots=True)
class Outside:
    """What other machines say; without a lookup and with nothing reached those rules rest."""

    lookup: Lookup | None = None
    selector: str = ""  #: of our own DKIM key; empty: the relay signs
    signer: str = ""  #: its domain
    reached: Mapping[str, str] = field(default_factory=dict)  #: address -> "", "gone" or "?"
    not_copied: Mapping[str, str] = field(default_factory=dict)  #: picture's address -> why not


@dataclass(frozen=True, slots=True)
class Case:
    """What the rules look at."""

    edition: Edition
    rendered: Rendered
    publication: Publication
    page: Page  #: the rendered HTML, read
    public: bool = False  #: the mail leaves this machine
    content: bytes = b""  #: a copy of the message as it will leave; empty: none was made
    mail: EmailMessage = field(default_factory=EmailMessage)  #: the same, read back
    outside: Outside = Outside()
    envelope: str = ""  #: where bounces go

    @property
    def sender(self) -> tuple[str, str]:
        """Return the sender's name and address."""
        found = self.mail["From"].addresses if self.mail["From"] else ()
        return (found[0].display_name, found[0].addr_spec) if found else ("", "")

    @property
    def domain(self) -> str:
        """Return the sender's domain."""
        return self.sender[1].rpartition("@")[2].lower()


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that must be right before an edition leaves."""

    id: str
    severity: Severity  #: of its worst finding
    about: str
    source: str  #: who asks for it
    check: Callable[[Case], Said]
    firm: bool = False  #: the law or a reader's way out: no config turns it down

    def findings(self, case: Case) -> Iterator[Finding]:
        """Look at a case."""
        for message, where, *severity in self.check(case):
            yield Finding(self.id, severity[0] if severity else self.severity, message, where[:120])
