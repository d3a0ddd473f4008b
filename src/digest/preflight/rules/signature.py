"""HDR-08: our signature covers what nobody may change."""

from collections import Counter

from digest.preflight.dns import tags_of
from digest.preflight.rules.base import BLOCKER, Case, Rule, Said

_COVERED = (
    "from to subject date message-id mime-version content-type reply-to list-id "
    "list-unsubscribe list-unsubscribe-post feedback-id"
).split()


def _check(case: Case) -> Said:
    for signature in case.mail.get_all("DKIM-Signature", []):
        tags = tags_of(str(signature))
        signed = Counter("".join(tags.get("h", "").lower().split()).split(":"))
        if missing := [name for name in _COVERED if not signed[name]]:
            yield f"it leaves out {', '.join(missing)}", "DKIM-Signature"
        elif signed["from"] < 2:
            yield "From is signed once: a second one could be added", "DKIM-Signature"
        if "l" in tags:
            yield "l= lets anyone add to the body", "DKIM-Signature"


RULE = Rule(
    "HDR-08",
    BLOCKER,
    "Our DKIM signature covers each header that counts, From twice, and the whole body.",
    "RFC 8058 4; RFC 6376 5.4 and 8.2",
    _check,
)
