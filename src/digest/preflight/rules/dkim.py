"""AUTH-01: the sender's key is published."""

from digest.preflight.dns import aligned, tags_of
from digest.preflight.rules.base import BLOCKER, INFO, WARNING, Case, Rule, Said

_RSA_1024 = 160  #: bytes of a published key of 1024 bits


def _check(case: Case) -> Said:
    outside, name = case.outside, f"{case.outside.selector}._domainkey.{case.outside.signer}"
    if outside.lookup is None:
        return
    if not outside.selector:
        message = "we do not sign; be sure that the relay does, then turn this rule off"
        yield message, "mail.dkim", WARNING
        return
    if not aligned(outside.signer, case.domain):
        message = f"{outside.signer} signs for {case.domain}; use a key of the sender's domain"
        yield message, "mail.dkim"
    found = outside.lookup(name, "TXT")
    if found is None:
        yield "not checked: no answer", name, INFO
    elif problem := _problem(found):
        yield problem, name


def _problem(found: tuple[str, ...]) -> str:
    tags = next((read for text in found if "p" in (read := tags_of(text))), {})
    key = tags.get("p", "").replace(" ", "")
    if not key:
        return "no key is published; put its TXT record into the DNS"
    if tags.get("k", "rsa") == "rsa" and len(key) * 3 // 4 < _RSA_1024:
        return "the key is weaker than 1024 bits; make one of 2048"
    return ""


RULE = Rule(
    "AUTH-01",
    BLOCKER,
    "The DKIM key is published, strong enough, and of the sender's domain.",
    "Google, Yahoo, Microsoft and Apple; RFC 6376; RFC 8301",
    _check,
)
