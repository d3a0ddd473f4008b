"""AUTH-06: answers to the sender arrive."""

from collections.abc import Iterator

from digest.model import Finding, Severity
from digest.preflight.rules.base import Case, Lookup, Rule


def _check(case: Case) -> Iterator[Finding]:
    replies = case.mail["Reply-To"].addresses if case.mail["Reply-To"] else ()
    domains = dict.fromkeys([case.domain, *(address.domain.lower() for address in replies)])
    for domain in filter(None, domains if case.outside.lookup else ()):
        found = _receives(case.outside.lookup, domain)
        if found is None:
            yield _finding(Severity.INFO, "not checked: no answer", domain)
        elif not found:
            yield _finding(Severity.WARNING, "no mail server; answers and bounces are lost", domain)


def _receives(lookup: Lookup | None, domain: str) -> bool | None:
    """Say whether a domain has a mail server; a lone "." as its MX means that it has none."""
    exchangers = lookup(domain, "MX") if lookup else None
    if lookup is None or exchangers is None:
        return None
    if exchangers:
        return any(not record.endswith(" .") for record in exchangers)
    addresses = [lookup(domain, kind) for kind in ("A", "AAAA")]
    return True if any(addresses) else None if None in addresses else False


def _finding(severity: Severity, message: str, where: str) -> Finding:
    return Finding("AUTH-06", severity, message, where)


RULE = Rule(
    "AUTH-06",
    Severity.WARNING,
    "The sender's domain and that of answers can receive mail.",
    "Microsoft and Yahoo sender guidelines",
    _check,
)
