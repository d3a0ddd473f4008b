"""HDR-02: one sender, with a name that is the same each time."""

import unicodedata

from digest.preflight.rules.base import BLOCKER, WARNING, Case, Rule, Said

_NAME = 60


def _check(case: Case) -> Said:
    if not case.content:
        return
    senders = case.mail["From"].addresses if case.mail["From"] else ()
    if len(senders) != 1:
        yield f"{len(senders)} senders; mail.from names one", "From"
        return
    name, address = case.sender
    if not name:
        yield "no name beside the address; add one in mail.from", "From", WARNING
    if "@" in name or len(name) > _NAME:
        yield f"{name[:80]!r} is no name; shorten it in mail.from", "From", WARNING
    if any(unicodedata.category(char) == "So" for char in name):
        yield "a picture in the name; providers take it for a badge", "From", WARNING
    if name and name == case.rendered.subject and "@" in address:
        yield "the sender's name is the subject; name the sender", "From", WARNING


RULE = Rule(
    "HDR-02",
    BLOCKER,
    "One sender, whose name is a name: no address, subject, badge or emoji.",
    "Google display name rules",
    _check,
)
