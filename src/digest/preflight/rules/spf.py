"""AUTH-02: the DNS says who may send for the domain."""

from collections.abc import Iterator

from digest.model import Finding, Severity
from digest.preflight.rules.base import Case, Lookup, Rule

_MOST = 10
_COSTLY = ("include:", "a", "mx", "ptr", "exists:", "redirect=")


def _check(case: Case) -> Iterator[Finding]:
    if case.outside.lookup is None or not case.domain:
        return
    found = case.outside.lookup(case.domain, "TXT")
    if found is None:
        yield _finding(Severity.INFO, "not checked: no answer", case.domain)
        return
    records = [text for text in found if _is_spf(text)]
    if len(records) != 1:
        message = f"{len(records)} SPF records; publish one that names your relay"
        yield _finding(Severity.BLOCKER, message, case.domain)
        return
    if records[0].lower().split()[-1] in ("+all", "all"):
        yield _finding(Severity.BLOCKER, "+all lets anyone send as you; end it ~all", case.domain)
    if (count := _lookups(case.outside.lookup, records[0], {case.domain})) > _MOST:
        message = f"more than {_MOST} lookups ({count}); receivers then ignore it: name fewer"
        yield _finding(Severity.BLOCKER, message, case.domain)


def _is_spf(text: str) -> bool:
    return text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")


def _lookups(lookup: Lookup, record: str, seen: set[str]) -> int:
    """Count the lookups a record costs, those of what it includes too; stop beyond the limit."""
    count = 0
    for term in record.lower().split()[1:]:
        word = term.lstrip("+-~?")
        plain = word.partition("/")[0].partition(":")[0]
        if not word.startswith(_COSTLY[:1] + _COSTLY[4:]) and plain not in _COSTLY[1:4]:
            continue
        count += 1
        inner = word.removeprefix("include:").removeprefix("redirect=")
        if inner != word and inner not in seen and count + len(seen) <= 2 * _MOST:
            seen.add(inner)
            found = [text for text in lookup(inner, "TXT") or () if _is_spf(text)]
            count += sum(_lookups(lookup, text, seen) for text in found)
    return count


def _finding(severity: Severity, message: str, where: str) -> Finding:
    return Finding("AUTH-02", severity, message, where)


RULE = Rule(
    "AUTH-02",
    Severity.BLOCKER,
    "One SPF record, at most ten lookups, not open to everyone.",
    "Google, Yahoo and Microsoft; RFC 7208",
    _check,
)
