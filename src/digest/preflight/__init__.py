"""Look an edition over before it leaves: every rule, findings as values."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from email import message_from_bytes, policy
from email.headerregistry import HeaderRegistry
from email.message import EmailMessage
from functools import lru_cache

from digest.model import Edition, Finding, Rendered, Severity
from digest.preflight.page import read
from digest.preflight.rules import RULES
from digest.preflight.rules.base import Case, Outside, Rule
from digest.settings.tables import Publication

__all__ = ["RULES", "WORST_FIRST", "Outside", "Rule", "check", "not_eased"]

WORST_FIRST = (Severity.BLOCKER, Severity.WARNING, Severity.INFO)
_OFF: Mapping[str, str] = {}
#: The rules ask for the same fields again and again, and variants share most: each is parsed once.
_ONCE = policy.SMTP.clone(header_factory=lru_cache(maxsize=256)(HeaderRegistry()))


def check(
    edition: Edition,
    rendered: Rendered,
    publication: Publication,
    *,
    public: bool = False,
    content: bytes = b"",
    envelope: str = "",
    outside: Outside = Outside(),  # noqa: B008 - frozen
    eased: Mapping[str, str] = _OFF,
) -> tuple[Finding, ...]:
    """Return what the rules find, the worst first; nothing at all is the best answer.

    `public` says that the mail leaves this machine: links only this machine can open then
    block it. `content` is one copy of the message, for the rules on its header, and `envelope`
    where its bounces go. `eased` are rules turned down to "warning" or "off"; those that are firm
    stay.
    """
    mail = message_from_bytes(content, policy=_ONCE) if content else EmailMessage()
    page = read(rendered.html)
    case = Case(edition, rendered, publication, page, public, content, mail, outside, envelope)
    found = [
        finding
        for rule in RULES
        for finding in _eased(rule, rule.findings(case), eased.get(rule.id, ""))
    ]
    return tuple(sorted(found, key=lambda finding: WORST_FIRST.index(finding.severity)))


def not_eased(eased: Mapping[str, str]) -> dict[str, str]:
    """Return the names that cannot be turned down, each with the reason."""
    known = {rule.id: rule for rule in RULES}
    refused = {name: "there is no such rule" for name in eased if name not in known}
    firm = "the law, or a reader's way out, asks for it: it cannot be turned down"
    return refused | {name: firm for name in eased if name in known and known[name].firm}


def _eased(rule: Rule, found: Iterable[Finding], to: str) -> list[Finding]:
    if rule.firm or not to:
        return list(found)
    if to == "off":
        return []
    return [
        replace(f, severity=Severity.WARNING) if f.severity is Severity.BLOCKER else f
        for f in found
    ]
