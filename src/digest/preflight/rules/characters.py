"""MIME-07: no control characters and nothing that turns text around."""

import re

from digest.preflight.rules.base import BLOCKER, Case, Rule, Said

_BAD = "\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u202a-\u202e\u2066\u2067"
#: Our own isolates (FSI, PDI) may stand in text and subject; HTML has `dir` and `<bdi>`.
_PLAIN = re.compile(f"[{_BAD}]")
_HTML = re.compile(f"[{_BAD}\u2068\u2069]")


def _check(case: Case) -> Said:
    rendered = case.rendered
    yield from _look("subject", rendered.subject, re.compile(f"[{_BAD}\t\n]"))
    yield from _look("text", rendered.text, _PLAIN)
    yield from _look("html", rendered.html, _HTML)


def _look(where: str, text: str, bad: re.Pattern[str]) -> Said:
    if found := bad.search(text):
        near = text[max(0, found.start() - 20) : found.start()].strip()
        yield f"the character U+{ord(found[0]):04X} after {near!r}; take it out", where


RULE = Rule(
    "MIME-07",
    BLOCKER,
    "No control characters, lone surrogates or bidi overrides.",
    "email-bugs 41; UAX 9",
    _check,
)
