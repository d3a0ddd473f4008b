"""AUTH-06: answers to the sender arrive."""

from digest.preflight.rules.base import INFO, WARNING, Case, Lookup, Rule, Said


def _check(case: Case) -> Said:
    replies = case.mail["Reply-To"].addresses if case.mail["Reply-To"] else ()
    domains = dict.fromkeys([case.domain, *(address.domain.lower() for address in replies)])
    for domain in filter(None, domains if case.outside.lookup else ()):
        found = _receives(case.outside.lookup, domain)
        if found is None:
            yield "not checked: no answer", domain, INFO
        elif not found:
            yield "no mail server; answers and bounces are lost", domain


def _receives(lookup: Lookup | None, domain: str) -> bool | None:
    """Say whether a domain has a mail server; a lone "." as its MX means that it has none."""
    exchangers = lookup(domain, "MX") if lookup else None
    if lookup is None or exchangers is None:
        return None
    if exchangers:
        return any(not record.endswith(" .") for record in exchangers)
    addresses = [lookup(domain, kind) for kind in ("A", "AAAA")]
    return True if any(addresses) else None if None in addresses else False


RULE = Rule(
    "AUTH-06",
    WARNING,
    "The sender's domain and that of answers can receive mail.",
    "Microsoft and Yahoo sender guidelines",
    _check,
)
