"""HDR-14: a subject that people and filters trust."""

import re
from collections.abc import Iterator

from digest.model import Finding, Severity
from digest.preflight.rules.base import Case, Rule

_VISIBLE = 60
_REPLY = re.compile(r"(?i)^\s*(re|fwd?|aw|wg|sv|tr)\s*:")


def _check(case: Case) -> Iterator[Finding]:
    subject = case.rendered.subject.strip()
    letters = [char for char in subject if char.isalpha()]
    if not subject:
        yield _finding(Severity.BLOCKER, "there is no subject; write one")
    if len(subject) > _VISIBLE:
        yield _finding(Severity.WARNING, f"{len(subject)} characters; phones show about {_VISIBLE}")
    if len(letters) > 3 and "".join(letters).isupper():
        yield _finding(Severity.WARNING, "all capitals; filters count that as spam")
    if _REPLY.match(subject):
        yield _finding(Severity.WARNING, "it looks like a reply or a forward and is neither")
    if re.search(r"[!$]{3}", subject):
        yield _finding(Severity.WARNING, "!!! or $$$; filters count that as spam")


def _finding(severity: Severity, message: str) -> Finding:
    return Finding("HDR-14", severity, message, "subject")


RULE = Rule(
    "HDR-14",
    Severity.BLOCKER,
    "The subject is there, short, and does not shout or pretend.",
    "Google sender guidelines; SpamAssassin SUBJ_ALL_CAPS",
    _check,
)
