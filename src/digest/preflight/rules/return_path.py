"""HDR-17: bounces go to a domain that SPF can vouch for."""

from digest.preflight.dns import aligned
from digest.preflight.rules.base import WARNING, Case, Rule, Said


def _check(case: Case) -> Said:
    domain = case.envelope.rpartition("@")[2]
    if domain and case.domain and not aligned(domain, case.domain):
        message = f"{domain} is not of {case.domain}: SPF then says nothing for the sender"
        yield f"{message}; choose another address in mail.bounces", "mail.bounces"


RULE = Rule(
    "HDR-17",
    WARNING,
    "Bounces go to the sender's domain or one that belongs to it.",
    "RFC 5321 4.4; RFC 9989",
    _check,
)
