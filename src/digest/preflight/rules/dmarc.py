"""AUTH-03: the DNS says what to do with mail that only pretends."""

from collections.abc import Iterator

from digest.model import Finding, Severity
from digest.preflight.dns import tags_of
from digest.preflight.rules.base import Case, Rule


def _check(case: Case) -> Iterator[Finding]:
    if case.outside.lookup is None or not case.domain:
        return
    labels = case.domain.split(".")
    for start in range(len(labels) - 1):
        name = f"_dmarc.{'.'.join(labels[start:])}"
        found = case.outside.lookup(name, "TXT")
        if found is None:
            yield _finding(Severity.INFO, "not checked: no answer", name)
            return
        records = [tags_of(text) for text in found if tags_of(text).get("v") == "DMARC1"]
        if records:
            yield from _judged(records, name)
            return
    message = "no DMARC record; publish at least v=DMARC1; p=none; rua=mailto:…"
    yield _finding(Severity.BLOCKER, message, f"_dmarc.{case.domain}")


def _judged(records: list[dict[str, str]], name: str) -> Iterator[Finding]:
    if len(records) > 1 or records[0].get("p") not in ("none", "quarantine", "reject"):
        message = "it must be one record with p=none, quarantine or reject"
        yield _finding(Severity.BLOCKER, message, name)
    elif "rua" not in records[0]:
        yield _finding(Severity.WARNING, "no rua: nobody reads who sends as you", name)


def _finding(severity: Severity, message: str, where: str) -> Finding:
    return Finding("AUTH-03", severity, message, where)


RULE = Rule(
    "AUTH-03",
    Severity.BLOCKER,
    "A DMARC record, with an address for its reports.",
    "Google, Yahoo and Microsoft; RFC 9989",
    _check,
)
