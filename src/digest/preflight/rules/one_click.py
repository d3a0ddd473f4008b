"""HDR-07: one click is enough to leave."""

from digest.preflight.rules.base import BLOCKER, Case, Rule, Said


def _check(case: Case) -> Said:
    given = case.mail.get("List-Unsubscribe-Post")
    if given is not None and str(given).strip() != "List-Unsubscribe=One-Click":
        yield "it must read List-Unsubscribe=One-Click", "List-Unsubscribe-Post"


RULE = Rule(
    "HDR-07",
    BLOCKER,
    "List-Unsubscribe-Post says that one click is enough.",
    "RFC 8058; Google; Yahoo",
    _check,
    firm=True,
)
