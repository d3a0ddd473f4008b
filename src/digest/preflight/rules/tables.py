"""A11Y-02: tables that only arrange are not read out as tables."""

import re

from digest.preflight.rules.base import BLOCKER, Case, Rule, Said

#: Read in the source and not from the tags: Outlook's tables stand in comments.
_TABLE = re.compile(r"<table\b[^>]*>", re.IGNORECASE)
_ROLE = re.compile(r"\brole=[\"']?(presentation|none)\b", re.IGNORECASE)


def _check(case: Case) -> Said:
    tables = _TABLE.findall(case.rendered.html)
    bare = [table for table in tables if not _ROLE.search(table)]
    if bare:
        message = f'{len(bare)} of {len(tables)} tables lack role="presentation": {bare[0][:80]}'
        yield message, "html"


RULE = Rule(
    "A11Y-02",
    BLOCKER,
    'Every layout table has role="presentation".',
    "Email Markup Consortium 2026",
    _check,
)
