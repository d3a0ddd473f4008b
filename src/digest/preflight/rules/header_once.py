"""HDR-01: every header a mail needs is there, once."""

from digest.preflight.rules.base import BLOCKER, Case, Rule, Said

_ONCE = (
    "From To Subject Date Message-ID MIME-Version Content-Type Reply-To "
    "List-Unsubscribe List-Unsubscribe-Post List-Id"
).split()


def _check(case: Case) -> Said:
    for name in _ONCE if case.content else ():
        count = len(case.mail.get_all(name, []))
        if count != 1:
            yield f"{name} is there {count} times; a mail has it once", name


RULE = Rule(
    "HDR-01",
    BLOCKER,
    "Each header a mail needs is there once.",
    "RFC 5322 3.6; Google 550 5.7.1",
    _check,
)
