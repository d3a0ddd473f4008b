"""HDR-14: a subject that people and filters trust."""

import re

from digest.preflight.rules.base import BLOCKER, WARNING, Case, Rule, Said

_VISIBLE = 60
_REPLY = re.compile(r"(?i)^\s*(re|fwd?|aw|wg|sv|tr)\s*:")


def _check(case: Case) -> Said:
    subject = case.rendered.subject.strip()
    letters = [char for char in subject if char.isalpha()]
    if not subject:
        yield "there is no subject; write one", "subject"
    if len(subject) > _VISIBLE:
        yield f"{len(subject)} characters; phones show about {_VISIBLE}", "subject", WARNING
    if len(letters) > 3 and "".join(letters).isupper():
        yield "all capitals; filters count that as spam", "subject", WARNING
    if _REPLY.match(subject):
        yield "it looks like a reply or a forward and is neither", "subject", WARNING
    if re.search(r"[!$]{3}", subject):
        yield "!!! or $$$; filters count that as spam", "subject", WARNING


RULE = Rule(
    "HDR-14",
    BLOCKER,
    "The subject is there, short, and does not shout or pretend.",
    "Google sender guidelines; SpamAssassin SUBJ_ALL_CAPS",
    _check,
)
