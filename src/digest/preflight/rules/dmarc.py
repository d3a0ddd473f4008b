"""AUTH-03: the DNS says what to do with mail that only pretends."""

from digest.preflight.dns import tags_of
from digest.preflight.rules.base import BLOCKER, INFO, WARNING, Case, Lookup, Rule, Said


def _check(case: Case) -> Said:
    if case.outside.lookup is None or not case.domain:
        return
    name, records = dmarc_of(case.outside.lookup, case.domain)
    if records is None:
        yield "not checked: no answer", name, INFO
    elif not records:
        yield "no DMARC record; publish at least v=DMARC1; p=none; rua=mailto:…", name
    elif len(records) > 1 or records[0].get("p") not in ("none", "quarantine", "reject"):
        yield "it must be one record with p=none, quarantine or reject", name
    elif "rua" not in records[0]:
        yield "no rua: nobody reads who sends as you", name, WARNING


def dmarc_of(lookup: Lookup, domain: str) -> tuple[str, list[dict[str, str]] | None]:
    """Return where the DMARC records for a domain are, and their tags; None: no answer."""
    labels = domain.split(".")
    for start in range(len(labels) - 1):
        name = f"_dmarc.{'.'.join(labels[start:])}"
        found = lookup(name, "TXT")
        records = [tags for text in found or () if (tags := tags_of(text)).get("v") == "DMARC1"]
        if found is None or records:
            return name, None if found is None else records
    return f"_dmarc.{domain}", []


RULE = Rule(
    "AUTH-03",
    BLOCKER,
    "A DMARC record, with an address for its reports.",
    "Google, Yahoo and Microsoft; RFC 9989",
    _check,
)
