"""HDR-02: one sender, with a name that is the same each time."""

import unicodedata
from collections.abc import Iterator

from digest.model import Finding, Severity
from digest.preflight.rules.base import Case, Rule

_NAME = 60


def _check(case: Case) -> Iterator[Finding]:
    if not case.content:
        return
    senders = case.mail["From"].addresses if case.mail["From"] else ()
    if len(senders) != 1:
        yield _finding(Severity.BLOCKER, f"{len(senders)} senders; mail.from names one")
        return
    name, address = case.sender
    if not name:
        yield _finding(Severity.WARNING, "no name beside the address; add one in mail.from")
    if "@" in name or len(name) > _NAME:
        yield _finding(Severity.WARNING, f"{name[:80]!r} is no name; shorten it in mail.from")
    if any(unicodedata.category(char) == "So" for char in name):
        yield _finding(Severity.WARNING, "a picture in the name; providers take it for a badge")
    if name and name == case.rendered.subject and "@" in address:
        yield _finding(Severity.WARNING, "the sender's name is the subject; name the sender")


def _finding(severity: Severity, message: str) -> Finding:
    return Finding("HDR-02", severity, message, "From")


RULE = Rule(
    "HDR-02",
    Severity.BLOCKER,
    "One sender, whose name is a name: no address, subject, badge or emoji.",
    "Google display name rules",
    _check,
)
