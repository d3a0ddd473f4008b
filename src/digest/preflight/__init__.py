"""Look an edition over before it leaves: every rule, findings as values."""

from digest.model import Edition, Finding, Rendered, Severity
from digest.preflight.page import read
from digest.preflight.rules import RULES
from digest.preflight.rules.base import Case, Rule
from digest.settings.tables import Publication

__all__ = ["RULES", "Rule", "check"]

_WORST_FIRST = (Severity.BLOCKER, Severity.WARNING, Severity.INFO)


def check(
    edition: Edition, rendered: Rendered, publication: Publication, *, public: bool = False
) -> tuple[Finding, ...]:
    """Return what the rules find, the worst first; nothing at all is the best answer.

    `public` says that the mail leaves this machine: links only this machine can open then
    block it.
    """
    case = Case(edition, rendered, publication, read(rendered.html), public)
    found = [finding for rule in RULES for finding in rule.check(case)]
    return tuple(sorted(found, key=lambda finding: _WORST_FIRST.index(finding.severity)))
