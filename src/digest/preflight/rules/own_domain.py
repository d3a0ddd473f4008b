"""AUTH-09: the sender writes from a domain of their own."""

from digest.preflight.rules.base import BLOCKER, Case, Rule, Said

_FREE = frozenset(
    "gmail.com googlemail.com yahoo.com ymail.com aol.com outlook.com hotmail.com live.com "
    "msn.com icloud.com me.com gmx.de gmx.net web.de proton.me protonmail.com mail.ru".split()
)


def _check(case: Case) -> Said:
    if case.domain in _FREE:
        yield f"mail from {case.domain} by another server is refused; use your own domain", "From"


RULE = Rule(
    "AUTH-09",
    BLOCKER,
    "The sender's domain is their own, not a free mailbox.",
    "Google, Yahoo and Microsoft sender guidelines",
    _check,
)
